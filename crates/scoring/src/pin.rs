//! Which version of a model is to serve, where an operator says so.

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

/// Why a version cannot serve as it should.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// There is none of this kind, or it was refused.
    #[error("there is no {kind} model {pin}; {known}")]
    Unknown {
        /// The kind it should serve.
        kind: Kind,
        /// What was asked for.
        pin: ModelPin,
        /// What there is instead, and what was refused.
        known: String,
    },
    /// Its PDs cannot be stated for this target default rate.
    #[error("the {kind} model cannot be set to the target default rate {rate}: {cause}")]
    Rate {
        /// The kind whose default model was to be set.
        kind: Kind,
        /// To this rate.
        rate: TargetRate,
        /// Why.
        cause: String,
    },
    /// It was there a moment ago.
    #[error("the model {pin} could not be loaded: {cause}")]
    Unloadable {
        /// What was asked for.
        pin: ModelPin,
        /// Why.
        cause: String,
    },
}

impl ModelPin {
    /// How a pin is written, for readers.
    pub const RULE: &str = "must be a model's name and version, such as annual@1.0.0";

    /// Whether it names this version.
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
