//! Scoring a portfolio by another model.

use accunode_domain::access::Forbidden;
use std::sync::{Arc, Mutex};

use accunode_application::{
    Application, Error, ErrorCode, Replayable, RowLevel, Settings, bulk_uploads::RescorePredictions,
};
use accunode_domain::{
    fault::Fault,
    id::{CompanyId, JobId, PredictionId},
    job::{Checkpoint, Job, JobCounts, JobOptions, JobStatus, Position, Rescoring, Task},
    owner::{AccessLevel, Owner},
    prediction::{Kind, Period, ReportingYear, StoredRatios},
    ratio::RatioUnit,
    risk::{ModelRef, Thresholds},
    user::{Role, User},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Lease, Renewal, Rescorable, RescoredChunk},
    scoring::{MockScorer, ModelInfo, Scorer, ScoringError},
};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use crate::support::{Doubles, caller, noon, scored, user};

fn model(version: &str) -> ModelRef {
    ModelRef {
        name: "annual".into(),
        version: version.into(),
        sha256: version.repeat(3),
    }
}

/// Version 2 always answers; version 1 accepts no missing ratios.
fn models() -> MockScorer {
    let info = |version: &str, is_default: bool| ModelInfo {
        model: model(version),
        is_default,
        kind: Kind::Annual,
        description: String::new(),
        thresholds: Thresholds::FALLBACK,
        label: None,
        training_bins: None,
        shift: 0.0,
        manifest: json!({ "accepts_missing": is_default }),
        card: String::new(),
    };
    let mut scorer = MockScorer::new();
    scorer
        .expect_models()
        .returning(move || vec![info("2", true), info("1", false)]);
    scorer.expect_covers_sector().returning(|_, _| true);
    scorer.expect_score_by().returning(|by, _, ratios, _| {
        let by = by.clone();
        let answers = ratios.iter().map(scored);
        Ok(answers
            .map(|mut answer| {
                answer.outcome.model = by.clone();
                answer
            })
            .collect())
    });
    scorer
}

/// The `n`th prediction; its ratios are present up to `present`.
fn stored(n: u32, present: usize) -> Rescorable {
    let id = PredictionId(Uuid::from_u128(u128::from(n)));
    let raw = |at: usize| (at < present).then(|| "0.5".to_owned());
    Rescorable {
        id,
        version: 1,
        company: CompanyId(Uuid::from_u128(1)),
        sector: "Energy".into(),
        period: Period {
            year: ReportingYear::parse("", "2024").unwrap(),
            quarter: None,
        },
        ratios: StoredRatios {
            values: vec![None; 5],
            raw: (0..5).map(raw).collect(),
            unit: RatioUnit::Fraction,
            flags: Vec::new(),
        },
        position: Position {
            created_at_micros: i64::from(n),
            id,
        },
    }
}

fn job(creator: &User, version: &str) -> Job {
    Job {
        id: JobId(Uuid::new_v4()),
        kind: Kind::Annual,
        status: JobStatus::Processing,
        original_filename: "rescoring".into(),
        file_key: String::new(),
        file_size: 0,
        file_hash: String::new(),
        options: JobOptions::default(),
        task: Task::Rescore(Rescoring {
            model: model(version),
            only_from: None,
        }),
        total_rows: None,
        counts: JobCounts::default(),
        rows_kept: 0,
        checkpoint: Checkpoint::default(),
        warnings: Vec::new(),
        columns: Vec::new(),
        error: None,
        cancel_requested_at: None,
        started_at: Some(noon()),
        completed_at: None,
        attempts: 1,
        request_id: None,
        api_key: None,
        owner: Owner::User(creator.id),
        created_by: creator.id,
        created_at: noon(),
        updated_at: noon(),
        row_version: 1,
        log: Vec::new(),
    }
}

