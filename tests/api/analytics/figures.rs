//! Every figure equals the plain query over the rows that its reader can read, at every
//! moment.

use std::collections::BTreeMap;

use accunode_domain::{
    access::{Actor, DashboardScope},
    id::{OrganizationId, UserId},
    validation::MasterScale,
};
use accunode_ports::repositories::Repositories;
use accunode_tests::{
    Service,
    tenancy::{Tenancy, USERS},
};
use serde_json::{Map, Value, json};

use super::plain::Plain;
use crate::support::{file, line, quarterly_ratios, ratios, run, scale_of, submit, text, with};

const CASES: u64 = 60;
const YEARS: [&str; 3] = ["2022", "2023", "2024"];

/// A small random generator. Its seed is printed, so that the cases can be repeated.
struct Rng(u64);

impl Rng {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*, its high bits
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// A part of what a user can read; `None` for all of it.
type Part = Option<(DashboardScope, Option<OrganizationId>)>;

struct FigureTest<'a> {
    service: &'a Service,
    users: &'a Tenancy,
    pool: sqlx::PgPool,
    rng: Rng,
    /// Scales on the buckets and off them, each with its reference and its bounds.
    scales: [(String, Vec<f64>); 2],
}

impl FigureTest<'_> {
    fn someone(&mut self) -> &'static str {
        self.rng.pick(&USERS).0
    }

    async fn actor(&self, who: &str) -> Actor {
        let id = UserId(self.users.user(who).id);
        let found = self.service.wired().store.auth().with_membership(id).await;
        let (user, membership, _) = found.expect("the database").expect("the user");
        Actor::new(&user, membership).expect("an active user")
    }

    /// A user writes something: a prediction, an update, a removal or a small file.
    async fn write(&mut self) -> String {
        let who = self.someone();
        let user = self.users.user(who);
        let kind = self.rng.pick(&["annual", "annual", "quarterly"]);
        let level = match who {
            "u0" => "personal",
            "sa" => self.rng.pick(&["personal", "system", "system"]),
            _ => self.rng.pick(&["personal", "organization", "organization"]),
        };
        match self.rng.roll(10) {
            0..=5 => {
                let mut body = json!({
                    "company": {
                        "symbol": format!("S{}", self.rng.roll(6)), "sector": self.rng.pick(&["Energy", "Utilities"]),
                        "country": self.rng.pick(&["USA", "DEU"]), "industry": self.rng.pick(&["Oil", "Water"]),
                    },
                    "reporting_year": self.rng.pick(&YEARS), "access_level": level, "on_conflict": "update",
                    "ratios": if kind == "annual" { ratios() } else { quarterly_ratios() },
                });
                let (ratio, risky) = if kind == "annual" {
                    ("return_on_assets", -0.9)
                } else {
                    ("current_ratio", 0.1)
                };
                body["ratios"][ratio] = json!([risky, 0.02, 0.4][self.rng.roll(3)]);
                if kind == "quarterly" {
                    body["reporting_quarter"] = self.rng.pick(&["Q1", "Q4"]).into();
                } else if self.rng.roll(2) == 0 {
                    body["ratios"]["total_debt_to_ebitda"] = json!(-1);
                    body["ratios"]["ebit_to_interest_expense"] = json!(-8);
                }
                let answer = user.post(&format!("/predictions/{kind}"), &body).await;
                // Another user's row in the organization may already exist.
                assert!(
                    [200, 201, 403].contains(&answer.status.as_u16()),
                    "{who}: {}",
                    answer.text
                );
                format!("{who} predicts {kind} {level}: {}", answer.status)
            }
            6..=7 => {
                let list = user
                    .get(&format!("/predictions/{kind}?limit=100"))
                    .await
                    .expect(200);
                let rows = list["data"].as_array().expect("rows").clone();
                if rows.is_empty() {
                    return format!("{who} has nothing to remove");
                }
                let row = &rows[self.rng.roll(rows.len())];
                let answer = user
                    .delete(&format!("/predictions/{kind}/{}", text(row, "id")))
                    .await;
                assert!(
                    [204, 403].contains(&answer.status.as_u16()),
                    "{who}: {}",
                    answer.text
                );
                format!("{who} removes {kind}: {}", answer.status)
            }
            8 => {
                let list = user.get("/companies?limit=100").await.expect(200);
                let rows = list["data"].as_array().expect("rows").clone();
                if rows.is_empty() {
                    return format!("{who} has no company");
                }
                let row = &rows[self.rng.roll(rows.len())];
                let answer = user
                    .delete(&format!("/companies/{}?force=true", text(row, "id")))
                    .await;
                // Rows of others may refer to it.
                assert!(
                    [204, 403, 409].contains(&answer.status.as_u16()),
                    "{who}: {}",
                    answer.text
                );
                format!("{who} removes a company: {}", answer.status)
            }
            _ => {
                let lines: Vec<String> = (0..4)
                    .map(|n| {
                        line(
                            &format!("S{n}"),
                            self.rng.pick(&YEARS),
                            self.rng.pick(&["0.1", "9", "-2"]),
                        )
                    })
                    .collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let options = [
                    ("access_level", level),
                    ("on_conflict", "update"),
                    ("force", "true"),
                ];
                let job = submit(user, "a.csv", file(&lines), &options).await;
                let done = self.service.finished(user, &job).await;
                assert_eq!(done["status"], "completed", "{done}");
                format!("{who} uploads {level}")
            }
        }
    }

    /// A user reads figures, and they equal those of the plain query.
    async fn compare_figures(&mut self, after: &str) {
        let who = self.someone();
        let actor = self.actor(who).await;
        let year = if self.rng.roll(2) == 0 {
            None
        } else {
            Some(self.rng.pick(&YEARS))
        };
        let mut parts: Vec<Part> = vec![None];
        for scope in DashboardScope::ALL {
            parts.push(Some((scope, None)));
            if matches!(scope, DashboardScope::Organization | DashboardScope::Tenant) {
                parts.extend(
                    self.users
                        .organizations
                        .values()
                        .map(|id| Some((scope, Some((*id).into())))),
                );
            }
        }
        let children: Vec<OrganizationId> = ["A", "B"]
            .map(|name| self.users.organization(name).into())
            .to_vec();
        let user = self.users.user(who);
        for part in parts {
            let query = match part {
                None => String::new(),
                Some((scope, None)) => format!("&scope={scope}"),
                Some((scope, Some(id))) => format!("&scope={scope}&organization_id={id}"),
            };
            let expected = match part {
                None => Ok(actor.scope()),
                Some((scope, organization)) => {
                    let root = organization == Some(self.users.organization("R").into());
                    actor.dashboard(scope, organization, if root { &children } else { &[] })
                }
            };
            let year_part = year
                .map(|year| format!("&reporting_year={year}"))
                .unwrap_or_default();
            let what = format!("{who} looks at {query}{year_part} after {after}");
            let answer = user
                .get(&format!(
                    "/dashboard?{}",
                    format!("{query}{year_part}").trim_start_matches('&')
                ))
                .await;
            let Ok(scope) = expected else {
                assert!(
                    [403, 422].contains(&answer.status.as_u16()),
                    "{what}: {}",
                    answer.text
                );
                continue;
            };
            let plain = Plain {
                pool: &self.pool,
                reader: actor.scope(),
                scope,
                year,
            };
            let computed = answer.expect(200);
            for kind in ["annual", "quarterly"] {
                plain.is_headline(kind, &computed[kind], &what).await;
                let group_by = ["sector", "industry", "country", "organization"][self.rng.roll(4)];
                let path = format!(
                    "/analytics/risk-distribution?kind={kind}&group_by={group_by}{query}{year_part}"
                );
                let computed = by_group(&user.get(&path).await.expect(200));
                assert_eq!(
                    computed,
                    plain.distribution(kind, group_by).await,
                    "{what} {path}"
                );
                let (scale, bounds) = &self.scales[self.rng.roll(2)];
                let group_by =
                    ["none", "sector", "industry", "country", "organization"][self.rng.roll(5)];
                let path = format!(
                    "/analytics/grades?kind={kind}&group_by={group_by}&scale={scale}{query}{year_part}"
                );
                let computed = user.get(&path).await.expect(200);
                let what = format!("{what} {path}");
                plain
                    .is_graded(kind, group_by, bounds, &computed, &what)
                    .await;
            }
        }
    }
}

