//! Which models there are and which of them score, as configured.

use std::path::PathBuf;

use accunode_domain::prediction::Kind;
use accunode_scoring::{ModelPin, ModelRegistry, PinError, TargetRate};

use crate::config::Config;

/// The configuration's part on models, to be loaded on another thread.
#[derive(Clone, Debug)]
pub struct ModelChoice {
    folder: Option<PathBuf>,
    pins: [(Kind, Option<ModelPin>); 2],
    rates: [(Kind, Option<TargetRate>); 2],
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
            rates: [
                (Kind::Annual, config.target_default_rate_annual),
                (Kind::Quarterly, config.target_default_rate_quarterly),
            ],
        }
    }

    /// With another model of this kind than the configured one, where one is named.
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
    /// Where a model that should score is not there, was refused, or cannot be set to the
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
