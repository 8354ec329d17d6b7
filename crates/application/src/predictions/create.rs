//! Scores a company and stores the prediction.

use accunode_domain::{
    access::{Actor, Grant, Scope, prediction_fits_company},
    audit::{AuditAction, AuditEvent},
    company::{Company, CompanyDraft, CompanyProfile},
    fault::Fault,
    id::{CompanyId, OrganizationId, PredictionId},
    intake::{Described, contradiction},
    prediction::{Kind, OnConflict, Period, Prediction},
    ratio::{RatioUnit, Ratios},
    risk::Explanation,
};
use accunode_ports::{
    UnitOfWork,
    scoring::{Scored, Scorer},
};
use serde_json::json;

use super::{Predictions, RawRatios, SECTOR_OUT_OF_SCOPE, check_ratios, fit_for_model, to_store};
use crate::{Caller, Error, ErrorCode, Idempotency, Replayable, RowLevel};

/// The company of a prediction.
#[derive(Clone, Debug)]
pub enum CompanyChoice {
    /// An existing company.
    Id(CompanyId),
    /// A company that is found by its symbol, or created.
    Described(Box<CompanyDraft>),
}

/// The request for a prediction.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct CreatePrediction {
    pub kind: Kind,
    pub company: CompanyChoice,
    pub reporting_year: String,
    pub reporting_quarter: Option<String>,
    pub ratios: RawRatios,
    pub ratio_unit: RatioUnit,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
    pub on_conflict: OnConflict,
}

/// Whether a prediction was created or existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It is new.
    Created,
    /// It replaced the existing one.
    Updated,
    /// The existing one stayed.
    Skipped,
}

/// The resulting prediction, with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedPrediction {
    /// The prediction as stored.
    pub prediction: Prediction,
    /// The reasons; `None` if an existing prediction stayed.
    pub explanation: Option<Explanation>,
    /// Warnings for the caller: `company_differs`, and `other_company` if the described company
    /// seems to be another one than the one that has its symbol.
    pub warnings: Vec<Fault>,
    /// Whether it was created, updated or skipped.
    pub creation: Creation,
}

/// A command that passed every check that needs no storage.
struct Checked {
    period: Period,
    ratios: Ratios,
    draft: Option<CompanyProfile>,
}

fn check(command: &CreatePrediction, scorer: &dyn Scorer) -> Result<Checked, Error> {
    let mut faults = Vec::new();
    let mut note = |more: Vec<Fault>| faults.extend(more);
    let period = Period::parse(
        command.kind,
        &command.reporting_year,
        command.reporting_quarter.as_deref(),
    )
    .map_err(&mut note)
    .ok();
    let ratios = check_ratios(command.kind, command.ratio_unit, &command.ratios)
        .and_then(|ratios| fit_for_model(scorer, ratios))
        .map_err(&mut note)
        .ok();
    let draft = match &command.company {
        CompanyChoice::Id(_) => None,
        CompanyChoice::Described(draft) => draft
            .check()
            .map_err(|more| note(more.into_iter().map(|f| f.under("/company")).collect()))
            .ok(),
    };
    match (period, ratios) {
        (Some(period), Some(ratios)) if faults.is_empty() => Ok(Checked {
            period,
            ratios,
            draft,
        }),
        _ => Err(Error::Invalid(faults)),
    }
}