/// The groups by name.
fn by_group(distribution: &Value) -> Value {
    let mut groups = Map::new();
    for row in distribution["data"].as_array().expect("groups") {
        let mut counts = row.clone();
        let name = counts
            .as_object_mut()
            .and_then(|row| row.remove("group"))
            .expect("a group");
        groups.insert(name.as_str().expect("a name").to_owned(), counts);
    }
    Value::Object(groups)
}

#[tokio::test]
async fn figures_equal_the_plain_query_after_every_write_for_every_reader() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let everyones = with(
        json!({ "access_level": "system" }),
        Value::Object(scale_of("plain").into_iter().collect()),
    );
    let made = users.user("sa").post("/rating-scales", &everyones).await;
    let made = made.expect(201);
    let scales = [
        (
            MasterScale::SHIPPED.to_owned(),
            MasterScale::standard().bounds(),
        ),
        (
            text(&made, "id").to_owned(),
            vec![0.001, 0.005, 0.01, 0.02, 0.05, 0.2],
        ),
    ];
    for seed in [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03] {
        let pool = service.database.superuser().await;
        let mut test = FigureTest {
            service: &service,
            users: &users,
            pool,
            rng: Rng(seed),
            scales: scales.clone(),
        };
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        for case in 0..CASES / 2 {
            // Read before the write, so that a stale cached figure is noticed.
            test.compare_figures("nothing new").await;
            let what = test.write().await;
            *kinds
                .entry(what.split(':').next().unwrap_or_default().to_owned())
                .or_default() += 1;
            test.compare_figures(&format!("case {case} of seed {seed:x}: {what}"))
                .await;
        }
        println!("{kinds:?}");
    }
}

