//! Custom models: which of them score, and the treatment of those that fail a check.

mod monitoring;

use std::{
    fs,
    path::{Path, PathBuf},
};

use accunode_tests::{Service, ServiceOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::{
    all_rows, column, file, line, prediction, quarterly, ratios, submit, text, with,
};

/// A folder of models: copies of the first shipped annual one, each changed a little.
struct Models(TempDir);

impl Models {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn copy(&self, name: &str) -> Copy {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/annual/1.0.0");
        let copy = Copy(self.0.path().join(name).join("9.0.0"));
        fs::create_dir_all(&copy.0).expect("a folder");
        for file in ["model.onnx", "manifest.json", "golden.csv", "CARD.md"] {
            fs::copy(shipped.join(file), copy.0.join(file)).expect("a copy");
        }
        copy.manifest("/name", json!(name));
        copy.manifest("/version", json!("9.0.0"));
        copy
    }

    async fn serve(&self, settings: &[(&str, &str)]) -> Service {
        let folder = self.0.path().to_str().expect("UTF-8");
        let options = ServiceOptions::default().with("models_dir", folder);
        let set = |options: ServiceOptions, (name, value): &(&str, &str)| options.with(name, value);
        Service::with(settings.iter().fold(options, set)).await
    }
}

struct Copy(PathBuf);

impl Copy {
    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.0.join(file)).expect("a file of the copy")
    }

    fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.join(file), bytes).expect("a file of the copy");
    }

    fn manifest(&self, pointer: &str, value: Value) {
        let mut manifest: Value =
            serde_json::from_slice(&self.read("manifest.json")).expect("JSON");
        *manifest.pointer_mut(pointer).expect("a field") = value;
        self.write("manifest.json", manifest.to_string());
    }

    /// Overwrites the last occurrence of these bytes in the graph, and declares the new hash.
    fn graph(&self, from: &[u8], to: &[u8]) {
        let mut bytes = self.read("model.onnx");
        let at = bytes
            .windows(from.len())
            .rposition(|bytes| bytes == from)
            .expect("the bytes stand in the graph");
        bytes[at..at + to.len()].copy_from_slice(to);
        self.manifest("/sha256", json!(hex::encode(Sha256::digest(&bytes))));
        self.write("model.onnx", bytes);
    }

    /// Changes or drops golden rows.
    fn golden(&self, change: impl FnMut(&str) -> Option<String>) {
        let text = String::from_utf8(self.read("golden.csv")).expect("UTF-8");
        let (header, rows) = text.split_once('\n').expect("a header");
        let rows: Vec<String> = rows.lines().filter_map(change).collect();
        self.manifest("/golden/rows", json!(rows.len()));
        self.write("golden.csv", format!("{header}\n{}\n", rows.join("\n")));
    }

    fn golden_without_gaps(&self) {
        self.golden(|row| {
            let whole = row.split(',').take(5).all(|cell| !cell.is_empty());
            whole.then(|| row.to_owned())
        });
    }
}

#[tokio::test]
async fn models_that_fail_a_check_are_named_and_the_others_score() {
    let models = Models::new();
    models.copy("own");
    models
        .copy("wrong-hash")
        .manifest("/sha256", json!("0".repeat(64)));
    models.copy("wrong-golden").golden(|row| {
        let (before, pd) = row.rsplit_once(',').expect("columns");
        let pd: f64 = pd.parse().expect("a number");
        Some(format!("{before},{}", pd + 1e-4))
    });
    models.copy("unknown-operator").graph(b"Gather", b"Gother");
    let blind = models.copy("swallows-nan");
    // The contribution of a missing ratio: five zeros, the graph's last constant.
    blind.graph(&[0; 20], &[9_f32; 5].map(f32::to_le_bytes).concat());
    blind.golden_without_gaps();
    fs::create_dir_all(models.0.path().join("empty/1.0.0")).expect("a folder");

    let service = models.serve(&[]).await;
    let ready = service.anonymous().get("//health/ready").await.expect(200);
    let refused: Vec<(String, String)> = ready["refused_models"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| {
            (
                text(model, "folder").to_owned(),
                text(model, "reason").to_owned(),
            )
        })
        .collect();
    let expected = [
        ("swallows-nan/9.0.0", "contributes something other than 0"),
        (
            "unknown-operator/9.0.0",
            "the operator Gother is not among the tested ones",
        ),
        ("wrong-golden/9.0.0", "golden.csv: pd of row 1"),
        ("wrong-hash/9.0.0", "model.onnx has the SHA-256"),
    ];
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    for ((folder, reason), (expected, part)) in refused.iter().zip(expected) {
        assert_eq!(folder, expected);
        assert!(reason.contains(part), "{folder}: {reason}");
    }

    let ana = service.user("ana").await;
    let list = ana.get("/models").await.expect(200);
    assert_eq!(
        column(&list, "name"),
        ["own", "annual", "annual", "quarterly", "quarterly"]
    );
    let annual = ana
        .post("/predictions/annual", &prediction("A", "2024"))
        .await;
    assert_eq!(annual.expect(201)["model"]["name"], "own");
    let quarter = quarterly("A", "2024", "Q1");
    let quarter = ana.post("/predictions/quarterly", &quarter).await;
    assert_eq!(quarter.expect(201)["model"]["name"], "quarterly");
}

