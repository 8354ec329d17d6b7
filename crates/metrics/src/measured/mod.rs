//! Ports that count their calls, each wrapping the one that executes them.

mod cache;
mod limits;
mod mail;
mod scorer;
mod sessions;
mod throttle;

use std::sync::Arc;

use crate::Metrics;

/// A port that wraps another one.
#[derive(Clone, Debug)]
pub struct Measured<P: ?Sized> {
    metrics: Arc<Metrics>,
    inner: Arc<P>,
}

impl<P: ?Sized> Measured<P> {
    /// Counts in `metrics` the calls that it passes to `inner`.
    pub fn new(metrics: &Arc<Metrics>, inner: Arc<P>) -> Self {
        Self {
            metrics: metrics.clone(),
            inner,
        }
    }
}

#[cfg(test)]
mod tests;
