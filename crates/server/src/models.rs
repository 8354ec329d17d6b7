//! Which models there are and which of them score, as configured.

use std::path::PathBuf;

use accunode_domain::prediction::Kind;
use accunode_scoring::{ModelPin, ModelRegistry, PinError};

use crate::config::Config;

/// The configuration's part on models, to be loaded on another thread.
#[derive(Clone, Debug)]
pub struct ModelChoice {
    folder: Option<PathBuf>,
    pins: [(Kind, Option<ModelPin>); 2],
}

impl ModelChoice {
    /// Takes it out of the configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            folder: config.models_dir.clone(),
            pins: [
                (Kind::Annual, config.model_annual.clone()),
                (Kind::Quarterly, config.model_quarterly.clone()),
            ],
        }
    }

    /// Reads and verifies every model. Computes for a while.
    ///
    /// # Errors
    /// Where a model that should score is not there, or was refused.
    pub fn load(&self) -> Result<ModelRegistry, PinError> {
        let folders: Vec<PathBuf> = self.folder.iter().cloned().collect();
        let pins = self.pins.iter();
        pins.filter_map(|(kind, pin)| Some((*kind, pin.as_ref()?)))
            .try_fold(ModelRegistry::load(&folders), |models, (kind, pin)| {
                models.pin(kind, pin)
            })
    }
}
