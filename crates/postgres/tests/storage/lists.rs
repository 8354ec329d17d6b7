//! Pages: every row appears exactly once, in order, with any ties.

use std::collections::BTreeSet;

use accunode_domain::{
    access::Scope,
    company::{Company, Symbol},
    id::CompanyId,
    owner::{AccessLevel, Owner},
    page::{Cursor, Limit, Sort},
    prediction::{Kind, Prediction, ReportingYear},
    risk::RiskLevel,
};
use accunode_ports::{
    RepositoryError,
    repositories::{CompanyFilter, PredictionFilter, Repositories},
};
use accunode_postgres::PgStore;
use uuid::Uuid;

use crate::fixture::{Fixture, USERS, profile};

/// Creates companies and predictions for every owner, with mostly equal sort keys.
async fn many(fixture: &Fixture) {
    let sql = "
        WITH owners AS (
          SELECT 'personal' AS level, NULL::uuid AS organization, id AS creator FROM users
          UNION ALL SELECT 'organization', o.id, (SELECT id FROM users WHERE role = 'super_admin') FROM organizations o
          UNION ALL SELECT 'system', NULL, (SELECT id FROM users WHERE role = 'super_admin')),
        made AS (
          INSERT INTO companies (symbol, name, sector, industry, access_level, organization_id, created_by, created_at)
          SELECT 'S' || n, 'Name ' || n % 3, 'Sector ' || n % 2, 'Industry ' || n % 2, level, organization, creator,
                 '2024-01-01'::timestamptz + make_interval(secs => n % 2)
            FROM owners, generate_series(1, 9) n RETURNING *)
        , annual AS (
          INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year,
            probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256,
            access_level, organization_id, created_by, created_at)
          SELECT id, symbol, name, sector, '2024', 0.5, (0.1::float8 + 0.2::float8) / (1 + right(symbol, 1)::int % 2), 'Medium', 0.9, now(),
            'annual', '1', repeat('a', 64), access_level, organization_id, created_by, created_at FROM made)
        INSERT INTO quarterly_predictions (company_id, company_symbol, company_name, company_sector, reporting_year,
            reporting_quarter, ensemble_probability, logistic_probability, gbm_probability, pd, risk_level, confidence,
            predicted_at, model_name, model_version, model_sha256, access_level, organization_id, created_by, created_at)
        SELECT id, symbol, name, sector, '202' || right(symbol, 1)::int % 3, 'Q2', 0.9, 0.9, 0.9, 0.9, 'High', 0.9, now(), 'quarterly', '1',
            repeat('a', 64), access_level, organization_id, created_by, created_at FROM made";
    sqlx::query(sql).execute(&fixture.superuser).await.unwrap();
}

