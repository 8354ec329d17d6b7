//! Pins, with which an operator chooses the version of a model that serves.

use std::{fmt, str::FromStr};

use accunode_domain::{prediction::Kind, risk::ModelRef};
use serde::{Serialize, Serializer};

use crate::{manifest::plain_name, target::TargetRate};

/// A version of a model by its name: `annual@1.0.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPin {
    name: String,
    version: String,
}

/// Why a version cannot serve as requested.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// There is no such version of this kind, or it was refused.
    #[error("there is no {kind} model {pin}; {known}")]
    Unknown {
        /// The kind it should serve.
        kind: Kind,
        /// The requested version.
        pin: ModelPin,
        /// The existing versions, and those that were refused.
        known: String,
    },
    /// Its PDs cannot be stated for this target default rate.
    #[error("the {kind} model cannot be set to the target default rate {rate}: {cause}")]
    Rate {
        /// The kind whose default model was to be set.
        kind: Kind,
        /// The requested rate.
        rate: TargetRate,
        /// The reason.
        cause: String,
    },
    /// The version was found at the start, but can no longer be loaded.
    #[error("the model {pin} could not be loaded: {cause}")]
    Unloadable {
        /// The requested version.
        pin: ModelPin,
        /// The reason.
        cause: String,
    },
}

impl ModelPin {
    /// The form of a pin, for readers.
    pub const RULE: &str = "must be a model's name and version, such as annual@1.0.0";

    /// Returns whether the pin names this version.
    pub(crate) fn names(&self, model: &ModelRef) -> bool {
        (&self.name, &self.version) == (&model.name, &model.version)
    }
}

impl FromStr for ModelPin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('@') {
            Some((name, version)) if plain_name(name) && plain_name(version) => Ok(Self {
                name: name.to_owned(),
                version: version.to_owned(),
            }),
            _ => Err(Self::RULE),
        }
    }
}

impl fmt::Display for ModelPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl Serialize for ModelPin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_a_name_and_a_version() {
        let pin: ModelPin = "own-model@2.0.0-rc1".parse().unwrap();
        assert_eq!(pin.to_string(), "own-model@2.0.0-rc1");
        for wrong in [
            "", "annual", "annual@", "@1.0.0", "a@b@c", "../x@1", "a b@1",
        ] {
            assert!(wrong.parse::<ModelPin>().is_err(), "{wrong}");
        }
    }
}
