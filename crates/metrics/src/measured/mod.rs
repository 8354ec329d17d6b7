//! Ports that count what goes through them, each in front of the one that does it.

mod cache;
mod limits;
mod mail;
mod scorer;
mod sessions;
mod throttle;

use std::sync::Arc;

use crate::Metrics;

/// A port in front of another one.
#[derive(Clone, Debug)]
pub struct Measured<P: ?Sized> {
    metrics: Arc<Metrics>,
    inner: Arc<P>,
}

impl<P: ?Sized> Measured<P> {
    /// Counts in `metrics` what goes through it to `inner`.
    pub fn new(metrics: &Arc<Metrics>, inner: Arc<P>) -> Self {
        Self {
            metrics: metrics.clone(),
            inner,
        }
    }
}

#[cfg(test)]
mod tests;
