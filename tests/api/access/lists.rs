//! The property of every list: it contains what its reader can read, and nothing else.

use std::collections::BTreeSet;

use accunode_domain::{
    access::{Actor, Reading},
    id::UserId,
    owner::{AccessLevel, Owner},
};
use accunode_ports::repositories::Repositories;
use accunode_tests::TestUser;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::setup::Setup;
use crate::support::{all_rows, column, text};

/// All owners of rows that tests create.
pub(super) const OWNERS: [&str; 13] = [
    "personal(u0)",
    "personal(m1)",
    "personal(m2)",
    "personal(oA)",
    "personal(mB)",
    "personal(tR)",
    "personal(tZ)",
    "personal(sa)",
    "organization(A)",
    "organization(B)",
    "organization(R)",
    "organization(Z)",
    "system",
];

/// Creates a row of each table for every owner.
pub(super) async fn rows_of_all_owners(setup: &Setup) {
    for owner in OWNERS {
        setup.company(owner).await;
        for kind in ["annual", "quarterly"] {
            setup.prediction(kind, owner, owner).await;
        }
        setup.upload(owner).await;
        setup.rescoring(owner).await;
    }
}

/// Returns the actor of a user.
pub(super) async fn actor(setup: &Setup, who: &str) -> Actor {
    let id = UserId(setup.users.user(who).id);
    let store = &setup.service.wired().store;
    let found = store
        .auth()
        .with_membership(id)
        .await
        .expect("the database");
    let (user, membership, _) = found.expect("the user");
    Actor::new(&user, membership).expect("an active user")
}

/// A row as the access rules see it.
pub(super) struct Owned {
    pub(super) id: Uuid,
    pub(super) owner: Owner,
    pub(super) creator: UserId,
}

/// Returns every row of a table.
pub(super) async fn everything(setup: &Setup, table: &str) -> Vec<Owned> {
    let sql = format!("SELECT id, access_level, owner_key, created_by FROM {table}");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&setup.pool)
        .await
        .expect("the rows");
    rows.iter()
        .map(|row| Owned {
            id: row.get("id"),
            owner: owner(row.get("access_level"), row.get("owner_key")),
            creator: UserId(row.get("created_by")),
        })
        .collect()
}

/// Returns an owner from its level and key.
pub(super) fn owner(level: &str, key: Uuid) -> Owner {
    match level.parse().expect("a level") {
        AccessLevel::Personal => Owner::User(UserId(key)),
        AccessLevel::Organization => Owner::Organization(key.into()),
        AccessLevel::System => Owner::System,
    }
}

async fn listed(user: &TestUser, path: &str) -> BTreeSet<Uuid> {
    let rows = all_rows(user, path, 7).await;
    let ids: BTreeSet<Uuid> = rows
        .iter()
        .map(|row| text(row, "id").parse().expect("an id"))
        .collect();
    assert_eq!(ids.len(), rows.len(), "{path}: a row stands there twice");
    ids
}

#[tokio::test]
async fn lists_contain_exactly_the_readable_rows() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    for who in Setup::everyone() {
        let (user, actor) = (setup.users.user(who), actor(&setup, who).await);
        for (path, table) in [
            ("/companies", "companies"),
            ("/companies?sort=symbol", "companies"),
            ("/predictions/annual", "annual_predictions"),
            ("/predictions/annual?sort=pd", "annual_predictions"),
            ("/predictions/quarterly", "quarterly_predictions"),
            ("/bulk-uploads", "bulk_upload_jobs"),
        ] {
            let expected: BTreeSet<Uuid> = everything(&setup, table)
                .await
                .into_iter()
                .filter(|row| actor.read(row.owner) == Ok(Reading::Open))
                .map(|row| row.id)
                .collect();
            assert!(
                !expected.is_empty(),
                "{who} has something of their own in {table}"
            );
            assert_eq!(listed(user, path).await, expected, "{who} lists {path}");
            let csv = user.get_as(path, "text/csv").await;
            let mut reader = csv::Reader::from_reader(csv.text.as_bytes());
            let exported: BTreeSet<Uuid> = reader
                .records()
                .map(|row| row.expect("a row")[0].parse().expect("an id"))
                .collect();
            assert_eq!(exported, expected, "{who} exports {path}");
        }
    }
}

#[tokio::test]
async fn filters_narrow_the_readable_rows_and_never_widen_them() {
    let setup = Setup::start().await;
    rows_of_all_owners(&setup).await;
    let (a, z) = (setup.users.organization("A"), setup.users.organization("Z"));
    let made_up = Uuid::from_u128(7);
    for who in Setup::everyone() {
        let (user, actor) = (setup.users.user(who), actor(&setup, who).await);
        for organization in [a, z, made_up] {
            let may = actor.narrowed(None, Some(organization.into())).is_ok();
            for list in [
                "/companies",
                "/predictions/annual",
                "/predictions/quarterly",
                "/bulk-uploads",
            ] {
                let answer = user
                    .get(&format!("{list}?organization_id={organization}"))
                    .await;
                if may {
                    let rows = answer.expect(200);
                    assert_eq!(
                        column(&rows, "access_level")
                            .iter()
                            .filter(|l| *l != "organization")
                            .count(),
                        0
                    );
                    let count = rows["data"].as_array().map(Vec::len);
                    let expected = if organization == made_up {
                        0
                    } else {
                        count.unwrap_or_default().max(1)
                    };
                    assert_eq!(count, Some(expected), "{who} {list}");
                } else {
                    assert_eq!(
                        answer.problem(403),
                        "outside_scope",
                        "{who} {list} {organization}"
                    );
                }
            }
        }
        for level in ["personal", "organization", "system"] {
            let list = user
                .get(&format!("/companies?limit=100&access_level={level}"))
                .await
                .expect(200);
            let expected = everything(&setup, "companies")
                .await
                .iter()
                .filter(|row| {
                    actor.read(row.owner) == Ok(Reading::Open)
                        && row.owner.level().as_str() == level
                })
                .count();
            assert_eq!(
                list["data"].as_array().map(Vec::len),
                Some(expected),
                "{who} {level}"
            );
        }
    }
}

#[tokio::test]
async fn search_finds_readable_rows_only() {
    let setup = Setup::start().await;
    for owner in OWNERS {
        setup.company(owner).await;
    }
    let all = everything(&setup, "companies").await;
    for who in Setup::everyone() {
        let (user, actor) = (setup.users.user(who), actor(&setup, who).await);
        for row in &all {
            let symbol: String = crate::support::ask(
                &setup.pool,
                &format!("SELECT symbol FROM companies WHERE id = '{}'", row.id),
            )
            .await;
            let found = user
                .get(&format!("/companies?q={symbol}&limit=100"))
                .await
                .expect(200);
            let found = column(&found, "id").contains(&row.id.to_string());
            assert_eq!(
                found,
                actor.read(row.owner) == Ok(Reading::Open),
                "{who} searches {symbol}"
            );
        }
    }
}
