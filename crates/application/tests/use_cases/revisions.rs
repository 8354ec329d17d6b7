//! Revisions of predictions.

use std::sync::atomic::Ordering;

use accunode_application::Error;
use accunode_domain::{
    company::{CompanySnapshot, Symbol},
    id::{PredictionId, UserId},
    owner::Owner,
    page::Limit,
    prediction::{
        Kind, Outcome, Period, Prediction, ReportingYear, Revision, RevisionReason, StoredRatios,
    },
    ratio::RatioUnit,
    risk::{Pd, RiskLevel},
    user::Role,
};
use uuid::Uuid;

use crate::support::{Doubles, caller, company_id, model, noon, user};

fn outcome() -> Outcome {
    Outcome {
        pd: Pd::new(0.02).unwrap(),
        parts: None,
        risk_level: RiskLevel::Medium,
        confidence: 0.9,
        model: model(),
    }
}

fn ratios() -> StoredRatios {
    StoredRatios {
        values: vec![None; 5],
        raw: vec![None; 5],
        unit: RatioUnit::Fraction,
        flags: Vec::new(),
    }
}

fn prediction(creator: UserId) -> Prediction {
    Prediction {
        id: PredictionId(Uuid::from_u128(9)),
        company: CompanySnapshot {
            id: company_id(),
            symbol: Symbol::from_stored("ACME".into()),
            name: "Acme".into(),
            sector: "Unknown".into(),
        },
        period: Period {
            year: ReportingYear::parse("", "2024").unwrap(),
            quarter: None,
        },
        outcome: outcome(),
        predicted_at: noon(),
        ratios: ratios(),
        owner: Owner::User(creator),
        created_by: creator,
        origin: None,
        created_at: noon(),
        updated_at: noon(),
        row_version: 9,
    }
}

fn revision(version: i64) -> Revision {
    Revision {
        prediction: PredictionId(Uuid::from_u128(9)),
        version,
        outcome: outcome(),
        predicted_at: noon(),
        ratios: ratios(),
        replaced_at: noon(),
        replaced_by: None,
        job: None,
        reason: RevisionReason::Model,
    }
}

#[tokio::test]
async fn revision_page_has_a_cursor_only_when_more_follow() {
    let ana = user(Role::User, None);
    let mut doubles = Doubles::default();
    let stored = prediction(ana.id);
    let predictions = &mut doubles.store.predictions;
    predictions
        .expect_find()
        .returning(move |_, _, _| Ok(Some(stored.clone())));
    predictions
        .expect_revisions()
        .returning(|_, _, _, after, limit| {
            let newest = after.unwrap_or(9);
            Ok((1..newest)
                .rev()
                .take(limit as usize)
                .map(revision)
                .collect())
        });
    let application = doubles.application();
    let page = async |after| {
        let id = PredictionId(Uuid::from_u128(9));
        let limit = Limit::new(5).unwrap();
        let page = application
            .predictions
            .revisions(&caller(&ana), Kind::Annual, id, limit, after)
            .await
            .unwrap();
        let versions: Vec<_> = page.rows.iter().map(|row| row.version).collect();
        (versions, page.next)
    };
    assert_eq!(page(None).await, (vec![8, 7, 6, 5, 4], Some(4)));
    assert_eq!(page(Some(4)).await, (vec![3, 2, 1], None));
}

#[tokio::test]
async fn break_glass_on_revisions_is_audited_before_they_are_read() {
    let (ana, admin) = (user(Role::User, None), user(Role::SuperAdmin, None));
    let mut doubles = Doubles::default();
    let stored = prediction(ana.id);
    let id = stored.id;
    doubles
        .store
        .predictions
        .expect_find()
        .returning(move |scope, _, id| {
            Ok((scope.break_glass() == Some(id.0)).then(|| stored.clone()))
        });
    let unit_with_audit = doubles.unit(|unit| {
        unit.audit_log
            .expect_record()
            .times(1)
            .withf(|_, event| event.event_type == "prediction.break_glass")
            .returning(|_, _| Ok(()));
    });
    let before = unit_with_audit.clone();
    doubles
        .store
        .predictions
        .expect_revisions()
        .returning(move |scope, _, id, _, _| {
            assert!(before.load(Ordering::SeqCst), "the log was written first");
            assert_eq!(scope.break_glass(), Some(id.0));
            Ok(vec![revision(1)])
        });
    let application = doubles.application();
    let page = application
        .predictions
        .revisions(&caller(&admin), Kind::Annual, id, Limit::default(), None)
        .await
        .unwrap();
    assert_eq!(page.rows.len(), 1);
    let stranger = user(Role::User, None);
    let refused = application
        .predictions
        .revisions(&caller(&stranger), Kind::Annual, id, Limit::default(), None)
        .await;
    assert!(
        matches!(refused, Err(Error::NotFound { .. })),
        "{refused:?}"
    );
}
