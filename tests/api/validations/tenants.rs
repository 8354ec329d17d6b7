//! A figure never mixes owners, also if others have predictions and outcomes on the same company.

use std::collections::BTreeMap;

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;
use uuid::Uuid;

use super::{
    complete,
    portfolio::{Owner, companies, insert_outcomes, predict, usual},
    validated, window,
};

/// The expected figures of each owner: N, D, and D with the system's outcomes.
type ExpectedCounts = BTreeMap<&'static str, (u64, u64, u64)>;

#[tokio::test]
async fn back_tests_of_every_owner_equal_an_oracle_without_scopes() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let id = |name: &str| users.user(name).id;
    let place = |name: &str| users.organization(name);
    let system = Owner::system(id("sa"));
    let shared = companies(&pool, &system, 40).await;
    let owners = [
        ("u0", "u0", Owner::personal(id("u0")), json!({})),
        (
            "m1",
            "m1",
            Owner::personal(id("m1")),
            json!({ "access_level": "personal" }),
        ),
        (
            "A",
            "oA",
            Owner::organization(place("A"), id("oA")),
            json!({}),
        ),
        (
            "B",
            "tR",
            Owner::organization(place("B"), id("mB")),
            json!({ "organization_id": place("B") }),
        ),
        (
            "Z",
            "tZ",
            Owner::organization(place("Z"), id("tZ")),
            json!({}),
        ),
        ("system", "sa", system, json!({ "access_level": "system" })),
    ];
    let mut seed = 7_u64;
    let mut chance = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % bound
    };
    let mut of_system: Vec<Uuid> = Vec::new();
    let mut seen = Vec::new();
    for (name, _, owner, _) in owners.iter().rev() {
        let rated: Vec<Uuid> = shared.iter().copied().filter(|_| chance(3) > 0).collect();
        let rows: Vec<_> = rated
            .iter()
            .map(|company| usual(*company, 0.001 + chance(900) as f64 / 1_000.0))
            .collect();
        predict(&pool, owner, &rows).await;
        // Some are on companies that this owner has not rated.
        let bad: Vec<Uuid> = shared.iter().copied().filter(|_| chance(4) == 0).collect();
        let events: Vec<_> = bad
            .iter()
            .map(|company| {
                (
                    *company,
                    "default",
                    "2023-05-01".to_owned(),
                    false,
                    "2023-06-01T00:00:00Z",
                )
            })
            .collect();
        insert_outcomes(&pool, owner, "bankruptcy@1", &events).await;
        if *name == "system" {
            of_system.clone_from(&bad);
        }
        let count = |of: &dyn Fn(&Uuid) -> bool| rated.iter().filter(|id| of(id)).count() as u64;
        let own = count(&|id| bad.contains(id));
        let both = count(&|id| bad.contains(id) || of_system.contains(id));
        seen.push((*name, (rated.len() as u64, own, both)));
    }
    let expected_counts: ExpectedCounts = seen.into_iter().collect();
    for (name, asks, _, fields) in &owners {
        let user = users.user(asks);
        let coverage = "/outcome-coverage/bankruptcy@1";
        let _ = user.put(coverage, &complete(fields)).await.expect(200);
        let (n, own, both) = expected_counts[name];
        for (include, defaults) in [(false, own), (true, both)] {
            let mut body = fields.clone();
            body["kind"] = "annual".into();
            body["d0"] = "2022-12-31".into();
            body["include_system_outcomes"] = include.into();
            let report = validated(&service, user, &body).await;
            let sample = &window(&report)["sample"];
            assert_eq!(
                (sample["sample"].as_u64(), sample["defaults"].as_u64()),
                (Some(n), Some(defaults)),
                "{name}, with everyone's outcomes: {include}"
            );
        }
    }
}
