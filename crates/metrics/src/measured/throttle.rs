use accunode_ports::{
    PortError,
    throttle::{Admission, Attempt, Throttle},
};
use async_trait::async_trait;

use super::Measured;
use crate::labels;

#[async_trait]
impl Throttle for Measured<dyn Throttle> {
    async fn admit(&self, attempt: &Attempt) -> Result<Admission, PortError> {
        let admitted = self.inner.admit(attempt).await;
        let outcome = match &admitted {
            Ok(Admission::Go) => "admitted",
            Ok(Admission::Wait(_)) => "told_to_wait",
            Err(_) => "failed",
        };
        let guess = attempt.guess.as_str();
        let attempts = &self.metrics.login_attempts;
        attempts
            .get_or_create(&labels::Attempt { guess, outcome })
            .inc();
        admitted
    }

    async fn succeeded(&self, attempt: &Attempt) -> Result<(), PortError> {
        self.inner.succeeded(attempt).await?;
        let guess = attempt.guess.as_str();
        let outcome = "succeeded";
        let attempts = &self.metrics.login_attempts;
        attempts
            .get_or_create(&labels::Attempt { guess, outcome })
            .inc();
        Ok(())
    }
}
