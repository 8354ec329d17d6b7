//! Loads a model from its four files, with every check that a served model must pass.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use accunode_domain::risk::ModelRef;
use accunode_ports::scoring::ModelInfo;
use sha2::{Digest, Sha256};

use crate::{
    artefact::{Artefact, Unreadable},
    form::Form,
    golden::Golden,
    graph::{Graph, GraphError, Shape},
    manifest::Manifest,
    model::Model,
    probe::probe,
};

/// Why a model is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("{0} is not UTF-8 text")]
    NotText(&'static str),
    #[error("manifest.json: {0}")]
    Manifest(String),
    #[error("model.onnx has the SHA-256 {found}, but the manifest declares {declared}")]
    Hash { found: String, declared: String },
    #[error("model.onnx: {0}")]
    Graph(#[from] GraphError),
    #[error("golden.csv: {0}")]
    Golden(String),
    #[error("probe: {0}")]
    Probe(String),
    #[error("it crashed while it was loaded")]
    Crashed,
}

/// Runs every check, cheapest first.
pub(crate) fn load<B: AsRef<[u8]>>(artefact: &Artefact<B>) -> Result<Model, LoadError> {
    let text = |bytes: &B, file| {
        String::from_utf8(bytes.as_ref().to_vec()).map_err(|_| LoadError::NotText(file))
    };
    let manifest_text = text(&artefact.manifest, "manifest.json")?;
    let manifest = Manifest::read(&manifest_text).map_err(LoadError::Manifest)?;
    let card = text(&artefact.card, "CARD.md")?;
    let onnx = artefact.onnx.as_ref();
    let sha256 = hex::encode(Sha256::digest(onnx));
    if sha256 != manifest.sha256 {
        return Err(LoadError::Hash {
            found: sha256,
            declared: manifest.sha256,
        });
    }
    let golden = Golden::read(artefact.golden.as_ref(), &manifest).map_err(LoadError::Golden)?;
    let info = ModelInfo {
        model: ModelRef {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            sha256,
        },
        is_default: false,
        kind: manifest.kind,
        description: manifest.description.clone(),
        thresholds: manifest.thresholds(),
        label: manifest.label,
        training_bins: manifest.monitoring.clone(),
        shift: manifest.prior().map_err(LoadError::Manifest)?.shift(),
        manifest: serde_json::from_str(&manifest_text)
            .map_err(|e| LoadError::Manifest(e.to_string()))?,
        card,
    };
    // A third-party graph can break an assumption inside the runtime; the other models are still
    // served.
    catch_unwind(AssertUnwindSafe(|| prove(onnx, info, manifest, &golden)))
        .unwrap_or(Err(LoadError::Crashed))
}

fn prove(
    onnx: &[u8],
    info: ModelInfo,
    manifest: Manifest,
    golden: &Golden,
) -> Result<Model, LoadError> {
    let prior = manifest.prior().map_err(LoadError::Manifest)?;
    let form = Form::new(&manifest, prior).map_err(LoadError::Manifest)?;
    let inputs = manifest.inputs.len();
    let shape = Shape {
        inputs,
        outputs: form.outputs(inputs),
        chunk: form.chunk(),
        accepts_missing: manifest.accepts_missing,
    };
    let graph = Graph::read(onnx, shape)?;
    let manifest = Arc::new(manifest);
    let model = Model::new(info, manifest.clone(), Arc::new(graph), form, prior);
    golden
        .check(&model, manifest.golden.tolerance)
        .map_err(LoadError::Golden)?;
    probe(&model, &manifest).map_err(LoadError::Probe)?;
    Ok(model)
}
