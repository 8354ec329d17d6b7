//! A user's own model: a graph that returns one number, of which nothing more is known.

use accunode_domain::{
    prediction::Kind,
    risk::{RiskLevel, Thresholds},
};
use accunode_ports::scoring::{Scorer, ScoringError};
use accunode_scoring::ModelRegistry;
use serde_json::json;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, tensor_proto::DataType};

use crate::{
    kit::{Copy, Models, ratios, read_manifest},
    refusals::without_missing,
};

const WEIGHTS: [f32; 5] = [0.8, 0.05, -2.0, -0.01, -3.0];
const BIAS: f32 = -2.5;
/// Different from the training's values, to show which of them replaces a missing ratio.
const FILL: [f32; 5] = [0.02, 3.8, 0.03, 3.6, 0.046];

/// A logistic regression that replaces missing ratios with `fill`.
fn logistic(copy: &Copy, fill: [f32; 5], output: &str, accepts_missing: bool) {
    copy.onnx(|m| {
        let graph = m.graph.as_mut().unwrap();
        graph.initializer = vec![
            floats("fill", &[1, 5], &fill),
            floats("weights", &[5, 1], &WEIGHTS),
            floats("bias", &[1, 1], &[BIAS]),
        ];
        graph.node = vec![
            node("IsNaN", &["ratios"], "missing"),
            node("Where", &["missing", "fill", "ratios"], "filled"),
            node("MatMul", &["filled", "weights"], "weighted"),
            node("Add", &["weighted", "bias"], "log_odds"),
            node("Sigmoid", &["log_odds"], "probability"),
        ];
        answer(graph, output);
    });
    copy.manifest(|m| {
        m["form"] = json!({ "type": output });
        m["accepts_missing"] = json!(accepts_missing);
        m.as_object_mut().unwrap().remove("thresholds");
    });
    without_missing(copy, 5);
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(copy.folder.join("manifest.json")).unwrap()).unwrap();
    let rate = |name: &str| manifest[name].as_f64().unwrap();
    let odds = |p: f64| p / (1.0 - p);
    let shift = (odds(rate("target_default_rate")) / odds(rate("base_rate"))).ln();
    copy.golden(|row| {
        let sum = row[..5].iter().zip(WEIGHTS).fold(0.0, |sum, (x, w)| {
            sum + f64::from(x.parse::<f32>().unwrap()) * f64::from(w)
        });
        let z = sum + f64::from(BIAS);
        row[5] = z.to_string();
        row[6] = (1.0 / (1.0 + (-(z + shift)).exp())).to_string();
        // f32 sums of large values are off by more than the tolerance.
        row[..5]
            .iter()
            .all(|x| x.parse::<f32>().unwrap().abs() < 4.0)
    });
    if output == "probability" {
        // The log-odds of an f32 probability are not exact to 1e-6.
        copy.golden_without(5);
    }
}

fn answer(graph: &mut GraphProto, output: &str) {
    graph.output[0].name = output.to_owned();
    graph.output[0].r#type = None;
}

fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: operator.to_owned(),
        name: output.to_owned(),
        input: inputs.iter().map(|i| (*i).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn loaded(output: &str, accepts_missing: bool) -> ModelRegistry {
    let models = Models::new();
    logistic(
        &models.copy(Kind::Annual, "own"),
        FILL,
        output,
        accepts_missing,
    );
    let registry = models.load();
    assert_eq!(registry.refused(), []);
    assert_eq!(registry.models()[0].model.name, "own");
    registry
}

#[test]
fn plain_model_of_either_output_is_served_with_exact_reasons() {
    let row = [ratios(Kind::Annual, &["0.3", "4", "0.05", "3", "0.04"])];
    let answers = ["probability", "log_odds"].map(|output| {
        let scored = loaded(output, true)
            .score(Kind::Annual, &row, true)
            .unwrap()
            .remove(0);
        assert_eq!(scored.outcome.parts, None);
        scored
    });
    let [a, b] = answers.clone().map(|scored| scored.outcome.pd.get());
    assert!((a - b).abs() < 1e-6, "{a} {b}");
    for scored in answers {
        let explanation = scored.explanation.unwrap();
        let sum: f64 = explanation.reasons.iter().map(|r| r.contribution).sum();
        assert!((explanation.base + sum - explanation.log_odds).abs() <= 1e-9);
        // In a linear model the Shapley value is weight · (value − median).
        let debt = explanation
            .reasons
            .iter()
            .find(|r| r.ratio == "total_debt_to_ebitda")
            .unwrap();
        let median = read_manifest(Kind::Annual)["inputs"][1]["median"].as_f64();
        let expected = 0.05 * (4.0 - median.unwrap());
        assert!((debt.contribution - expected).abs() < 1e-4, "{debt:?}");
    }
}

#[test]
fn own_model_without_thresholds_gets_the_fallback() {
    let registry = loaded("probability", true);
    assert_eq!(registry.models()[0].thresholds, Thresholds::FALLBACK);
    let row = [ratios(Kind::Annual, &["2", "50", "-1", "0", "-1"])];
    let scored = registry.score(Kind::Annual, &row, false).unwrap();
    assert_eq!(scored[0].outcome.risk_level, RiskLevel::High);
}

#[test]
fn model_without_gaps_refuses_missing_ratios() {
    let registry = loaded("probability", false);
    let full = ratios(Kind::Annual, &["0.3", "4", "0.05", "3", "0.04"]);
    let gap = ratios(Kind::Annual, &["0.3", "4", "0.05", "", "0.04"]);
    assert!(
        registry
            .score(Kind::Annual, std::slice::from_ref(&full), false)
            .is_ok()
    );
    let refused = registry
        .score(Kind::Annual, &[full, gap], false)
        .unwrap_err();
    let ScoringError::Failed { cause, .. } = refused else {
        panic!("{refused}");
    };
    assert!(
        cause.contains("ebit_to_interest_expense is missing"),
        "{cause}"
    );
}

#[test]
fn model_without_handling_of_missing_ratios_is_refused() {
    let models = Models::new();
    let copy = models.copy(Kind::Annual, "own");
    logistic(&copy, FILL, "probability", true);
    copy.onnx(|m| {
        let graph = m.graph.as_mut().unwrap();
        // NaN is not less than anything, so it stays unchanged.
        graph.node[0] = node("Less", &["ratios", "fill"], "missing");
    });
    let refused = models.load().refused();
    assert!(
        refused[0].reason.contains("no IsNaN looks for them"),
        "{refused:?}"
    );
}

#[test]
fn pair_model_without_ensemble_is_refused() {
    let models = Models::new();
    let copy = models.copy(Kind::Annual, "own");
    copy.manifest(|m| m["form"] = json!({ "type": "pair" }));
    let refused = models.load().refused();
    assert!(
        refused[0].reason.contains("needs `ensemble`"),
        "{refused:?}"
    );
}

#[test]
fn model_that_reads_missing_as_an_extreme_value_is_refused() {
    let models = Models::new();
    logistic(
        &models.copy(Kind::Annual, "own"),
        [-99.0; 5],
        "probability",
        true,
    );
    let refused = models.load().refused();
    assert!(
        refused[0].reason.contains("takes missing for a number"),
        "{refused:?}"
    );
}
