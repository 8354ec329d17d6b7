//! The property of statistics: whatever happens to rows, users and organizations, every figure that
//! a user sees equals the same figure in plain SQL over the rows that they may read.

mod history;
mod plain;

use accunode_domain::{
    access::Scope,
    owner::AccessLevel,
    prediction::{Kind, ReportingYear},
};
use accunode_ports::repositories::{GroupBy, Repositories};

use crate::fixture::{Fixture, USERS};

use history::*;
use plain::*;

/// Compares every figure of a user, and returns how many predictions they counted.
async fn compare(fixture: &Fixture, name: &str, when: &str) -> i64 {
    let readable = Plain::of(fixture, name).await.all();
    let reader = fixture.actor(name).await.scope();
    let mut counted = 0;
    for (what, scope, condition) in scopes(fixture, name).await {
        let about = format!("{when}: {name}, {what}");
        for kind in Kind::ALL {
            for year in [None, ReportingYear::parse("", "2021").ok()] {
                let narrowed = match year {
                    None => condition.clone(),
                    Some(year) => format!("{condition} AND p.reporting_year = '{year}'"),
                };
                counted += headline(fixture, &scope, kind, year, &narrowed, &about).await;
                for group_by in GROUPS {
                    let at = format!("{about} {kind} {group_by:?} {year:?}");
                    distribution(
                        fixture,
                        (&reader, &scope),
                        kind,
                        year,
                        group_by,
                        &narrowed,
                        &readable,
                        &at,
                    )
                    .await;
                }
                if kind == Kind::Quarterly {
                    agreement(fixture, &scope, year, &narrowed, &about).await;
                }
            }
            for group_by in [None].into_iter().chain(GROUPS.map(Some)) {
                let at = format!("{about} {kind} {group_by:?}");
                trend(
                    fixture,
                    (&reader, &scope),
                    kind,
                    group_by,
                    &condition,
                    &readable,
                    &at,
                )
                .await;
            }
        }
    }
    counted
}

async fn headline(
    fixture: &Fixture,
    scope: &Scope,
    kind: Kind,
    year: Option<ReportingYear>,
    condition: &str,
    about: &str,
) -> i64 {
    let headline = fixture.store.analytics().headline(scope, kind, year).await;
    let headline = headline.unwrap();
    let text = |value: Option<f64>| value.map(digits).unwrap_or_default();
    let computed = format!(
        "{} {} {} {} {} {}",
        headline.total_predictions,
        headline.high_risk_count,
        headline.high_risk_companies,
        text(headline.mean_pd),
        text(headline.median_pd),
        headline.last_prediction.map_or(0, |at| at.unix_timestamp()),
    );
    let table = tables(kind).table;
    let sql = format!(
        "SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE p.risk_level = 'High'), \
         count(DISTINCT p.company_id) FILTER (WHERE p.risk_level = 'High'), \
         coalesce(round(avg(p.pd)::numeric, 12)::text, ''), coalesce(round({MIDDLE}::numeric, 12)::text, ''), \
         coalesce(extract(epoch FROM max(p.created_at))::bigint, 0)) FROM {table} p WHERE {condition}"
    );
    let plain = plainly(fixture, sql).await;
    assert_near(&[computed], &plain, about);
    headline.total_predictions
}

#[expect(
    clippy::too_many_arguments,
    reason = "one figure with all that narrows it"
)]
async fn distribution(
    fixture: &Fixture,
    (reader, scope): (&Scope, &Scope),
    kind: Kind,
    year: Option<ReportingYear>,
    group_by: GroupBy,
    condition: &str,
    readable: &str,
    about: &str,
) {
    let analytics = fixture.store.analytics();
    let computed = analytics
        .risk_distribution(reader, scope, kind, year, group_by)
        .await;
    let computed: Vec<_> = computed
        .unwrap()
        .into_iter()
        .map(|count| {
            format!(
                "{} {} {}",
                group_text(&count.group),
                count.risk_level,
                count.count
            )
        })
        .collect();
    let (group, join) = group_sql(group_by, readable);
    let table = tables(kind).table;
    let sql = format!(
        "SELECT concat_ws(' ', {group}, p.risk_level, count(*)) FROM {table} p {join} \
         WHERE {condition} GROUP BY {group}, p.risk_level"
    );
    assert_near(&computed, &plainly(fixture, sql).await, about);
}

