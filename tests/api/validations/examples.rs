//! The worked examples of the design, over HTTP. Their dates are two years earlier here.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    complete,
    portfolio::{
        Owner, Predicted, RecordedOutcome, companies, insert_outcomes, near, predict, usual,
    },
    validated, window,
};
use crate::support::{scale_of, text};

const CRR: &str = "crr_178@1";
const RECORDED: &str = "2024-01-15T00:00:00Z";

struct Scene {
    service: Service,
    users: Tenancy,
    pool: PgPool,
    owner: Owner,
}

impl Scene {
    async fn start() -> Self {
        let service = Service::start().await;
        let users = Tenancy::of(&service).await;
        let pool = service.database.superuser().await;
        let owner = Owner::organization(users.organization("A"), users.user("oA").id);
        let coverage = format!("/outcome-coverage/{CRR}");
        let days = complete(&json!({ "complete_through": "2023-12-31" }));
        let _ = users.user("oA").put(&coverage, &days).await.expect(200);
        Self {
            service,
            users,
            pool,
            owner,
        }
    }

    async fn validated(&self, more: &Value) -> Value {
        let mut body = json!({ "kind": "annual", "d0": "2022-12-31", "definition": CRR });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        validated(&self.service, self.users.user("oA"), &body).await
    }

    /// Makes groups of companies with a PD, of which a given number default.
    async fn groups(&self, groups: &[(f64, usize, usize)]) {
        let count = groups.iter().map(|(_, n, _)| n).sum();
        let mut ids = companies(&self.pool, &self.owner, count).await.into_iter();
        let (mut rows, mut events) = (Vec::new(), Vec::new());
        for (pd, count, defaults) in groups {
            for (i, id) in ids.by_ref().take(*count).enumerate() {
                rows.push(usual(id, *pd));
                if i < *defaults {
                    events.push(outcome_of(id, "default", "2023-05-01"));
                }
            }
        }
        predict(&self.pool, &self.owner, &rows).await;
        insert_outcomes(&self.pool, &self.owner, CRR, &events).await;
    }
}

fn outcome_of(company: Uuid, event: &'static str, day: &str) -> RecordedOutcome {
    (company, event, day.to_owned(), false, RECORDED)
}

/// Example 9.1, with companies before and after it that the window must not include.
#[tokio::test]
async fn sample_contains_companies_rated_on_the_first_day_as_known_then() {
    let scene = Scene::start().await;
    let c = companies(&scene.pool, &scene.owner, 14).await;
    let mut rows: Vec<Predicted> = c.iter().map(|id| usual(*id, 0.01)).collect();
    rows[4].at = "2021-12-30T10:00:00Z";
    rows[5].year = 2019;
    rows[9].pd = 0.2;
    rows[9].at = "2023-02-01T09:00:00Z";
    rows[10].at = "2023-01-15T10:00:00Z";
    rows[12].flags = "sector_out_of_scope";
    rows.push(Predicted {
        replaced: Some("2023-02-01T09:00:00Z"),
        ..usual(c[9], 0.02)
    });
    predict(&scene.pool, &scene.owner, &rows).await;
    let mut events = vec![
        outcome_of(c[1], "default", "2023-12-31"),
        outcome_of(c[2], "default", "2022-12-31"),
        outcome_of(c[3], "default", "2022-03-01"),
        outcome_of(c[3], "cure", "2022-10-01"),
        outcome_of(c[6], "exit", "2023-05-01"),
        outcome_of(c[7], "exit", "2023-03-01"),
        outcome_of(c[7], "default", "2023-09-01"),
        outcome_of(c[11], "default", "2023-02-01"),
        outcome_of(c[11], "cure", "2023-06-01"),
        outcome_of(c[11], "default", "2023-11-01"),
    ];
    let (technical, late) = (true, "2024-05-01T00:00:00Z");
    events.push((
        c[8],
        "default",
        "2023-04-01".to_owned(),
        technical,
        RECORDED,
    ));
    events.push((c[13], "default", "2023-03-01".to_owned(), false, late));
    insert_outcomes(&scene.pool, &scene.owner, CRR, &events).await;

    let as_of = |time: &str| json!({ "as_of": time });
    let report = scene.validated(&as_of("2024-06-01T00:00:00Z")).await;
    let expected = json!({
        "population": 13, "in_default": 1, "left": 0, "customers": 12, "rating_outdated": 1,
        "statement_outdated": 1, "out_of_scope": 1, "not_covered": 0, "sample": 9,
        "defaults": 4, "exits": 1, "technical": 1, "deleted": 0
    });
    assert_eq!(window(&report)["sample"], expected);
    assert_eq!(report["verdict"], "undetermined");
    let earlier = scene.validated(&as_of("2024-03-01T00:00:00Z")).await;
    assert_eq!(window(&earlier)["sample"]["defaults"], 3);

    // The sample from which the figures are computed can be checked.
    let path = format!("/validations/{}", text(&report, "id"));
    let oa = scene.users.user("oA");
    let sample = oa.get(&format!("{path}/sample.csv")).await;
    assert_eq!(sample.status.as_u16(), 200, "{}", sample.text);
    let hash = hex::encode(Sha256::digest(sample.text.as_bytes()));
    assert_eq!(hash, text(&report, "sample_sha256"));
    assert_eq!(sample.text.lines().count(), 14);
    let own = sample
        .text
        .lines()
        .find(|line| line.contains(&c[9].to_string()));
    assert!(own.is_some_and(|line| line.contains(",0.02,")), "{own:?}");
    let json = oa.get(&format!("{path}/report.json")).await;
    let hash = hex::encode(Sha256::digest(json.text.as_bytes()));
    assert_eq!(hash, text(&report, "report_sha256"));
    assert_eq!(json.json(), report["report"]);
    let markdown = oa.get(&format!("{path}/report.md")).await.text;
    for section in ["Sample (2.5.1)", "(2.5.3)", "(2.5.4)", "(2.5.5)"] {
        assert!(markdown.contains(section), "{section}: {markdown}");
    }
    assert!(markdown.contains("difference of the definitions"));
    let events = oa
        .get("/audit-logs?entity_type=validation_report")
        .await
        .expect(200);
    let entries: Vec<_> = events["data"].as_array().expect("events").iter().collect();
    let types = entries.iter().map(|event| text(event, "event_type"));
    let types: Vec<_> = types.collect();
    assert_eq!(
        types,
        [
            "validation.completed",
            "validation.created",
            "validation.completed",
            "validation.created"
        ]
    );
}

