//! Dashboards equal the figures computed from lists.

use std::collections::{BTreeMap, BTreeSet};

use accunode_domain::{
    access::Scope,
    owner::AccessLevel,
    page::{Cursor, Limit, Sort},
    prediction::{Kind, Prediction},
    risk::RiskLevel,
};
use accunode_ports::repositories::{GroupBy, PredictionFilter, Repositories};
use accunode_postgres::PgStore;

use crate::fixture::{Fixture, USERS, organization};

async fn listed(store: &PgStore, scope: &Scope, kind: Kind) -> Vec<Prediction> {
    let (mut rows, mut after): (Vec<_>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = store
            .predictions()
            .list(
                scope,
                kind,
                &PredictionFilter::default(),
                Sort::CreatedAt,
                Limit::default(),
                after,
            )
            .await
            .unwrap();
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

/// Predictions of every level by some users, of which some were moved, changed and removed.
async fn a_busy_year(fixture: &Fixture) {
    let mut n = 0_u32;
    for (name, role, _) in USERS {
        let actor = fixture.actor(name).await;
        let mut levels = vec![AccessLevel::Personal];
        match role {
            "super_admin" => levels.push(AccessLevel::System),
            "user" => {}
            _ => levels.push(AccessLevel::Organization),
        }
        for level in levels {
            n += 1;
            let company = fixture.company(&actor, level, &format!("S{n}")).await;
            for (period, pd) in [
                ("2023", 0.004),
                ("2024", 0.9),
                ("2024 Q1", 0.35),
                ("2024 Q2", 0.75),
            ] {
                let pd = pd / f64::from(1 + n % 3);
                fixture.predict(&actor, level, &company, period, pd).await;
            }
            if n.is_multiple_of(4) {
                let gone = fixture.predict(&actor, level, &company, "2022", 0.99).await;
                let grant = actor.write(gone.owner, actor.user()).unwrap();
                let work = fixture.begin(&actor).await;
                work.predictions()
                    .remove(grant, Kind::Annual, gone.id, 1)
                    .await
                    .unwrap();
                work.commit().await.unwrap();
            }
        }
    }
}

async fn figures_equal_lists(fixture: &Fixture, store: &PgStore) {
    for (name, ..) in USERS {
        let actor = fixture.actor(name).await;
        let mut scopes = vec![actor.scope()];
        scopes.push(actor.narrowed(Some(AccessLevel::Personal), None).unwrap());
        scopes.push(
            actor
                .narrowed(Some(AccessLevel::Organization), None)
                .unwrap(),
        );
        for scope in scopes {
            for kind in Kind::ALL {
                let rows = listed(store, &scope, kind).await;
                let analytics = store.analytics();
                let headline = analytics.headline(&scope, kind, None).await.unwrap();
                let high: Vec<_> = rows
                    .iter()
                    .filter(|row| row.outcome.risk_level == RiskLevel::High)
                    .collect();
                let companies: BTreeSet<_> = high.iter().map(|row| row.company.id).collect();
                assert_eq!(
                    headline.total_predictions,
                    rows.len() as i64,
                    "{name} {kind}"
                );
                assert_eq!(headline.high_risk_count, high.len() as i64, "{name} {kind}");
                assert_eq!(
                    headline.high_risk_companies,
                    companies.len() as i64,
                    "{name} {kind}"
                );
                assert_eq!(
                    headline.last_prediction,
                    rows.iter().map(|row| row.created_at).max()
                );
                let sum: f64 = rows.iter().map(|row| row.outcome.pd.get()).sum();
                match headline.mean_pd {
                    None => assert!(rows.is_empty()),
                    Some(avg) => assert!(
                        (avg - sum / rows.len() as f64).abs() < 1e-9,
                        "{name} {kind}"
                    ),
                }
                if let Some(median) = headline.median_pd {
                    let mut pds: Vec<_> = rows.iter().map(|row| row.outcome.pd.get()).collect();
                    pds.sort_by(f64::total_cmp);
                    let exact = pds[(pds.len() - 1) / 2];
                    assert!(
                        (median / exact - 1.0).abs() < 0.01,
                        "{name}: {median}, {exact}"
                    );
                }
                let mut expected: BTreeMap<(String, RiskLevel), i64> = BTreeMap::new();
                for row in &rows {
                    let key = (row.company.sector.clone(), row.outcome.risk_level);
                    *expected.entry(key).or_default() += 1;
                }
                for group_by in [
                    GroupBy::Sector,
                    GroupBy::Industry,
                    GroupBy::Country,
                    GroupBy::Organization,
                ] {
                    let counts = analytics
                        .risk_distribution(&scope, &scope, kind, None, group_by)
                        .await
                        .unwrap();
                    let total: i64 = counts.iter().map(|count| count.count).sum();
                    assert_eq!(total, rows.len() as i64, "{name} {kind} {group_by:?}");
                    if group_by == GroupBy::Sector {
                        let counts: BTreeMap<_, _> = counts
                            .into_iter()
                            .map(|c| ((c.group.name, c.risk_level), c.count))
                            .collect();
                        assert_eq!(counts, expected);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn figures_equal_the_same_figures_computed_from_lists() {
    let fixture = Fixture::create().await;
    a_busy_year(&fixture).await;
    figures_equal_lists(&fixture, &fixture.store).await;
    // The same after the deltas are folded into the rollups.
    sqlx::query("SELECT fold_prediction_rollups()")
        .execute(&fixture.superuser)
        .await
        .unwrap();
    figures_equal_lists(&fixture, &fixture.store).await;
    // And without row-level security.
    figures_equal_lists(&fixture, &fixture.without_policies().await).await;
}

#[tokio::test]
async fn figures_of_a_super_admin_exclude_personal_rows_of_others() {
    let fixture = Fixture::create().await;
    let (m1, sa) = (fixture.actor("m1").await, fixture.actor("sa").await);
    let company = fixture
        .company(&m1, AccessLevel::Organization, "AAPL")
        .await;
    fixture
        .predict(&m1, AccessLevel::Organization, &company, "2024", 0.9)
        .await;
    fixture
        .predict(&m1, AccessLevel::Personal, &company, "2024", 0.9)
        .await;
    let headline = async |scope: Scope| {
        let headline = fixture
            .store
            .analytics()
            .headline(&scope, Kind::Annual, None)
            .await
            .unwrap();
        (
            headline.total_predictions,
            headline.high_risk_count,
            headline.high_risk_companies,
        )
    };
    assert_eq!(headline(sa.scope()).await, (1, 1, 1));
    assert_eq!(headline(m1.scope()).await, (2, 2, 1));
    let a = sa.narrowed(None, Some(organization("A"))).unwrap();
    assert_eq!(headline(a).await, (1, 1, 1));
    let z = sa.narrowed(None, Some(organization("Z"))).unwrap();
    assert_eq!(headline(z).await, (0, 0, 0));
}

#[tokio::test]
async fn year_filter_applies_to_every_figure() {
    let fixture = Fixture::create().await;
    a_busy_year(&fixture).await;
    let scope = fixture.actor("m1").await.scope();
    let year = accunode_domain::prediction::ReportingYear::parse("", "2024").unwrap();
    let rows = listed(&fixture.store, &scope, Kind::Annual).await;
    let of_year = rows.iter().filter(|row| row.period.year == year).count() as i64;
    let analytics = fixture.store.analytics();
    let headline = analytics
        .headline(&scope, Kind::Annual, Some(year))
        .await
        .unwrap();
    assert_eq!(headline.total_predictions, of_year);
    assert!(of_year < rows.len() as i64 && headline.last_prediction.is_some());
    for group_by in [GroupBy::Sector, GroupBy::Country] {
        let counts = analytics
            .risk_distribution(&scope, &scope, Kind::Annual, Some(year), group_by)
            .await
            .unwrap();
        assert_eq!(counts.iter().map(|count| count.count).sum::<i64>(), of_year);
    }
}
