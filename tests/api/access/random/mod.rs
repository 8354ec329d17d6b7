//! Two properties, in random tenants: every list contains { row : read(u, row) }, and every
//! figure is the same figure over that set. An oracle without scopes and SQL computes here
//! what may be read and what the figures are, from the created rows.

mod figures;
mod spec;

use std::collections::BTreeSet;

use accunode_domain::owner::AccessLevel;
use accunode_tests::{Service, ServiceOptions, TestUser};
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use crate::support::{all_rows, run, text};
use spec::{BundlePart, Spec};

/// The number of random tenants; each is a separate service.
const CASES: u32 = 4;

#[test]
fn lists_and_figures_equal_the_readable_rows_of_random_tenants() {
    let config = Config {
        cases: CASES,
        max_shrink_iters: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&spec::specs(), |spec| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(check(&spec));
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

/// Creates what is specified and checks it as every user.
async fn check(spec: &Spec) {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let pool = service.database.superuser().await;
    // All users have this user's password.
    let _ = service.user("seed").await;
    run(&pool, &spec.sql("seed@example.com")).await;
    for (who, someone) in spec.users.iter().enumerate() {
        if !someone.is_active {
            continue;
        }
        let user = service.anonymous().login(&Spec::email(who)).await;
        if spec.is_shut_out(who) {
            for list in LISTS {
                let answer = user.get(list.0).await;
                assert_eq!(answer.problem(403), "organization_inactive");
            }
            continue;
        }
        lists(spec, who, &user).await;
        figures::check(spec, who, &user).await;
    }
}

const LISTS: [(&str, BundlePart); 8] = [
    ("/companies", BundlePart::Company),
    ("/companies?sort=name", BundlePart::Company),
    ("/companies?sort=symbol", BundlePart::Company),
    ("/predictions/annual", BundlePart::Annual),
    ("/predictions/annual?sort=pd", BundlePart::Annual),
    ("/predictions/quarterly", BundlePart::Quarterly),
    ("/predictions/quarterly?sort=pd", BundlePart::Quarterly),
    ("/bulk-uploads", BundlePart::Job),
];

async fn lists(spec: &Spec, who: usize, user: &TestUser) {
    for (list, part) in LISTS {
        let expected = spec.readable(who, part, |_| true);
        let about = format!("{who} lists {list} of {spec:#?}");
        assert_eq!(listed(user, list).await, expected, "{about}");
        let csv = user.get_as(list, "text/csv").await;
        let mut reader = csv::Reader::from_reader(csv.text.as_bytes());
        let exported: Vec<Uuid> = reader
            .records()
            .map(|row| row.expect("a row")[0].parse().expect("an id"))
            .collect();
        assert_eq!(exported.len(), expected.len(), "{about}");
        assert_eq!(exported.into_iter().collect::<BTreeSet<_>>(), expected);
        if part == BundlePart::Job {
            continue;
        }
        for level in AccessLevel::ALL {
            let mark = if list.contains('?') { '&' } else { '?' };
            let narrowed = format!("{list}{mark}access_level={level}");
            let expected = spec.readable(who, part, |owned| owned.level == level);
            assert_eq!(
                listed(user, &narrowed).await,
                expected,
                "{narrowed} {about}"
            );
        }
    }
}

async fn listed(user: &TestUser, path: &str) -> BTreeSet<Uuid> {
    let rows = all_rows(user, path, 3).await;
    let ids: BTreeSet<Uuid> = rows
        .iter()
        .map(|row| text(row, "id").parse().expect("an id"))
        .collect();
    assert_eq!(ids.len(), rows.len(), "{path}: a row stands there twice");
    ids
}
