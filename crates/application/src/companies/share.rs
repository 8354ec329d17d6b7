//! The predictions of a company's owner move with it to a wider level.

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

/// The most predictions that move with a company at once, each with an entry in the audit log.
const MOST_AT_ONCE: u64 = 1_000;

/// What moved with a company, and what stayed of what the caller may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MovedWithCompany {
    /// Annual predictions that moved.
    pub annual: u64,
    /// Quarterly predictions that moved.
    pub quarterly: u64,
    /// Predictions of other owners, which stay theirs.
    pub kept_predictions: u64,
    /// Outcomes, which stay as they were recorded.
    pub kept_outcomes: u64,
}

/// Moves the predictions of the owner that `grant` takes the company from, which is at its new
/// owner by now.
///
/// # Errors
/// `company_in_use` where one of them may not be raised, or there are too many; `Stale` where
/// one was changed meanwhile.
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
    // Those of the former owner alone, so that what has moved is on none of the pages that follow.
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
        .raise_prediction(
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
        organization: grant.owner().organization(),
        old_values: Some(before),
        new_values: Some(summary(&moved)),
        metadata: with_company(moved.company.id),
        ..AuditEvent::new("prediction.updated", entity(kind), AuditAction::Update)
    };
    unit.audit_log()
        .record(&caller.context, caller.sign(event))
        .await?;
    Ok(())
}

/// What tells in the audit log that a prediction did not go alone.
pub(super) fn with_company(company: CompanyId) -> serde_json::Value {
    serde_json::json!({ "with_company": company })
}

/// Why the predictions cannot move.
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
