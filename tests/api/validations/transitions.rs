//! `GET /analytics/transitions`

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    complete,
    portfolio::{
        Owner, Predicted, RecordedOutcome, companies, insert_outcomes, near, predict, usual,
    },
};
use crate::support::{scale_of, text};

const CRR: &str = "crr_178@1";
/// PDs of the first three grades of [`scale_of`].
const GRADES: [f64; 3] = [0.0005, 0.003, 0.007];
const AT: &str = "2022-12-31T10:00:00Z";

struct Scene {
    service: Service,
    users: Tenancy,
    pool: PgPool,
    scale: String,
}

impl Scene {
    async fn start() -> Self {
        let service = Service::start().await;
        let users = Tenancy::of(&service).await;
        let pool = service.database.superuser().await;
        let oa = users.user("oA");
        let days = complete(&json!({ "complete_through": "2024-12-31" }));
        let coverage = format!("/outcome-coverage/{CRR}");
        let _ = oa.put(&coverage, &days).await.expect(200);
        let body = Value::Object(scale_of("retail").into_iter().collect());
        let made = oa.post("/rating-scales", &body).await.expect(201);
        let scale = text(&made, "id").to_owned();
        Self {
            service,
            users,
            pool,
            scale,
        }
    }

    fn owner(&self) -> Owner {
        Owner::organization(self.users.organization("A"), self.users.user("oA").id)
    }

    async fn matrix(&self, who: &str, more: &str) -> Value {
        let path = format!(
            "/analytics/transitions?from=2022-12-31&definition={CRR}&scale={}{more}",
            self.scale
        );
        self.users.user(who).get(&path).await.expect(200)
    }
}

