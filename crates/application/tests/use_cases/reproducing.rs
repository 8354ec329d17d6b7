//! A stored prediction is computed and explained again, by its own model.

use accunode_application::{Application, Error, ErrorCode};
use accunode_domain::{
    company::{CompanySnapshot, Symbol},
    id::PredictionId,
    owner::Owner,
    prediction::{Kind, Period, Prediction, StoredRatios},
    ratio::RatioUnit,
    risk::{ModelRef, Pd},
    user::{Role, User},
};
use uuid::Uuid;

use crate::support::{Doubles, caller, company_id, model, noon, scored, scorer, user};

const ID: PredictionId = PredictionId(Uuid::from_u128(9));

fn stored(creator: &User, pd: f64, model: ModelRef) -> Prediction {
    let raw = ["0.3", "2.5", "0.1", "5", "0.04"];
    let ratios = accunode_domain::ratio::check(Kind::Annual, RatioUnit::Fraction, &raw.map(Some));
    let mut outcome = scored(&ratios.unwrap()).outcome;
    outcome.pd = Pd::new(pd).unwrap();
    outcome.model = model;
    Prediction {
        id: ID,
        company: CompanySnapshot {
            id: company_id(),
            symbol: Symbol::from_stored("ACME".into()),
            name: "Acme".into(),
            sector: "Industrials".into(),
        },
        period: Period::read("", "2024").unwrap(),
        outcome,
        predicted_at: noon(),
        ratios: StoredRatios {
            values: raw.map(|text| text.parse().ok()).to_vec(),
            raw: raw.map(|text| Some(text.to_owned())).to_vec(),
            unit: RatioUnit::Fraction,
            flags: Vec::new(),
        },
        owner: Owner::User(creator.id),
        created_by: creator.id,
        origin: None,
        created_at: noon(),
        updated_at: noon(),
        row_version: 1,
    }
}

fn application(prediction: Prediction) -> Application {
    let mut doubles = Doubles {
        scorer: scorer(),
        ..Doubles::default()
    };
    doubles
        .store
        .predictions
        .expect_find()
        .returning(move |_, _, _| Ok(Some(prediction.clone())));
    doubles.application()
}

fn retired() -> ModelRef {
    ModelRef {
        version: "0.9".into(),
        ..model()
    }
}

#[tokio::test]
async fn pd_matches_within_one_in_a_million_and_equals_to_the_bit() {
    let ana = user(Role::User, None);
    // The mock always returns 0.02.
    for (pd, is_match, is_bit_equal) in [
        (0.02, true, true),
        (0.020_000_9, true, false),
        (0.020_001_1, false, false),
    ] {
        let application = application(stored(&ana, pd, model()));
        let reproduction = application
            .predictions
            .reproduce(&caller(&ana), Kind::Annual, ID)
            .await
            .unwrap();
        assert_eq!(reproduction.is_match(), is_match, "{pd}");
        assert_eq!(reproduction.is_bit_equal(), is_bit_equal, "{pd}");
        assert_eq!(reproduction.stored.pd.get(), pd);
    }
}

#[tokio::test]
async fn prediction_of_a_retired_model_is_not_reproduced_by_another() {
    let ana = user(Role::User, None);
    let application = application(stored(&ana, 0.02, retired()));
    let refused = application
        .predictions
        .reproduce(&caller(&ana), Kind::Annual, ID)
        .await
        .unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Conflict {
                code: ErrorCode::ModelUnavailable,
                ..
            }
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn explanation_comes_from_the_predictions_own_model_or_is_absent() {
    let ana = user(Role::User, None);
    for (model, is_explained) in [(model(), true), (retired(), false)] {
        let explained = application(stored(&ana, 0.02, model))
            .predictions
            .get(&caller(&ana), Kind::Annual, ID)
            .await
            .unwrap();
        assert_eq!(explained.explanation.is_some(), is_explained);
    }
}
