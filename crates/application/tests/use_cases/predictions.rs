//! Scoring and storing predictions.

use accunode_domain::access::Forbidden;
use std::sync::atomic::Ordering;

use accunode_application::{
    Error, ErrorCode, Replayable, RowLevel,
    predictions::{
        CompanyChoice, CreatePrediction, Creation, SECTOR_OUT_OF_SCOPE, ScoreItem, check_units,
    },
};
use accunode_domain::{
    access::Grant,
    company::{Company, CompanyDraft, CompanyProfile},
    id::OrganizationId,
    owner::{AccessLevel, Owner},
    prediction::{Kind, OnConflict},
    ratio::RatioUnit,
    user::Role,
};
use accunode_ports::{RepositoryError, repositories::FoundCompany};
use uuid::Uuid;

use crate::support::{Doubles, caller, company_id, noon, scorer, scorer_without_gaps, user};

fn command() -> CreatePrediction {
    let ratios = [
        ("long_term_debt_to_total_capital", "0.3"),
        ("total_debt_to_ebitda", "2.5"),
        ("return_on_assets", "0.04"),
    ];
    CreatePrediction {
        kind: Kind::Annual,
        company: CompanyChoice::Described(Box::new(CompanyDraft {
            symbol: "ACME".into(),
            name: Some("Acme".into()),
            sector: Some("Industrials".into()),
            ..CompanyDraft::default()
        })),
        reporting_year: "2024".into(),
        reporting_quarter: None,
        ratios: ratios
            .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
            .to_vec(),
        ratio_unit: RatioUnit::Fraction,
        access_level: None,
        organization: None,
        on_conflict: OnConflict::Error,
    }
}

fn company(grant: Grant, profile: &CompanyProfile) -> Company {
    Company {
        id: company_id(),
        profile: profile.clone(),
        owner: grant.owner(),
        created_by: grant.by(),
        created_at: noon(),
        updated_at: noon(),
        row_version: 1,
    }
}

