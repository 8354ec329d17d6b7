//! Several versions of a model: one serves by default, and each can be selected by its
//! reference.

use std::fs;

use accunode_domain::{prediction::Kind, ratio::Ratios, risk::ModelRef};
use accunode_ports::scoring::{Scorer, ScoringError};
use accunode_scoring::ModelRegistry;
use serde_json::json;

use crate::kit::{Models, SERVED, golden, golden_of, read_manifest, served};

fn row(kind: Kind) -> [Ratios; 1] {
    [golden(kind).swap_remove(0).0]
}

fn reference(registry: &ModelRegistry, name: &str) -> ModelRef {
    let models = registry.models();
    let found = models.iter().find(|m| m.model.name == name).unwrap();
    found.model.clone()
}

/// A copy of a shipped model that expects another default rate, so that its PDs differ.
fn at_another_rate(models: &Models, kind: Kind, name: &str, rate: f64) {
    let copy = models.copy(kind, name);
    copy.manifest(|m| m["target_default_rate"] = json!(rate));
    // The log-odds of golden rows precede the correction to that rate, so they are still
    // valid.
    let base = read_manifest(kind)["base_rate"].as_f64().unwrap();
    let shift = |target: f64| (target / (1.0 - target) * (1.0 - base) / base).ln();
    let (inputs, parts) = match kind {
        Kind::Annual => (5, 1),
        Kind::Quarterly => (6, 3),
    };
    copy.golden(|row| {
        for part in 0..parts {
            let log_odds: f64 = row[inputs + part].parse().unwrap();
            let pd = 1.0 / (1.0 + (-(log_odds + shift(rate))).exp());
            row[inputs + parts + part] = pd.to_string();
        }
        true
    });
}

#[test]
fn every_version_scores_by_its_reference_and_one_by_default() {
    for kind in Kind::ALL {
        let models = Models::new();
        at_another_rate(&models, kind, "own", 0.03);
        let registry = models.load();
        assert_eq!(registry.refused(), []);
        assert_eq!(registry.models().len(), 5);
        let row = row(kind);
        let (own, shipped) = (
            reference(&registry, "own"),
            reference(&registry, kind.as_str()),
        );
        let by = |model: &ModelRef| registry.score_by(model, kind, &row, true).unwrap();
        let default = registry.score(kind, &row, true).unwrap();
        assert_eq!(default, by(&own));
        let old = by(&shipped);
        assert_eq!(old[0].outcome.model, shipped);
        assert_eq!(
            old,
            ModelRegistry::shipped().score(kind, &row, true).unwrap()
        );
        assert!(old[0].outcome.pd < default[0].outcome.pd);
        // Once more, now that the version is loaded.
        assert_eq!(old, by(&shipped));
    }
}

#[test]
fn first_version_still_reproduces_its_golden_rows() {
    let registry = ModelRegistry::shipped();
    for kind in Kind::ALL {
        let models = registry.models();
        let first = models
            .iter()
            .find(|m| m.kind == kind && m.model.version == "1.0.0")
            .unwrap();
        assert!(!first.is_default);
        let rows = golden_of(kind, "1.0.0");
        assert!(rows.len() > 200, "{} rows of {kind}", rows.len());
        let inputs: Vec<Ratios> = rows.iter().map(|(ratios, _)| ratios.clone()).collect();
        let answers = registry
            .score_by(&first.model, kind, &inputs, false)
            .unwrap();
        for ((_, expected), answer) in rows.iter().zip(answers) {
            let (_, pd) = expected
                .iter()
                .find(|(name, _)| matches!(name.as_str(), "pd" | "pd_ensemble"))
                .unwrap();
            assert!((answer.outcome.pd.get() - pd).abs() <= 1e-6);
            assert_eq!(answer.outcome.model, first.model);
        }
    }
}

#[test]
fn unknown_model_reference_is_not_served() {
    let registry = ModelRegistry::shipped();
    let annual = reference(&registry, "annual");
    let other = |change: fn(&mut ModelRef)| {
        let mut model = annual.clone();
        change(&mut model);
        model
    };
    for (model, kind) in [
        (other(|m| m.version = "0.9.0".into()), Kind::Annual),
        (other(|m| m.name = "own".into()), Kind::Annual),
        (other(|m| m.sha256 = "0".repeat(64)), Kind::Annual),
        (annual.clone(), Kind::Quarterly),
    ] {
        let refused = registry.score_by(&model, kind, &[], false).unwrap_err();
        assert_eq!(refused, ScoringError::NotServed(model));
    }
}

