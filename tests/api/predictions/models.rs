//! `/models`

use accunode_tests::Service;
use serde_json::Value;

use crate::support::{column, number, prediction, text};

#[tokio::test]
async fn every_model_is_listed_with_its_card_and_properties() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let inventory = ana.get("/models").await.expect(200);
    let mut names = column(&inventory, "name");
    names.sort();
    assert_eq!(names, ["annual", "annual", "quarterly", "quarterly"]);
    for (name, inputs) in [("annual", 5), ("quarterly", 6)] {
        let model = ana.get(&format!("/models/{name}")).await.expect(200);
        assert_eq!(
            model["inputs"].as_array().map(Vec::len),
            Some(inputs),
            "{model}"
        );
        let thresholds = &model["thresholds"];
        assert!(number(thresholds, "medium") < number(thresholds, "high"));
        assert_eq!(text(&model, "sha256").len(), 64);
        let version = text(&model, "version");
        let same = ana
            .get(&format!("/models/{name}/versions/{version}"))
            .await
            .expect(200);
        assert_eq!(same, model);
        assert_eq!(
            ana.get(&format!("/models/{name}/versions/0.0.0"))
                .await
                .problem(404),
            "not_found"
        );
    }
}

#[tokio::test]
async fn prediction_references_a_model_of_the_inventory() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let model: Value = ana.get("/models/annual").await.expect(200);
    for field in ["name", "version", "sha256"] {
        assert_eq!(made["model"][field], model[field], "{field}");
    }
    let (pd, level) = (number(&made, "pd"), text(&made, "risk_level"));
    let (medium, high) = (
        number(&model["thresholds"], "medium"),
        number(&model["thresholds"], "high"),
    );
    let expected = if pd < medium {
        "Low"
    } else if pd < high {
        "Medium"
    } else {
        "High"
    };
    assert_eq!(level, expected);
}
