//! A prediction that was raised counts for the owner that had it on the day of a figure.

use std::collections::BTreeMap;

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    complete,
    portfolio::{Owner, Predicted, companies, insert_outcomes, predict, usual},
    validated,
};
use crate::support::{run, text, with};

const COVERAGE: &str = "/outcome-coverage/bankruptcy@1";

struct Scene {
    service: Service,
    users: Tenancy,
    pool: PgPool,
}

/// The companies of a sample with their PDs.
type Sample = BTreeMap<Uuid, f64>;

impl Scene {
    async fn start() -> Self {
        let service = Service::start().await;
        let users = Tenancy::of(&service).await;
        let pool = service.database.superuser().await;
        for (who, fields) in [
            ("m1", json!({ "access_level": "personal" })),
            ("oA", json!({})),
        ] {
            let user = users.user(who);
            let _ = user.put(COVERAGE, &complete(&fields)).await.expect(200);
        }
        Self {
            service,
            users,
            pool,
        }
    }

    fn personal(&self) -> (&TestUser, Value) {
        let fields = json!({ "access_level": "personal" });
        (self.users.user("m1"), fields)
    }

    fn shared(&self) -> (&TestUser, Value) {
        (self.users.user("oA"), json!({}))
    }

    /// A completed report, and its sample.
    async fn report(&self, (user, fields): (&TestUser, Value), more: Value) -> (Value, Sample) {
        let body = with(json!({ "kind": "annual", "d0": "2022-12-31" }), fields);
        let report = validated(&self.service, user, &with(body, more)).await;
        assert_eq!(report["status"], "completed", "{report}");
        let path = format!("/validations/{}/sample.csv", text(&report, "id"));
        let csv = user.get(&path).await.text;
        let row = |line: &str| {
            let cells: Vec<_> = line.split(',').collect();
            let company = cells[1].parse().expect("an id");
            (company, cells[3].parse().expect("a PD"))
        };
        (report, csv.lines().skip(1).map(row).collect())
    }

    /// Raises a company with its predictions to the organization.
    async fn raise(&self, company: Uuid) {
        let body = json!({ "access_level": "organization", "with_predictions": true });
        let path = format!("/companies/{company}");
        let moved = self.users.user("m1").patch(&path, &body).await.expect(200);
        assert_eq!(moved["moved"]["annual"], 1, "{moved}");
    }
}

#[tokio::test]
async fn raising_a_prediction_changes_no_report_of_the_time_before() {
    let scene = Scene::start().await;
    let owner = Owner::organization(scene.users.organization("A"), scene.users.user("oA").id);
    let own = Owner::personal(scene.users.user("m1").id);
    let shared = companies(&scene.pool, &owner, 10).await;
    let personal = companies(&scene.pool, &own, 3).await;
    let rows = |ids: &[Uuid]| -> Vec<Predicted> { ids.iter().map(|id| usual(*id, 0.02)).collect() };
    predict(&scene.pool, &owner, &rows(&shared)).await;
    predict(&scene.pool, &own, &rows(&personal)).await;
    let default = (
        personal[0],
        "default",
        "2023-05-01".to_owned(),
        false,
        "2023-06-01T00:00:00Z",
    );
    insert_outcomes(&scene.pool, &own, "bankruptcy@1", &[default]).await;
    let before = [
        scene.report(scene.personal(), json!({})).await,
        scene.report(scene.shared(), json!({})).await,
    ];
    assert_eq!([before[0].1.len(), before[1].1.len()], [3, 10]);

    scene.raise(personal[0]).await;

    // As of the time before, every byte is the same for both.
    for (whose, (report, sample)) in [scene.personal(), scene.shared()].into_iter().zip(&before) {
        let as_of = json!({ "as_of": report["data_as_of"] });
        let (again, same) = scene.report(whose, as_of).await;
        assert_eq!(again["sample_sha256"], report["sample_sha256"]);
        assert_eq!(again["report_sha256"], report["report_sha256"]);
        assert_eq!(same, *sample);
    }
    // As of now, too: in 2022 the prediction was the user's, and so was its outcome.
    let (report, sample) = scene.report(scene.personal(), json!({})).await;
    assert_eq!(sample, before[0].1);
    assert_eq!(report["report"]["windows"][0]["sample"]["defaults"], 1);
    let (_, sample) = scene.report(scene.shared(), json!({})).await;
    assert_eq!(sample, before[1].1);
    // By periods, what is scored today is the sample: it is the organization's now.
    let by_period = json!({ "basis": "period" });
    let (_, sample) = scene.report(scene.personal(), by_period.clone()).await;
    assert_eq!(sample.len(), 2);
    let (_, sample) = scene.report(scene.shared(), by_period).await;
    assert!(sample.len() == 11 && sample.contains_key(&personal[0]));
    // The statement of quarterly predictions is another one, and finds none.
    let body = json!({ "kind": "quarterly", "d0": "2022-12-31" });
    let none = validated(&scene.service, scene.users.user("oA"), &body).await;
    assert_eq!(none["error_code"], "empty_sample", "{none}");
}

/// A prediction that was raised in July 2022, and scored again in August.
#[tokio::test]
async fn raised_prediction_counts_for_the_owner_of_each_day_at_its_version_then() {
    let scene = Scene::start().await;
    let owner = Owner::organization(scene.users.organization("A"), scene.users.user("oA").id);
    let own = Owner::personal(scene.users.user("m1").id);
    // One company each that stays where it is, so that no sample is empty.
    let (stays, shared) = (
        companies(&scene.pool, &own, 1).await[0],
        companies(&scene.pool, &owner, 1).await[0],
    );
    predict(&scene.pool, &own, &[usual(stays, 0.01)]).await;
    predict(&scene.pool, &owner, &[usual(shared, 0.01)]).await;
    let both = companies(&scene.pool, &own, 1).await;
    let moves = both[usize::from(both[0] == stays)];
    let scored_again = "2022-08-01T10:00:00Z";
    let versions = [
        Predicted {
            at: scored_again,
            ..usual(moves, 0.05)
        },
        Predicted {
            replaced: Some(scored_again),
            ..usual(moves, 0.02)
        },
    ];
    predict(&scene.pool, &own, &versions).await;
    scene.raise(moves).await;
    run(
        &scene.pool,
        "UPDATE annual_prediction_owners SET until = '2022-07-01T10:00:00Z'",
    )
    .await;
    for (d0, personal, organization) in [
        ("2022-06-15", Some(0.02), None),
        ("2022-07-15", None, Some(0.02)),
        ("2022-12-31", None, Some(0.05)),
    ] {
        let d0 = json!({ "d0": d0 });
        let (_, sample) = scene.report(scene.personal(), d0.clone()).await;
        assert_eq!(sample.get(&moves).copied(), personal, "{d0}");
        assert!(sample.contains_key(&stays));
        let (_, sample) = scene.report(scene.shared(), d0.clone()).await;
        assert_eq!(sample.get(&moves).copied(), organization, "{d0}");
        assert!(sample.contains_key(&shared));
    }
}