#[tokio::test]
async fn figures_follow_changes_of_the_readers_rights() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let _ = m1
        .post(
            "/predictions/annual",
            &crate::support::prediction("ACME", "2024"),
        )
        .await
        .expect(201);
    let published = with(
        crate::support::prediction("ACME", "2024"),
        json!({ "access_level": "system" }),
    );
    let _ = users
        .user("sa")
        .post("/predictions/annual", &published)
        .await
        .expect(201);
    let total =
        async || m1.get("/dashboard").await.expect(200)["annual"]["total_predictions"].clone();
    assert_eq!(total().await, 2);
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE organizations SET hide_system_data = true WHERE name = 'A'",
    )
    .await;
    assert_eq!(total().await, 1);
    run(&pool, "UPDATE users SET organization_id = (SELECT id FROM organizations WHERE name = 'B') WHERE email = 'm1@example.com'").await;
    assert_eq!(total().await, 1, "B hides nothing, and sees nothing of A");
}

#[tokio::test]
async fn invalid_analytics_parameters_are_named() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (path, fault) in [
        ("/dashboard?scope=galaxy", "/scope unknown_value"),
        (
            "/dashboard?reporting_year=24",
            "/reporting_year invalid_year",
        ),
        (
            "/analytics/risk-distribution?group_by=size",
            "/group_by unknown_value",
        ),
        (
            "/analytics/risk-distribution?kind=monthly",
            "/kind unknown_value",
        ),
    ] {
        let answer = ana.get(path).await;
        let _ = answer.problem(422);
        assert_eq!(answer.faults(), [fault]);
    }
    assert_eq!(
        ana.get("/dashboard?scope=organization").await.problem(403),
        "level_forbidden"
    );
}
