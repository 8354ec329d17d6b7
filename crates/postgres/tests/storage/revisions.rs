//! Revisions of predictions.

use accunode_domain::{
    access::Scope,
    id::PredictionId,
    owner::AccessLevel,
    prediction::{Kind, Prediction, Revision, RevisionReason},
    risk::Pd,
};
use accunode_ports::repositories::Repositories;

use crate::fixture::{Fixture, grant, outcome, ratios};

async fn revisions(
    fixture: &Fixture,
    scope: &Scope,
    kind: Kind,
    id: PredictionId,
    after: Option<i64>,
    limit: u32,
) -> Vec<Revision> {
    let predictions = fixture.store.predictions();
    predictions
        .revisions(scope, kind, id, after, limit)
        .await
        .unwrap()
}

/// Replaces a prediction as its creator.
async fn replace(
    fixture: &Fixture,
    prediction: &mut Prediction,
    change: impl FnOnce(&mut Prediction),
) {
    let m1 = fixture.actor("m1").await;
    let (before, creator) = (prediction.owner, prediction.created_by);
    change(prediction);
    let grant = m1.widen_access(before, creator, prediction.owner.level(), None);
    let work = fixture.begin(&m1).await;
    work.predictions()
        .replace(grant.unwrap(), prediction, prediction.row_version)
        .await
        .unwrap();
    work.commit().await.unwrap();
    prediction.row_version += 1;
}

#[tokio::test]
async fn revisions_are_complete_and_listed_newest_first() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    for period in ["2024", "2024 Q3"] {
        let first = fixture
            .predict(&m1, AccessLevel::Organization, &company, period, 0.5)
            .await;
        let kind = first.period.kind();
        let mut now = first.clone();
        replace(&fixture, &mut now, |p| {
            p.outcome.pd = Pd::new(0.25).unwrap();
        })
        .await;
        let second = now.clone();
        replace(&fixture, &mut now, |p| {
            p.outcome = outcome(kind, 0.125);
            p.outcome.model.version = "2".to_owned();
            p.outcome.model.sha256 = "b".repeat(64);
        })
        .await;
        let third = now.clone();
        replace(&fixture, &mut now, |p| p.ratios = ratios(kind, 0.5)).await;

        let scope = fixture.actor("m2").await.scope();
        let history = revisions(&fixture, &scope, kind, first.id, None, 10).await;
        let expected = [
            (&third, RevisionReason::Ratios),
            (&second, RevisionReason::Model),
            (&first, RevisionReason::Figures),
        ];
        assert_eq!(history.len(), expected.len(), "{period}");
        for (revision, (was, reason)) in history.iter().zip(expected) {
            assert_eq!(
                (&revision.outcome, &revision.ratios, revision.version),
                (&was.outcome, &was.ratios, was.row_version),
                "{period}"
            );
            assert_eq!(
                (revision.reason, revision.predicted_at),
                (reason, was.predicted_at)
            );
            assert_eq!(
                (revision.replaced_by, revision.job),
                (Some(m1.user()), None)
            );
        }
        assert!(
            history
                .windows(2)
                .all(|two| two[0].replaced_at >= two[1].replaced_at)
        );
        let page = revisions(&fixture, &scope, kind, first.id, Some(3), 1).await;
        assert_eq!(page, [history[1].clone()], "{period}");
    }
}

#[tokio::test]
async fn widening_the_level_creates_no_revision() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    let mut stored = fixture
        .predict(&m1, AccessLevel::Personal, &company, "2024", 0.5)
        .await;
    replace(&fixture, &mut stored, |p| {
        p.owner = grant(&m1, AccessLevel::Organization).owner();
    })
    .await;
    assert_eq!(
        fixture
            .count("SELECT count(*) FROM annual_prediction_revisions")
            .await,
        0
    );
}

#[tokio::test]
async fn readers_of_a_prediction_read_its_revisions() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let company = fixture.company(&m1, AccessLevel::Personal, "AAPL").await;
    let mut stored = fixture
        .predict(&m1, AccessLevel::Personal, &company, "2024", 0.5)
        .await;
    replace(&fixture, &mut stored, |p| {
        p.outcome.pd = Pd::new(0.25).unwrap();
    })
    .await;
    for (name, seen) in [("m1", 1), ("m2", 0), ("oA", 0), ("mB", 0), ("sa", 0)] {
        let scope = fixture.actor(name).await.scope();
        let history = revisions(&fixture, &scope, Kind::Annual, stored.id, None, 10).await;
        assert_eq!(history.len(), seen, "{name}");
    }
    let glass = fixture
        .actor("sa")
        .await
        .scope_with_break_glass(stored.id.0);
    let history = revisions(&fixture, &glass.unwrap(), Kind::Annual, stored.id, None, 10).await;
    assert_eq!(history.len(), 1);
}
