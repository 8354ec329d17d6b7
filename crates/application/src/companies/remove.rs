//! Removes a company, with the predictions on it where the caller may delete them.

use accunode_domain::{
    access::{CompanyUse, Scope},
    audit::{AuditAction, AuditEvent},
    company::Company,
    id::CompanyId,
    page::{Limit, Sort},
    prediction::{Kind, Prediction},
};
use accunode_ports::repositories::{PredictionFilter, UnitOfWork};
use serde_json::json;
use strum::VariantArray;

use super::{Companies, share::with_company};
use crate::{
    Caller, Error, ErrorCode,
    overtaken::Overtaken,
    predictions::{entity, summary, version_asked},
};

/// The most predictions that are removed together with a company; each has an audit event.
const MOST_AT_ONCE: u64 = 1_000;

impl Companies {
    /// Removes a company; with `force` also the predictions on it, if the caller may delete each of
    /// them. Outcomes are evidence and are never removed: a company that has any stays.
    ///
    /// # Errors
    /// `NotFound`; `not_writable`; `company_in_use`; `Stale` if `if_match` names another version.
    #[tracing::instrument(name = "companies.remove", level = "debug", skip_all)]
    pub async fn remove(
        &self,
        caller: &Caller,
        id: CompanyId,
        force: bool,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        let mut overtaken = Overtaken::by(if_match);
        loop {
            let attempt = self.remove_once(caller, id, force, if_match).await;
            if let Some(result) = overtaken.evaluate(attempt) {
                return result;
            }
        }
    }

    async fn remove_once(
        &self,
        caller: &Caller,
        id: CompanyId,
        force: bool,
        if_match: Option<i64>,
    ) -> Result<(), Error> {
        let scope = caller.actor.scope();
        let company = match self.ports.store.companies().find(&scope, id).await? {
            Some(company) => company,
            // A super_admin learns by break-glass that the company exists, and nothing more.
            None => self.get(caller, id).await?,
        };
        let grant = caller
            .actor
            .write(company.owner, company.created_by)
            .map_err(|denial| Error::denied(denial, "company"))?;
        let (scope, company) = (&scope, &company);
        let owners = self
            .ports
            .transaction(scope, |unit| async move {
                let rows = unit.companies().rows_on(grant, id).await?;
                let used = caller.actor.company_use(&rows);
                if used.is_used() && !(force && used.may_go() && used.removable <= MOST_AT_ONCE) {
                    return Err(in_use(&used, force));
                }
                let version = version_asked(if_match, company.row_version)?;
                let removed = remove_predictions(&*unit, caller, scope, id).await?;
                unit.companies().remove(grant, id, version).await?;
                let metadata = json!({ "force": force, "predictions": removed });
                record_removal(&*unit, caller, company, metadata).await?;
                let mut owners: Vec<_> = rows.iter().map(|row| row.owner.key()).collect();
                owners.push(company.owner.key());
                Ok(owners)
            })
            .await?;
        self.ports.invalidate_cached_stats(&owners).await;
        Ok(())
    }
}

/// Removes the predictions on a company. Each needs its own grant and gets its own entry in the
/// audit log.
async fn remove_predictions(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    scope: &Scope,
    id: CompanyId,
) -> Result<usize, Error> {
    let mut removed = 0;
    let filter = PredictionFilter {
        company: Some(id),
        ..PredictionFilter::default()
    };
    for kind in Kind::VARIANTS {
        loop {
            // The listed predictions have been removed, so the first page is always the next one.
            let limit = Limit::new(Limit::MAX).map_err(Error::invalid)?;
            let predictions = unit.reads().predictions();
            let page = predictions
                .list(scope, *kind, &filter, Sort::CreatedAt, limit, None)
                .await?;
            if page.rows.is_empty() {
                break;
            }
            for prediction in &page.rows {
                remove_prediction(unit, caller, prediction).await?;
            }
            removed += page.rows.len();
        }
    }
    Ok(removed)
}

async fn remove_prediction(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    prediction: &Prediction,
) -> Result<(), Error> {
    let kind = prediction.period.kind();
    let grant = caller
        .actor
        .write(prediction.owner, prediction.created_by)
        .map_err(|denial| Error::denied(denial, "prediction"))?;
    unit.predictions()
        .remove(grant, kind, prediction.id, prediction.row_version)
        .await?;
    let event = AuditEvent {
        entity_id: Some(prediction.id.0),
        organization: prediction.owner.organization(),
        old_values: Some(summary(prediction)),
        metadata: with_company(prediction.company.id),
        ..AuditEvent::new("prediction.deleted", entity(kind), AuditAction::Delete)
    };
    unit.audit_log()
        .record(&caller.context, caller.sign(event))
        .await?;
    Ok(())
}

async fn record_removal(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    company: &Company,
    metadata: serde_json::Value,
) -> Result<(), Error> {
    let event = AuditEvent {
        entity_id: Some(company.id.0),
        organization: company.owner.organization(),
        old_values: Some(json!({
            "profile": company.profile,
            "access_level": company.owner.level(),
        })),
        metadata,
        ..AuditEvent::new("company.deleted", "company", AuditAction::Delete)
    };
    unit.audit_log()
        .record(&caller.context, caller.sign(event))
        .await?;
    Ok(())
}

/// The error for a company that is in use. Rows that the caller may not read are mentioned without
/// their number.
fn in_use(used: &CompanyUse, force: bool) -> Error {
    let mut parts = Vec::new();
    let mut count = |n: u64, what: &str| {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    };
    count(used.removable, "predictions that you may delete");
    count(used.not_writable, "predictions that you may not delete");
    count(
        used.outcomes,
        "outcomes, which are withdrawn and never removed",
    );
    if used.unseen {
        parts.push("rows of others that you may not see".to_owned());
    }
    let remedy = if !used.may_go() {
        "so the company stays; force=true removes only what its sender may delete row by row"
            .to_owned()
    } else if !force {
        "force=true removes them with it".to_owned()
    } else {
        format!("force=true removes {MOST_AT_ONCE} at once at most; delete some first")
    };
    Error::Conflict {
        code: ErrorCode::CompanyInUse,
        detail: format!("on this company are {}; {remedy}", parts.join(", ")),
        existing: None,
    }
}
