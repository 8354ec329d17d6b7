use std::time::Instant;

use accunode_ports::{
    PortError,
    mail::{Mailer, Message},
};
use async_trait::async_trait;

use super::Measured;
use crate::metrics::count;

#[async_trait]
impl Mailer for Measured<dyn Mailer> {
    async fn send(&self, message: &Message) -> Result<(), PortError> {
        let started = Instant::now();
        let sent = self.inner.send(message).await;
        let took = started.elapsed();
        self.metrics.mail_seconds.observe(took.as_secs_f64());
        let outcome = if sent.is_ok() { "sent" } else { "failed" };
        count(&self.metrics.mails, outcome);
        sent
    }

    fn delivers(&self) -> bool {
        self.inner.delivers()
    }
}
