//! The layers of a configuration, and reading values from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::error::Actual;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Provider};

use super::fault::ConfigFault;
use accunode_embedded_postgres::is_setting_name;

const PREFIX: &str = "ACCUNODE_";
const SETTINGS: &str = "postgres.settings";
const SETTINGS_PREFIX: &str = "ACCUNODE_POSTGRES_SETTINGS_";

/// The variable that names the settings file.
const CONFIG_VARIABLE: &str = "ACCUNODE_CONFIG";

/// Names of variables that other programs use for the same settings.
const COMMON_NAMES: [(&str, &str); 2] =
    [("DATABASE_URL", "database_url"), ("REDIS_URL", "redis_url")];

/// The sources of the configuration, apart from the defaults. They are values, so that
/// tests need not change the process's environment.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file; `None` for the one that `ACCUNODE_CONFIG` names, if any.
    pub file: Option<PathBuf>,
    /// Environment variables; others than ours are ignored.
    pub environment: BTreeMap<String, String>,
    /// `(setting, value)` of flags, which take precedence over all others.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// Returns the process's environment, no file and no flags.
    #[must_use]
    pub fn from_process() -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((
                    name.into_string().ok()?,
                    value.to_string_lossy().into_owned(),
                ))
            })
            .collect();
        Self {
            environment,
            ..Self::default()
        }
    }

    /// Returns the same machine and user without any setting of the environment, of a file
    /// or of the command line, from which the defaults are read.
    #[must_use]
    pub fn without_settings(&self) -> Self {
        let is_setting = |name: &str| {
            name.starts_with(PREFIX) || COMMON_NAMES.iter().any(|(common, _)| *common == name)
        };
        Self {
            environment: self
                .environment
                .iter()
                .filter(|(name, _)| !is_setting(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            ..Self::default()
        }
    }

    /// Returns an environment variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// The merged layers: file < environment < flags. A value that cannot be read becomes a
/// fault.
#[derive(Debug)]
pub(super) struct Layers {
    figment: Figment,
    /// The source of the value of each key that takes precedence.
    origins: BTreeMap<String, String>,
    keys: &'static [&'static str],
    secrets: &'static [&'static str],
    pub(super) faults: Vec<ConfigFault>,
}

