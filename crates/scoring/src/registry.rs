//! The registry of models: which exist, which serve, and which were refused and why.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use accunode_domain::{prediction::Kind, ratio::Ratios, risk::ModelRef};
use accunode_ports::scoring::{
    ModelInfo, RefusedModel, Scored, Scorer, ScoringError, TrainingFacts,
};

use crate::{
    artefact::SHIPPED,
    locations::{ModelLocation, model_folders, precedence},
    model::Model,
    pin::{ModelPin, PinError},
    target::TargetRate,
};

/// The number of versions that stay loaded in addition to the default ones. Predictions of
/// an old version are usually read in bursts.
const LOADED: usize = 2;

/// The models that passed every check. One of each kind is the default; any other version
/// scores by its reference.
///
/// A model from a configured folder takes precedence over a shipped one, and of those the
/// newest version is the default, unless [`ModelRegistry::pin`] chooses another. A model
/// that fails a check is refused, and the next one replaces it.
#[derive(Debug)]
pub struct ModelRegistry {
    /// The versions by kind and precedence.
    versions: Vec<Version>,
    defaults: BTreeMap<Kind, Serving>,
    /// Other models that were requested recently, the latest at the end.
    lately: Mutex<VecDeque<Arc<Model>>>,
    refused: Vec<RefusedModel>,
}

/// A known version. Its graph is not kept: it is loaded, and checked again, when it is
/// requested.
#[derive(Debug)]
struct Version {
    info: ModelInfo,
    place: ModelLocation,
}

#[derive(Debug)]
struct Serving {
    at: usize,
    model: Arc<Model>,
}

impl ModelRegistry {
    /// Returns the shipped models only.
    #[must_use]
    pub fn shipped() -> Self {
        Self::load(&[])
    }

    /// Loads the shipped models and those in these folders, each as `<name>/<version>` or a
    /// model's own files. A folder that cannot be read is listed among the refused models.
    #[must_use]
    pub fn load(folders: &[PathBuf]) -> Self {
        let mut found = FolderScan::default();
        for (at, (name, _)) in SHIPPED.iter().enumerate() {
            found.take(name, ModelLocation::Shipped(at));
        }
        for folder in folders {
            match model_folders(folder) {
                Ok(models) => {
                    for (name, path) in models {
                        found.take(&name, ModelLocation::Folder(path));
                    }
                }
                Err(e) => found.refuse(
                    &folder.display().to_string(),
                    format!("it cannot be read: {e}"),
                ),
            }
        }
        found.into_registry()
    }

    /// Makes this version the default of its kind.
    ///
    /// # Errors
    /// [`PinError`] if the version does not exist or cannot be loaded.
    pub fn pin(mut self, kind: Kind, pin: &ModelPin) -> Result<Self, PinError> {
        let at = self
            .versions
            .iter()
            .position(|v| v.info.kind == kind && pin.names(&v.info.model))
            .ok_or_else(|| PinError::Unknown {
                kind,
                pin: pin.clone(),
                known: self.known(kind),
            })?;
        if self.defaults.get(&kind).is_none_or(|d| d.at != at) {
            let model = self.versions[at]
                .load()
                .map_err(|cause| PinError::Unloadable {
                    pin: pin.clone(),
                    cause,
                })?;
            self.defaults.insert(kind, Serving { at, model });
        }
        tracing::info!(%kind, model = %pin, "model pinned");
        Ok(self)
    }

    /// States the PDs of the kind's default model for companies with this default rate, as
    /// a version of its own ([`TargetRate`]). The rate of its own manifest changes nothing.
    /// Predictions are reproduced at the rate that they were made with, whatever is set
    /// now. Call it after [`ModelRegistry::pin`].
    ///
    /// # Errors
    /// [`PinError::Rate`] if the model's PDs cannot be stated for this rate.
    pub fn at_target(mut self, kind: Kind, rate: TargetRate) -> Result<Self, PinError> {
        if let Some(default) = self.defaults.get_mut(&kind)
            && !default.model.is_at(rate)
        {
            let set =
                default
                    .model
                    .at(rate)
                    .map_err(|cause| PinError::Rate { kind, rate, cause })?;
            default.model = Arc::new(set);
            tracing::info!(%kind, %rate, model = default.model.name(), "target default rate set");
        }
        Ok(self)
    }

