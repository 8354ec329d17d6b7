use std::{collections::BTreeSet, time::Duration};

use accunode_domain::{
    Timestamp,
    job::{JobCounts, JobStatus, Task},
    maintenance::MaintenanceTask,
    prediction::Kind,
};
use accunode_ports::{
    PortError,
    cache::{Cache, MockCache},
    limits::{Budget, LimitClass, MockRateLimiter, Quota, RateLimiter},
    mail::{Mailer, Message, MockMailer},
    maintenance::TaskHistory,
    meter::{AnsweredRequest, Meter},
    repositories::{Connections, OpenJobs, ReplicaState},
    scoring::{MockScorer, Scorer, ScoringError},
    sessions::{MockSessionStore, SessionStore},
    system::Volume,
    throttle::{Admission, Attempt, MockThrottle, Throttle},
};

use super::*;
use crate::{NAMES, Snapshot, WorkOfKind};

fn snapshot() -> Snapshot {
    let connections = Connections {
        pool: "reads",
        open: 3,
        idle: 1,
        at_most: 6,
        refused: 2,
    };
    let pending = OpenJobs {
        status: JobStatus::Pending,
        jobs: 4,
        oldest_seconds: 12.5,
    };
    Snapshot {
        version: "0.0.1",
        started_at: Timestamp::from_unix_timestamp(1_000).unwrap(),
        is_ready: true,
        failing: vec!["mail"],
        connections: vec![connections],
        replica: Some(ReplicaState {
            is_used: true,
            behind: Some(Duration::from_millis(1_500)),
        }),
        jobs: vec![pending],
        work: vec![WorkOfKind {
            work: "export",
            running: 1,
            refused: 5,
        }],
        maintenance: vec![TaskHistory {
            task: MaintenanceTask::Analyze,
            last_success: Timestamp::from_unix_timestamp(1_500).ok(),
            failures: 2,
        }],
        event_streams: 2,
        mails_waiting: 1,
        refused_models: 0,
        volumes: vec![Volume {
            name: "files",
            free_bytes: 10,
            total_bytes: 100,
        }],
    }
}

fn budget(allowed: bool) -> Budget {
    Budget {
        allowed,
        ..Budget::unlimited(Quota::per_minute(1))
    }
}

/// Returns the metrics of a process in which everything has happened once.
async fn busy() -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new());
    metrics.answered(&AnsweredRequest {
        method: "GET",
        operation: Some("/api/v1/companies/{id}"),
        status: 404,
        took: Duration::from_millis(3),
    });
    metrics.answered(&AnsweredRequest {
        method: "ana@example.com",
        operation: None,
        status: 405,
        took: Duration::ZERO,
    });
    let counts = JobCounts {
        success: 7,
        error: 1,
        ..JobCounts::default()
    };
    metrics.rows_stored(&Task::Upload, counts);
    metrics.job_ended(&Task::Upload, JobStatus::Failed);

    let mut cache = MockCache::new();
    cache.expect_get().returning(|key| {
        let found = (key == "known").then(Vec::new);
        Ok(found)
    });
    let cache = Measured::<dyn Cache>::new(&metrics, Arc::new(cache));
    cache.get("known").await.unwrap();
    cache.get("strange").await.unwrap();
    cache.get("strange").await.unwrap();

    let mut limits = MockRateLimiter::new();
    limits
        .expect_consume()
        .returning(|_: LimitClass, who: &str| Ok(budget(who == "first")));
    limits
        .expect_consume_from()
        .returning(|_: &str, _, _: &str| Ok(budget(false)));
    let limits = Measured::<dyn RateLimiter>::new(&metrics, Arc::new(limits));
    for who in ["first", "second"] {
        limits.consume(LimitClass::Score, who).await.unwrap();
    }
    for name in ["mail_day.invitation", "ana@example.com"] {
        limits
            .consume_from(name, Quota::per_day(1), "ana@example.com")
            .await
            .unwrap();
    }

    let mut throttle = MockThrottle::new();
    throttle
        .expect_admit()
        .returning(|_| Ok(Admission::Wait(3)));
    let throttle = Measured::<dyn Throttle>::new(&metrics, Arc::new(throttle));
    let attempt = Attempt::password("ana@example.com", None);
    throttle.admit(&attempt).await.unwrap();

    let mut sessions = MockSessionStore::new();
    sessions.expect_find().returning(|_| Ok(None));
    sessions.expect_refresh().returning(|_| {
        Err(PortError::Unavailable {
            what: "sessions",
            cause: "away".into(),
        })
    });
    let sessions = Measured::<dyn SessionStore>::new(&metrics, Arc::new(sessions));
    sessions.find("at_ana@example.com").await.unwrap();
    sessions.refresh("rt").await.unwrap_err();

    let mut scorer = MockScorer::new();
    scorer
        .expect_score()
        .returning(|kind, _, _| Err(ScoringError::NoModel(kind)));
    let scorer = Measured::<dyn Scorer>::new(&metrics, Arc::new(scorer));
    scorer.score(Kind::Annual, &[], true).unwrap_err();

    let mut mailer = MockMailer::new();
    mailer.expect_send().returning(|_| Ok(()));
    let mailer = Measured::<dyn Mailer>::new(&metrics, Arc::new(mailer));
    let message = Message {
        to: accunode_domain::user::Email::from_stored("ana@example.com".to_owned()),
        subject: "Hello".to_owned(),
        text: "Hello".to_owned(),
    };
    mailer.send(&message).await.unwrap();
    metrics
}