#[tokio::test]
async fn forbidden_level_is_refused_before_the_body_is_checked() {
    let application = Doubles::default().application();
    let command = CreatePrediction {
        access_level: RowLevel::limited(AccessLevel::Organization),
        reporting_year: "not a year".into(),
        ..command()
    };
    let error = application
        .predictions
        .create(&caller(&user(Role::User, None)), &command, None)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Denied {
                code: ErrorCode::Forbidden(Forbidden::LevelForbidden),
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn invalid_body_reports_every_field_and_starts_no_transaction() {
    let application = Doubles::default().application();
    let command = CreatePrediction {
        reporting_year: "24".into(),
        company: CompanyChoice::Described(Box::new(CompanyDraft {
            symbol: String::new(),
            country: Some("Poland".into()),
            ..CompanyDraft::default()
        })),
        ratios: vec![
            ("return_on_asets".into(), Some("0.1".into())),
            ("return_on_assets".into(), Some("ten".into())),
        ],
        ..command()
    };
    let error = application
        .predictions
        .create(&caller(&user(Role::User, None)), &command, None)
        .await
        .unwrap_err();
    let Error::Invalid(faults) = error else {
        panic!("{error:?}")
    };
    let pointers: Vec<_> = faults.iter().map(|f| f.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/reporting_year",
            "/ratios/return_on_asets",
            "/ratios/return_on_assets",
            "/company/symbol",
            "/company/country"
        ]
    );
}

#[tokio::test]
async fn model_without_gaps_reports_missing_ratios_with_the_other_faults() {
    let doubles = Doubles {
        scorer: scorer_without_gaps(),
        ..Doubles::default()
    };
    let command = CreatePrediction {
        reporting_year: "24".into(),
        ..command()
    };
    let error = doubles
        .application()
        .predictions
        .create(&caller(&user(Role::User, None)), &command, None)
        .await
        .unwrap_err();
    let Error::Invalid(faults) = error else {
        panic!("{error:?}")
    };
    let codes: Vec<_> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
    assert_eq!(
        codes[1..],
        [
            ("/ratios/net_income_margin", "missing_not_accepted"),
            ("/ratios/ebit_to_interest_expense", "missing_not_accepted")
        ]
    );
    assert_eq!(codes[0].0, "/reporting_year");
}

#[tokio::test]
async fn row_with_a_gap_fails_alone_for_a_model_without_gaps() {
    let doubles = Doubles {
        scorer: scorer_without_gaps(),
        ..Doubles::default()
    };
    let item = |values: [&str; 5]| ScoreItem {
        ratios: Kind::Annual
            .ratios()
            .iter()
            .zip(values)
            .map(|(d, value)| (d.name.to_owned(), Some(value.to_owned())))
            .collect(),
        ..ScoreItem::default()
    };
    let items = [
        item(["0.3", "2", "0.1", "NA", "0.1"]),
        item(["0.3", "2", "0.1", "5", "0.1"]),
    ];
    let scored = doubles
        .application()
        .predictions
        .score(Kind::Annual, &items)
        .await
        .unwrap();
    assert_eq!(
        scored[0].as_ref().unwrap_err()[0].code,
        "missing_not_accepted"
    );
    assert!(scored[1].is_ok());
}

#[tokio::test]
async fn prediction_and_audit_row_are_stored_in_one_unit_of_work() {
    let mut doubles = Doubles {
        scorer: scorer(),
        ..Doubles::default()
    };
    let committed = doubles.unit(|unit| {
        unit.companies
            .expect_find_or_add()
            .returning(|_, grant, _, _, profile| {
                Ok(FoundCompany {
                    company: company(grant, profile),
                    is_new: true,
                })
            });
        unit.reads
            .predictions
            .expect_of_period()
            .returning(|_, _, _| Ok(None));
        unit.predictions
            .expect_add()
            .times(1)
            .returning(|_, prediction| Ok(prediction.updated_at));
        unit.audit_log
            .expect_record()
            .times(1)
            .returning(|_, event| {
                assert_eq!(event.event_type, "prediction.created");
                Ok(())
            });
    });
    let ana = user(Role::User, None);
    let done = doubles
        .application()
        .predictions
        .create(&caller(&ana), &command(), None)
        .await
        .unwrap();
    let Replayable::Fresh(created) = done else {
        panic!("{done:?}")
    };
    assert_eq!(created.prediction.owner, Owner::User(ana.id));
    assert_eq!(created.creation, Creation::Created);
    assert!(committed.load(Ordering::SeqCst));
}

#[tokio::test]
async fn failed_audit_row_rolls_back_the_prediction() {
    let mut doubles = Doubles {
        scorer: scorer(),
        ..Doubles::default()
    };
    let committed = doubles.unit(|unit| {
        unit.companies
            .expect_find_or_add()
            .returning(|_, grant, _, _, profile| {
                Ok(FoundCompany {
                    company: company(grant, profile),
                    is_new: true,
                })
            });
        unit.reads
            .predictions
            .expect_of_period()
            .returning(|_, _, _| Ok(None));
        unit.predictions
            .expect_add()
            .returning(|_, prediction| Ok(prediction.updated_at));
        unit.audit_log
            .expect_record()
            .returning(|_, _| Err(RepositoryError::Internal("the log is full".into())));
    });
    let ana = user(Role::User, None);
    let result = doubles
        .application()
        .predictions
        .create(&caller(&ana), &command(), None)
        .await;
    assert!(matches!(result, Err(Error::Internal(_))), "{result:?}");
    assert!(!committed.load(Ordering::SeqCst));
}

#[test]
fn batch_in_another_unit_than_it_says_is_refused_with_its_columns() {
    let items: Vec<_> = (1..9)
        .map(|n| CreatePrediction {
            ratios: [
                ("long_term_debt_to_total_capital", format!("{}.4", 20 + n)),
                ("total_debt_to_ebitda", format!("2.{n}")),
                ("net_income_margin", format!("1{n}.5")),
                ("ebit_to_interest_expense", format!("5.{n}")),
                ("return_on_assets", format!("{n}.2")),
            ]
            .map(|(name, value)| (name.to_owned(), Some(value)))
            .into(),
            ..command()
        })
        .collect();
    let refused = check_units(&items.iter().collect::<Vec<_>>());
    let Err(Error::Invalid(faults)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(faults[0].code, "unit_mismatch");
    assert!(
        faults[0].detail.contains("return_on_assets")
            && !faults[0].detail.contains("confirm_units"),
        "{}",
        faults[0].detail
    );
    let in_percent: Vec<_> = items
        .into_iter()
        .map(|item| CreatePrediction {
            ratio_unit: RatioUnit::Percent,
            ..item
        })
        .collect();
    assert!(check_units(&in_percent.iter().collect::<Vec<_>>()).is_ok());
    assert!(check_units(&[&command()]).is_ok());
}

#[tokio::test]
async fn company_that_seems_to_be_another_is_reported_with_country_and_exchange() {
    let mut doubles = Doubles {
        scorer: scorer(),
        ..Doubles::default()
    };
    doubles.unit(|unit| {
        unit.companies
            .expect_find_or_add()
            .returning(|_, grant, _, _, profile| {
                let stored = CompanyProfile {
                    name: "Omega GmbH".into(),
                    country: "DEU".into(),
                    exchange: Some("XETRA".into()),
                    ..profile.clone()
                };
                Ok(FoundCompany {
                    company: company(grant, &stored),
                    is_new: false,
                })
            });
        unit.reads
            .predictions
            .expect_of_period()
            .returning(|_, _, _| Ok(None));
        unit.predictions
            .expect_add()
            .returning(|_, prediction| Ok(prediction.updated_at));
        unit.audit_log.expect_record().returning(|_, _| Ok(()));
    });
    let ana = user(Role::User, None);
    let done = doubles
        .application()
        .predictions
        .create(&caller(&ana), &command(), None)
        .await
        .unwrap();
    let Replayable::Fresh(created) = done else {
        panic!("{done:?}")
    };
    let warning = &created.warnings[0];
    assert_eq!(warning.code, "other_company");
    for part in ["Omega GmbH", "XETRA", "DEU", "USA"] {
        assert!(warning.detail.contains(part), "{}", warning.detail);
    }
}

#[tokio::test]
async fn existing_company_is_reused_unchanged_with_warnings() {
    let mut doubles = Doubles {
        scorer: scorer(),
        ..Doubles::default()
    };
    doubles.unit(|unit| {
        unit.companies
            .expect_find_or_add()
            .returning(|_, grant, _, _, profile| {
                let stored = CompanyProfile {
                    name: "Acme Inc.".into(),
                    sector: "Financials".into(),
                    ..profile.clone()
                };
                Ok(FoundCompany {
                    company: company(grant, &stored),
                    is_new: false,
                })
            });
        unit.reads
            .predictions
            .expect_of_period()
            .returning(|_, _, _| Ok(None));
        unit.predictions
            .expect_add()
            .returning(|_, prediction| Ok(prediction.updated_at));
        unit.audit_log.expect_record().returning(|_, _| Ok(()));
    });
    let ana = user(Role::User, None);
    let done = doubles
        .application()
        .predictions
        .create(&caller(&ana), &command(), None)
        .await
        .unwrap();
    let Replayable::Fresh(created) = done else {
        panic!("{done:?}")
    };
    let warned: Vec<_> = created
        .warnings
        .iter()
        .map(|w| (w.pointer.as_str(), w.code.as_str()))
        .collect();
    assert_eq!(
        warned,
        [
            ("/company/name", "company_differs"),
            ("/company/sector", "company_differs")
        ]
    );
    assert_eq!(created.prediction.company.name, "Acme Inc.");
    assert!(
        created
            .prediction
            .ratios
            .flags
            .contains(&SECTOR_OUT_OF_SCOPE.to_owned()),
        "what counts is the company's own sector"
    );
}

#[tokio::test]
async fn company_of_another_organization_is_a_level_mismatch() {
    let (own, other) = (
        OrganizationId(Uuid::new_v4()),
        OrganizationId(Uuid::new_v4()),
    );
    let mut doubles = Doubles::default();
    let admin = user(Role::SuperAdmin, None);
    let creator = admin.id;
    doubles
        .store
        .companies
        .expect_find()
        .returning(move |_, id| {
            Ok(Some(Company {
                id,
                profile: CompanyDraft {
                    symbol: "X".into(),
                    ..CompanyDraft::default()
                }
                .check()
                .unwrap(),
                owner: Owner::Organization(other),
                created_by: creator,
                created_at: noon(),
                updated_at: noon(),
                row_version: 1,
            }))
        });
    let command = CreatePrediction {
        company: CompanyChoice::Id(company_id()),
        organization: Some(own),
        ..command()
    };
    let error = doubles
        .application()
        .predictions
        .create(&caller(&admin), &command, None)
        .await
        .unwrap_err();
    let Error::Invalid(faults) = error else {
        panic!("{error:?}")
    };
    assert_eq!(faults[0].code, "level_mismatch");
}