/// Examples 9.2 and 9.4.
#[tokio::test]
async fn figures_equal_the_worked_examples_to_eight_digits() {
    let scene = Scene::start().await;
    let groups = [
        (0.004, 400, 1),
        (0.012, 300, 4),
        (0.035, 200, 9),
        (0.1, 100, 14),
    ];
    scene.groups(&groups).await;
    let report = scene.validated(&json!({ "initial_auc": 0.9 })).await;
    let figures = window(&report);
    let grades = figures["predictive_ability"]["grades"].as_array();
    let tested = grades.expect("grades").iter();
    let tested: Vec<_> = tested.filter(|grade| !grade["test"].is_null()).collect();
    assert_eq!(tested.len(), 4);
    let jeffreys = [0.6388300992, 0.3838182183, 0.2131575946, 0.0955818903];
    let holm = [0.7676364366, 0.7676364366, 0.6394727837, 0.3823275613];
    for ((grade, p), adjusted) in tested.iter().zip(jeffreys).zip(holm) {
        near(&grade["test"]["jeffreys"]["p_too_low"], p);
        near(&grade["p_holm"], adjusted);
    }
    let worst = &tested[3]["test"];
    near(&worst["jeffreys"]["rate_from"], 0.09071896);
    near(&worst["jeffreys"]["rate_to"], 0.20445874);
    near(
        &figures["predictive_ability"]["portfolio"]["jeffreys"]["p_too_low"],
        0.1093682259,
    );
    let calibration = &figures["calibration"];
    near(&calibration["shift"]["delta"]["value"], 0.2482978630);
    near(&calibration["shift"]["odds_ratio"], 1.2818416885);
    near(&calibration["new_target_rate"], 0.0191466803);
    near(&calibration["line"]["intercept"]["value"], 0.7994228162);
    near(
        &calibration["line"]["intercept"]["standard_error"],
        0.6477075588,
    );
    near(&calibration["line"]["slope"]["value"], 1.1762396537);
    near(
        &calibration["line"]["slope"]["standard_error"],
        0.2022997320,
    );
    near(&calibration["hosmer_lemeshow"]["statistic"], 2.6408196078);
    near(&calibration["hosmer_lemeshow"]["p"], 0.6196094033);
    near(&calibration["brier"]["score"], 0.0257606);
    near(&calibration["brier"]["skill"], 0.0534758965);
    for (part, value) in [
        ("reliability", 0.0001814333),
        ("resolution", 0.0016368333),
        ("uncertainty", 0.027216),
    ] {
        near(&calibration["brier_parts"][part], value);
    }
    let auc = &figures["discriminatory_power"];
    near(&auc["pd"]["auc"], 0.8270135215);
    near(&auc["pd"]["variance"], 0.0012375244);
    near(&auc["pd"]["from"], 0.7469969537);
    near(&auc["pd"]["to"], 0.8855991231);
    near(&auc["change"]["statistic"], 2.0747487883);
    near(&auc["change"]["p"], 0.0190049116);
    assert_eq!(figures["verdicts"]["discrimination"], "attention");
}

