//! Shared parts of the tests: ratios from text, golden rows, and copies of models to break.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, Ratios, check},
};
use accunode_ports::scoring::{Scored, Scorer};
use accunode_scoring::ModelRegistry;
use prost::Message;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tract_onnx::pb::ModelProto;

/// The shipped version that scores by default.
pub(crate) const SERVED: &str = "2.0.0";

/// Loaded once: the tests only read it.
pub(crate) static SHIPPED: LazyLock<ModelRegistry> = LazyLock::new(ModelRegistry::shipped);

/// Returns ratios as they come from a file; "" means missing.
pub(crate) fn ratios(kind: Kind, raw: &[&str]) -> Ratios {
    let raw: Vec<_> = raw.iter().map(|text| Some(*text)).collect();
    check(kind, RatioUnit::Fraction, &raw).unwrap()
}

/// Scores one row, with its reasons.
pub(crate) fn scored(kind: Kind, raw: &[&str]) -> Scored {
    SHIPPED
        .score(kind, &[ratios(kind, raw)], true)
        .unwrap()
        .remove(0)
}

/// The golden rows that pass the input rules unchanged, with the expected outputs by name.
pub(crate) fn golden(kind: Kind) -> Vec<(Ratios, Vec<(String, f64)>)> {
    golden_of(kind, SERVED)
}

/// Returns the golden rows of one version.
pub(crate) fn golden_of(kind: Kind, version: &str) -> Vec<(Ratios, Vec<(String, f64)>)> {
    let folder = shipped_folder(kind, version);
    let mut reader = csv::Reader::from_path(folder.join("golden.csv")).unwrap();
    let names: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let inputs = kind.ratios().len();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let raw: Vec<_> = record.iter().take(inputs).map(Some).collect();
        let expected = names
            .iter()
            .zip(&record)
            .skip(inputs)
            .map(|(name, cell)| (name.clone(), cell.parse().unwrap()));
        if let Ok(ratios) = check(kind, RatioUnit::Fraction, &raw) {
            let unchanged = ratios
                .values()
                .iter()
                .all(|r| r.scored.is_none() || r.flag.is_none());
            if unchanged {
                rows.push((ratios, expected.collect()));
            }
        }
    }
    rows
}

pub(crate) fn shipped_folder(kind: Kind, version: &str) -> PathBuf {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    models.join(kind.as_str()).join(version)
}

/// The manifest of the version that scores by default.
pub(crate) fn read_manifest(kind: Kind) -> Value {
    let text = fs::read(shipped_folder(kind, SERVED).join("manifest.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// A folder of models: `<name>/<version>` below a root.
pub(crate) struct Models {
    root: TempDir,
}

impl Models {
    pub(crate) fn new() -> Self {
        Self {
            root: TempDir::new().unwrap(),
        }
    }

    /// Copies a shipped model as version 9.0.0, so that it would be served.
    pub(crate) fn copy(&self, kind: Kind, name: &str) -> Copy {
        let folder = self.root.path().join(name).join("9.0.0");
        fs::create_dir_all(&folder).unwrap();
        for file in ["model.onnx", "manifest.json", "golden.csv", "CARD.md"] {
            fs::copy(shipped_folder(kind, SERVED).join(file), folder.join(file)).unwrap();
        }
        let copy = Copy { folder };
        copy.manifest(|m| {
            m["name"] = json!(name);
            m["version"] = json!("9.0.0");
        });
        copy
    }

    pub(crate) fn load(&self) -> ModelRegistry {
        ModelRegistry::load(&[self.root.path().to_owned()])
    }
}

/// One model's folder.
pub(crate) struct Copy {
    pub(crate) folder: PathBuf,
}

impl Copy {
    pub(crate) fn manifest(&self, change: impl FnOnce(&mut Value)) {
        let path = self.folder.join("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut manifest);
        fs::write(path, manifest.to_string()).unwrap();
    }

    /// Changes the graph and declares its new hash.
    pub(crate) fn onnx(&self, change: impl FnOnce(&mut ModelProto)) {
        let path = self.folder.join("model.onnx");
        let mut proto = ModelProto::decode(&fs::read(&path).unwrap()[..]).unwrap();
        change(&mut proto);
        let bytes = proto.encode_to_vec();
        self.manifest(|m| m["sha256"] = json!(hex::encode(Sha256::digest(&bytes))));
        fs::write(path, bytes).unwrap();
    }

    /// Selects golden rows and changes them.
    pub(crate) fn golden(&self, keep: impl FnMut(&mut Vec<String>) -> bool) {
        let path = self.folder.join("golden.csv");
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        let header = lines.next().unwrap();
        let mut rows: Vec<Vec<String>> = lines
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect();
        rows.retain_mut(keep);
        self.manifest(|m| m["golden"]["rows"] = json!(rows.len()));
        let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        fs::write(path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    }

    /// Leaves out a column of the golden rows.
    pub(crate) fn golden_without(&self, column: usize) {
        let path = self.folder.join("golden.csv");
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| {
            let mut cells: Vec<_> = line.split(',').collect();
            cells.remove(column);
            cells.join(",") + "\n"
        });
        fs::write(&path, lines.collect::<String>()).unwrap();
    }
}

/// Returns the models that serve by default, as `name version`.
pub(crate) fn served(registry: &ModelRegistry) -> Vec<String> {
    registry
        .models()
        .iter()
        .filter(|m| m.is_default)
        .map(|m| format!("{} {}", m.model.name, m.model.version))
        .collect()
}
