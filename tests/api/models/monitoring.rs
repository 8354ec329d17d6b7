//! `GET /models/{name}/monitoring` and its snapshots.

use std::time::Duration;

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::Models;
use crate::support::{ask, file, prediction, run, submit, text, with};

const PATH: &str = "/models/annual/monitoring";
const MARGIN: &str = "net_income_margin";

struct Scene {
    service: Service,
    users: Tenancy,
    pool: PgPool,
}

impl Scene {
    async fn start() -> Self {
        let service = Service::start().await;
        let users = Tenancy::of(&service).await;
        let pool = service.database.superuser().await;
        Self {
            service,
            users,
            pool,
        }
    }

    /// Runs the maintenance task, and returns its outcome.
    async fn night(&self, status: &str) -> Value {
        let sa = self.users.user("sa");
        let task = json!({ "task": "monitoring_snapshots" });
        let begun = sa.post("/admin/maintenance", &task).await.expect(202);
        let path = format!("/admin/maintenance/{}", text(&begun, "id"));
        for _ in 0..400 {
            let run = sa.get(&path).await.expect(200);
            if run["status"] != "running" {
                assert_eq!(run["status"], status, "{run}");
                return run["outcome"].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not end");
    }
}

/// Statements of a year that differ in their margins alone: how many have which one.
fn statements(year: &str, margins: &[(&str, usize)]) -> Vec<String> {
    let of_each = margins.iter().flat_map(|(margin, n)| vec![*margin; *n]);
    let line = |(at, margin): (usize, &str)| {
        format!("S{at},S{at} Inc,Industrials,{year},0.25,2.0,{margin},6.4,0.05")
    };
    of_each.enumerate().map(line).collect()
}

async fn upload(service: &Service, user: &TestUser, lines: &[String]) {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let id = submit(user, "statements.csv", file(&lines), &[]).await;
    let job = service.finished(user, &id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["error_count"], 0, "{job}");
}

fn input<'a>(monitoring: &'a Value, name: &str) -> &'a Value {
    let mut inputs = monitoring["inputs"].as_array().into_iter().flatten();
    inputs.find(|input| input["name"] == name).expect(name)
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-8, "{value} is not {expected}");
}

