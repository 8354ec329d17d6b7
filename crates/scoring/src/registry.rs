//! All models: which are served, which were refused and why.

use std::{
    cmp::Ordering,
    fs, io,
    path::{Path, PathBuf},
};

use accunode_domain::{prediction::Kind, ratio::Ratios};
use accunode_ports::scoring::{ModelInfo, RefusedModel, Scored, Scorer, ScoringError};

use crate::{
    artefact::{Artefact, MANIFEST, ONNX, SHIPPED},
    load::{LoadError, load},
    model::Model,
};

/// The models that are served: one for each kind.
///
/// A model from a configured folder goes before a shipped one, and of those the
/// newest version is served. A model that fails a check is refused, and the next
/// one takes its place.
#[derive(Debug)]
pub struct ModelRegistry {
    served: Vec<Model>,
    refused: Vec<RefusedModel>,
}

/// Where a model came from; what people put into a folder goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Shipped,
    Folder,
}

impl ModelRegistry {
    /// The shipped models alone.
    #[must_use]
    pub fn shipped() -> Self {
        Self::load(&[])
    }

    /// The shipped models and those in these folders, each `<name>/<version>` or a
    /// model's own files. A folder that cannot be read is among the refused.
    #[must_use]
    pub fn load(folders: &[PathBuf]) -> Self {
        let mut registry = Self {
            served: Vec::new(),
            refused: Vec::new(),
        };
        let mut models: Vec<(Source, Model)> = Vec::new();
        for (name, artefact) in &SHIPPED {
            registry.sort_in(&mut models, Source::Shipped, name, load(artefact));
        }
        for folder in folders {
            match model_folders(folder) {
                Ok(found) => {
                    for (name, path) in found {
                        let loaded = Artefact::read(&path)
                            .map_err(LoadError::from)
                            .and_then(|artefact| load(&artefact));
                        registry.sort_in(&mut models, Source::Folder, &name, loaded);
                    }
                }
                Err(e) => registry.refuse(
                    &folder.display().to_string(),
                    format!("it cannot be read: {e}"),
                ),
            }
        }
        models.sort_by(precedence);
        for (_, model) in models {
            if registry.model(model.info.kind).is_none() {
                tracing::info!(kind = %model.info.kind, model = model.name(), "model served");
                registry.served.push(model);
            }
        }
        registry.served.sort_by_key(|model| model.info.kind);
        registry
    }

    fn sort_in(
        &mut self,
        models: &mut Vec<(Source, Model)>,
        source: Source,
        folder: &str,
        loaded: Result<Model, LoadError>,
    ) {
        match loaded {
            Ok(model) => {
                let (name, version) = (&model.info.model.name, &model.info.model.version);
                let twin = models
                    .iter()
                    .map(|(_, m)| &m.info.model)
                    .find(|other| (&other.name, &other.version) == (name, version));
                match twin {
                    // A version is immutable: predictions stored with it must reproduce.
                    Some(twin) if twin.sha256 != model.info.model.sha256 => {
                        let reason = format!(
                            "there is another {name} {version}; give it a version of its own"
                        );
                        self.refuse(folder, reason);
                    }
                    _ => models.push((source, model)),
                }
            }
            Err(e) => self.refuse(folder, e.to_string()),
        }
    }

    fn refuse(&mut self, folder: &str, reason: String) {
        tracing::warn!(folder, reason, "model refused");
        self.refused.push(RefusedModel {
            folder: folder.to_owned(),
            reason,
        });
    }

    fn model(&self, kind: Kind) -> Option<&Model> {
        self.served.iter().find(|model| model.info.kind == kind)
    }
}

impl Scorer for ModelRegistry {
    fn score(
        &self,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError> {
        self.model(kind)
            .ok_or(ScoringError::NoModel(kind))?
            .score(ratios, explain)
    }

    fn models(&self) -> Vec<ModelInfo> {
        self.served.iter().map(|model| model.info.clone()).collect()
    }

    fn refused(&self) -> Vec<RefusedModel> {
        self.refused.clone()
    }

    fn covers_sector(&self, kind: Kind, sector: &str) -> bool {
        self.model(kind)
            .is_none_or(|model| model.covers_sector(sector))
    }
}

/// First what is served first.
fn precedence((a_source, a): &(Source, Model), (b_source, b): &(Source, Model)) -> Ordering {
    let (a, b) = (&a.info.model, &b.info.model);
    b_source
        .cmp(a_source)
        .then_with(|| by_version(&b.version, &a.version))
        .then_with(|| a.name.cmp(&b.name))
}

/// 1.10.0 comes after 1.9.0, and 1.0.0 after 1.0.0-rc1.
fn by_version(a: &str, b: &str) -> Ordering {
    let parts = |version: &str| {
        let (numbers, suffix) = version.split_once('-').unwrap_or((version, ""));
        let numbers: Vec<u64> = numbers
            .split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect();
        (numbers, suffix.is_empty(), suffix.to_owned())
    };
    parts(a).cmp(&parts(b))
}

/// The models under a folder: itself, its folders and theirs, by name.
fn model_folders(root: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let holds_model = |path: &Path| path.join(MANIFEST).is_file() || path.join(ONNX).is_file();
    if holds_model(root) {
        return Ok(vec![(name_of(root), root.to_owned())]);
    }
    let mut found = Vec::new();
    for folder in folders_in(root)? {
        if holds_model(&folder) {
            found.push((name_of(&folder), folder));
        } else {
            for version in folders_in(&folder)? {
                if holds_model(&version) {
                    let name = format!("{}/{}", name_of(&folder), name_of(&version));
                    found.push((name, version));
                }
            }
        }
    }
    Ok(found)
}

fn folders_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number() {
        for (older, newer) in [
            ("1.9.0", "1.10.0"),
            ("1.0.0", "1.0.1"),
            ("1.0", "1.0.1"),
            ("1.0.0-rc1", "1.0.0"),
            ("2024.9", "2024.10"),
        ] {
            assert_eq!(by_version(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(by_version(newer, older), Ordering::Greater);
        }
        assert_eq!(by_version("1.0.0", "1.0.0"), Ordering::Equal);
    }

    #[test]
    fn a_folder_of_an_unreadable_name_is_refused_and_the_shipped_models_are_served() {
        let registry = ModelRegistry::load(&[PathBuf::from("/does/not/exist")]);
        assert_eq!(registry.models().len(), SHIPPED.len());
        assert!(registry.refused()[0].reason.contains("cannot be read"));
    }
}