#[test]
fn pin_sets_the_default_and_keeps_other_versions_available() {
    let models = Models::new();
    at_another_rate(&models, Kind::Annual, "own", 0.03);
    let registry = models.load();
    assert_eq!(served(&registry), ["own 9.0.0", "quarterly 2.0.0"]);
    let registry = registry
        .pin(Kind::Annual, &"annual@1.0.0".parse().unwrap())
        .unwrap();
    assert_eq!(served(&registry), ["annual 1.0.0", "quarterly 2.0.0"]);
    let first = registry.models().swap_remove(0);
    assert_eq!((&*first.model.name, first.is_default), ("annual", true));
    let row = row(Kind::Annual);
    let scored = registry.score(Kind::Annual, &row, false).unwrap();
    assert_eq!(scored[0].outcome.model.name, "annual");
    let own = reference(&registry, "own");
    assert!(registry.score_by(&own, Kind::Annual, &row, false).is_ok());
}

#[test]
fn pin_on_an_unknown_version_lists_available_and_refused_ones() {
    let models = Models::new();
    models
        .copy(Kind::Annual, "own")
        .manifest(|m| m["sha256"] = json!("0".repeat(64)));
    let wrong = |kind, pin: &str| {
        let refused = models.load().pin(kind, &pin.parse().unwrap());
        refused.unwrap_err().to_string()
    };
    let error = wrong(Kind::Annual, "own@9.0.0");
    assert!(
        error.contains(
            "no annual model own@9.0.0; there is annual@2.0.0, annual@1.0.0; own/9.0.0 was refused"
        ) && error.contains("SHA-256"),
        "{error}"
    );
    let error = wrong(Kind::Quarterly, "annual@1.0.0");
    assert!(
        error.contains("there is quarterly@2.0.0, quarterly@1.0.0"),
        "{error}"
    );
}

#[test]
fn version_whose_files_changed_or_vanished_is_not_served() {
    let models = Models::new();
    let copy = models.copy(Kind::Annual, "own");
    let registry = models
        .load()
        .pin(Kind::Annual, &"annual@1.0.0".parse().unwrap())
        .unwrap();
    let own = reference(&registry, "own");
    copy.manifest(|m| m["description"] = json!("something else"));
    let refused = registry.score_by(&own, Kind::Annual, &row(Kind::Annual), false);
    assert_eq!(refused, Err(ScoringError::NotServed(own.clone())));
    fs::remove_dir_all(&copy.folder).unwrap();
    let refused = registry.score_by(&own, Kind::Annual, &row(Kind::Annual), false);
    assert_eq!(refused, Err(ScoringError::NotServed(own)));
}

#[test]
fn unloaded_versions_score_as_before() {
    let models = Models::new();
    for (name, rate) in [("a", 0.01), ("b", 0.02), ("c", 0.03), ("d", 0.04)] {
        at_another_rate(&models, Kind::Annual, name, rate);
    }
    let registry = models.load();
    let row = row(Kind::Annual);
    let all = || {
        let models = registry.models().into_iter();
        let annual = models.filter(|m| m.kind == Kind::Annual);
        let scored = annual.map(|m| registry.score_by(&m.model, Kind::Annual, &row, false));
        scored
            .map(|s| s.unwrap().remove(0).outcome.pd)
            .collect::<Vec<_>>()
    };
    let first = all();
    assert_eq!(first.len(), 6);
    assert_eq!(first, all());
}

#[test]
fn manifest_with_other_results_needs_another_version() {
    let models = Models::new();
    at_another_rate(&models, Kind::Annual, "annual", 0.03);
    let copy = models.copy(Kind::Annual, "twin");
    copy.manifest(|m| {
        m["name"] = json!("annual");
        m["version"] = json!(SERVED);
        m["thresholds"]["medium"] = json!(0.02);
    });
    let registry = models.load();
    assert!(
        registry.refused()[0]
            .reason
            .contains("there is another annual 2.0.0")
    );
    assert_eq!(served(&registry)[0], "annual 9.0.0");
}

#[test]
fn copy_without_training_bins_is_the_same_version() {
    let models = Models::new();
    let copy = models.copy(Kind::Annual, "twin");
    copy.manifest(|m| {
        m["name"] = json!("annual");
        m["version"] = json!(SERVED);
        let fields = m.as_object_mut().unwrap();
        assert!(fields.remove("label").is_some() && fields.remove("monitoring").is_some());
    });
    let registry = models.load();
    assert_eq!(registry.refused(), []);
    assert_eq!(registry.models().len(), 4);
}
