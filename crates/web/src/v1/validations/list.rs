//! Operation `list_validations`.

use accunode_application::validation::ListValidations;
use accunode_domain::{
    id::OrganizationId, job::JobStatus, outcome::Definition, owner::AccessLevel, page::Sort,
    prediction::Kind, validation::Verdict,
};
use accunode_ports::repositories::ValidationFilter;

use super::dto::ValidationDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Text, query},
};

#[derive(Debug)]
pub(crate) struct ValidationOrders;

impl Orders for ValidationOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

query! {
    /// The filters of validation reports.
    pub(crate) struct ValidationQuery {
        /// Only those of annual or of quarterly predictions
        kind: Option<Kind>,
        /// Only those that stand here
        status: Option<JobStatus>,
        /// Only those with this verdict
        verdict: Option<Verdict>,
        /// Only those that were signed off, or that were not
        is_signed_off: Option<bool>,
        /// Only those under this definition of default
        definition: Option<Definition>,
        /// Only those that were requested while this version of the model scored
        model_version: Option<Text<100>>,
        /// Only those with this access level
        access_level: Option<AccessLevel>,
        /// Only those of this organization
        organization_id: Option<OrganizationId>,
        ; page: Paging<ValidationOrders>,
    }
}

impl ValidationQuery {
    fn command(self, Start { limit, after }: Start) -> ListValidations {
        ListValidations {
            filter: ValidationFilter {
                kind: self.kind,
                status: self.status,
                verdict: self.verdict,
                is_signed_off: self.is_signed_off,
                definition: self.definition,
                model_version: self.model_version.map(|version| version.0),
            },
            access_level: self.access_level,
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// List back-tests, as far as the caller can read them
///
/// The newest first, without their figures.
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Validations",
    operation_id = "list_validations",
    params(ValidationQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<ValidationDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: ValidationQuery = call.query()?;
    let columns = Columns::of(ValidationDto::COLUMNS);
    list::answer(
        &call,
        "validation",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.validations.list(&caller, command).await?;
                Ok(Slice::of(page, ValidationDto::from))
            }
        },
    )
    .await
}