/// Returns doubles for a worker whose chunks have 10 predictions, and the chunks that it stored.
fn worker(
    creator: &User,
    stored: Vec<Rescorable>,
    units: usize,
) -> (Doubles, Arc<Mutex<Vec<RescoredChunk>>>) {
    let mut doubles = Doubles {
        scorer: models(),
        settings: Settings {
            chunk_rows: 10,
            ..Settings::default()
        },
        ..Doubles::default()
    };
    let found = creator.clone();
    doubles
        .store
        .auth
        .expect_with_membership()
        .returning(move |_| Ok(Some((found.clone(), None, 1))));
    doubles
        .queue
        .expect_renew()
        .returning(|_| Ok(Renewal::Continue));
    let count = u32::try_from(stored.len()).unwrap();
    let jobs = &mut doubles.store.jobs;
    jobs.expect_count_to_rescore().returning(move |_| Ok(count));
    jobs.expect_to_rescore()
        .returning(move |wanted, after, limit| {
            assert_eq!(wanted.until, noon());
            let behind = after.map_or(0, |after| after.created_at_micros);
            let rows = stored.iter();
            Ok(rows
                .filter(|row| row.position.created_at_micros > behind)
                .take(limit as usize)
                .cloned()
                .collect())
        });
    let chunks = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..units {
        let chunks = chunks.clone();
        doubles.unit(|unit| {
            unit.jobs
                .expect_store_rescored()
                .returning(move |_, chunk| {
                    chunks.lock().unwrap().push(chunk.clone());
                    Ok(JobCounts::default())
                });
        });
    }
    (doubles, chunks)
}

async fn process(application: &Application, job: Job) {
    let lease = Lease {
        job: job.id,
        token: Uuid::new_v4(),
    };
    let stop = watch::channel(false).1;
    application.bulk_uploads.process(job, lease, &stop).await;
}

#[tokio::test]
async fn every_prediction_is_rescored_once_by_the_requested_model() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, (1..=25).map(|n| stored(n, 5)).collect(), 3);
    doubles
        .queue
        .expect_finish()
        .times(1)
        .withf(|_, status, _, total| *status == JobStatus::Completed && *total == Some(25))
        .returning(|_, _, _, _| Ok(()));
    process(&doubles.application(), job(&ana, "1")).await;
    let chunks = chunks.lock().unwrap();
    let rows: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.rows).collect();
    let numbers: Vec<_> = rows.iter().map(|row| row.row).collect();
    assert_eq!(numbers, (1..=25).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| {
        let (_, outcome) = row.scored.as_ref().unwrap();
        outcome.model == model("1") && row.read.position.created_at_micros == i64::from(row.row)
    }));
    let last = chunks.last().unwrap();
    assert_eq!((last.checkpoint.row, last.total_rows), (25, 25));
    assert_eq!(last.checkpoint.after, Some(stored(25, 5).position));
}

#[tokio::test]
async fn worker_that_takes_over_rescoring_continues_after_the_checkpoint() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, (1..=15).map(|n| stored(n, 5)).collect(), 1);
    doubles.queue.expect_finish().returning(|_, _, _, _| Ok(()));
    let mut job = job(&ana, "2");
    job.counts.updated = 10;
    job.total_rows = Some(15);
    job.checkpoint = Checkpoint {
        row: 10,
        after: Some(stored(10, 5).position),
        ..Checkpoint::default()
    };
    process(&doubles.application(), job).await;
    let chunks = chunks.lock().unwrap();
    let numbers: Vec<_> = chunks[0].rows.iter().map(|row| row.row).collect();
    assert_eq!(numbers, [11, 12, 13, 14, 15]);
}

#[tokio::test]
async fn prediction_that_the_model_cannot_score_fails_alone() {
    let ana = user(Role::User, None);
    let few = vec![stored(1, 5), stored(2, 4), stored(3, 2)];
    let (mut doubles, chunks) = worker(&ana, few, 1);
    doubles.queue.expect_finish().returning(|_, _, _, _| Ok(()));
    process(&doubles.application(), job(&ana, "1")).await;
    let chunks = chunks.lock().unwrap();
    let codes: Vec<_> = chunks[0]
        .rows
        .iter()
        .map(|row| match &row.scored {
            Ok(_) => "scored".to_owned(),
            Err(faults) => faults[0].code.clone(),
        })
        .collect();
    assert_eq!(codes, ["scored", "missing_not_accepted", "too_few_ratios"]);
}

