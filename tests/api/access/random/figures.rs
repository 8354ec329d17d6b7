//! Every figure, over the rows that may be read.

use std::collections::{BTreeMap, BTreeSet};

use accunode_domain::owner::AccessLevel;
use accunode_tests::TestUser;
use serde_json::Value;

use super::spec::{Bundle, BundlePart, Spec};
use crate::support::{count, number, text};

/// Compares a number with one that was computed in another order.
fn assert_near(computed: &Value, expected: f64, about: &str) {
    let computed = computed.as_f64().unwrap_or(f64::NAN);
    assert!(
        (computed - expected).abs() < 1e-9,
        "{about}: {computed} and not {expected}"
    );
}

fn mean(values: impl Iterator<Item = u32>) -> f64 {
    let all: Vec<f64> = values.map(|value| f64::from(value) / 100.0).collect();
    all.iter().sum::<f64>() / f64::from(u32::try_from(all.len()).expect("a few"))
}

pub(super) async fn check(spec: &Spec, who: usize, user: &TestUser) {
    for (kind, part) in [
        ("annual", BundlePart::Annual),
        ("quarterly", BundlePart::Quarterly),
    ] {
        let readable: Vec<(usize, &Bundle)> = spec
            .bundles
            .iter()
            .enumerate()
            .filter(|(_, bundle)| spec.reads(who, Spec::owned(bundle, part)))
            .collect();
        let about = format!("{kind} as {who} of {spec:#?}");
        headline(kind, &readable, user, &about).await;
        distribution(kind, &readable, user, &about).await;
        trend(kind, &readable, user, &about).await;
        if part == BundlePart::Quarterly {
            agreement(&readable, user, &about).await;
        }
    }
    stats(spec, who, user).await;
}

async fn headline(kind: &str, readable: &[(usize, &Bundle)], user: &TestUser, about: &str) {
    for year in [None, Some(2022)] {
        let path = year.map_or("/dashboard".to_owned(), |year| {
            format!("/dashboard?reporting_year={year}")
        });
        let computed = user.get(&path).await.expect(200);
        let computed = &computed[kind];
        let counted: Vec<&Bundle> = readable
            .iter()
            .map(|(_, bundle)| *bundle)
            .filter(|bundle| year.is_none_or(|year| bundle.year == year))
            .collect();
        let high = counted
            .iter()
            .filter(|bundle| bundle.risk == "High")
            .count();
        assert_eq!(
            computed["total_predictions"],
            counted.len(),
            "{path} {about}"
        );
        assert_eq!(computed["high_risk_count"], high, "{path} {about}");
        // Each row has a separate company.
        assert_eq!(computed["high_risk_companies"], high, "{path} {about}");
        if counted.is_empty() {
            assert!(computed["mean_pd"].is_null(), "{path} {about}");
        } else {
            let average = mean(counted.iter().map(|bundle| bundle.pd));
            assert_near(&computed["mean_pd"], average, about);
        }
    }
}

async fn distribution(kind: &str, readable: &[(usize, &Bundle)], user: &TestUser, about: &str) {
    for by in ["sector", "organization"] {
        let computed = user
            .get(&format!(
                "/analytics/risk-distribution?kind={kind}&group_by={by}"
            ))
            .await
            .expect(200);
        let mut groups: BTreeMap<String, [i64; 3]> = BTreeMap::new();
        for (_, bundle) in readable {
            let group = match (by, bundle.level) {
                ("sector", _) => format!("Sector {}", bundle.sector),
                (_, AccessLevel::Personal) => "Personal".to_owned(),
                (_, AccessLevel::System) => "System".to_owned(),
                (_, AccessLevel::Organization) => format!("Place {}", bundle.place),
            };
            let level = ["Low", "Medium", "High"]
                .iter()
                .position(|level| *level == bundle.risk)
                .expect("a level");
            groups.entry(group).or_default()[level] += 1;
        }
        let rows = computed["data"].as_array().expect("groups");
        let shown: BTreeMap<String, [i64; 3]> = rows
            .iter()
            .map(|row| {
                let counts = ["low", "medium", "high"].map(|level| count(row, level));
                (text(row, "group").to_owned(), counts)
            })
            .collect();
        assert_eq!(shown, groups, "by {by} {about}");
        for row in rows {
            let sum: i64 = ["low", "medium", "high"]
                .iter()
                .map(|l| count(row, l))
                .sum();
            assert_eq!(count(row, "total_predictions"), sum);
        }
    }
}