/// A company in a grade, and optionally in another one from a later day.
fn rated(company: uuid::Uuid, from: usize, later: Option<(&'static str, usize)>) -> Vec<Predicted> {
    let first = Predicted {
        at: AT,
        ..usual(company, GRADES[from - 1])
    };
    let next = later.map(|(at, to)| Predicted {
        year: 2022,
        at,
        ..usual(company, GRADES[to - 1])
    });
    std::iter::once(first).chain(next).collect()
}

/// Example 9.6, on a scale of seven grades, of which it uses three.
#[tokio::test]
async fn cohort_figures_of_an_organization_equal_the_worked_example() {
    let scene = Scene::start().await;
    let rows = [
        [80, 12, 3, 1, 2, 2],
        [10, 70, 15, 3, 1, 1],
        [1, 8, 60, 7, 2, 2],
    ];
    let count = rows.iter().flatten().sum();
    let mut ids = companies(&scene.pool, &scene.owner(), count)
        .await
        .into_iter();
    let (mut predictions, mut events): (Vec<Predicted>, Vec<RecordedOutcome>) = Default::default();
    let later = "2023-06-01T10:00:00Z";
    for (i, row) in rows.iter().enumerate() {
        for (j, count) in row.iter().enumerate() {
            for id in ids.by_ref().take(*count) {
                let mut happens = |event| {
                    let day = "2023-05-01".to_owned();
                    events.push((id, event, day, false, "2024-01-15T00:00:00Z"));
                };
                match j {
                    3 => happens("default"),
                    5 => happens("exit"),
                    _ => {}
                }
                let moves = match j {
                    3 | 5 => None,
                    4 => Some((later, 2)),
                    _ if i == j => None,
                    _ => Some((later, j + 1)),
                };
                let mut versions = rated(id, i + 1, moves);
                if j == 4 {
                    versions[1].model = "'m', '2', repeat('b', 64)";
                }
                predictions.extend(versions);
            }
        }
    }
    predict(&scene.pool, &scene.owner(), &predictions).await;
    insert_outcomes(&scene.pool, &scene.owner(), CRR, &events).await;

    let matrix = scene.matrix("m1", "").await;
    assert_eq!(
        (&matrix["scale"], &matrix["method"]),
        (&json!("retail@1"), &json!("cohort"))
    );
    assert_eq!(matrix["columns"][9], "exit");
    assert_eq!(matrix["columns"][10], "not_rated");
    let shown = &matrix["rows"];
    for (i, row) in rows.iter().enumerate() {
        let mut counts = vec![0; 11];
        counts[..3].copy_from_slice(&row[..3]);
        counts[7..10].copy_from_slice(&row[3..]);
        assert_eq!(shown[i]["counts"], json!(counts));
        assert_eq!(shown[i]["total"], json!(row.iter().sum::<usize>()));
    }
    for (i, pd) in [0.01, 0.03, 0.0875].into_iter().enumerate() {
        near(&shown[i]["pd"], pd);
        near(&shown[i]["probabilities"][7], pd);
    }
    near(&shown[0]["z"][2], 2.389_193_43);
    near(&shown[0]["p"][2], 0.991_557_295_2);
    near(&shown[2]["z"][0], 2.417_028_51);
    // On seven grades companies could have moved further than on the example's three.
    near(
        &matrix["bandwidth_upper"],
        33.0 / f64::from(15 * 6 + 15 * 5),
    );
    near(&matrix["bandwidth_lower"], 20.0 / f64::from(10 * 5 + 9 * 4));
    // Jeffreys' interval of 1 in 100: the quantiles of Beta(1.5, 99.5).
    near(&shown[0]["pd_from"], 0.001_762_096_3);
    near(&shown[0]["pd_to"], 0.038_414_788_1);
    assert_eq!(
        (&shown[6]["total"], &shown[6]["pd"]),
        (&json!(0), &Value::Null)
    );
}

/// Example 9.7: transitions that cohorts never observe, but that were possible.
#[tokio::test]
async fn duration_figures_of_an_organization_equal_the_worked_example() {
    let scene = Scene::start().await;
    let f = companies(&scene.pool, &scene.owner(), 8).await;
    let mut predictions = rated(f[0], 1, Some(("2023-04-01T10:00:00Z", 2)));
    for id in &f[1..4] {
        predictions.extend(rated(*id, 1, None));
    }
    predictions.extend(rated(f[4], 2, None));
    predictions.extend(rated(f[5], 2, Some(("2023-10-01T10:00:00Z", 1))));
    predictions.extend(rated(f[6], 2, None));
    predictions.extend(rated(f[7], 2, None));
    predict(&scene.pool, &scene.owner(), &predictions).await;
    let recorded = "2024-01-15T00:00:00Z";
    let events = [
        (f[2], "exit", "2023-07-01".to_owned(), false, recorded),
        (f[4], "default", "2023-07-01".to_owned(), false, recorded),
    ];
    insert_outcomes(&scene.pool, &scene.owner(), CRR, &events).await;
    // Predictions and outcomes of other owners on the same companies change nothing.
    let personal = Owner::personal(scene.users.user("m1").id);
    predict(&scene.pool, &personal, &rated(f[1], 2, None)).await;
    let own = [(f[1], "default", "2023-02-01".to_owned(), false, recorded)];
    insert_outcomes(&scene.pool, &personal, CRR, &own).await;

    let matrix = scene.matrix("m1", "&method=duration").await;
    for (i, expected) in [[0.80, 0.15, 0.05], [0.20, 0.60, 0.20]].iter().enumerate() {
        let row = &matrix["rows"][i];
        near(&row["probabilities"][0], expected[0]);
        near(&row["probabilities"][1], expected[1]);
        near(&row["pd"], expected[2]);
        let interval = (row["pd_from"].as_f64(), row["pd_to"].as_f64());
        let (Some(from), Some(to)) = interval else {
            panic!("{row}");
        };
        assert!(from <= expected[2] && expected[2] <= to, "{row}");
    }
    assert_eq!(matrix["bootstrap_draws"], 1_000);
    assert_eq!(matrix, scene.matrix_as_of(&matrix).await, "the same again");
    let cohort = scene.matrix("m1", "").await;
    near(&cohort["rows"][0]["pd"], 0.0);
}

impl Scene {
    /// Reads the same matrix, as of the time when it was made.
    async fn matrix_as_of(&self, earlier: &Value) -> Value {
        let time = text(earlier, "data_as_of");
        self.matrix("m1", &format!("&method=duration&as_of={time}"))
            .await
    }
}

#[tokio::test]
async fn invalid_transition_request_is_refused_with_its_reason() {
    let scene = Scene::start().await;
    let oa = scene.users.user("oA");
    let ask = async |query: &str| oa.get(&format!("/analytics/transitions?{query}")).await;
    let none = ask("").await;
    let _ = none.problem(422);
    assert_eq!(none.faults(), ["/from required"]);
    let wrong =
        ask("from=2022-12-31&to=2023-06-01&horizon_months=0&method=guess&lag_months=99").await;
    let _ = wrong.problem(422);
    assert_eq!(
        wrong.faults(),
        [
            "/horizon_months out_of_range",
            "/method unknown_value",
            "/lag_months out_of_range",
        ]
    );
    let short = ask("from=2022-12-31&to=2023-06-01").await;
    let _ = short.problem(422);
    assert_eq!(short.faults(), ["/to out_of_order"]);
    // No coverage is stated for bankruptcies, and for defaults none after 2024.
    let uncovered = ask("from=2022-12-31").await;
    assert_eq!(uncovered.problem(409), "window_not_covered");
    let late = ask(&format!("from=2024-06-30&definition={CRR}")).await;
    assert_eq!(late.problem(409), "window_not_covered");
    let empty = ask(&format!("from=2022-12-31&definition={CRR}")).await;
    assert_eq!(empty.problem(409), "too_few_rows");
    let (a, z) = (scene.users.organization("A"), scene.users.organization("Z"));
    for (who, id, status) in [
        ("m2", a, 409),
        ("tR", a, 409),
        ("mB", a, 403),
        ("u0", a, 403),
        ("oA", z, 403),
    ] {
        let path =
            format!("/analytics/transitions?from=2022-12-31&definition={CRR}&organization_id={id}");
        let answer = scene.users.user(who).get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{who}: {}", answer.text);
    }
    drop(scene.service);
}
