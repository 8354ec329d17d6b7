//! Predictions.

use accunode_domain::{
    id::PredictionId,
    owner::AccessLevel,
    prediction::{Kind, Prediction},
    risk::Pd,
};
use accunode_ports::{Conflict, RepositoryError, repositories::Repositories};
use uuid::Uuid;

use crate::fixture::{Fixture, grant, organization, prediction, ratios};

async fn found(fixture: &Fixture, name: &str, prediction: &Prediction) -> Option<Prediction> {
    let scope = fixture.actor(name).await.scope();
    let kind = prediction.period.kind();
    fixture
        .store
        .predictions()
        .find(&scope, kind, prediction.id)
        .await
        .unwrap()
}

#[tokio::test]
async fn stored_prediction_round_trips() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    for period in ["2024", "2024 Q3"] {
        let stored = fixture
            .predict(
                &m1,
                AccessLevel::Organization,
                &company,
                period,
                0.123_456_789_012_345_67,
            )
            .await;
        assert_eq!(
            found(&fixture, "m2", &stored).await.as_ref(),
            Some(&stored),
            "{period}"
        );
        assert_eq!(found(&fixture, "mB", &stored).await, None, "{period}");
        let of_period = fixture
            .store
            .predictions()
            .of_period(
                grant(&m1, AccessLevel::Organization),
                company.id,
                stored.period,
            )
            .await
            .unwrap();
        assert_eq!(of_period, Some(stored), "{period}");
    }
}

#[tokio::test]
async fn each_owner_has_one_prediction_per_company_and_period() {
    let fixture = Fixture::create().await;
    let (m1, m2) = (fixture.actor("m1").await, fixture.actor("m2").await);
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    for period in ["2024", "2024 Q3"] {
        fixture
            .predict(&m1, AccessLevel::Organization, &company, period, 0.5)
            .await;
        fixture
            .predict(&m1, AccessLevel::Personal, &company, period, 0.5)
            .await;
        let work = fixture.begin(&m2).await;
        let grant = grant(&m2, AccessLevel::Organization);
        let twice = work
            .predictions()
            .add(grant, &prediction(grant, &company, period, 0.1))
            .await;
        assert!(
            matches!(&twice, Err(error) if error.conflict() == Some(Conflict::PredictionExists)),
            "{twice:?}"
        );
    }
}

#[tokio::test]
async fn database_refuses_a_prediction_on_another_organizations_company() {
    let fixture = Fixture::create().await;
    let (mb, tr) = (fixture.actor("mB").await, fixture.actor("tR").await);
    let company = fixture
        .company(&mb, AccessLevel::Organization, "AAPL")
        .await;
    let grant = tr
        .create(Some(AccessLevel::Organization), Some(organization("A")))
        .unwrap();
    let work = fixture.begin(&tr).await;
    let refused = work
        .predictions()
        .add(grant, &prediction(grant, &company, "2024", 0.5))
        .await;
    assert!(
        matches!(&refused, Err(error) if error.conflict() == Some(Conflict::LevelMismatch)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_rescored_prediction_replaces_the_version_that_was_read() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    let mut stored = fixture
        .predict(&m1, AccessLevel::Personal, &company, "2024", 0.5)
        .await;
    let raise = m1
        .widen_access(
            stored.owner,
            stored.created_by,
            AccessLevel::Organization,
            None,
        )
        .unwrap();
    let raised = grant(&m1, AccessLevel::Organization);
    stored.outcome.pd = Pd::new(0.9).unwrap();
    stored.ratios = ratios(Kind::Annual, 0.5);
    stored.owner = raised.owner();
    let work = fixture.begin(&m1).await;
    let other_owner = work.predictions().replace(raised, &stored, 1).await;
    assert!(
        matches!(other_owner, Err(RepositoryError::Stale { .. })),
        "{other_owner:?}"
    );
    work.predictions().replace(raise, &stored, 1).await.unwrap();
    let late = work
        .predictions()
        .replace(raised, &stored, 1)
        .await
        .unwrap_err();
    assert!(matches!(late, RepositoryError::Stale { .. }), "{late:?}");
    work.commit().await.unwrap();
    let mut read = found(&fixture, "m2", &stored).await.unwrap();
    assert_eq!(read.row_version, 2);
    assert!(read.updated_at > read.created_at);
    (read.row_version, read.updated_at) = (stored.row_version, stored.updated_at);
    assert_eq!(read, stored);

    let work = fixture.begin(&m1).await;
    let late = work
        .predictions()
        .remove(raised, Kind::Annual, stored.id, 1)
        .await
        .unwrap_err();
    assert!(matches!(late, RepositoryError::Stale { .. }), "{late:?}");
    let personal = grant(&m1, AccessLevel::Personal);
    let other_owner = work
        .predictions()
        .remove(personal, Kind::Annual, stored.id, 2)
        .await
        .unwrap_err();
    assert!(
        matches!(other_owner, RepositoryError::Stale { .. }),
        "{other_owner:?}"
    );
    work.predictions()
        .remove(raised, Kind::Annual, stored.id, 2)
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert_eq!(found(&fixture, "m1", &stored).await, None);
}

#[tokio::test]
async fn break_glass_opens_one_row_and_no_list() {
    let fixture = Fixture::create().await;
    let (u0, sa) = (fixture.actor("u0").await, fixture.actor("sa").await);
    let company = fixture.company(&u0, AccessLevel::Personal, "AAPL").await;
    let one = fixture
        .predict(&u0, AccessLevel::Personal, &company, "2023", 0.5)
        .await;
    let other = fixture
        .predict(&u0, AccessLevel::Personal, &company, "2024", 0.5)
        .await;
    assert_eq!(found(&fixture, "sa", &one).await, None);
    let scope = sa.scope_with_break_glass(one.id.0).unwrap();
    let predictions = fixture.store.predictions();
    let find = async |id: PredictionId| predictions.find(&scope, Kind::Annual, id).await.unwrap();
    assert!(find(one.id).await.is_some());
    assert!(find(other.id).await.is_none());
    assert!(find(PredictionId(Uuid::new_v4())).await.is_none());
    let listed = predictions
        .list(
            &scope,
            Kind::Annual,
            &Default::default(),
            Default::default(),
            Default::default(),
            None,
        )
        .await
        .unwrap();
    assert!(listed.rows.is_empty());
}
