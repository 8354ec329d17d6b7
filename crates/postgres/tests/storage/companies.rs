//! Companies.

use accunode_domain::{
    id::CompanyId,
    owner::{AccessLevel, Owner},
    prediction::Prediction,
};
use accunode_ports::{Conflict, RepositoryError, repositories::Repositories};
use uuid::Uuid;

use crate::fixture::{Fixture, grant, organization, profile};

#[tokio::test]
async fn a_symbol_is_unique_within_its_owner_only() {
    let fixture = Fixture::create().await;
    let (m1, m2, u0) = (
        fixture.actor("m1").await,
        fixture.actor("m2").await,
        fixture.actor("u0").await,
    );
    fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    fixture.company(&m1, AccessLevel::Personal, "AAPL").await;
    fixture.company(&u0, AccessLevel::Personal, "AAPL").await;
    let work = fixture.begin(&m2).await;
    let grant = grant(&m2, AccessLevel::Organization);
    let taken = work
        .companies()
        .add(grant, CompanyId(Uuid::new_v4()), &profile("AAPL"))
        .await;
    assert_eq!(taken.unwrap_err().conflict(), Some(Conflict::SymbolTaken));
}

#[tokio::test]
async fn symbol_resolves_to_owners_then_organizations_then_system_company() {
    let fixture = Fixture::create().await;
    let (m1, sa) = (fixture.actor("m1").await, fixture.actor("sa").await);
    let home = m1.organization();
    let personal = grant(&m1, AccessLevel::Personal);
    let mut expected = Vec::new();
    for (actor, level) in [
        (&sa, AccessLevel::System),
        (&m1, AccessLevel::Organization),
        (&m1, AccessLevel::Personal),
    ] {
        expected.push(fixture.company(actor, level, "AAPL").await);
        let work = fixture.begin(&m1).await;
        let found = work
            .companies()
            .find_or_add(
                &m1.scope(),
                personal,
                home,
                CompanyId(Uuid::new_v4()),
                &profile("AAPL"),
            )
            .await
            .unwrap();
        assert!(!found.is_new);
        assert_eq!(Some(&found.company), expected.last());
    }
    let work = fixture.begin(&m1).await;
    let organizations = grant(&m1, AccessLevel::Organization);
    let other = profile("MSFT");
    let made = work
        .companies()
        .find_or_add(
            &m1.scope(),
            organizations,
            home,
            CompanyId(Uuid::new_v4()),
            &other,
        )
        .await
        .unwrap();
    assert!(made.is_new);
    assert_eq!(
        (made.company.owner, &made.company.profile),
        (Owner::Organization(organization("A")), &other)
    );
    let again = work
        .companies()
        .find_or_add(
            &m1.scope(),
            organizations,
            home,
            CompanyId(Uuid::new_v4()),
            &profile("MSFT"),
        )
        .await
        .unwrap();
    assert!(!again.is_new);
    assert_eq!(again.company.id, made.company.id);
}

#[tokio::test]
async fn company_update_needs_the_version_that_was_read() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let grant = grant(&m1, AccessLevel::Organization);
    let mut company = fixture.company(&m1, AccessLevel::Personal, "AAPL").await;
    company.profile.name = "Apple".to_owned();
    let work = fixture.begin(&m1).await;
    // Raised to the organization at the same time.
    let raise = m1
        .widen_access(
            company.owner,
            company.created_by,
            AccessLevel::Organization,
            None,
        )
        .unwrap();
    let changed = work.companies().update(raise, &company, 1).await.unwrap();
    assert_eq!((changed.row_version, changed.owner), (2, grant.owner()));
    assert_eq!(changed.profile.name, "Apple");
    let late = work
        .companies()
        .update(grant, &company, 1)
        .await
        .unwrap_err();
    assert!(matches!(late, RepositoryError::Stale { .. }), "{late:?}");
    let late = work
        .companies()
        .remove(grant, company.id, 1)
        .await
        .unwrap_err();
    assert!(matches!(late, RepositoryError::Stale { .. }), "{late:?}");
    work.companies().remove(grant, company.id, 2).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        fixture
            .store
            .companies()
            .find(&m1.scope(), company.id)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn company_is_in_use_only_by_readable_predictions() {
    let fixture = Fixture::create().await;
    let (m1, m2) = (fixture.actor("m1").await, fixture.actor("m2").await);
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    fixture
        .predict(&m2, AccessLevel::Personal, &company, "2024 Q1", 0.5)
        .await;
    let companies = fixture.store.companies();
    assert!(!companies.is_in_use(&m1.scope(), company.id).await.unwrap());
    assert!(companies.is_in_use(&m2.scope(), company.id).await.unwrap());
}