/// Example 9.3, and the Kaplan-Meier estimate of 9.7.
#[tokio::test]
async fn figures_exist_for_portfolios_without_defaults_and_with_exits() {
    let scene = Scene::start().await;
    scene.groups(&[(0.005, 100, 0)]).await;
    let report = scene.validated(&json!({})).await;
    let portfolio = &window(&report)["predictive_ability"]["portfolio"]["jeffreys"];
    near(&portfolio["rate_to"], 0.0189768877);
    near(&portfolio["p_too_low"], 0.6839008568);

    let scene = Scene::start().await;
    let ids = companies(&scene.pool, &scene.owner, 10).await;
    let rows: Vec<_> = ids.iter().map(|id| usual(*id, 0.02)).collect();
    predict(&scene.pool, &scene.owner, &rows).await;
    let events = [
        outcome_of(ids[0], "exit", "2023-03-31"),
        outcome_of(ids[1], "default", "2023-04-30"),
        outcome_of(ids[2], "exit", "2023-06-30"),
        outcome_of(ids[3], "default", "2023-09-30"),
    ];
    insert_outcomes(&scene.pool, &scene.owner, CRR, &events).await;
    let report = scene.validated(&json!({})).await;
    near(&window(&report)["kaplan_meier"], 0.2380952381);
    near(&window(&report)["default_rate"]["keep"], 0.2);
    near(&window(&report)["default_rate"]["drop"], 0.25);
}

/// The companies of a migration matrix of 9.6, row by row.
#[tokio::test]
async fn grade_migrations_have_the_expected_bandwidths() {
    let scene = Scene::start().await;
    let pds = [0.0001, 0.0002, 0.0004];
    let moves = [[80, 12, 3], [10, 70, 15], [1, 8, 60]];
    let ends = [[1, 2, 2], [3, 1, 1], [7, 2, 2]];
    let count = moves.iter().chain(&ends).flatten().sum();
    let mut ids = companies(&scene.pool, &scene.owner, count)
        .await
        .into_iter();
    let (mut rows, mut events) = (Vec::new(), Vec::new());
    let replaced = "2023-02-01T09:00:00Z";
    let mut others = Vec::new();
    for from in 0..3 {
        for to in 0..3 {
            for id in ids.by_ref().take(moves[from][to]) {
                rows.push(Predicted {
                    replaced: Some(replaced),
                    ..usual(id, pds[from])
                });
                rows.push(Predicted {
                    at: replaced,
                    ..usual(id, pds[to])
                });
            }
        }
        let [defaults, other, exits] = ends[from];
        for (i, id) in ids.by_ref().take(defaults + other + exits).enumerate() {
            rows.push(usual(id, pds[from]));
            if i < defaults {
                events.push(outcome_of(id, "default", "2023-05-01"));
            } else if i < defaults + other {
                others.push(id);
            } else {
                events.push(outcome_of(id, "exit", "2023-05-01"));
            }
        }
    }
    predict(&scene.pool, &scene.owner, &rows).await;
    insert_outcomes(&scene.pool, &scene.owner, CRR, &events).await;
    // Another version of the model rates these at the end of the window.
    sqlx::query(
        "UPDATE annual_predictions SET model_version = '2', predicted_at = '2023-02-01T09:00:00Z' WHERE company_id = ANY ($1)",
    )
    .bind(&others)
    .execute(&scene.pool)
    .await
    .expect("another version");
    sqlx::query("UPDATE annual_prediction_revisions r SET replaced_at = '2023-02-01T09:00:00Z' \
                  FROM annual_predictions p WHERE p.id = r.prediction_id AND p.company_id = ANY ($1)")
        .bind(&others)
        .execute(&scene.pool)
        .await
        .expect("their first version");
    let report = scene.validated(&json!({})).await;
    let stability = &window(&report)["stability"];
    let row = |i: usize| {
        let row = stability["migration"][i].as_array().expect("a row");
        let counts: Vec<u64> = row.iter().filter_map(Value::as_u64).collect();
        [
            counts[0], counts[1], counts[2], counts[17], counts[18], counts[19],
        ]
    };
    for from in 0..3 {
        let [a, b, c] = moves[from].map(|n| n as u64);
        let [d, other, exit] = ends[from].map(|n| n as u64);
        assert_eq!(row(from), [a, b, c, d, other, exit]);
    }
    near(&stability["cells"][0][2]["z"], 2.38919343);
    near(&stability["cells"][0][2]["p"], 0.9915572952);
}

