//! Moves the predictions of a company's owner to a wider level, together with the company.

use accunode_domain::{
    access::{CompanySharing, Grant, Scope},
    audit::{AuditAction, AuditEvent},
    company::Company,
    id::CompanyId,
    owner::Owner,
    page::{Limit, Sort},
    prediction::{Kind, Prediction},
};
use accunode_ports::repositories::{PredictionFilter, UnitOfWork};

use crate::{
    Caller, Error, ErrorCode,
    predictions::{entity, summary},
};

/// The most predictions that move together with a company; each has an audit event.
const MOST_AT_ONCE: u64 = 1_000;

/// What moved together with a company, and what the caller can read of the rows that stayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MovedWithCompany {
    /// Annual predictions that moved.
    pub annual: u64,
    /// Quarterly predictions that moved.
    pub quarterly: u64,
    /// Predictions of other owners. They keep their owner.
    pub kept_predictions: u64,
    /// Outcomes. They stay as they were recorded.
    pub kept_outcomes: u64,
}

/// Moves the predictions of the owner that `grant` takes the company from. The company already
/// belongs to its new owner at this point.
///
/// # Errors
/// `company_in_use` if one of the predictions may not be raised or there are too many of them;
/// `Stale` if one was changed in the meantime.
pub(super) async fn move_predictions(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    grant: Grant,
    company: &Company,
) -> Result<MovedWithCompany, Error> {
    let rows = unit.companies().rows_on(grant, company.id).await?;
    let sharing = caller.actor.company_sharing(grant, &rows);
    if sharing.refused > 0 || sharing.moving > MOST_AT_ONCE {
        return Err(in_the_way(&sharing));
    }
    // Only the former owner's predictions, so that moved ones do not appear on later pages.
    let from = grant.from();
    let scope = caller
        .actor
        .narrowed(Some(from.level()), from.organization())
        .map_err(|denial| Error::denied(denial, "company"))?;
    let mut moved = MovedWithCompany {
        kept_predictions: sharing.staying,
        kept_outcomes: sharing.outcomes,
        ..MovedWithCompany::default()
    };
    if sharing.moving > 0 {
        moved.annual = move_kind(unit, caller, &scope, company, Kind::Annual).await?;
        moved.quarterly = move_kind(unit, caller, &scope, company, Kind::Quarterly).await?;
    }
    Ok(moved)
}

async fn move_kind(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    scope: &Scope,
    company: &Company,
    kind: Kind,
) -> Result<u64, Error> {
    let filter = PredictionFilter {
        company: Some(company.id),
        ..PredictionFilter::default()
    };
    let limit = Limit::new(Limit::MAX).map_err(Error::invalid)?;
    let mut moved = 0_u64;
    loop {
        let predictions = unit.reads().predictions();
        let page = predictions
            .list(scope, kind, &filter, Sort::CreatedAt, limit, None)
            .await?;
        if page.rows.is_empty() {
            return Ok(moved);
        }
        for prediction in page.rows {
            move_prediction(unit, caller, company.owner, prediction).await?;
            moved += 1;
        }
    }
}

async fn move_prediction(
    unit: &dyn UnitOfWork,
    caller: &Caller,
    to: Owner,
    stored: Prediction,
) -> Result<(), Error> {
    let grant = caller
        .actor
        .widen_prediction_access(
            stored.owner,
            stored.created_by,
            to.level(),
            to.organization(),
            to,
        )
        .map_err(|denial| Error::denied(denial, "prediction"))?;
    let (before, version) = (summary(&stored), stored.row_version);
    let moved = Prediction {
        owner: grant.owner(),
        ..stored
    };
    unit.predictions().replace(grant, &moved, version).await?;
    let kind = moved.period.kind();
    let event = AuditEvent {
        entity_id: Some(moved.id.0),
        old_values: Some(before),
        new_values: Some(summary(&moved)),
        metadata: with_company(moved.company.id),
        ..AuditEvent::new("prediction.updated", entity(kind), AuditAction::Update)
    };
    caller.record_change(unit, grant, event).await
}

/// The audit values that show that a prediction moved together with a company.
pub(super) fn with_company(company: CompanyId) -> serde_json::Value {
    serde_json::json!({ "with_company": company })
}

/// The error for predictions that cannot move.
fn in_the_way(sharing: &CompanySharing) -> Error {
    let mut parts = Vec::new();
    if sharing.refused > 0 {
        parts.push(format!(
            "{} predictions that you may not raise, which keep it where it is",
            sharing.refused
        ));
    }
    if sharing.moving > MOST_AT_ONCE {
        parts.push(format!(
            "{} predictions that would move with it, and {MOST_AT_ONCE} at once are the most; \
             delete some first",
            sharing.moving
        ));
    }
    Error::Conflict {
        code: ErrorCode::CompanyInUse,
        detail: format!("on this company are {}", parts.join(", and ")),
        existing: None,
    }
}
