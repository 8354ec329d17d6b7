//! Reading scales, and finding the scale that a request names.

use accunode_domain::{
    fault::{Fault, shorten},
    id::{OrganizationId, RatingScaleId},
    owner::AccessLevel,
    page::{Cursor, Limit, Page},
    rating_scale::{NamedScale, RatingScale},
    validation::MasterScale,
};
use accunode_ports::repositories::ScaleFilter;
use uuid::Uuid;

use super::RatingScales;
use crate::{Caller, Error, Ports};

/// The query for a list of scales.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListScales {
    pub filter: ScaleFilter,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl RatingScales {
    /// Returns a page of the scales that the caller can read, newest first. The shipped one is
    /// last, in lists that are not narrowed to other owners.
    ///
    /// # Errors
    /// `outside_scope` for a filter that names an organization that is not the caller's.
    #[tracing::instrument(name = "rating_scales.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        mut query: ListScales,
    ) -> Result<Page<RatingScale>, Error> {
        let (level, organization) = (query.access_level, query.organization);
        let scope = caller
            .actor
            .narrowed(level, organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let of_everyone = level.is_none_or(|level| level == AccessLevel::System);
        query.filter.shipped = of_everyone && organization.is_none();
        let scales = self.ports.store.scales();
        Ok(scales
            .list(&scope, &query.filter, query.limit, query.after)
            .await?)
    }

    /// Returns one scale. If a super_admin reads someone's personal scale, that is recorded in
    /// the audit log before they see it.
    ///
    /// # Errors
    /// `NotFound` for a scale that the caller cannot read.
    #[tracing::instrument(name = "rating_scales.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: RatingScaleId) -> Result<RatingScale, Error> {
        if id == RatingScale::SHIPPED {
            return Ok(RatingScale::shipped());
        }
        let (scale, _) = caller.read_row(&self.ports, id).await?;
        Ok(scale)
    }
}

/// Returns the scale that a request names: the shipped one by its name, or if none is named;
/// any other that the caller can read by its id, because a name is unique only for one owner.
///
/// # Errors
/// `unknown_scale` at `pointer`.
pub(crate) async fn named(
    ports: &Ports,
    caller: &Caller,
    pointer: &str,
    text: Option<&str>,
) -> Result<NamedScale, Error> {
    let text = match text.map(str::trim) {
        None | Some(MasterScale::SHIPPED) => return Ok(NamedScale::shipped()),
        Some(text) => text,
    };
    let id = text.parse::<Uuid>().ok().map(RatingScaleId);
    let found = match id {
        Some(RatingScale::SHIPPED) => return Ok(NamedScale::shipped()),
        Some(id) => ports.store.scales().find(&caller.actor.scope(), id).await?,
        None => None,
    };
    found.map(RatingScale::named).ok_or_else(|| {
        Error::invalid(Fault::new(
            pointer,
            "unknown_scale",
            format!(
                "{:?} is no scale that you can read; name {} or the id of one of GET /rating-scales",
                shorten(text),
                MasterScale::SHIPPED
            ),
        ))
    })
}
