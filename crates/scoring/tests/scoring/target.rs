//! PDs for companies whose default rate differs from the manifest's.

use accunode_domain::{prediction::Kind, ratio::Ratios, risk::Pd};
use accunode_ports::scoring::{ModelInfo, Scorer, ScoringError};
use accunode_scoring::ModelRegistry;

use crate::kit::{SHIPPED, golden, served};

fn set(rate: &str) -> ModelRegistry {
    Kind::ALL
        .into_iter()
        .try_fold(ModelRegistry::shipped(), |models, kind| {
            models.at_target(kind, rate.parse().unwrap())
        })
        .unwrap()
}

fn rows(kind: Kind) -> Vec<Ratios> {
    golden(kind).into_iter().map(|(ratios, _)| ratios).collect()
}

fn default(models: &ModelRegistry, kind: Kind) -> ModelInfo {
    let mut all = models.models().into_iter();
    all.find(|m| m.kind == kind && m.is_default).unwrap()
}

#[test]
fn target_rate_scales_the_odds_of_every_company() {
    let models = set("0.03");
    let odds = |pd: f64| pd / (1.0 - pd);
    let factor = odds(0.03) / odds(0.015);
    for kind in Kind::ALL {
        let rows = rows(kind);
        let before = SHIPPED.score(kind, &rows, true).unwrap();
        for (was, is) in before.iter().zip(models.score(kind, &rows, true).unwrap()) {
            let (a, b) = (was.outcome.pd.get(), is.outcome.pd.get());
            assert!((odds(b) / odds(a) / factor - 1.0).abs() < 1e-9, "{a} {b}");
            let why = is.explanation.unwrap();
            let sum: f64 = why.reasons.iter().map(|r| r.contribution).sum();
            assert!((why.base + sum - why.log_odds).abs() <= 1e-9);
            assert_eq!(Pd::from_log_odds(why.log_odds), is.outcome.pd);
            assert_eq!(is.outcome.model.version, "2.0.0+target.0.03");
            assert_eq!(is.outcome.model.sha256, was.outcome.model.sha256);
        }
        let info = default(&models, kind);
        assert!((info.thresholds.medium - 0.03).abs() < 1e-12);
        assert!((info.thresholds.high - 0.09).abs() < 1e-12);
        assert_eq!(info.manifest["target_default_rate"], 0.03);
    }
}

#[test]
fn prediction_at_a_former_target_rate_is_reproducible() {
    let (then, now) = (set("0.008"), set("0.05"));
    for kind in Kind::ALL {
        let rows = rows(kind);
        let earlier = then.score(kind, &rows, true).unwrap();
        let model = &earlier[0].outcome.model;
        for later in [&now, &*SHIPPED] {
            assert_eq!(later.score_by(model, kind, &rows, true).unwrap(), earlier);
        }
        let home = default(&SHIPPED, kind).model;
        let plain = SHIPPED.score(kind, &rows, true).unwrap();
        assert_eq!(then.score_by(&home, kind, &rows, true).unwrap(), plain);
        for wrong in ["2.0.0+target.0.0080", "2.0.0+target.9", "2.0.0+target."] {
            let mut other = model.clone();
            wrong.clone_into(&mut other.version);
            let refused = then.score_by(&other, kind, &[], false).unwrap_err();
            assert_eq!(refused, ScoringError::NotServed(other));
        }
    }
}

#[test]
fn target_rate_equal_to_the_manifests_changes_nothing() {
    assert_eq!(served(&set("0.015")), ["annual 2.0.0", "quarterly 2.0.0"]);
    let models = set("0.02");
    let names: Vec<_> = models
        .models()
        .into_iter()
        .map(|m| format!("{} {}", m.model.name, m.model.version))
        .collect();
    assert_eq!(
        names,
        [
            "annual 2.0.0+target.0.02",
            "annual 2.0.0",
            "annual 1.0.0",
            "quarterly 2.0.0+target.0.02",
            "quarterly 2.0.0",
            "quarterly 1.0.0",
        ]
    );
}

#[test]
fn pinned_version_uses_the_target_rate() {
    let models = ModelRegistry::shipped()
        .pin(Kind::Annual, &"annual@1.0.0".parse().unwrap())
        .and_then(|models| models.at_target(Kind::Annual, "0.3".parse().unwrap()))
        .unwrap();
    assert_eq!(served(&models)[0], "annual 1.0.0+target.0.3");
}