#[tokio::test]
async fn pinned_model_scores_despite_a_newer_one() {
    let models = Models::new();
    models.copy("own");
    let service = models.serve(&[("model_annual", "annual@1.0.0")]).await;
    let ana = service.user("ana").await;
    let created = ana
        .post("/predictions/annual", &prediction("A", "2024"))
        .await;
    assert_eq!(created.expect(201)["model"]["name"], "annual");
    let list = ana.get("/models").await.expect(200);
    assert_eq!(
        column(&list, "name"),
        ["annual", "own", "annual", "quarterly", "quarterly"]
    );
    let data = list["data"].as_array().expect("a list");
    let defaults: Vec<_> = data.iter().map(|model| &model["is_default"]).collect();
    assert_eq!(defaults, [true, false, false, true, false]);
}

/// Returns the fault of an item of a batch.
fn fault(item: &Value) -> &Value {
    item.pointer("/problem/errors/0").unwrap_or(&Value::Null)
}

#[tokio::test]
async fn model_without_gaps_fails_only_rows_with_a_gap() {
    let models = Models::new();
    let strict = models.copy("strict");
    strict.manifest("/accepts_missing", json!(false));
    strict.golden_without_gaps();
    let service = models.serve(&[]).await;
    let ana = service.user("ana").await;
    let gap = with(
        prediction("GAP", "2024"),
        json!({ "ratios": with(ratios(), json!({ "return_on_assets": null })) }),
    );

    let single = ana.post("/predictions/annual", &gap).await;
    assert_eq!(single.problem(422), "missing_not_accepted");
    assert_eq!(
        single.faults(),
        ["/ratios/return_on_assets missing_not_accepted"]
    );

    let items = json!({ "items": [gap, prediction("A", "2024")] });
    let batch = ana.post("/predictions/annual/batch", &items).await;
    let batch = batch.json();
    assert_eq!(
        fault(&batch["data"][0])["code"],
        "missing_not_accepted",
        "{batch}"
    );
    let scored = [
        json!({ "ratios": gap["ratios"] }),
        json!({ "ratios": ratios() }),
    ];
    let scored = ana
        .post("/predictions/annual/score", &json!({ "items": scored }))
        .await;
    let scored = scored.expect(200);
    assert_eq!(
        fault(&scored["data"][0])["code"],
        "missing_not_accepted",
        "{scored}"
    );
    assert!(scored["data"][1].to_string().contains("\"pd\""), "{scored}");

    let lines = [line("B", "2024", "NA"), line("C", "2024", "2.0")];
    let bytes = file(&[&lines[0], &lines[1]]);
    let job = submit(&ana, "gaps.csv", bytes, &[]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(
        (&done["success_count"], &done["error_count"]),
        (&json!(1), &json!(1)),
        "{done}"
    );
    let rows = all_rows(&ana, &format!("/bulk-uploads/{job}/rows?status=error"), 10).await;
    let error = &rows[0]["problem"]["errors"][0];
    assert_eq!(error["code"], "missing_not_accepted");
    assert!(
        error.to_string().contains("total_debt_to_ebitda"),
        "{error}"
    );
}
