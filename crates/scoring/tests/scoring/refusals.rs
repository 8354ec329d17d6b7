use std::fs;

use accunode_domain::prediction::Kind;
use accunode_ports::scoring::Scorer;
use serde_json::json;
use tract_onnx::pb::{ModelProto, tensor_proto};

use crate::kit::{Copy, Models, SERVED, served};

/// Breaks a copy of a model and expects that it is refused for that reason, and that the
/// shipped models are served as if the copy did not exist.
fn refused(kind: Kind, reason: &str, break_it: impl FnOnce(&Copy)) {
    let models = Models::new();
    break_it(&models.copy(kind, "broken"));
    let registry = models.load();
    let refused = registry.refused();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].folder, "broken/9.0.0");
    assert!(refused[0].reason.contains(reason), "{}", refused[0].reason);
    assert_eq!(served(&registry), ["annual 2.0.0", "quarterly 2.0.0"]);
}

#[test]
fn copy_of_a_newer_version_is_served() {
    for kind in Kind::ALL {
        let models = Models::new();
        models.copy(kind, "own");
        let registry = models.load();
        assert_eq!(registry.refused(), []);
        assert!(served(&registry).contains(&"own 9.0.0".to_owned()));
    }
}

#[test]
fn a_wrong_hash_is_refused() {
    refused(Kind::Annual, "model.onnx has the SHA-256", |copy| {
        copy.manifest(|m| m["sha256"] = json!("0".repeat(64)));
    });
}

#[test]
fn a_missing_file_is_refused_by_its_name() {
    for file in ["model.onnx", "manifest.json", "golden.csv", "CARD.md"] {
        refused(
            Kind::Quarterly,
            &format!("{file} could not be read"),
            |copy| {
                fs::remove_file(copy.folder.join(file)).unwrap();
            },
        );
    }
}

#[test]
fn golden_row_with_another_result_is_refused() {
    for (kind, column, reason) in [
        (Kind::Annual, 6, "golden.csv: pd of row 1 is"),
        (Kind::Quarterly, 7, "golden.csv: log_odds_gbm of row 1 is"),
    ] {
        refused(kind, reason, |copy| {
            let mut first = true;
            copy.golden(|row| {
                if std::mem::take(&mut first) {
                    let value: f64 = row[column].parse().unwrap();
                    row[column] = (value + 3e-6).to_string();
                }
                true
            });
        });
    }
}

#[test]
fn incomplete_golden_rows_are_refused() {
    refused(Kind::Annual, "but the manifest declares", |copy| {
        copy.manifest(|m| m["golden"]["rows"] = json!(1_000));
    });
}

#[test]
fn untested_operator_is_refused_by_name() {
    refused(
        Kind::Annual,
        "the operator Round is not among the tested ones",
        |copy| {
            copy.onnx(|m| m.graph.as_mut().unwrap().node[0].op_type = "Round".to_owned());
        },
    );
    refused(Kind::Annual, "the operator ai.onnx.ml.Scaler", |copy| {
        copy.onnx(|m| {
            let node = &mut m.graph.as_mut().unwrap().node[0];
            node.domain = "ai.onnx.ml".to_owned();
            node.op_type = "Scaler".to_owned();
        });
    });
}

#[test]
fn graph_whose_missing_ratio_contributes_is_refused() {
    refused(Kind::Annual, "contributes something other than 0", |copy| {
        // The value that replaces a missing ratio: the last Where's second input.
        copy.onnx(|m| set(m, |inputs| &inputs[1], -9.0));
        without_missing(copy, 5);
    });
}

/// Golden rows without a gap prove nothing about missing ratios.
pub(crate) fn without_missing(copy: &Copy, inputs: usize) {
    copy.golden(|row| row[..inputs].iter().all(|cell| !cell.is_empty()));
}

/// Fills a constant of the last node with one value.
fn set(model: &mut ModelProto, which: fn(&[String]) -> &String, value: f32) {
    let graph = model.graph.as_mut().unwrap();
    let name = which(&graph.node.last().unwrap().input).clone();
    let tensor = graph
        .initializer
        .iter_mut()
        .find(|tensor| tensor.name == name)
        .unwrap();
    let count = tensor.raw_data.len() / 4;
    tensor.raw_data = value.to_le_bytes().repeat(count);
}

#[test]
fn graph_that_returns_no_probability_is_refused() {
    refused(Kind::Annual, "with no probability", |copy| {
        copy.onnx(|m| set(m, |inputs| &inputs[1], f32::NAN));
        without_missing(copy, 5);
    });
}

#[test]
fn external_tensors_are_refused() {
    refused(Kind::Annual, "in another file", |copy| {
        copy.onnx(|m| {
            let tensor = &mut m.graph.as_mut().unwrap().initializer[0];
            tensor.data_location = Some(tensor_proto::DataLocation::External as i32);
            tensor.external_data.push(Default::default());
        });
    });
}

#[test]
fn invalid_onnx_file_is_refused() {
    refused(Kind::Annual, "model.onnx", |copy| {
        copy.onnx(|m| m.graph = None);
    });
    refused(Kind::Annual, "it has no output \"contributions\"", |copy| {
        copy.onnx(|m| m.graph.as_mut().unwrap().output[0].name = "other".to_owned());
    });
}

#[test]
fn graph_that_panics_the_runtime_is_refused_and_others_served() {
    refused(Kind::Annual, "it crashed while it was loaded", |copy| {
        copy.onnx(|m| {
            let last = m.graph.as_mut().unwrap().node.last_mut().unwrap();
            last.output[0] = "nowhere".to_owned();
        });
    });
}

#[test]
fn inputs_in_another_order_are_refused() {
    refused(Kind::Annual, "but annual models take", |copy| {
        copy.manifest(|m| m["inputs"].as_array_mut().unwrap().swap(0, 1));
    });
}

#[test]
fn quarterly_model_without_ensemble_is_refused() {
    refused(
        Kind::Quarterly,
        "a quarterly model needs `ensemble`",
        |copy| {
            copy.manifest(|m| {
                m.as_object_mut().unwrap().remove("ensemble");
            });
        },
    );
}

#[test]
fn different_model_with_a_known_version_is_refused() {
    let models = Models::new();
    let copy = models.copy(Kind::Annual, "broken");
    copy.manifest(|m| {
        m["name"] = json!("annual");
        m["version"] = json!(SERVED);
    });
    assert_eq!(
        models.load().refused(),
        [],
        "the same model twice is no matter"
    );
    copy.onnx(|m| m.doc_string = "changed".to_owned());
    let registry = models.load();
    assert!(
        registry.refused()[0]
            .reason
            .contains("there is another annual 2.0.0")
    );
    assert_eq!(served(&registry), ["annual 2.0.0", "quarterly 2.0.0"]);
}

#[test]
fn folders_without_a_model_are_ignored() {
    let models = Models::new();
    let copy = models.copy(Kind::Annual, "own");
    let train = copy
        .folder
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("train/data");
    fs::create_dir_all(&train).unwrap();
    fs::write(train.join("README.md"), "data").unwrap();
    assert_eq!(models.load().refused(), []);
}