    fn known(&self, kind: Kind) -> String {
        let there: Vec<String> = self
            .versions
            .iter()
            .filter(|v| v.info.kind == kind)
            .map(|v| format!("{}@{}", v.info.model.name, v.info.model.version))
            .collect();
        let refused = self
            .refused
            .iter()
            .map(|r| format!("; {} was refused: {}", r.folder, r.reason));
        let mut known = if there.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there is {}", there.join(", "))
        };
        known.extend(refused);
        known
    }

    fn default(&self, kind: Kind) -> Option<&Model> {
        self.defaults.get(&kind).map(|default| &*default.model)
    }

    fn by_reference(&self, model: &ModelRef, kind: Kind) -> Result<Arc<Model>, ScoringError> {
        let defaults = self.defaults.get(&kind).into_iter();
        if let Some(default) = defaults.map(|d| &d.model).find(|d| d.info.model == *model) {
            return Ok(default.clone());
        }
        let not_served = || ScoringError::NotServed(model.clone());
        let (version, rate) = TargetRate::split(&model.version);
        let is = |found: &ModelRef| {
            (&*found.name, &*found.version, &found.sha256) == (&*model.name, version, &model.sha256)
        };
        let mut versions = self.versions.iter();
        let shelved = versions
            .find(|v| v.info.kind == kind && is(&v.info.model))
            .ok_or_else(not_served)?;
        // The guarded data is consistent after every step, also after a panic.
        let lately = || self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let known = {
            let mut lately = lately();
            let place = lately.iter().position(|other| other.info.model == *model);
            place.and_then(|place| lately.remove(place))
        };
        let loaded = match known {
            Some(known) => known,
            // Loading takes a while, and other requests must not wait for it.
            None => shelved.load_at(rate).map_err(|cause| {
                tracing::warn!(
                    model = model.name,
                    version = model.version,
                    cause,
                    "model lost"
                );
                not_served()
            })?,
        };
        let mut lately = lately();
        lately.retain(|other| other.info.model != *model);
        lately.push_back(loaded.clone());
        while lately.len() > LOADED {
            lately.pop_front();
        }
        Ok(loaded)
    }
}