impl Layers {
    pub(super) fn merge(
        sources: &Sources,
        keys: &'static [&'static str],
        secrets: &'static [&'static str],
    ) -> Self {
        let mut layers = Self {
            figment: Figment::new(),
            origins: BTreeMap::new(),
            keys,
            secrets,
            faults: Vec::new(),
        };
        let named = || sources.variable(CONFIG_VARIABLE).map(PathBuf::from);
        if let Some(path) = sources.file.clone().or_else(named) {
            layers.add_file(&path);
        }
        layers.add_environment(sources);
        layers.refuse_unknown_variables(sources);
        for (key, value) in &sources.flags {
            layers.add(key, Value::from(value.as_str()), "the command line");
        }
        layers
    }

    fn add_file(&mut self, path: &Path) {
        let origin = path.display().to_string();
        let mut fault = |rule: String| {
            self.faults.push(ConfigFault {
                field: "config".into(),
                value: Some(origin.clone()),
                source: None,
                rule,
            });
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return fault(format!("cannot be read: {error}")),
        };
        match Toml::string(&text).data() {
            Ok(data) => {
                for (key, value) in data.into_values().flat_map(|dict| leaves(dict, "")) {
                    self.add(&key, value, &origin);
                }
            }
            Err(error) => fault(format!("is not TOML: {error}")),
        }
    }

    fn add_environment(&mut self, sources: &Sources) {
        for (name, key) in COMMON_NAMES {
            if let Some(value) = sources.variable(name) {
                self.add(key, Value::from(value), name);
            }
        }
        for key in self.keys {
            let name = own_variable_of(key);
            if let Some(value) = sources.variable(&name) {
                self.add(key, Value::from(value), &name);
            }
        }
        for name in sources.environment.keys() {
            let setting = name.strip_prefix(SETTINGS_PREFIX);
            if let Some((setting, value)) = setting.zip(sources.variable(name)) {
                let key = format!("{SETTINGS}.{}", setting.to_ascii_lowercase());
                self.add(&key, Value::from(value), name);
            }
        }
    }

    /// A variable with our prefix that is not a setting is most likely misspelt: its value
    /// would silently be ignored.
    fn refuse_unknown_variables(&mut self, sources: &Sources) {
        let known: Vec<String> = self
            .keys
            .iter()
            .map(|key| own_variable_of(key))
            .chain([CONFIG_VARIABLE.to_owned()])
            .collect();
        for (name, value) in &sources.environment {
            let is_ours = name.starts_with(PREFIX) && !is_service_link(name, value);
            let setting = name.strip_prefix(SETTINGS_PREFIX);
            let is_setting =
                setting.is_some_and(|name| is_setting_name(&name.to_ascii_lowercase()));
            if is_ours && !is_setting && !known.contains(name) {
                let nearest = nearest(name, known.iter().map(String::as_str));
                self.faults.push(ConfigFault {
                    field: name.clone(),
                    value: None,
                    source: Some("the environment".to_owned()),
                    rule: format!("is not a variable of AccuNode{nearest}"),
                });
            }
        }
    }

    fn add(&mut self, key: &str, value: Value, origin: &str) {
        let setting = key
            .strip_prefix(SETTINGS)
            .and_then(|rest| rest.strip_prefix('.'));
        if !self.keys.contains(&key) && !setting.is_some_and(is_setting_name) {
            let nearest = nearest(key, self.keys.iter().copied());
            self.faults.push(ConfigFault {
                field: key.to_owned(),
                value: None,
                source: Some(origin.to_owned()),
                rule: format!("is not a setting{nearest}"),
            });
            return;
        }
        self.origins.insert(key.to_owned(), origin.to_owned());
        let figment = std::mem::take(&mut self.figment);
        self.figment = figment.merge((key, value));
    }

    /// Returns the value as text, if there is one.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = match self.figment.find_value(key).ok()? {
            Value::String(_, text) => text,
            Value::Char(_, c) => c.to_string(),
            Value::Bool(_, yes) => yes.to_string(),
            Value::Num(_, number) => match number.to_actual() {
                Actual::Unsigned(number) => number.to_string(),
                Actual::Signed(number) => number.to_string(),
                Actual::Float(number) => number.to_string(),
                _ => return None,
            },
            Value::Empty(..) => return None,
            Value::Dict(..) | Value::Array(..) => {
                self.fault(key, None, "must be a single value");
                return None;
            }
        };
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Returns the value as `parse` reads it. `None` if it is not given, or invalid, which
    /// is then a fault.
    pub(super) fn read<T>(
        &mut self,
        key: &str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let value = parse(&text);
        if value.is_none() {
            self.fault(key, Some(text), rule);
        }
        value
    }

    /// Returns everything below `postgres.settings`, by the setting's full name.
    pub(super) fn postgres_settings(&mut self) -> BTreeMap<String, String> {
        let Ok(Value::Dict(_, dict)) = self.figment.find_value(SETTINGS) else {
            return BTreeMap::new();
        };
        leaves(dict, "")
            .into_iter()
            .filter_map(|(name, _)| {
                let value = self.text(&format!("{SETTINGS}.{name}"))?;
                Some((name, value))
            })
            .collect()
    }

    /// Returns the source of the value of each setting that takes precedence.
    pub(super) fn into_origins(self) -> BTreeMap<String, String> {
        self.origins
    }

    pub(super) fn fault(&mut self, key: &str, value: Option<String>, rule: &str) {
        self.faults.push(ConfigFault {
            field: key.to_owned(),
            value: value.filter(|_| !self.secrets.contains(&key)),
            source: self.origins.get(key).cloned(),
            rule: rule.to_owned(),
        });
    }
}

/// Returns the environment variable of a setting.
pub(super) fn variable_of(key: &str) -> String {
    if let Some((name, _)) = COMMON_NAMES.iter().find(|(_, common)| *common == key) {
        return (*name).to_owned();
    }
    own_variable_of(key)
}

/// Returns the environment variable of a setting that only this program uses.
fn own_variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Returns whether Kubernetes has set the variable for a service whose name begins with
/// `accunode`, as it does in every container beside that service: `ACCUNODE_SERVICE_HOST`,
/// `ACCUNODE_SERVICE_PORT_HTTP`, `ACCUNODE_PORT=tcp://…`, `ACCUNODE_PORT_8080_TCP_ADDR`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    let of_port = name.split_once("_PORT_").is_some_and(|(_, rest)| {
        let mut parts = rest.split('_');
        parts.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && parts
                .next()
                .is_some_and(|kind| ["TCP", "UDP", "SCTP"].contains(&kind))
    });
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT") && is_url
        || of_port
}

/// Returns the name that was probably meant, as a clause for a message.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let close = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 4);
    match close {
        Some((_, known)) => format!("; did you mean {known}?"),
        None => "; `accunode config` shows them all".to_owned(),
    }
}

/// Returns all values below `dict` with their full names.
fn leaves(dict: Dict, prefix: &str) -> Vec<(String, Value)> {
    dict.into_iter()
        .flat_map(|(key, value)| {
            let name = format!("{prefix}{key}");
            match value {
                Value::Dict(_, inner) => leaves(inner, &format!("{name}.")),
                value => vec![(name, value)],
            }
        })
        .collect()
}
