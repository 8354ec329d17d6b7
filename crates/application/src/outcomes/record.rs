//! Records a company outcome.

use accunode_domain::{
    access::{Grant, Scope},
    audit::{AuditAction, AuditEvent},
    company::{Company, Symbol},
    fault::Fault,
    id::{CompanyId, OrganizationId, OutcomeId},
    outcome::{Outcome, OutcomeDraft, TimelineMark, check_timeline},
    owner::{AccessLevel, Owner},
    page::{Limit, Sort},
};
use accunode_ports::repositories::CompanyFilter;
use serde_json::json;

use super::{Outcomes, out_of_turn};
use crate::{Caller, Error, Idempotency, Replayable, RowLevel, default_definitions::usable};

/// The company of an outcome.
#[derive(Clone, Debug)]
pub enum OutcomeCompany {
    /// By its id.
    Id(CompanyId),
    /// By its symbol: a company of the outcome's owner, or else of the system.
    Symbol(String),
}

/// The request to record an outcome.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct RecordOutcome {
    pub company: OutcomeCompany,
    pub draft: OutcomeDraft,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
}

impl Outcomes {
    /// Records an outcome.
    ///
    /// # Errors
    /// In this order: `level_forbidden`, `outside_scope`; every fault of the body; `NotFound` for
    /// a company that the caller cannot read; `level_mismatch`; `unknown_definition`,
    /// `definition_retired`; `already_in_default`,
    /// `not_in_default`; `outcome_exists`.
    pub async fn record(
        &self,
        caller: &Caller,
        command: &RecordOutcome,
        idempotency: Option<&Idempotency<'_, Outcome>>,
    ) -> Result<Replayable<Outcome>, Error> {
        let actor = &caller.actor;
        let level = command.access_level.map(RowLevel::level);
        let grant = actor
            .create(level, command.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let today = self.ports.clock.now().date();
        let facts = command.draft.check(today).map_err(Error::Invalid)?;
        let scope = actor.scope();
        let company = self
            .company(caller, &scope, grant, &command.company)
            .await?;
        let grant = actor
            .record_outcome(level, command.organization, company.owner)
            .map_err(|denial| Error::denied(denial, "company"))?;
        let owner = grant.owner();
        let wrong = usable(&self.ports, &scope, owner, "/definition", facts.definition);
        if let Some(fault) = wrong.await? {
            return Err(Error::invalid(fault));
        }
        let (company, facts) = (&company.snapshot(), &facts);
        self.ports
            .transaction(&scope, |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let timeline = unit
                    .outcomes()
                    .lock_timeline(grant, company.id, facts.definition)
                    .await?;
                let new = TimelineMark::from(facts);
                let repeated = timeline.iter().any(|(_, mark)| *mark == new);
                // The storage reports an outcome that was recorded already, because it knows its
                // id.
                if !repeated {
                    let marks = timeline.into_iter().map(|(_, mark)| mark);
                    check_timeline(marks.chain([new])).map_err(out_of_turn)?;
                }
                let id = OutcomeId(self.ports.ids.new_id());
                let outcome = unit.outcomes().add(grant, id, company, facts).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "company_id": company.id,
                        "outcome": facts,
                        "access_level": grant.owner().level(),
                    })),
                    ..AuditEvent::new("outcome.recorded", "outcome", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &outcome).await?;
                Ok(Replayable::Fresh(outcome))
            })
            .await
    }

    async fn company(
        &self,
        caller: &Caller,
        scope: &Scope,
        grant: Grant,
        which: &OutcomeCompany,
    ) -> Result<Company, Error> {
        let missing = || Error::not_found("company");
        let companies = self.ports.store.companies();
        match which {
            OutcomeCompany::Id(id) => companies.find(scope, *id).await?.ok_or_else(missing),
            OutcomeCompany::Symbol(text) => {
                let symbol = Symbol::parse("/company/symbol", text).map_err(Error::invalid)?;
                for owner in [grant.owner(), Owner::System] {
                    if let Some(found) = self.of_owner(caller, owner, &symbol).await? {
                        return Ok(found);
                    }
                }
                Err(Error::invalid(Fault::new(
                    "/company/symbol",
                    "unknown_company",
                    format!(
                        "no company of this owner, and none of the system, has the symbol {}; make \
                         it, or name another one by company_id",
                        symbol.as_str()
                    ),
                )))
            }
        }
    }

    /// Returns the company of an owner with this symbol, if the caller can read the owner's
    /// companies.
    async fn of_owner(
        &self,
        caller: &Caller,
        owner: Owner,
        symbol: &Symbol,
    ) -> Result<Option<Company>, Error> {
        let level: AccessLevel = owner.level();
        let narrowed = caller.actor.narrowed(Some(level), owner.organization());
        let Ok(scope) = narrowed else { return Ok(None) };
        let filter = CompanyFilter {
            symbol: Some(symbol.clone()),
            ..CompanyFilter::default()
        };
        let companies = self.ports.store.companies();
        let page = companies
            .list(&scope, &filter, Sort::Symbol, Limit::default(), None)
            .await?;
        let mut rows = page.rows.into_iter();
        Ok(rows.find(|company| company.owner == owner))
    }
}
