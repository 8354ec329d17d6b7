//! The models that exist and the ones that score, as configured.

use std::path::PathBuf;

use accunode_domain::prediction::Kind;
use accunode_scoring::{ModelPin, ModelRegistry, PinError, TargetRate};

use crate::config::Config;

/// The model settings, separated from the configuration so that another thread can load
/// them.
#[derive(Clone, Debug)]
pub struct ModelChoice {
    folder: Option<PathBuf>,
    pins: [(Kind, Option<ModelPin>); 2],
    rates: [(Kind, Option<TargetRate>); 2],
}

impl ModelChoice {
    /// Copies the settings from the configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            folder: config.models_dir.clone(),
            pins: [
                (Kind::Annual, config.model_annual.clone()),
                (Kind::Quarterly, config.model_quarterly.clone()),
            ],
            rates: [
                (Kind::Annual, config.target_default_rate_annual),
                (Kind::Quarterly, config.target_default_rate_quarterly),
            ],
        }
    }

    /// Replaces the configured model of this kind, if another one is named.
    #[must_use]
    pub fn with(mut self, kind: Kind, pin: Option<&ModelPin>) -> Self {
        for (of, pinned) in &mut self.pins {
            if let Some(pin) = pin.filter(|_| *of == kind) {
                *pinned = Some(pin.clone());
            }
        }
        self
    }

    /// Reads and verifies every model. Computes for a while.
    ///
    /// # Errors
    /// If a model that should score does not exist, was refused, or cannot be set to the
    /// target default rate.
    pub fn load(&self) -> Result<ModelRegistry, PinError> {
        let folders: Vec<PathBuf> = self.folder.iter().cloned().collect();
        let pins = self.pins.iter();
        let pinned = pins
            .filter_map(|(kind, pin)| Some((*kind, pin.as_ref()?)))
            .try_fold(ModelRegistry::load(&folders), |models, (kind, pin)| {
                models.pin(kind, pin)
            })?;
        let rates = self.rates.iter();
        rates
            .filter_map(|(kind, rate)| Some((*kind, (*rate)?)))
            .try_fold(pinned, |models, (kind, rate)| models.at_target(kind, rate))
    }
}
