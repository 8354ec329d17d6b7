//! A readiness probe of the embedded PostgreSQL.

use std::time::Duration;

use accunode_embedded_postgres::Condition;
use accunode_ports::health::{Failing, Probe};
use async_trait::async_trait;
use tokio::sync::watch;

/// Reports the condition of the embedded PostgreSQL to readiness.
#[derive(Debug)]
pub(crate) struct ConditionProbe(watch::Receiver<Condition>);

impl ConditionProbe {
    /// Creates a probe of the server with this condition.
    #[must_use]
    pub(crate) fn new(condition: watch::Receiver<Condition>) -> Self {
        Self(condition)
    }
}

#[async_trait]
impl Probe for ConditionProbe {
    fn check(&self) -> &'static str {
        "postgres"
    }

    fn holds_for(&self) -> Duration {
        Duration::ZERO
    }

    async fn run(&self) -> Result<(), Failing> {
        let condition = self.0.borrow().clone();
        let (reason, detail) = match condition {
            Condition::Running => return Ok(()),
            Condition::Starting => (
                "starting_up",
                "the private PostgreSQL is starting up or recovering".to_owned(),
            ),
            Condition::Down { reason, pause } => {
                let why = match reason {
                    "disk_full" => "has no space left on its disk",
                    _ => "has ended",
                };
                let pause = pause.as_secs();
                let detail = format!(
                    "the private PostgreSQL {why}; it is started again every {pause} s until it runs"
                );
                (reason, detail)
            }
        };
        Err(Failing::new("postgres", reason, detail))
    }
}