impl Predictions {
    /// Scores a company and stores the prediction.
    ///
    /// # Errors
    /// In this order: `level_forbidden`, `outside_scope`; every fault of the body;
    /// `NotFound` for a company that the caller cannot read; `level_mismatch` (I4);
    /// `prediction_exists` with its id; `not_writable` if it should be replaced.
    #[tracing::instrument(name = "predictions.create", level = "debug", skip_all)]
    pub async fn create(
        &self,
        caller: &Caller,
        command: &CreatePrediction,
        idempotency: Option<&Idempotency<'_, CreatedPrediction>>,
    ) -> Result<Replayable<CreatedPrediction>, Error> {
        let actor = &caller.actor;
        let grant = actor
            .create(
                command.access_level.map(RowLevel::level),
                command.organization,
            )
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let checked = check(command, &*self.ports.scorer)?;
        let scope = actor.scope();
        let named = match command.company {
            CompanyChoice::Id(id) => Some(self.readable_company(&scope, grant, id).await?),
            CompanyChoice::Described(_) => None,
        };
        let scored = self
            .ports
            .score(command.kind, vec![checked.ratios.clone()], true)
            .await?
            .pop()
            .ok_or_else(|| Error::Internal("the model answered nothing".into()))?;

        let (checked, named, scored) = (&checked, &named, &scored);
        let done = self
            .ports
            .transaction(&scope, |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let (company, warnings) = match (named, &checked.draft) {
                    (Some(company), _) => (company.clone(), Vec::new()),
                    (None, Some(profile)) => {
                        self.find_or_add(&*unit, actor, grant, command, profile)
                            .await?
                    }
                    (None, None) => return Err(Error::not_found("company")),
                };
                let mut created = self
                    .store(
                        &*unit,
                        caller,
                        grant,
                        command,
                        checked,
                        &company,
                        scored.clone(),
                    )
                    .await?;
                created.warnings = warnings;
                Idempotency::store(idempotency, &*unit, actor, &created).await?;
                Ok(Replayable::Fresh(created))
            })
            .await?;
        if matches!(&done, Replayable::Fresh(created) if created.creation != Creation::Skipped) {
            self.ports
                .invalidate_cached_stats(&[grant.owner().key()])
                .await;
        }
        Ok(done)
    }

    async fn readable_company(
        &self,
        scope: &Scope,
        grant: Grant,
        id: CompanyId,
    ) -> Result<Company, Error> {
        let company = self
            .ports
            .store
            .companies()
            .find(scope, id)
            .await?
            .ok_or_else(|| Error::not_found("company"))?;
        prediction_fits_company(grant.owner(), company.owner, true)
            .map_err(|denial| Error::denied(denial, "company"))?;
        Ok(company)
    }

    async fn find_or_add(
        &self,
        unit: &dyn UnitOfWork,
        actor: &Actor,
        grant: Grant,
        command: &CreatePrediction,
        profile: &CompanyProfile,
    ) -> Result<(Company, Vec<Fault>), Error> {
        let id = CompanyId(self.ports.ids.new_id());
        let found = unit
            .companies()
            .find_or_add(&actor.scope(), grant, actor.organization(), id, profile)
            .await?;
        let mut warnings = Vec::new();
        if let (false, CompanyChoice::Described(draft)) = (found.is_new, &command.company) {
            let stored = &found.company.profile;
            let other = contradiction(
                profile.symbol.as_str(),
                Described::of(stored),
                Described::of(profile),
            );
            warnings.extend(other.map(|detail| {
                Fault::new(
                    "/company",
                    "other_company",
                    format!("{detail}; if they are two companies, give one another symbol"),
                )
            }));
            let pairs = [
                ("name", draft.name.is_some(), &profile.name, &stored.name),
                (
                    "sector",
                    draft.sector.is_some(),
                    &profile.sector,
                    &stored.sector,
                ),
            ];
            for (field, given, sent, kept) in pairs {
                if given && sent != kept {
                    warnings.push(Fault::new(
                        format!("/company/{field}"),
                        "company_differs",
                        format!(
                            "the company that is there has the {field} {kept:?}; it was not changed"
                        ),
                    ));
                }
            }
        }
        Ok((found.company, warnings))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of `create`, with everything it has worked out"
    )]
    async fn store(
        &self,
        unit: &dyn UnitOfWork,
        caller: &Caller,
        grant: Grant,
        command: &CreatePrediction,
        checked: &Checked,
        company: &Company,
        scored: Scored,
    ) -> Result<CreatedPrediction, Error> {
        let existing = unit
            .reads()
            .predictions()
            .of_period(grant, company.id, checked.period)
            .await?;
        let now = self.ports.clock.now();
        let mut ratios = to_store(&checked.ratios);
        if !self
            .ports
            .scorer
            .covers_sector(command.kind, &company.profile.sector)
        {
            ratios.flags.push(SECTOR_OUT_OF_SCOPE.to_owned());
        }
        let mut prediction = Prediction {
            id: PredictionId(self.ports.ids.new_id()),
            company: company.snapshot(),
            period: checked.period,
            outcome: scored.outcome,
            predicted_at: now,
            ratios,
            owner: grant.owner(),
            created_by: grant.by(),
            origin: None,
            created_at: now,
            updated_at: now,
            row_version: 1,
        };
        let creation = match (existing, command.on_conflict) {
            (None, _) => {
                prediction.updated_at = unit.predictions().add(grant, &prediction).await?;
                Creation::Created
            }
            (Some(existing), OnConflict::Skip) => {
                return Ok(CreatedPrediction {
                    prediction: existing,
                    explanation: None,
                    warnings: Vec::new(),
                    creation: Creation::Skipped,
                });
            }
            (Some(existing), OnConflict::Error) => {
                return Err(Error::Conflict {
                    code: ErrorCode::PredictionExists,
                    detail: format!(
                        "{} has a prediction for {} already; send on_conflict=update to replace it or skip to keep it",
                        company.profile.symbol.as_str(),
                        checked.period
                    ),
                    existing: Some(existing.id.0),
                });
            }
            (Some(existing), OnConflict::Update) => {
                let grant = caller
                    .actor
                    .write(existing.owner, existing.created_by)
                    .map_err(|denial| Error::denied(denial, "prediction"))?;
                prediction.id = existing.id;
                prediction.created_by = existing.created_by;
                prediction.created_at = existing.created_at;
                prediction.row_version = existing.row_version + 1;
                unit.predictions()
                    .replace(grant, &prediction, existing.row_version)
                    .await?;
                Creation::Updated
            }
        };
        let event = AuditEvent {
            entity_id: Some(prediction.id.0),
            organization: grant.owner().organization(),
            new_values: Some(summary(&prediction)),
            ..match creation {
                Creation::Updated => AuditEvent::new(
                    "prediction.replaced",
                    entity(command.kind),
                    AuditAction::Update,
                ),
                _ => AuditEvent::new(
                    "prediction.created",
                    entity(command.kind),
                    AuditAction::Create,
                ),
            }
        };
        unit.audit_log()
            .record(&caller.context, caller.sign(event))
            .await?;
        Ok(CreatedPrediction {
            prediction,
            explanation: scored.explanation,
            warnings: Vec::new(),
            creation,
        })
    }
}

/// The name of a prediction's table, in the audit log.
pub(crate) const fn entity(kind: Kind) -> &'static str {
    match kind {
        Kind::Annual => "annual_prediction",
        Kind::Quarterly => "quarterly_prediction",
    }
}

/// The values of a prediction for the audit log.
pub(crate) fn summary(prediction: &Prediction) -> serde_json::Value {
    json!({
        "company_id": prediction.company.id,
        "company_symbol": prediction.company.symbol,
        "period": prediction.period.to_string(),
        "pd": prediction.outcome.pd,
        "risk_level": prediction.outcome.risk_level,
        "model": prediction.outcome.model,
        "raw_ratios": prediction.ratios.raw,
        "ratio_unit": prediction.ratios.unit,
        "access_level": prediction.owner.level(),
    })
}
