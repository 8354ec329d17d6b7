//! Versions of models: their locations and their precedence.

use std::{
    cmp::Ordering,
    fs, io,
    path::{Path, PathBuf},
};

use accunode_ports::scoring::ModelInfo;

use crate::{
    artefact::{Artefact, MANIFEST, ONNX, SHIPPED},
    load::{LoadError, load},
    model::Model,
};

/// The location of a version; a configured folder takes precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModelLocation {
    /// The index among the shipped models.
    Shipped(usize),
    /// A folder.
    Folder(PathBuf),
}

impl ModelLocation {
    /// Loads and checks the version.
    pub(crate) fn load(&self) -> Result<Model, LoadError> {
        match self {
            Self::Shipped(at) => load(&SHIPPED[*at].1),
            Self::Folder(path) => load(&Artefact::read(path)?),
        }
    }

    const fn is_shipped(&self) -> bool {
        matches!(self, Self::Shipped(_))
    }
}

/// Orders versions by precedence: configured before shipped, newer before older.
pub(crate) fn precedence(
    (a_place, a): (&ModelLocation, &ModelInfo),
    (b_place, b): (&ModelLocation, &ModelInfo),
) -> Ordering {
    let (a, b) = (&a.model, &b.model);
    a_place
        .is_shipped()
        .cmp(&b_place.is_shipped())
        .then_with(|| by_version(&b.version, &a.version))
        .then_with(|| a.name.cmp(&b.name))
}

/// Orders versions: 1.10.0 is after 1.9.0, and 1.0.0 after 1.0.0-rc1.
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

/// Returns the models under a folder: itself, its folders and theirs, by name.
pub(crate) fn model_folders(root: &Path) -> io::Result<Vec<(String, PathBuf)>> {
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
    fn versions_are_compared_by_their_numbers() {
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
}