async fn agreement(
    fixture: &Fixture,
    scope: &Scope,
    year: Option<ReportingYear>,
    condition: &str,
    about: &str,
) {
    let computed = fixture.store.analytics().model_agreement(scope, year).await;
    let computed = computed.unwrap();
    let periods: Vec<_> = computed.iter().map(|quarter| quarter.period).collect();
    assert!(
        periods.windows(2).all(|pair| pair[0] > pair[1]),
        "{about}: {periods:?}"
    );
    let computed: Vec<_> = computed
        .into_iter()
        .map(|quarter| {
            format!(
                "{} {} {} {} {}",
                quarter.period,
                quarter.count,
                digits(quarter.logistic_deviation),
                digits(quarter.gbm_deviation),
                digits(quarter.confidence)
            )
        })
        .collect();
    let sql = format!(
        "SELECT concat_ws(' ', p.reporting_year, p.reporting_quarter, count(*), \
         round(avg(abs(p.logistic_probability - p.ensemble_probability)), 12), \
         round(avg(abs(p.gbm_probability - p.ensemble_probability)), 12), round(avg(p.confidence), 12)) \
         FROM quarterly_predictions p WHERE {condition} GROUP BY p.reporting_year, p.reporting_quarter"
    );
    assert_near(&computed, &plainly(fixture, sql).await, about);
}

async fn trend(
    fixture: &Fixture,
    (reader, scope): (&Scope, &Scope),
    kind: Kind,
    group_by: Option<GroupBy>,
    condition: &str,
    readable: &str,
    about: &str,
) {
    let computed = fixture
        .store
        .analytics()
        .trend(reader, scope, kind, group_by)
        .await;
    let computed = computed.unwrap();
    let places: Vec<_> = computed
        .iter()
        .map(|p| (p.group.clone(), p.period))
        .collect();
    assert!(
        places.windows(2).all(|pair| pair[0] < pair[1]),
        "{about}: {places:?}"
    );
    let computed: Vec<_> = computed
        .into_iter()
        .map(|point| {
            format!(
                "{} {} {} {} {} {}",
                point.group.as_ref().map(group_text).unwrap_or_default(),
                point.period,
                point.count,
                point.high,
                digits(point.mean_pd),
                digits(point.median_pd)
            )
        })
        .collect();
    let (group, join) = match group_by {
        None => ("''::text".to_owned(), ""),
        Some(group_by) => group_sql(group_by, readable),
    };
    let Tables { table, period } = tables(kind);
    let sql = format!(
        "SELECT concat_ws(' ', {group}, {period}, count(*), count(*) FILTER (WHERE p.risk_level = 'High'), \
         round(avg(p.pd)::numeric, 12), round({MIDDLE}::numeric, 12)) \
         FROM {table} p {join} WHERE {condition} GROUP BY {group}, {period}"
    );
    assert_near(&computed, &plainly(fixture, sql).await, about);
}

/// Compares lines in any order. Numbers may differ in the last of the 12 digits, where one side
/// rounded a float and the other a decimal.
#[track_caller]
fn assert_near(computed: &[String], plain: &[String], about: &str) {
    let sorted = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.sort();
        lines
    };
    let (computed, plain) = (sorted(computed), sorted(plain));
    let same = computed.len() == plain.len()
        && computed.iter().zip(&plain).all(|(a, b)| {
            let (a, b): (Vec<_>, Vec<_>) = (a.split(' ').collect(), b.split(' ').collect());
            a.len() == b.len()
                && a.iter().zip(&b).all(|(a, b)| {
                    a == b
                        || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a.fract() != 0.0 && (a - b).abs() < 2e-12)
                })
        });
    assert!(same, "{about}\n computed: {computed:#?}\nplain: {plain:#?}");
}

async fn live(seed: u64) {
    const STEPS: usize = 90;
    let fixture = Fixture::create().await;
    let mut step = RandomStep {
        fixture: &fixture,
        rng: Rng(seed),
        made: 0,
        step_count: 0,
    };
    for (name, level) in [
        ("sa", AccessLevel::System),
        ("m1", AccessLevel::Organization),
        ("mB", AccessLevel::Organization),
        ("u0", AccessLevel::Personal),
    ] {
        let actor = fixture.actor(name).await;
        fixture.company(&actor, level, &format!("C{name}")).await;
    }
    let mut done = 0;
    // Only successful operations count as steps; some operation always succeeds.
    while step.step_count < STEPS {
        done += 1;
        let before = step.step_count;
        step.step().await;
        if step.step_count > before && step.step_count.is_multiple_of(9) {
            let (name, ..) = USERS[step.rng.below(USERS.len())];
            compare(&fixture, name, &format!("seed {seed}, step {done}")).await;
        }
    }
    let mut counted = 0;
    for (name, ..) in USERS {
        counted += compare(&fixture, name, &format!("seed {seed}, at the end")).await;
    }
    assert!(counted > 100, "seed {seed}: {counted}");
}

#[tokio::test]
async fn figures_equal_plain_sql_after_random_changes() {
    live(1).await;
}

#[tokio::test]
async fn figures_equal_plain_sql_with_another_seed() {
    live(20_240_923).await;
}