#[tokio::test]
async fn calls_through_the_ports_are_counted() {
    let text = busy().await.render(&snapshot()).unwrap();
    for line in [
        "accunode_http_requests_total{method=\"GET\",operation=\"/api/v1/companies/{id}\",status=\"404\"} 1",
        "accunode_http_requests_total{method=\"other\",operation=\"unknown\",status=\"405\"} 1",
        "accunode_http_request_duration_seconds_bucket{method=\"GET\",operation=\"/api/v1/companies/{id}\",le=\"0.0025\"} 0",
        "accunode_http_request_duration_seconds_bucket{method=\"GET\",operation=\"/api/v1/companies/{id}\",le=\"0.005\"} 1",
        "accunode_job_rows_total{task=\"upload\",outcome=\"success\"} 7",
        "accunode_job_rows_total{task=\"upload\",outcome=\"error\"} 1",
        "accunode_cache_lookups_total{outcome=\"hit\"} 1",
        "accunode_cache_lookups_total{outcome=\"miss\"} 2",
        "accunode_rate_limited_total{budget=\"score\"} 1",
        "accunode_rate_limited_total{budget=\"mail_day\"} 1",
        "accunode_rate_limited_total{budget=\"other\"} 1",
        "accunode_login_attempts_total{guess=\"password\",outcome=\"told_to_wait\"} 1",
        "accunode_session_lookups_total{outcome=\"unknown\"} 1",
        "accunode_session_refreshes_total{outcome=\"failed\"} 1",
        "accunode_model_duration_seconds_count{kind=\"annual\",reasons=\"yes\"} 1",
        "accunode_mails_total{outcome=\"sent\"} 1",
        "accunode_build_info{version=\"0.0.1\"} 1.0",
        "accunode_database_connections{pool=\"reads\",state=\"used\"} 2.0",
        "accunode_database_connections_refused_total{pool=\"reads\"} 2",
        "accunode_replica_used 1.0",
        "accunode_replica_behind_seconds 1.5",
        "accunode_jobs{status=\"pending\"} 4.0",
        "accunode_jobs_ended_total{task=\"upload\",status=\"failed\"} 1",
        "accunode_job_oldest_seconds{status=\"pending\"} 12.5",
        "accunode_readiness_failing{check=\"mail\"} 1.0",
        "accunode_maintenance_failures{task=\"analyze\"} 2.0",
        "accunode_maintenance_last_success_seconds{task=\"analyze\"} 1500.0",
        "accunode_work_refused_total{work=\"export\"} 5",
        "accunode_disk_free_bytes{volume=\"files\"} 10.0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn no_label_identifies_a_user() {
    let text = busy().await.render(&snapshot()).unwrap();
    // `analyze` is not a name.
    assert!(!text.replace("analyze", "").contains("ana"), "{text}");
    assert!(!text.contains('@'), "{text}");
}

#[tokio::test]
async fn listed_metric_names_equal_those_written() {
    let text = busy().await.render(&snapshot()).unwrap();
    let written: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE accunode_"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let listed: BTreeSet<_> = NAMES.iter().copied().collect();
    assert_eq!(written, listed);
    assert!(NAMES.is_sorted(), "in alphabetical order");
}