impl Scorer for ModelRegistry {
    fn score(
        &self,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError> {
        self.default(kind)
            .ok_or(ScoringError::NoModel(kind))?
            .score(ratios, explain)
    }

    fn score_by(
        &self,
        model: &ModelRef,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError> {
        self.by_reference(model, kind)?.score(ratios, explain)
    }

    fn models(&self) -> Vec<ModelInfo> {
        let default = |at: usize| self.defaults.values().find(|default| default.at == at);
        let mut models = Vec::with_capacity(self.versions.len());
        for (at, version) in self.versions.iter().enumerate() {
            let scoring = default(at).map(|default| &default.model.info);
            models.extend(scoring.map(|info| ModelInfo {
                is_default: true,
                ..info.clone()
            }));
            // A version that is set to another rate is listed beside the version that it is
            // derived from.
            if scoring.is_none_or(|info| info.model != version.info.model) {
                models.push(version.info.clone());
            }
        }
        models.sort_by_key(|model| (model.kind, !model.is_default));
        models
    }

    fn refused(&self) -> Vec<RefusedModel> {
        self.refused.clone()
    }

    fn accepts_missing(&self, kind: Kind) -> bool {
        self.default(kind).is_none_or(Model::accepts_missing)
    }

    fn covers_sector(&self, kind: Kind, sector: &str) -> bool {
        self.default(kind)
            .is_none_or(|model| model.training().sectors.covers(sector))
    }

    fn training(&self, kind: Kind) -> TrainingFacts {
        self.default(kind)
            .map_or_else(TrainingFacts::default, |model| model.training().clone())
    }
}

impl Version {
    /// Loads and checks the version again; it must be unchanged since it was found.
    fn load(&self) -> Result<Arc<Model>, String> {
        let model = self.place.load().map_err(|e| e.to_string())?;
        if model.info == self.info {
            Ok(Arc::new(model))
        } else {
            Err("its files were changed while the service runs".to_owned())
        }
    }

    /// As [`Self::load`], at another target default rate if one is given.
    fn load_at(&self, rate: Option<TargetRate>) -> Result<Arc<Model>, String> {
        let model = self.load()?;
        match rate {
            Some(rate) => model.at(rate).map(Arc::new),
            None => Ok(model),
        }
    }
}

/// The state while folders are read. For each kind the graph of the best version is kept.
#[derive(Debug, Default)]
struct FolderScan {
    versions: Vec<Version>,
    best: BTreeMap<Kind, (ModelLocation, Arc<Model>)>,
    refused: Vec<RefusedModel>,
}

impl FolderScan {
    fn take(&mut self, folder: &str, place: ModelLocation) {
        match place.load() {
            Ok(model) => self.add(folder, place, model),
            Err(e) => self.refuse(folder, e.to_string()),
        }
    }

    fn add(&mut self, folder: &str, place: ModelLocation, model: Model) {
        let info = &model.info;
        let same = |other: &&Version| {
            let (a, b) = (&other.info.model, &info.model);
            (&a.name, &a.version) == (&b.name, &b.version)
        };
        match self.versions.iter().find(same) {
            // A version is immutable: predictions stored with it must reproduce.
            Some(twin)
                if twin.info.model.sha256 != info.model.sha256
                    || declared(&twin.info) != declared(info) =>
            {
                let (name, version) = (&info.model.name, &info.model.version);
                let reason =
                    format!("there is another {name} {version}; give it a version of its own");
                self.refuse(folder, reason);
            }
            Some(_) => {}
            None => {
                let kind = info.kind;
                self.versions.push(Version {
                    info: info.clone(),
                    place: place.clone(),
                });
                let better = self.best.get(&kind).is_none_or(|(other, best)| {
                    precedence((&place, info), (other, &best.info)).is_lt()
                });
                if better {
                    self.best.insert(kind, (place, Arc::new(model)));
                }
            }
        }
    }

    fn refuse(&mut self, folder: &str, reason: String) {
        tracing::warn!(folder, reason, "model refused");
        self.refused.push(RefusedModel {
            folder: folder.to_owned(),
            reason,
        });
    }

    fn into_registry(mut self) -> ModelRegistry {
        self.versions.sort_by(|a, b| {
            let by_kind = a.info.kind.cmp(&b.info.kind);
            by_kind.then_with(|| precedence((&a.place, &a.info), (&b.place, &b.info)))
        });
        let versions = self.versions;
        let default = |(kind, (_, model)): (Kind, (ModelLocation, Arc<Model>))| {
            let at = versions.iter().position(|v| v.info == model.info)?;
            tracing::info!(%kind, model = model.name(), "model served");
            Some((kind, Serving { at, model }))
        };
        let defaults = self.best.into_iter().filter_map(default).collect();
        ModelRegistry {
            versions,
            defaults,
            lately: Mutex::default(),
            refused: self.refused,
        }
    }
}

/// What a manifest declares, apart from what no number depends on: earlier releases shipped the
/// same versions without it.
fn declared(info: &ModelInfo) -> serde_json::Value {
    let mut manifest = info.manifest.clone();
    if let Some(fields) = manifest.as_object_mut() {
        fields.remove("label");
        fields.remove("monitoring");
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artefact::SHIPPED;

    #[test]
    fn unreadable_model_folder_is_refused_and_shipped_models_are_served() {
        let registry = ModelRegistry::load(&[PathBuf::from("/does/not/exist")]);
        assert_eq!(registry.models().len(), SHIPPED.len());
        assert!(registry.refused()[0].reason.contains("cannot be read"));
    }
}