async fn all_companies(store: &PgStore, scope: &Scope, sort: Sort, limit: u32) -> Vec<Company> {
    let mut rows = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store
            .companies()
            .list(
                scope,
                &CompanyFilter::default(),
                sort,
                Limit::new(limit).unwrap(),
                after,
            )
            .await
            .unwrap();
        assert!(page.rows.len() <= limit as usize);
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

async fn all_predictions(
    store: &PgStore,
    scope: &Scope,
    kind: Kind,
    sort: Sort,
    limit: u32,
) -> Vec<Prediction> {
    let mut rows = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store
            .predictions()
            .list(
                scope,
                kind,
                &PredictionFilter::default(),
                sort,
                Limit::new(limit).unwrap(),
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

/// Returns the ids of the rows in the scope, with direct access to the database.
async fn readable(fixture: &Fixture, table: &str, scope: &Scope) -> BTreeSet<Uuid> {
    let sql = format!("SELECT id, access_level, owner_key FROM {table}");
    let rows: Vec<(Uuid, String, Uuid)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&fixture.superuser)
        .await
        .unwrap();
    rows.into_iter()
        .filter(|(_, level, key)| {
            scope.contains(match level.as_str() {
                "personal" => Owner::User((*key).into()),
                "organization" => Owner::Organization((*key).into()),
                _ => Owner::System,
            })
        })
        .map(|(id, ..)| id)
        .collect()
}

#[tokio::test]
async fn every_row_of_a_list_appears_exactly_once_despite_ties() {
    let fixture = Fixture::create().await;
    many(&fixture).await;
    every_row_once(&fixture, &fixture.store).await;
}

#[tokio::test]
async fn list_filters_suffice_without_row_level_security() {
    let fixture = Fixture::create().await;
    many(&fixture).await;
    every_row_once(&fixture, &fixture.without_policies().await).await;
}

async fn every_row_once(fixture: &Fixture, store: &PgStore) {
    for (name, ..) in USERS {
        let scope = fixture.actor(name).await.scope();
        let expected = readable(fixture, "companies", &scope).await;
        assert!(expected.len() >= 18, "{name}");
        for sort in [Sort::CreatedAt, Sort::Name, Sort::Symbol, Sort::UpdatedAt] {
            for limit in [4, 100] {
                let rows = all_companies(store, &scope, sort, limit).await;
                let ids: BTreeSet<_> = rows.iter().map(|row| row.id.0).collect();
                assert_eq!(
                    (rows.len(), &ids),
                    (expected.len(), &expected),
                    "{name} by {sort}"
                );
                assert!(
                    rows.is_sorted_by(|a, b| match sort {
                        Sort::CreatedAt => (a.created_at, a.id) > (b.created_at, b.id),
                        Sort::UpdatedAt => (a.updated_at, a.id) < (b.updated_at, b.id),
                        Sort::Name => (&a.profile.name, a.id) < (&b.profile.name, b.id),
                        _ => (&a.profile.symbol, a.id) < (&b.profile.symbol, b.id),
                    }),
                    "{name} by {sort}"
                );
            }
        }
        for kind in Kind::ALL {
            let expected = readable(fixture, &format!("{kind}_predictions"), &scope).await;
            for sort in [Sort::CreatedAt, Sort::Pd] {
                let rows = all_predictions(store, &scope, kind, sort, 4).await;
                let ids: BTreeSet<_> = rows.iter().map(|row| row.id.0).collect();
                assert_eq!(
                    (rows.len(), &ids),
                    (expected.len(), &expected),
                    "{name} by {sort}"
                );
                let key = |row: &Prediction| match sort {
                    Sort::Pd => row.outcome.pd.get(),
                    _ => row.created_at.unix_timestamp() as f64,
                };
                assert!(
                    rows.is_sorted_by(|a, b| key(a) > key(b) || (key(a) == key(b) && a.id > b.id)),
                    "{name} by {sort}"
                );
            }
        }
    }
}

#[tokio::test]
async fn filters_narrow_a_list_within_its_scope() {
    let fixture = Fixture::create().await;
    many(&fixture).await;
    let m1 = fixture.actor("m1").await;
    let count = async |filter: PredictionFilter, kind: Kind| {
        let limit = Limit::new(100).unwrap();
        let page = fixture
            .store
            .predictions()
            .list(&m1.scope(), kind, &filter, Sort::CreatedAt, limit, None)
            .await
            .unwrap();
        page.rows.len()
    };
    // 9 rows for each of 3 owners: themselves, their organization, everyone.
    let any = PredictionFilter::default;
    let year = |text| Some(ReportingYear::parse("", text).unwrap());
    assert_eq!(count(any(), Kind::Quarterly).await, 27);
    let symbol = Some(Symbol::from_stored("S4".to_owned()));
    assert_eq!(
        count(PredictionFilter { symbol, ..any() }, Kind::Annual).await,
        3
    );
    let sector = Some("Sector 1".to_owned());
    assert_eq!(
        count(PredictionFilter { sector, ..any() }, Kind::Annual).await,
        15
    );
    assert_eq!(
        count(
            PredictionFilter {
                year: year("2020"),
                ..any()
            },
            Kind::Quarterly
        )
        .await,
        9
    );
    let quarter = Some("Q2".parse().unwrap());
    assert_eq!(
        count(PredictionFilter { quarter, ..any() }, Kind::Quarterly).await,
        27
    );
    let quarter = Some("Q1".parse().unwrap());
    assert_eq!(
        count(PredictionFilter { quarter, ..any() }, Kind::Quarterly).await,
        0
    );
    let of_levels = async |risk_levels: Vec<RiskLevel>| {
        let filter = PredictionFilter {
            risk_levels,
            ..any()
        };
        count(filter, Kind::Annual).await
    };
    let all = of_levels(Vec::new()).await;
    let levels = [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High];
    let mut each = Vec::new();
    for level in levels {
        each.push(of_levels(vec![level]).await);
    }
    assert_eq!(each, [0, all, 0]);
    assert_eq!(of_levels(levels.to_vec()).await, all);
    assert_eq!(of_levels(vec![RiskLevel::Low, RiskLevel::High]).await, 0);
    assert_eq!(of_levels(levels[1..].to_vec()).await, all);
    let pd_gte = Some(0.2);
    assert_eq!(
        count(PredictionFilter { pd_gte, ..any() }, Kind::Annual).await,
        12
    );
    let pd_lte = Some(0.2);
    assert_eq!(
        count(PredictionFilter { pd_lte, ..any() }, Kind::Annual).await,
        15
    );
    let model_version = Some("2".to_owned());
    assert_eq!(
        count(
            PredictionFilter {
                model_version,
                ..any()
            },
            Kind::Annual
        )
        .await,
        0
    );
    let job = Some(Uuid::new_v4().into());
    assert_eq!(
        count(PredictionFilter { job, ..any() }, Kind::Annual).await,
        0
    );

    let counted = async |most: u32| {
        let predictions = fixture.store.predictions();
        predictions
            .count(&m1.scope(), Kind::Annual, &any(), most)
            .await
            .unwrap()
    };
    assert_eq!((counted(1_000).await, counted(5).await), (27, 5));
    let narrowed = m1.narrowed(Some(AccessLevel::Personal), None).unwrap();
    assert_eq!(
        all_companies(&fixture.store, &narrowed, Sort::Name, 100)
            .await
            .len(),
        9
    );
    let filter = CompanyFilter {
        sector: Some("Sector 1".to_owned()),
        industry: Some("Industry 1".to_owned()),
        country: Some("USA".to_owned()),
        market_cap_gte: None,
        ..CompanyFilter::default()
    };
    let page = fixture
        .store
        .companies()
        .list(&narrowed, &filter, Sort::Symbol, Limit::default(), None)
        .await
        .unwrap();
    assert_eq!(page.rows.len(), 5);
    let filter = CompanyFilter {
        market_cap_gte: Some(1),
        ..filter
    };
    let page = fixture
        .store
        .companies()
        .list(&narrowed, &filter, Sort::Symbol, Limit::default(), None)
        .await
        .unwrap();
    assert!(page.rows.is_empty());
}

#[tokio::test]
async fn search_ranks_readable_companies_only() {
    let fixture = Fixture::create().await;
    let (m1, mb, sa) = (
        fixture.actor("m1").await,
        fixture.actor("mB").await,
        fixture.actor("sa").await,
    );
    let exact = fixture.company(&m1, AccessLevel::Organization, "GAZ").await;
    let prefix = fixture.company(&sa, AccessLevel::System, "GAZP").await;
    fixture.company(&mb, AccessLevel::Organization, "GAZ").await;
    fixture
        .company(&m1, AccessLevel::Organization, "OTHER")
        .await;
    let search = async |scope: Scope, filter: CompanyFilter| {
        let page = fixture
            .store
            .companies()
            .list(&scope, &filter, Sort::CreatedAt, Limit::default(), None)
            .await
            .unwrap();
        assert_eq!(page.next, None);
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let q = CompanyFilter {
        q: Some("gaz".to_owned()),
        ..CompanyFilter::default()
    };
    assert_eq!(search(m1.scope(), q.clone()).await, [exact.id, prefix.id]);
    let narrowed = m1.narrowed(Some(AccessLevel::System), None).unwrap();
    assert_eq!(search(narrowed, q.clone()).await, [prefix.id]);
    let none = CompanyFilter {
        sector: Some("Utilities".to_owned()),
        ..q
    };
    assert_eq!(search(m1.scope(), none).await, []);
}

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let fixture = Fixture::create().await;
    let scope = fixture.actor("m1").await.scope();
    let cursor = Cursor {
        sort: Sort::Name,
        key: "x".to_owned(),
        id: Uuid::nil(),
    };
    let refused = fixture
        .store
        .companies()
        .list(
            &scope,
            &CompanyFilter::default(),
            Sort::Symbol,
            Limit::default(),
            Some(cursor),
        )
        .await;
    assert!(matches!(refused, Err(RepositoryError::Internal(_))));
}

/// Returns the companies of a list in the order of changes, after a cursor.
async fn changed(
    fixture: &Fixture,
    scope: &Scope,
    after: Option<Cursor>,
) -> (Vec<String>, Option<Cursor>) {
    let filter = CompanyFilter::default();
    let page = fixture
        .store
        .companies()
        .list(scope, &filter, Sort::UpdatedAt, Limit::default(), after)
        .await
        .unwrap();
    let rows = page.rows.into_iter();
    let symbols = rows.map(|row| row.profile.symbol.as_str().to_owned());
    (symbols.collect(), page.next)
}

/// A reader who follows a list of changes finds every change once it has been committed, in
/// whatever order transactions commit.
#[tokio::test]
async fn change_list_misses_no_late_commit() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let scope = m1.scope();
    let grant = m1.create(Some(AccessLevel::Organization), None).unwrap();
    let (begun, mut cursor) = changed(&fixture, &scope, None).await;
    let late = fixture.begin(&m1).await;
    let id = CompanyId(Uuid::new_v4());
    late.companies()
        .add(grant, id, &profile("LATE"))
        .await
        .unwrap();
    // The keys of the locks are whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    fixture
        .company(&m1, AccessLevel::Organization, "EARLY")
        .await;

    let (symbols, next) = changed(&fixture, &scope, cursor.clone()).await;
    assert_eq!(
        symbols,
        Vec::<String>::new(),
        "one that began before is open"
    );
    cursor = next.or(cursor);
    late.commit().await.unwrap();
    let (symbols, next) = changed(&fixture, &scope, cursor).await;
    assert_eq!(symbols, ["LATE", "EARLY"], "after {begun:?}");
    let (symbols, next) = changed(&fixture, &scope, next).await;
    assert_eq!((symbols, next), (Vec::<String>::new(), None));
}
