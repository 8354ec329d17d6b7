//! Monitoring of models: whether the predictions of a period still lie as the training data or
//! as another period. Nightly snapshots are made by [`crate::maintenance`].

mod report;
mod snapshots;

use std::sync::Arc;

use accunode_ports::scoring::ModelInfo;
pub use report::{MonitoringQuery, MonitoringResult, TrendPoint};
pub use snapshots::ListSnapshots;

use crate::{Error, Ports};

/// Monitoring.
#[derive(Clone, Debug)]
pub struct Monitoring {
    pub(crate) ports: Arc<Ports>,
}

impl Monitoring {
    /// Returns a model by its name, in the version that scores or another one.
    fn model(&self, name: &str, version: Option<&str>) -> Result<ModelInfo, Error> {
        // The one that scores comes before the others of its kind.
        let models = self.ports.scorer.models().into_iter();
        let mut of_name = models.filter(|info| info.model.name == name);
        of_name
            .find(|info| version.is_none_or(|version| info.model.version == version))
            .ok_or_else(|| Error::not_found("model"))
    }
}