async fn trend(kind: &str, readable: &[(usize, &Bundle)], user: &TestUser, about: &str) {
    let computed = user
        .get(&format!("/analytics/trend?kind={kind}"))
        .await
        .expect(200);
    let mut periods: BTreeMap<(String, Option<String>), Vec<&Bundle>> = BTreeMap::new();
    for (_, bundle) in readable {
        let quarter = (kind == "quarterly").then(|| format!("Q{}", bundle.quarter));
        periods
            .entry((bundle.year.to_string(), quarter))
            .or_default()
            .push(bundle);
    }
    let rows = computed["data"].as_array().expect("points");
    let shown: BTreeSet<(String, Option<String>)> = rows
        .iter()
        .map(|row| {
            let quarter = row["reporting_quarter"].as_str().map(str::to_owned);
            (text(row, "reporting_year").to_owned(), quarter)
        })
        .collect();
    assert_eq!(shown, periods.keys().cloned().collect(), "{about}");
    for row in rows {
        let quarter = row["reporting_quarter"].as_str().map(str::to_owned);
        let counted = &periods[&(text(row, "reporting_year").to_owned(), quarter)];
        assert_eq!(row["total_predictions"], counted.len(), "{about}");
        let average = mean(counted.iter().map(|bundle| bundle.pd));
        assert_near(&row["mean_pd"], average, about);
        let high = counted
            .iter()
            .filter(|bundle| bundle.risk == "High")
            .count();
        let share =
            f64::from(u32::try_from(high).expect("a few")) / number(row, "total_predictions");
        assert_near(&row["high_share"], share, about);
    }
}

async fn agreement(readable: &[(usize, &Bundle)], user: &TestUser, about: &str) {
    let computed = user.get("/analytics/model-agreement").await.expect(200);
    let mut quarters: BTreeMap<(u16, u8), Vec<&Bundle>> = BTreeMap::new();
    for (_, bundle) in readable {
        quarters
            .entry((bundle.year, bundle.quarter))
            .or_default()
            .push(bundle);
    }
    let rows = computed["data"].as_array().expect("quarters");
    assert_eq!(rows.len(), quarters.len(), "{about}");
    for (row, ((year, quarter), counted)) in rows.iter().zip(quarters.iter().rev()) {
        assert_eq!(text(row, "reporting_year"), year.to_string());
        assert_eq!(text(row, "reporting_quarter"), format!("Q{quarter}"));
        assert_eq!(row["total_predictions"], counted.len(), "{about}");
        let apart = |of: fn(&Bundle) -> u32| mean(counted.iter().map(|b| of(b).abs_diff(b.pd)));
        assert_near(&row["logistic_deviation"], apart(|b| b.logistic), about);
        assert_near(&row["gbm_deviation"], apart(|b| b.gbm), about);
        let confidence = mean(counted.iter().map(|bundle| bundle.confidence));
        assert_near(&row["mean_confidence"], confidence, about);
    }
}

async fn stats(spec: &Spec, who: usize, user: &TestUser) {
    let administered = spec.administered(who);
    for place in 0..spec.places.len() {
        let path = format!("/organizations/{}/stats", Spec::place_id(place));
        let answer = user.get(&path).await;
        if !administered.contains(&place) {
            assert!(
                matches!(answer.status.as_u16(), 403 | 404),
                "{who} {spec:#?}"
            );
            continue;
        }
        let computed = answer.expect(200);
        let of = |part: BundlePart| {
            let own = spec.bundles.iter().filter(|bundle| {
                let owned = Spec::owned(bundle, part);
                owned.level == AccessLevel::Organization && bundle.place == place
            });
            own.count()
        };
        let about = format!("{place} as {who} of {spec:#?}");
        assert_eq!(computed["users"], spec.members(place), "{about}");
        assert_eq!(computed["companies"], of(BundlePart::Company), "{about}");
        assert_eq!(
            computed["predictions"]["annual"],
            of(BundlePart::Annual),
            "{about}"
        );
        assert_eq!(
            computed["predictions"]["quarterly"],
            of(BundlePart::Quarterly),
            "{about}"
        );
        assert_eq!(computed["jobs"], of(BundlePart::Job), "{about}");
    }
}
