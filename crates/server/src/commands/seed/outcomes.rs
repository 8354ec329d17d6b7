//! The outcomes of the demonstration's borrowers, and back-tests of their predictions. Defaults are
//! drawn from the PDs themselves, and several times as often in the downturn, so that one window
//! shows PDs that were too low.

use std::collections::BTreeSet;

use accunode_application::{
    Application, Caller, Replayable, RowLevel,
    outcomes::{OutcomeCompany, RecordOutcome, SetCoverage},
    predictions::ListPredictions,
    validation::{AskBacktest, ListValidations, SignOffReport},
};
use accunode_domain::{
    id::{CompanyId, ValidationId},
    outcome::{CoverageDraft, Definition, OutcomeDraft},
    owner::AccessLevel,
    page::{Limit, Sort},
    prediction::{Kind, Prediction},
    validation::{BacktestDraft, Basis, VerdictRule},
};
use anyhow::bail;

use super::{demo::unless_there, portfolio::Sequence};

const DEFINITION: Definition = Definition::Bankruptcy;
/// The factor by which companies defaulted more often than the PDs from statements of a year
/// predict.
const STRESS: [(u16, f64); 8] = [
    (2016, 1.0),
    (2017, 1.3),
    (2018, 0.8),
    (2019, 1.6),
    (2020, 4.6),
    (2021, 1.9),
    (2022, 1.2),
    (2023, 1.6),
];
/// The share of companies that repay and leave in a year.
const EXITS: f64 = 1.0 / 150.0;

fn level() -> Option<RowLevel> {
    RowLevel::limited(AccessLevel::Organization)
}

/// Records the outcomes of the companies of the caller's organization.
pub(super) async fn record(application: &Application, keeper: &Caller) -> anyhow::Result<()> {
    let mut left = BTreeSet::new();
    for prediction in annual(application, keeper).await? {
        let Some(event) = fate(&prediction, &mut left) else {
            continue;
        };
        let command = RecordOutcome {
            company: OutcomeCompany::Id(prediction.company.id),
            draft: event,
            access_level: level(),
            organization: None,
        };
        let recorded = application.outcomes.record(keeper, &command, None).await;
        unless_there(recorded, "outcome_exists")?;
    }
    Ok(())
}

/// Returns the annual predictions of the caller's organization, ordered by company and year.
async fn annual(application: &Application, caller: &Caller) -> anyhow::Result<Vec<Prediction>> {
    let mut query = ListPredictions {
        access_level: Some(AccessLevel::Organization),
        sort: Sort::CreatedAt,
        limit: Limit::new(Limit::MAX).unwrap_or_default(),
        ..ListPredictions::default()
    };
    let mut found = Vec::new();
    loop {
        let page = application
            .predictions
            .list(caller, Kind::Annual, query.clone());
        let page = page.await?;
        found.extend(page.rows);
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    found.sort_by(|a, b| {
        let key = |p: &Prediction| (p.company.symbol.as_str().to_owned(), year(p));
        key(a).cmp(&key(b))
    });
    Ok(found)
}

fn year(prediction: &Prediction) -> u16 {
    prediction.period.year.get()
}

/// Draws an outcome in the twelve months that begin half a year after the statement, the same in
/// every run. A company that has left has no further outcome.
fn fate(prediction: &Prediction, left: &mut BTreeSet<CompanyId>) -> Option<OutcomeDraft> {
    let year = year(prediction);
    let (_, stress) = STRESS.iter().find(|(known, _)| *known == year)?;
    let symbol = prediction.company.symbol.as_str().bytes();
    let seed = symbol.fold(u64::from(year), |sum, byte| sum * 131 + u64::from(byte));
    let mut sequence = Sequence::of(seed);
    let (default, exit) = (sequence.unit(), sequence.unit());
    let month = 1 + (sequence.unit() * 12.0) as u8;
    let day = 1 + (sequence.unit() * 28.0) as u8;
    let event = if default < prediction.outcome.pd.get() * stress {
        "default"
    } else if exit < EXITS {
        "exit"
    } else {
        return None;
    };
    if !left.insert(prediction.company.id) {
        return None;
    }
    // The second half of the next year, or the first half of the one after it.
    let year = year + if month > 6 { 1 } else { 2 };
    Some(OutcomeDraft {
        definition: DEFINITION.as_str().to_owned(),
        event: event.to_owned(),
        occurred_on: format!("{year}-{month:02}-{day:02}"),
        technical: false,
        reason_code: None,
        external_id: None,
        note: (event == "exit").then(|| "Repaid".to_owned()),
    })
}

/// States for which days outcomes are complete, runs back-tests, and has one report signed off.
pub(super) async fn compare(
    application: &Application,
    asker: &Caller,
    signer: &Caller,
) -> anyhow::Result<()> {
    let validations = &application.validations;
    let known = validations.list(asker, ListValidations::default()).await?;
    if !known.rows.is_empty() {
        return Ok(());
    }
    let coverage = SetCoverage {
        definition: DEFINITION,
        draft: CoverageDraft {
            complete_from: "2016-01-01".to_owned(),
            complete_through: "2025-06-30".to_owned(),
            note: None,
        },
        access_level: level(),
        organization: None,
    };
    application.outcomes.set_coverage(asker, &coverage).await?;
    let _ = back_test(application, asker, "2017-06-30", Some("2024-06-30")).await?;
    let downturn = back_test(application, asker, "2021-06-30", None).await?;
    let assessment = SignOffReport {
        assessment: 3,
        comment: "PDs were too low in the downturn. The ranking held. To be corrected by the \
                  target rate with the next version of the model."
            .to_owned(),
    };
    let signer = application.confirm(signer)?;
    let _ = validations.sign_off(&signer, downturn, &assessment).await?;
    Ok(())
}

async fn back_test(
    application: &Application,
    asker: &Caller,
    d0: &str,
    d0_to: Option<&str>,
) -> anyhow::Result<ValidationId> {
    let command = AskBacktest {
        draft: BacktestDraft {
            kind: Kind::Annual,
            d0: d0.to_owned(),
            d0_to: d0_to.map(str::to_owned),
            step: None,
            definition: DEFINITION,
            basis: Basis::Period,
            lag_months: None,
            as_of: None,
            include_system_outcomes: false,
            initial_auc: Some(0.80),
            target_rate: None,
            verdict_rule: VerdictRule::default(),
            scale: None,
        },
        scale: None,
        access_level: level(),
        organization: None,
    };
    let asked = application.validations.ask(asker, &command, None).await;
    let report = match asked? {
        Replayable::Fresh(report) => report,
        Replayable::Replayed(_) => bail!("a back-test was asked for twice"),
    };
    let bulk = &application.bulk_uploads;
    let mut job = bulk.get(asker, report.job()).await?;
    while !job.status.is_final() {
        bulk.wait_for_change(job.id).await;
        job = bulk.get(asker, job.id).await?;
    }
    Ok(report.id)
}