/// 9.5, with the bins of the baseline's period.
#[tokio::test]
async fn indices_of_two_periods_equal_the_worked_examples() {
    let scene = Scene::start().await;
    let oa = scene.users.user("oA");
    let mut lines = Vec::new();
    let margins = ["0.01", "0.02", "0.03", "0.04", "0.05"];
    let mut year = |year: &str, counts: &[usize]| {
        let counts: Vec<_> = margins.into_iter().zip(counts.iter().copied()).collect();
        lines.extend(statements(year, &counts));
    };
    year("2015", &[1000; 5]);
    year("2016", &[150, 180, 210, 220, 240]);
    year("2017", &[500, 300, 150, 50]);
    year("2018", &[120, 60, 20, 0]);
    let missing = |year: &str, missing, each| {
        let counts = [
            ("", missing),
            ("0.01", each),
            ("0.02", each),
            ("0.03", each),
            ("0.04", each),
        ];
        statements(year, &counts)
    };
    lines.extend(missing("2019", 440, 140));
    lines.extend(missing("2020", 100, 225));
    upload(&scene.service, oa, &lines).await;

    let monitoring = async |period: &str, baseline: &str| {
        let path = format!("{PATH}?period={period}&baseline={baseline}");
        oa.get(&path).await.expect(200)
    };
    let even = monitoring("2016", "2015").await;
    let margin = input(&even, MARGIN);
    near(&margin["psi"], 0.026_043_734_9);
    near(&margin["unsmoothed_psi"], 0.026_178_281_4);
    near(&margin["critical_psi"], 0.011_385_274_8);
    assert_eq!(
        (&margin["verdict"], &margin["degrees"]),
        (&json!("stable"), &json!(4))
    );
    let counts: Vec<_> = margin["bins"].as_array().expect("bins").iter().collect();
    assert_eq!(counts[1]["from"], 0.010_05);
    assert_eq!(
        (&counts[1]["to"], &counts[1]["actual_count"]),
        (&json!(0.020_05), &json!(180))
    );
    // The score follows from the margin alone, in the other direction.
    near(&even["score"]["psi"], 0.026_043_734_9);
    // Everything else is in one bin, and one bin tells nothing.
    let same = input(&even, "return_on_assets");
    assert_eq!(
        (&same["psi"], &same["verdict"]),
        (&Value::Null, &json!("undetermined"))
    );

    let empty = monitoring("2018", "2017").await;
    let margin = input(&empty, MARGIN);
    near(&margin["psi"], 0.180_750_617_1);
    near(&margin["critical_psi"], 0.046_888_367_4);
    assert_eq!(margin["verdict"], "watch");
    assert_eq!(margin["unsmoothed_psi"], Value::Null);

    let fewer_gaps = monitoring("2020", "2019").await;
    let margin = input(&fewer_gaps, MARGIN);
    near(&margin["psi"], 0.661_640_131_6);
    assert_eq!(margin["verdict"], "shifted");
    near(&margin["missing_share"], 0.1);
    near(&margin["baseline_missing_share"], 0.44);
    assert_eq!(fewer_gaps["verdict"], "shifted");
    assert_eq!(fewer_gaps["total_baseline"], 1000);

    // The companies are the same in both years; those at the end of the first had the lowest
    // margin before, and have the highest now.
    let movers = even["movers"].as_array().expect("movers");
    assert_eq!((movers.len(), &even["moved_from"]), (20, &json!("2015")));
    for mover in movers {
        let at: usize = text(mover, "company_symbol")[1..]
            .parse()
            .expect("a number");
        assert!((760..1000).contains(&at), "{mover}");
        assert!(mover["log_odds_change"].as_f64() < Some(0.0), "{mover}");
    }
    let trend = even["trend"].as_array().expect("a trend");
    let periods: Vec<_> = trend.iter().map(|point| text(point, "period")).collect();
    assert_eq!(periods, ["2015", "2016"]);
    near(&trend[0]["psi"], 0.0);
    let newest = oa.get(PATH).await.expect(200);
    assert_eq!(
        (&newest["period"], &newest["moved_from"]),
        (&json!("2020"), &json!("2019"))
    );
    assert_eq!(newest["trend"].as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn training_baseline_includes_missing_and_clamped_shares() {
    let scene = Scene::start().await;
    let oa = scene.users.user("oA");
    let statement =
        |symbol: &str, ratios: Value| with(prediction(symbol, "2024"), json!({ "ratios": ratios }));
    let usual = prediction("X", "2024")["ratios"].clone();
    for (symbol, more) in [
        ("GAP", json!({ MARGIN: null })),
        ("LOW", json!({ "return_on_assets": -5 })),
        ("HIGH", json!({ "total_debt_to_ebitda": -3 })),
        ("ZERO", json!({ "total_debt_to_ebitda": 0 })),
    ] {
        let body = statement(symbol, with(usual.clone(), more));
        let _ = oa.post("/predictions/annual", &body).await.expect(201);
    }
    let bank = with(
        prediction("BANK", "2024"),
        json!({ "company": { "symbol": "BANK", "name": "Bank", "sector": "Banks" } }),
    );
    let _ = oa.post("/predictions/annual", &bank).await.expect(201);

    let monitoring = oa.get(PATH).await.expect(200);
    let model = oa.get("/models/annual").await.expect(200);
    assert_eq!(monitoring["model"]["sha256"], model["sha256"]);
    assert_eq!(
        (&monitoring["label"], &monitoring["baseline"]),
        (&json!("bankruptcy@1"), &json!("training"))
    );
    assert_eq!(
        (
            &monitoring["total_predictions"],
            &monitoring["out_of_scope_count"]
        ),
        (&json!(4), &json!(1))
    );
    assert_eq!(
        monitoring["total_baseline"],
        model["training_bins"]["total_statements"]
    );
    assert_eq!(
        (&monitoring["moved_from"], &monitoring["movers"]),
        (&Value::Null, &json!([]))
    );
    // Four companies say nothing.
    assert_eq!(monitoring["verdict"], "undetermined");

    near(&input(&monitoring, MARGIN)["missing_share"], 0.25);
    near(
        &input(&monitoring, "return_on_assets")["clamped_low_share"],
        0.25,
    );
    let debt = input(&monitoring, "total_debt_to_ebitda");
    near(&debt["clamped_high_share"], 0.25);
    near(&debt["clamped_low_share"], 0.0);
    assert_eq!(debt["baseline_clamped_high_share"], Value::Null);
    let bins = debt["bins"].as_array().expect("bins");
    let (first, last) = (&bins[0], &bins[bins.len() - 1]);
    assert_eq!(
        (&first["kind"], &first["actual_count"]),
        (&json!("at_min"), &json!(1))
    );
    assert_eq!(
        (&last["kind"], &last["actual_count"]),
        (&json!("at_max"), &json!(1))
    );
    let trained = &model["training_bins"]["inputs"][1];
    assert_eq!(
        (&first["expected_count"], &last["expected_count"]),
        (&trained["at_min"], &trained["at_max"])
    );
    let expected: Vec<_> = bins[1..bins.len() - 1]
        .iter()
        .map(|bin| bin["expected_count"].clone())
        .collect();
    assert_eq!(json!(expected), trained["counts"]);
}

#[tokio::test]
async fn impossible_comparison_is_refused_with_reason_and_remedy() {
    let models = Models::new();
    let own = models.copy("own");
    own.manifest("/monitoring", Value::Null);
    let service = models.serve(&[]).await;
    let ana = service.user("ana").await;
    let _ = ana
        .post("/predictions/annual", &prediction("AAA", "2024"))
        .await
        .expect(201);
    let ask = async |query: &str| ana.get(&format!("/models/{query}")).await;
    let answer = ask("own/monitoring").await;
    assert_eq!(answer.problem(409), "no_baseline");
    assert!(
        answer.text.contains("name a period as baseline"),
        "{}",
        answer.text
    );
    assert_eq!(
        ask("own/monitoring?baseline=2019").await.problem(409),
        "no_baseline"
    );
    let _ = ask("own/monitoring?baseline=2024").await.expect(200);
    // No prediction is of the shipped model.
    assert_eq!(ask("annual/monitoring").await.problem(409), "too_few_rows");
    assert_eq!(
        ask("own/monitoring?baseline=2024&period=2023")
            .await
            .problem(409),
        "too_few_rows"
    );
    assert_eq!(ask("none/monitoring").await.problem(404), "not_found");
    assert_eq!(
        ask("own/monitoring?version=1.0.0").await.problem(404),
        "not_found"
    );
    assert_eq!(
        ask("none/monitoring/snapshots").await.problem(404),
        "not_found"
    );
    let faults = ask("own/monitoring?period=2024-Q3&baseline=2023-Q3")
        .await
        .faults();
    assert_eq!(faults, ["/period other_kind", "/baseline other_kind"]);
    assert_eq!(
        ask("own/monitoring?baseline=now").await.faults(),
        ["/baseline invalid_baseline"]
    );
}

#[tokio::test]
async fn nightly_snapshots_are_per_owner_and_only_remade_after_changes() {
    let scene = Scene::start().await;
    let (oa, m1, tz) = (
        scene.users.user("oA"),
        scene.users.user("m1"),
        scene.users.user("tZ"),
    );
    let personal = |symbol: &str| {
        with(
            prediction(symbol, "2024"),
            json!({ "access_level": "personal" }),
        )
    };
    for (user, body) in [
        (oa, prediction("AAA", "2023")),
        (oa, prediction("AAA", "2024")),
        (m1, personal("MINE")),
        (tz, prediction("ZZZ", "2024")),
    ] {
        let _ = user.post("/predictions/annual", &body).await.expect(201);
    }
    let first = scene.night("completed").await;
    assert_eq!(
        (&first["periods"], &first["written"], &first["failed"]),
        (&json!(4), &json!(4), &json!(0))
    );
    let again = scene.night("completed").await;
    assert_eq!(
        (&again["periods"], &again["written"]),
        (&json!(4), &json!(0))
    );

    let path = format!("{PATH}/snapshots");
    let list =
        async |user: &TestUser, query: &str| user.get(&format!("{path}{query}")).await.expect(200);
    let of_a = list(oa, "").await;
    let rows = of_a["data"].as_array().expect("rows");
    let mut periods: Vec<_> = rows.iter().map(|row| text(row, "period")).collect();
    periods.sort_unstable();
    assert_eq!(periods, ["2023", "2024"]);
    assert_eq!(
        (&rows[0]["total_predictions"], &rows[0]["verdict"]),
        (&json!(1), &json!("undetermined"))
    );
    assert_eq!(rows[0]["inputs"].as_array().map(Vec::len), Some(5));
    let now = oa
        .get(&format!("{PATH}?period={}", text(&rows[0], "period")))
        .await
        .expect(200);
    assert_eq!(rows[0]["score"]["psi"], now["score"]["psi"]);
    assert_eq!(rows[0]["mean_pd"], now["mean_pd"]);
    assert_eq!(list(m1, "").await["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        list(oa, "?period=2023").await["data"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(list(oa, "?verdict=shifted").await["data"], json!([]));
    let csv = oa.get_as(&path, "text/csv").await;
    assert_eq!(csv.text.lines().count(), 3, "{}", csv.text);

    // Another company: one period is written again, and keeps its id.
    let _ = oa
        .post("/predictions/annual", &prediction("BBB", "2024"))
        .await
        .expect(201);
    assert_eq!(scene.night("completed").await["written"], 1);
    let changed = list(oa, "?period=2024").await;
    assert_eq!(changed["data"][0]["total_predictions"], 2);
    assert!(rows.iter().any(|row| row["id"] == changed["data"][0]["id"]));

    // They go with their owner.
    let tr = scene.users.user("tR");
    let a = scene.users.organization("A");
    let _ = tr
        .delete(&format!("/organizations/{a}?force=true"))
        .await
        .expect(204);
    let me = m1.get("/me").await;
    let etag = me.header("etag").to_owned();
    let _ = m1.with("if-match", &etag).delete("/me").await.expect(204);
    let left: i64 = ask(&scene.pool, "SELECT count(*) FROM monitoring_snapshots").await;
    assert_eq!(left, 1);
}

#[tokio::test]
async fn failing_owner_does_not_stop_the_snapshots_of_others() {
    let scene = Scene::start().await;
    for name in ["oA", "tZ"] {
        let body = prediction("AAA", "2024");
        let _ = scene
            .users
            .user(name)
            .post("/predictions/annual", &body)
            .await
            .expect(201);
    }
    let a = scene.users.organization("A");
    let broken = format!(
        "ALTER TABLE monitoring_snapshots ADD CONSTRAINT broken CHECK (owner_key <> '{a}')"
    );
    run(&scene.pool, &broken).await;
    let outcome = scene.night("failed").await;
    assert_eq!(
        (&outcome["failed"], &outcome["written"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(outcome["error"], "snapshots_failed");
    run(
        &scene.pool,
        "ALTER TABLE monitoring_snapshots DROP CONSTRAINT broken",
    )
    .await;
    assert_eq!(scene.night("completed").await["written"], 1);
}

/// The role that serves reads the rows of its actor and writes none.
#[tokio::test]
async fn snapshots_are_readable_by_owners_and_written_only_by_maintenance() {
    let scene = Scene::start().await;
    for name in ["oA", "tZ"] {
        let body = prediction("AAA", "2024");
        let _ = scene
            .users
            .user(name)
            .post("/predictions/annual", &body)
            .await
            .expect(201);
    }
    let _ = scene.night("completed").await;
    let a = scene.users.organization("A");
    let mut connection = scene.pool.acquire().await.expect("a connection");
    let begin = "SET ROLE accunode_server";
    sqlx::raw_sql(begin)
        .execute(&mut *connection)
        .await
        .expect("the role");
    let count = "SELECT count(*) FROM monitoring_snapshots";
    let nothing: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *connection)
        .await
        .expect("a count");
    assert_eq!(nothing, 0);
    sqlx::query("SELECT set_config('accunode.owner_keys', $1, false)")
        .bind(format!("{{{a}}}"))
        .execute(&mut *connection)
        .await
        .expect("an actor");
    let own: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *connection)
        .await
        .expect("a count");
    assert_eq!(own, 1);
    for change in [
        "UPDATE monitoring_snapshots SET total = 9",
        "INSERT INTO monitoring_snapshots DEFAULT VALUES",
    ] {
        let refused = sqlx::raw_sql(change).execute(&mut *connection).await;
        let refused = refused.expect_err("no right").to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }
    let deleted = sqlx::raw_sql("DELETE FROM monitoring_snapshots")
        .execute(&mut *connection)
        .await;
    assert_eq!(deleted.expect("no row is this actor's").rows_affected(), 0);
}