#[tokio::test]
async fn uncovered_window_is_refused_and_empty_sample_fails() {
    let scene = Scene::start().await;
    let oa = scene.users.user("oA");
    let body = |day: &str| json!({ "kind": "annual", "d0": day, "definition": CRR });
    let late = oa.post("/validations", &body("2023-01-01")).await;
    assert_eq!(late.problem(409), "window_not_covered");
    let other = json!({ "kind": "annual", "d0": "2022-12-31" });
    assert_eq!(
        oa.post("/validations", &other).await.problem(409),
        "window_not_covered"
    );
    // Faults of form are reported first, then those that only the clock and the arithmetic
    // show.
    for (wrong, pointers) in [
        (
            json!({ "kind": "annual", "d0": "never", "step": 0, "lag_months": 99 }),
            &["/d0", "/step", "/lag_months"][..],
        ),
        (
            json!({
                "kind": "annual", "d0": "2022-12-31", "d0_to": "2021-12-31", "initial_auc": 2,
                "as_of": "2999-01-01T00:00:00Z", "definition": CRR,
            }),
            &["/d0_to", "/initial_auc", "/as_of"][..],
        ),
    ] {
        let faults = oa.post("/validations", &wrong).await.faults();
        for pointer in pointers {
            assert!(
                faults.iter().any(|fault| fault.contains(pointer)),
                "{pointer}: {faults:?}"
            );
        }
    }
    let empty = scene.validated(&json!({})).await;
    assert_eq!(
        (&empty["status"], &empty["error_code"], &empty["report"]),
        (&json!("failed"), &json!("empty_sample"), &Value::Null)
    );
    let path = format!("/validations/{}/sample.csv", text(&empty, "id"));
    assert_eq!(oa.get(&path).await.problem(409), "not_finished");
}

#[tokio::test]
async fn back_test_uses_the_grades_of_the_named_scale() {
    let scene = Scene::start().await;
    scene
        .groups(&[(0.004, 40, 1), (0.012, 30, 4), (0.035, 20, 9)])
        .await;
    let oa = scene.users.user("oA");
    let scale = Value::Object(scale_of("retail").into_iter().collect());
    let made = oa.post("/rating-scales", &scale).await.expect(201);
    let id = text(&made, "id");
    let shipped = scene.validated(&json!({ "scale": "accunode-17@1" })).await;
    assert_eq!(shipped["scale"], "accunode-17@1");
    let report = scene.validated(&json!({ "scale": id })).await;
    assert_eq!(report["scale"], "retail@1");
    assert_eq!(report["report"]["parameters"]["scale"], "retail@1");
    let grades = &window(&report)["predictive_ability"]["grades"];
    let companies: Vec<&Value> = (0..7).map(|i| &grades[i]["test"]["companies"]).collect();
    let null = &Value::Null;
    assert_eq!(
        companies,
        [null, &json!(40), null, &json!(30), &json!(20), null, null]
    );
    assert_eq!(
        (&grades[3]["code"], &grades[3]["test"]["defaults"]),
        (&json!("D"), &json!(4))
    );
    assert_eq!(
        window(&report)["stability"]["migration"][0]
            .as_array()
            .map(Vec::len),
        Some(11)
    );
    let body =
        json!({ "kind": "annual", "d0": "2022-12-31", "definition": CRR, "scale": "retail@1" });
    assert_eq!(
        oa.post("/validations", &body).await.problem(422),
        "unknown_scale"
    );
}
