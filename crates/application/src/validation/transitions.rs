//! Computes the transitions of companies between grades while the caller waits.

use accunode_domain::{
    Timestamp,
    id::OrganizationId,
    outcome::Definition,
    owner::{AccessLevel, Owner},
    prediction::Kind,
    rating_scale::NamedScale,
    validation::{
        Basis, TransitionDraft, TransitionFigures, TransitionMethod, TransitionTally,
        TransitionWindows,
    },
};
use accunode_ports::repositories::WantedHistories;
use time::Date;

use super::{Validations, ask::refused};
use crate::{Caller, Error, ErrorCode, default_definitions::existing, rating_scales};

/// The transitions to compute.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct TransitionsQuery {
    pub kind: Kind,
    pub from: Date,
    pub to: Option<Date>,
    pub horizon_months: u8,
    pub method: TransitionMethod,
    pub scale: Option<String>,
    pub definition: Definition,
    pub basis: Basis,
    pub lag_months: u8,
    pub as_of: Option<Timestamp>,
    pub include_system_outcomes: bool,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
}

/// Transitions between the grades of a scale, for the companies of one owner.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionsResult {
    /// The owner of the predictions and outcomes.
    pub owner: Owner,
    /// The scale of the grades.
    pub scale: NamedScale,
    /// The windows, with the time up to which recorded facts count.
    pub plan: TransitionWindows,
    /// Facts recorded later than this are ignored.
    pub as_of: Timestamp,
    /// The figures.
    pub figures: TransitionFigures,
}

impl Validations {
    /// Computes transitions between grades from the predictions and outcomes of one owner: without
    /// a level and an organization those of the caller's organization, or of the caller if they
    /// have none.
    ///
    /// # Errors
    /// `outside_scope`, `organization_required`, `organization_mismatch`; every fault of the query;
    /// `window_not_covered`; `too_few_rows` if no company is in a window.
    #[tracing::instrument(name = "validations.transitions", level = "debug", skip_all)]
    pub async fn transitions(
        &self,
        caller: &Caller,
        query: &TransitionsQuery,
    ) -> Result<TransitionsResult, Error> {
        let (scope, owner) = caller
            .actor
            .figures_of_one(query.access_level, query.organization)
            .map_err(|denial| Error::denied_at(denial, "organization", "/organization_id"))?;
        if query.include_system_outcomes {
            caller
                .actor
                .count_system_outcomes()
                .map_err(|denial| Error::denied(denial, "outcome"))?;
        }
        let text = query.scale.as_deref();
        let scale = rating_scales::named(&self.ports, caller, "/scale", text).await?;
        let all = caller.actor.scope();
        existing(&self.ports, &all, owner, "/definition", query.definition).await?;
        let outcomes = self.ports.store.outcomes();
        let coverage = outcomes.coverage(&scope, query.definition).await?;
        let days = coverage.as_ref().map(|coverage| &coverage.days);
        let draft = TransitionDraft {
            from: query.from,
            to: query.to,
            months: query.horizon_months,
            basis: query.basis,
            lag_months: query.lag_months,
            as_of: query.as_of,
            definition: query.definition,
        };
        let (plan, as_of) = draft.check(self.ports.clock.now(), days).map_err(refused)?;
        let tally = TransitionTally::new(plan.clone(), scale.grades.clone(), query.method);
        let wanted = WantedHistories {
            owner,
            kind: query.kind,
            definition: query.definition,
            as_of,
            include_system_outcomes: query.include_system_outcomes,
        };
        let tally = self.tallied(caller, &wanted, tally).await?;
        let figures = tokio::task::spawn_blocking(move || tally.figures())
            .await
            .map_err(|panic| Error::Internal(Box::new(panic)))?
            .ok_or_else(too_few_rows)?;
        Ok(TransitionsResult {
            owner,
            scale,
            plan,
            as_of,
            figures,
        })
    }

    /// Reads every history and counts it.
    async fn tallied(
        &self,
        caller: &Caller,
        wanted: &WantedHistories,
        mut tally: TransitionTally,
    ) -> Result<TransitionTally, Error> {
        let store = &self.ports.store;
        let mut reader = store.histories(&caller.actor.scope(), wanted).await?;
        loop {
            let histories = reader.next().await?;
            if histories.is_empty() {
                return Ok(tally);
            }
            let counted = tokio::task::spawn_blocking(move || {
                for history in histories.iter() {
                    tally.add(history.predictions, history.events)?;
                }
                Ok(tally)
            });
            tally = counted
                .await
                .map_err(|panic| Error::Internal(Box::new(panic)))?
                .map_err(Error::invalid)?;
        }
    }
}

fn too_few_rows() -> Error {
    Error::Conflict {
        code: ErrorCode::TooFewRows,
        detail: "no company had a prediction in force in these windows, so that there is nothing \
                 to count: check from, to, the basis and the kind of predictions"
            .to_owned(),
        existing: None,
    }
}
