//! Readiness: whether requests can be served, and what fails since when.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::{Duration, Instant},
};

use accunode_application::Application;
use accunode_domain::{Timestamp, prediction::Kind};
use accunode_ports::{
    error::Cause,
    health::{Failing, Probe},
};
use accunode_tasks::Tasks;
use async_trait::async_trait;
use futures::future::join_all;
use tokio::{sync::Mutex, task::JoinHandle};

/// How long a result is reused for all requests.
const FRESH: Duration = Duration::from_millis(250);
/// The time limit of one probe. A probe that takes longer counts as failed until it ends,
/// and no other one is started before.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// A failing check, with the time since when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    pub(crate) is_required: bool,
    pub(crate) since: Timestamp,
}

impl Finding {
    /// Creates a finding that begins now and prevents requests from being served.
    pub(crate) fn now(failing: Failing, now: Timestamp) -> Self {
        let Failing {
            check,
            reason,
            detail,
            ..
        } = failing;
        Self {
            check,
            reason,
            detail,
            is_required: true,
            since: now,
        }
    }
}

/// The readiness of the process. The checks run for one request at a time and a few times a
/// second: requests for it are public, and must not keep the database and other services
/// busy.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    application: Application,
    probes: Vec<Watched>,
    found: Mutex<Option<(Instant, Vec<Finding>)>>,
    since: Ledger,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let checks: Vec<_> = self.0.probes.iter().map(|one| one.probe.check()).collect();
        f.debug_struct("Readiness")
            .field("checks", &checks)
            .finish_non_exhaustive()
    }
}

impl Readiness {
    /// Checks the dependencies of the use cases, and those of `probes`.
    #[must_use]
    pub fn new(application: &Application, probes: Vec<Arc<dyn Probe>>) -> Self {
        let own: [Arc<dyn Probe>; 3] = [
            Arc::new(Database(application.clone())),
            Arc::new(Sessions(application.clone())),
            Arc::new(Models(application.clone())),
        ];
        Self(Arc::new(Inner {
            application: application.clone(),
            probes: own.into_iter().chain(probes).map(Watched::new).collect(),
            found: Mutex::default(),
            since: Ledger::default(),
        }))
    }

    /// Returns the names of the checks that currently fail, and whether each is required.
    pub async fn failing(&self) -> Vec<(&'static str, bool)> {
        let found = self.findings().await.into_iter();
        found.map(|one| (one.check, one.is_required)).collect()
    }

    /// Returns all checks that currently fail.
    pub(crate) async fn findings(&self) -> Vec<Finding> {
        let mut found = self.0.found.lock().await;
        if let Some((at, findings)) = found.as_ref()
            && at.elapsed() < FRESH
        {
            return findings.clone();
        }
        let ports = self.0.application.ports();
        let looks = self
            .0
            .probes
            .iter()
            .map(|one| one.refresh(&ports.tasks, PROBE_TIMEOUT));
        let failing = join_all(looks).await.into_iter().flatten().collect();
        let findings = self.0.since.note(failing, ports.clock.now());
        *found = Some((Instant::now(), findings.clone()));
        findings
    }
}

/// A failing check; `bool`: whether it is required.
type Failed = (Summary, bool);

/// A [`Failing`] without its cause, which is logged.
#[derive(Clone, Debug)]
struct Summary {
    check: &'static str,
    reason: &'static str,
    detail: String,
}

/// Since when each check fails.
#[derive(Debug, Default)]
struct Ledger(StdMutex<BTreeMap<&'static str, (&'static str, Timestamp)>>);

impl Ledger {
    /// Records all checks that currently fail; all others are considered to work again.
    fn note(&self, failing: Vec<Failed>, now: Timestamp) -> Vec<Finding> {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|check, _| {
            let fails = failing.iter().any(|(one, _)| one.check == *check);
            if !fails {
                tracing::info!(check, "ready again");
            }
            fails
        });
        let finding = |(failed, is_required): Failed| {
            let Summary {
                check,
                reason,
                detail,
            } = failed;
            let known = since.get(check).copied();
            if known.is_none_or(|(before, _)| before != reason) {
                tracing::warn!(check, reason, is_required, "not ready");
            }
            let begun = known.map_or(now, |(_, begun)| begun);
            since.insert(check, (reason, begun));
            Finding {
                check,
                reason,
                detail,
                is_required,
                since: begun,
            }
        };
        failing.into_iter().map(finding).collect()
    }
}

/// A probe with its last result.
struct Watched {
    probe: Arc<dyn Probe>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    at: Option<Instant>,
    found: Option<Summary>,
    under_way: Option<JoinHandle<Option<Summary>>>,
}

impl Watched {
    fn new(probe: Arc<dyn Probe>) -> Self {
        Self {
            probe,
            last: Mutex::default(),
        }
    }

