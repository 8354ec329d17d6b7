//! Corrects a prediction, or shares it more widely.

use accunode_domain::{
    access::{Denial, Inconsistency},
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::{OrganizationId, PredictionId},
    owner::AccessLevel,
    prediction::{Kind, Prediction},
    ratio::{RatioUnit, in_unit},
};

use super::{
    Explained, Predictions, RawRatios, SECTOR_OUT_OF_SCOPE, check_ratios,
    create::{entity, summary},
    fit_for_model, to_store, version_asked,
};
use crate::{Caller, Error, RowLevel, overtaken::Overtaken};

/// The changes to make.
#[derive(Clone, Debug, Default)]
pub struct UpdatePrediction {
    /// Ratios that replace those sent before; the others stay. The prediction is scored again.
    pub ratios: RawRatios,
    /// The unit of `ratios`.
    pub ratio_unit: RatioUnit,
    /// The new access level; never narrower than the present one.
    pub access_level: Option<RowLevel>,
    /// The organization of the new level.
    pub organization: Option<OrganizationId>,
    /// The row version that the caller read.
    pub if_match: Option<i64>,
}

impl Predictions {
    /// Merges ratios into those that were sent before, scores the prediction again, and widens its
    /// level.
    ///
    /// # Errors
    /// `NotFound`; `not_writable`, `level_forbidden`, `outside_scope`; `level_mismatch` (I4);
    /// `level_change`; every fault of the ratios; `Stale`; `prediction_exists` if the wider owner
    /// has one for the same company and period.
    #[tracing::instrument(name = "predictions.update", level = "debug", skip_all)]
    pub async fn update(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
        command: &UpdatePrediction,
    ) -> Result<Explained, Error> {
        let mut overtaken = Overtaken::by(command.if_match);
        loop {
            let attempt = self.update_once(caller, kind, id, command).await;
            if let Some(result) = overtaken.evaluate(attempt) {
                return result;
            }
        }
    }

    async fn update_once(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
        command: &UpdatePrediction,
    ) -> Result<Explained, Error> {
        let actor = &caller.actor;
        let (stored, _) = self.find(caller, kind, id).await?;
        let refused = |denial| Error::denied(denial, "prediction");
        let grant = match command
            .access_level
            .map(RowLevel::level)
            .or(command.organization.map(|_| AccessLevel::Organization))
        {
            None => actor
                .write(stored.owner, stored.created_by)
                .map_err(refused)?,
            Some(level) => {
                let company = self.company_owner(caller, &stored).await?;
                actor
                    .widen_prediction_access(
                        stored.owner,
                        stored.created_by,
                        level,
                        command.organization,
                        company,
                    )
                    .map_err(|denial| match denial {
                        // Both belong to one narrow owner and can only be raised together.
                        Denial::Unprocessable(Inconsistency::LevelMismatch)
                            if company == stored.owner =>
                        {
                            raise_the_company(&stored)
                        }
                        denial => refused(denial),
                    })?
            }
        };
        let version = version_asked(command.if_match, stored.row_version)?;
        let mut next = Prediction {
            owner: grant.owner(),
            updated_at: self.ports.clock.now(),
            ..stored.clone()
        };
        let mut explanation = None;
        if !command.ratios.is_empty() {
            let merged = merged(kind, &stored, command);
            let ratios = check_ratios(kind, command.ratio_unit, &merged)
                .and_then(|ratios| fit_for_model(&*self.ports.scorer, ratios))
                .map_err(Error::Invalid)?;
            let scored = self
                .ports
                .score(kind, vec![ratios.clone()], true)
                .await?
                .pop()
                .ok_or_else(|| Error::Internal("the model answered nothing".into()))?;
            next.ratios = to_store(&ratios);
            if !self
                .ports
                .scorer
                .covers_sector(kind, &stored.company.sector)
            {
                next.ratios.flags.push(SECTOR_OUT_OF_SCOPE.to_owned());
            }
            next.outcome = scored.outcome;
            next.predicted_at = next.updated_at;
            explanation = scored.explanation;
        }
        let (before, after) = (&stored, &next);
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                unit.predictions().replace(grant, after, version).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    old_values: Some(summary(before)),
                    new_values: Some(summary(after)),
                    ..AuditEvent::new("prediction.updated", entity(kind), AuditAction::Update)
                };
                caller.record_change(&*unit, grant, event).await
            })
            .await?;
        self.ports
            .invalidate_cached_stats(&[stored.owner.key(), next.owner.key()])
            .await;
        next.row_version = version + 1;
        if explanation.is_none() {
            return self.explain(next).await;
        }
        Ok(Explained {
            prediction: next,
            explanation,
        })
    }

    /// The owner of the company. A company that the caller can no longer read belongs to an
    /// organization of other users, so only the prediction's own level can be right.
    async fn company_owner(
        &self,
        caller: &Caller,
        stored: &Prediction,
    ) -> Result<accunode_domain::owner::Owner, Error> {
        let scope = caller.actor.scope();
        let company = self
            .ports
            .store
            .companies()
            .find(&scope, stored.company.id)
            .await?;
        Ok(company.map_or(stored.owner, |company| company.owner))
    }
}

/// The error that says that a prediction is raised together with its company.
fn raise_the_company(stored: &Prediction) -> Error {
    let reason = Inconsistency::LevelMismatch;
    Error::invalid(Fault::new(
        "/access_level",
        reason.code(),
        format!(
            "{}; PATCH /companies/{} with this access_level and with_predictions=true raises the \
             company and the predictions of its owner together",
            reason.message(),
            stored.company.id
        ),
    ))
}

/// The ratios that were sent first, in the unit of the correction, with the correction applied.
fn merged(kind: Kind, stored: &Prediction, command: &UpdatePrediction) -> RawRatios {
    let before = in_unit(
        kind,
        &stored.ratios.raw,
        stored.ratios.unit,
        command.ratio_unit,
    );
    let mut merged: RawRatios = command.ratios.clone();
    for (definition, raw) in kind.ratios().iter().zip(before) {
        if command
            .ratios
            .iter()
            .all(|(name, _)| name != definition.name)
        {
            merged.push((definition.name.to_owned(), raw));
        }
    }
    merged
}
