use accunode_ports::{
    PortError,
    limits::{Budget, LimitClass, Quota, RateLimiter},
};
use async_trait::async_trait;

use super::Measured;
use crate::labels;

/// Budgets in addition to the classes. Other names get the label `other`, so that a name that
/// contains users' text could never become a label.
const NAMED: [&str; 5] = [
    "unknown_key",
    "mail_sender",
    "mail_organization",
    "mail_minute",
    "mail_day",
];

fn label(name: &str) -> &'static str {
    // For `mail_day.invitation` the kind of mail is dropped.
    let name = name.split('.').next().unwrap_or_default();
    let mut named = NAMED.into_iter();
    named.find(|known| *known == name).unwrap_or("other")
}

impl Measured<dyn RateLimiter> {
    fn note(&self, budget: &'static str, consumed: &Result<Budget, PortError>) {
        if consumed.as_ref().is_ok_and(|consumed| !consumed.allowed) {
            let refused = &self.metrics.rate_limited;
            refused.get_or_create(&labels::Budget { budget }).inc();
        }
    }
}

#[async_trait]
impl RateLimiter for Measured<dyn RateLimiter> {
    async fn consume(&self, class: LimitClass, principal: &str) -> Result<Budget, PortError> {
        let consumed = self.inner.consume(class, principal).await;
        self.note(class.as_str(), &consumed);
        consumed
    }

    async fn consume_from(
        &self,
        name: &str,
        quota: Quota,
        principal: &str,
    ) -> Result<Budget, PortError> {
        let consumed = self.inner.consume_from(name, quota, principal).await;
        self.note(label(name), &consumed);
        consumed
    }
}