    async fn refresh(&self, tasks: &Tasks, limit: Duration) -> Option<Failed> {
        let mut last = self.last.lock().await;
        let holds = last
            .at
            .is_some_and(|at| at.elapsed() < self.probe.holds_for());
        if !holds {
            let mut run = match last.under_way.take() {
                Some(run) => run,
                None => tasks.background(summary(self.probe.clone())),
            };
            match tokio::time::timeout(limit, &mut run).await {
                Ok(found) => {
                    last.at = Some(Instant::now());
                    last.found = found.unwrap_or_else(|panic| {
                        tracing::error!(check = self.probe.check(), %panic, "a look at readiness failed");
                        Some(self.failed("failed", "it could not be looked at"))
                    });
                }
                Err(_) => {
                    last.under_way = Some(run);
                    last.found = Some(self.failed("timeout", "it does not answer in time"));
                }
            }
        }
        let required = self.probe.is_required();
        last.found.clone().map(|found| (found, required))
    }

    fn failed(&self, reason: &'static str, detail: &str) -> Summary {
        Summary {
            check: self.probe.check(),
            reason,
            detail: detail.to_owned(),
        }
    }
}

/// Runs a probe, and logs why it fails.
async fn summary(probe: Arc<dyn Probe>) -> Option<Summary> {
    let Failing {
        check,
        reason,
        detail,
        cause,
    } = probe.run().await.err()?;
    if let Some(cause) = cause {
        let cause: &(dyn std::error::Error + 'static) = &*cause;
        tracing::debug!(check, reason, cause, "a look at readiness");
    }
    Some(Summary {
        check,
        reason,
        detail,
    })
}

struct Database(Application);

#[async_trait]
impl Probe for Database {
    fn check(&self) -> &'static str {
        "database"
    }

    fn holds_for(&self) -> Duration {
        Duration::ZERO
    }

    async fn run(&self) -> Result<(), Failing> {
        self.0.ports().store.ready().await
    }
}

struct Sessions(Application);

#[async_trait]
impl Probe for Sessions {
    fn check(&self) -> &'static str {
        "sessions"
    }

    fn holds_for(&self) -> Duration {
        Duration::ZERO
    }

    async fn run(&self) -> Result<(), Failing> {
        // No token looks like this: the store must be searched, and find nothing.
        let found = self.0.ports().sessions.find("readiness").await;
        found.map(|_| ()).map_err(|error| {
            let error: Cause = error.into();
            Failing::new(
                "sessions",
                "unavailable",
                "the session store does not answer",
            )
            .because(error)
        })
    }
}

struct Models(Application);

#[async_trait]
impl Probe for Models {
    fn check(&self) -> &'static str {
        "model"
    }

    fn holds_for(&self) -> Duration {
        Duration::ZERO
    }

    async fn run(&self) -> Result<(), Failing> {
        let scorer = &self.0.ports().scorer;
        let models = scorer.models();
        let missing: Vec<_> = Kind::ALL
            .into_iter()
            .filter(|kind| models.iter().all(|model| model.kind != *kind))
            .map(Kind::as_str)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut detail = format!("no {} model is served", missing.join(" and no "));
        for refused in scorer.refused() {
            detail += &format!("; {} was refused: {}", refused.folder, refused.reason);
        }
        Err(Failing::new("model", "missing", detail))
    }
}

/// What a process still waits for before it can serve; all clones share it.
#[derive(Clone, Debug, Default)]
pub struct Startup(Arc<Started>);

#[derive(Debug, Default)]
struct Started {
    since: Ledger,
    waits: StdMutex<Vec<Finding>>,
}

impl Startup {
    /// Records what the process waits for now.
    pub fn waits_for(&self, failing: Failing, now: Timestamp) {
        let Failing {
            check,
            reason,
            detail,
            ..
        } = failing;
        let failed = (
            Summary {
                check,
                reason,
                detail,
            },
            true,
        );
        let findings = self.0.since.note(vec![failed], now);
        *self.0.waits.lock().unwrap_or_else(PoisonError::into_inner) = findings;
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.0
            .waits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_timestamp(second).unwrap()
    }

    fn failed(check: &'static str, reason: &'static str) -> Failed {
        (
            Summary {
                check,
                reason,
                detail: String::new(),
            },
            true,
        )
    }

    #[test]
    fn failing_check_keeps_the_time_of_its_first_failure() {
        let ledger = Ledger::default();
        ledger.note(vec![failed("database", "connection_refused")], at(1));
        let found = ledger.note(
            vec![failed("database", "starting_up"), failed("files", "full")],
            at(5),
        );
        let since: Vec<_> = found
            .iter()
            .map(|one| (one.check, one.reason, one.since))
            .collect();
        assert_eq!(
            since,
            [("database", "starting_up", at(1)), ("files", "full", at(5))]
        );
        assert!(ledger.note(Vec::new(), at(6)).is_empty());
        let again = ledger.note(vec![failed("database", "starting_up")], at(9));
        assert_eq!(again[0].since, at(9));
    }

    struct Stuck;

    #[async_trait]
    impl Probe for Stuck {
        fn check(&self) -> &'static str {
            "stuck"
        }
        async fn run(&self) -> Result<(), Failing> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn hanging_readiness_check_times_out_and_is_not_started_twice() {
        let tasks = Tasks::here();
        let watched = Watched::new(Arc::new(Stuck));
        for _ in 0..3 {
            let (found, _) = watched.refresh(&tasks, Duration::ZERO).await.unwrap();
            assert_eq!(found.reason, "timeout");
        }
        assert_eq!(tasks.finish(Duration::ZERO).await, 1);
    }
}