#[tokio::test]
async fn company_level_change_waits_for_its_predictions_until_commit() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let company = fixture.company(&m1, AccessLevel::Personal, "AAPL").await;
    let made = fixture
        .predict(&m1, AccessLevel::Personal, &company, "2024 Q1", 0.5)
        .await;
    let to = AccessLevel::Organization;
    let raise = m1.widen_access(company.owner, company.created_by, to, None);
    let raise = raise.unwrap();
    let in_use = Some(Conflict::CompanyInUse);
    let work = fixture.begin(&m1).await;
    let alone = work.companies().update(raise, &company, 1).await;
    assert_eq!(alone.unwrap_err().conflict(), in_use);
    drop(work);

    let work = fixture.begin(&m1).await;
    let companies = work.companies();
    let raised = companies.update_with_predictions(raise, &company, 1).await;
    assert_eq!(raised.unwrap().owner, raise.owner());
    let forgotten = work.commit().await;
    assert_eq!(forgotten.unwrap_err().conflict(), in_use);

    let work = fixture.begin(&m1).await;
    let companies = work.companies();
    let raised = companies.update_with_predictions(raise, &company, 1).await;
    let raised = raised.unwrap();
    let with_it = m1.widen_prediction_access(made.owner, made.created_by, to, None, raised.owner);
    let moved = Prediction {
        owner: raised.owner,
        ..made
    };
    let predictions = work.predictions();
    predictions
        .replace(with_it.unwrap(), &moved, 1)
        .await
        .unwrap();
    work.commit().await.unwrap();
}

#[tokio::test]
async fn company_with_undeletable_predictions_is_not_removed() {
    let fixture = Fixture::create().await;
    let (m1, m2) = (fixture.actor("m1").await, fixture.actor("m2").await);
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    fixture
        .predict(&m2, AccessLevel::Organization, &company, "2024 Q1", 0.5)
        .await;
    let grant = m1.write(company.owner, company.created_by).unwrap();
    let work = fixture.begin(&m1).await;
    let rows = work.companies().rows_on(grant, company.id).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].created_by, rows[0].count), (m2.user(), 1));
    // The database enforces the rule itself, even if the rows were not requested before.
    let removed = work.companies().remove(grant, company.id, 1).await;
    assert!(
        matches!(removed, Err(RepositoryError::Stale { .. })),
        "{removed:?}"
    );
}

#[tokio::test]
async fn grant_for_rows_of_another_owner_changes_nothing() {
    let fixture = Fixture::create().await;
    let sa = fixture.actor("sa").await;
    let m1 = fixture.actor("m1").await;
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    let others = [
        sa.create(Some(AccessLevel::Personal), None).unwrap(),
        sa.create(Some(AccessLevel::System), None).unwrap(),
        sa.create(None, Some(organization("B"))).unwrap(),
    ];
    // Row-level security allows the change to a super_admin, so this tests the condition of the
    // statement.
    let work = fixture.begin(&sa).await;
    for grant in others {
        let update = work.companies().update(grant, &company, 1).await;
        assert!(
            matches!(update, Err(RepositoryError::Stale { .. })),
            "{update:?}"
        );
        let remove = work.companies().remove(grant, company.id, 1).await;
        assert!(
            matches!(remove, Err(RepositoryError::Stale { .. })),
            "{remove:?}"
        );
    }
    let own = sa.write(company.owner, company.created_by).unwrap();
    work.companies().update(own, &company, 1).await.unwrap();
    work.companies().remove(own, company.id, 2).await.unwrap();
}
