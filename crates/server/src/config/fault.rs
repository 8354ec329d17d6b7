//! Faults of the configuration, all reported together.

use std::fmt;

/// One invalid value: its setting, its source, and the rule that it violates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The setting, such as `listen` or `postgres.settings.work_mem`.
    pub field: String,
    /// The given value; `None` if it may contain a secret or no value was given.
    pub value: Option<String>,
    /// The source of the value: an environment variable, a flag or a file.
    pub source: Option<String>,
    /// The rule that it must satisfy.
    pub rule: String,
}

/// All faults; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<ConfigFault>);

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.field)?;
        if let Some(value) = &self.value {
            write!(f, " = {value:?}")?;
        }
        if let Some(source) = &self.source {
            write!(f, " (from {source})")?;
        }
        write!(f, ": {}", self.rule)
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is wrong:")?;
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}