#[tokio::test]
async fn rescoring_by_an_unavailable_model_fails_with_model_unavailable() {
    let ana = user(Role::User, None);
    let failed = |_: &Lease, status: &JobStatus, fault: &Option<Fault>, _: &Option<u32>| {
        *status == JobStatus::Failed
            && fault
                .as_ref()
                .is_some_and(|fault| fault.code == "model_unavailable")
    };
    let (mut gone, _) = worker(&ana, vec![stored(1, 5)], 0);
    gone.queue
        .expect_finish()
        .times(1)
        .withf(failed)
        .returning(|_, _, _, _| Ok(()));
    process(&gone.application(), job(&ana, "7")).await;

    let (mut lost, _) = worker(&ana, vec![stored(1, 5)], 0);
    let mut scorer = MockScorer::new();
    let listed = models().models();
    scorer.expect_models().returning(move || listed.clone());
    scorer
        .expect_score_by()
        .returning(|model, _, _, _| Err(ScoringError::NotServed(model.clone())));
    lost.scorer = scorer;
    lost.queue
        .expect_finish()
        .times(1)
        .withf(failed)
        .returning(|_, _, _, _| Ok(()));
    process(&lost.application(), job(&ana, "2")).await;
}

#[tokio::test]
async fn worker_with_lost_lease_does_not_finish_the_rescoring() {
    let ana = user(Role::User, None);
    let (mut doubles, _) = worker(&ana, vec![stored(1, 5)], 0);
    doubles.unit(|unit| {
        unit.jobs
            .expect_store_rescored()
            .returning(|_, _| Err(RepositoryError::Stale { what: "lease" }));
    });
    doubles.queue.expect_finish().never();
    process(&doubles.application(), job(&ana, "2")).await;
}

fn command() -> RescorePredictions {
    RescorePredictions {
        kind: Kind::Annual,
        model_name: None,
        model_version: None,
        access_level: None,
        organization: None,
        only_from_model_version: None,
    }
}

#[tokio::test]
async fn rescoring_without_a_model_uses_the_default_model() {
    let ana = user(Role::User, None);
    for (version, expected) in [(None, "2"), (Some("1"), "1")] {
        let mut doubles = Doubles {
            scorer: models(),
            ..Doubles::default()
        };
        let creator = ana.clone();
        let committed = doubles.unit(|unit| {
            unit.reads
                .jobs
                .expect_same_upload()
                .returning(|_, _| Ok(None));
            unit.jobs.expect_add().returning(move |_, new| {
                assert!(new.dedup_key.is_some() && new.file_hash.is_empty());
                Ok(Job {
                    task: new.task.clone(),
                    ..job(&creator, "0")
                })
            });
            unit.audit_log
                .expect_record()
                .times(1)
                .withf(|_, event| event.event_type == "rescoring.created")
                .returning(|_, _| Ok(()));
        });
        let command = RescorePredictions {
            model_version: version.map(str::to_owned),
            ..command()
        };
        let application = doubles.application();
        let ana = caller(&ana);
        let done = application.bulk_uploads.rescore(&ana, &command, None);
        let Replayable::Fresh(made) = done.await.unwrap() else {
            panic!("it was never asked before")
        };
        let Task::Rescore(rescoring) = made.task else {
            panic!("{:?}", made.task)
        };
        assert_eq!(rescoring.model, model(expected));
        assert!(committed.load(std::sync::atomic::Ordering::SeqCst));
    }
}

#[tokio::test]
async fn forbidden_or_invalid_rescoring_is_refused_before_it_starts() {
    let ana = user(Role::User, None);
    let refused = async |command: RescorePredictions| {
        let doubles = Doubles {
            scorer: models(),
            ..Doubles::default()
        };
        let application = doubles.application();
        let ana = caller(&ana);
        let done = application.bulk_uploads.rescore(&ana, &command, None);
        done.await.unwrap_err()
    };
    let error = refused(RescorePredictions {
        access_level: RowLevel::limited(AccessLevel::Organization),
        ..command()
    });
    let error = error.await;
    assert!(
        matches!(
            error,
            Error::Denied {
                code: ErrorCode::Forbidden(Forbidden::LevelForbidden),
                ..
            }
        ),
        "{error:?}"
    );
    let error = refused(RescorePredictions {
        model_version: Some("7".into()),
        ..command()
    });
    let error = error.await;
    assert!(
        matches!(&error, Error::Invalid(faults) if faults[0].code == "model_unavailable"),
        "{error:?}"
    );
    let error = refused(RescorePredictions {
        only_from_model_version: Some("a\0b".into()),
        ..command()
    });
    let error = error.await;
    assert!(matches!(&error, Error::Invalid(_)), "{error:?}");
}
