//! Counts of monitoring against the same counted here, and how long a million takes.

use std::time::Instant;

use accunode_domain::{
    prediction::Kind,
    risk::ModelRef,
    validation::{BinCounts, BinEdges, PeriodCounts},
};
use accunode_ports::repositories::{ModelPredictions, Repositories};
use sqlx::{AssertSqlSafe, Row};

use crate::fixture::{Fixture, id};

fn model() -> ModelRef {
    ModelRef {
        name: "m".to_owned(),
        version: "1".to_owned(),
        sha256: "a".repeat(64),
    }
}

/// Makes predictions of an organization: of each ratio some are missing, at a bound, and
/// brought there, at random.
async fn fill(fixture: &Fixture, kind: Kind, rows: u32, period: &str) {
    let (mut columns, mut values, mut flags) = (String::new(), String::new(), Vec::new());
    for (at, ratio) in kind.ratios().iter().enumerate() {
        let (name, min, max) = (ratio.name, ratio.min, ratio.max);
        let x = format!("((n * {} + 7919) % 1000) / 1000.0", 2 * at + 31);
        columns.push_str(&format!(", {name}"));
        values.push_str(&format!(
            ", CASE WHEN {x} < 0.05 THEN NULL WHEN {x} < 0.15 THEN {min} WHEN {x} > 0.9 THEN {max} \
             ELSE ({min} + ({max} - ({min})) * {x})::numeric(12, 4) END"
        ));
        flags.push(format!(
            "CASE WHEN {x} BETWEEN 0.05 AND 0.1 THEN '{name}:clamped_low' END"
        ));
        flags.push(format!(
            "CASE WHEN {x} > 0.95 THEN '{name}:clamped_high' END"
        ));
        flags.push(format!(
            "CASE WHEN {x} > 0.94 AND {x} <= 0.95 THEN '{name}:non_positive_denominator' END"
        ));
    }
    flags.push("CASE WHEN n % 50 = 0 THEN 'sector_out_of_scope' END".to_owned());
    let (table, parts, of_parts) = match kind {
        Kind::Annual => ("annual_predictions", "reporting_year, probability", "0.5"),
        Kind::Quarterly => (
            "quarterly_predictions",
            "reporting_year, reporting_quarter, ensemble_probability, logistic_probability, gbm_probability",
            "0.5, 0.5, 0.5",
        ),
    };
    let (a, m1) = (id("A"), id("m1"));
    // Triggers and foreign keys are not what is tested here.
    let sql = format!(
        "SET session_replication_role = replica; \
         INSERT INTO {table} (company_id, company_symbol, company_name, company_sector, {parts}, pd, risk_level, \
           confidence, predicted_at, model_name, model_version, model_sha256, flags, access_level, organization_id, \
           created_by{columns}) \
         SELECT gen_random_uuid(), 'S' || n, 'N', 'Energy', {period}, {of_parts}, ((n * 7919) % 10007 + 1) / 20020.0, 'Low', \
                0.9, now(), 'm', '1', repeat('a', 64), array_remove(ARRAY[{}], NULL), 'organization', '{a}', '{m1}'{values} \
           FROM generate_series(1::bigint, {rows}) n; \
         SET session_replication_role = DEFAULT;",
        flags.join(", ")
    );
    let mut connection = fixture.superuser.acquire().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut *connection)
        .await
        .unwrap();
}

fn edges(kind: Kind) -> BinEdges {
    let of = |ratio: &accunode_domain::ratio::RatioDefinition| {
        let step = (ratio.max - ratio.min) / 10.0;
        (1..10)
            .map(|n| ratio.min + step * f64::from(n) + 0.000_05)
            .collect()
    };
    BinEdges {
        inputs: kind.ratios().iter().map(of).collect(),
        pd: (1..10).map(|n| f64::from(n) / 20.0 + 0.000_01).collect(),
    }
}

/// The same, counted row by row.
async fn expected_bins(fixture: &Fixture, edges: &BinEdges) -> (Vec<BinCounts>, BinCounts, u64) {
    let columns = Kind::Annual
        .ratios()
        .iter()
        .map(|ratio| format!("{}::float8", ratio.name));
    let columns: Vec<_> = columns.collect();
    let sql = format!(
        "SELECT flags, pd, {} FROM annual_predictions ORDER BY random()",
        columns.join(", ")
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&fixture.superuser)
        .await
        .unwrap();
    let mut inputs: Vec<_> = edges
        .inputs
        .iter()
        .map(|edges| BinCounts::empty(edges))
        .collect();
    let (mut score, mut out_of_scope) = (BinCounts::empty(&edges.pd), 0);
    let bin = |edges: &[f64], value: f64| edges.partition_point(|edge| *edge <= value);
    for row in rows {
        let flags: Vec<String> = row.get(0);
        if flags.iter().any(|flag| flag == "sector_out_of_scope") {
            out_of_scope += 1;
            continue;
        }
        score.bins[bin(&edges.pd, row.get(1))] += 1;
        for (at, ratio) in Kind::Annual.ratios().iter().enumerate() {
            let counts = &mut inputs[at];
            let flagged = |flag: &str| u64::from(flags.contains(&format!("{}:{flag}", ratio.name)));
            let add = |to: &mut Option<u64>, n| *to = Some(to.unwrap_or_default() + n);
            match row.get::<Option<f64>, _>(at + 2) {
                None => counts.missing += 1,
                Some(value) if value <= ratio.min => {
                    counts.at_min += 1;
                    add(&mut counts.clamped_low, flagged("clamped_low"));
                }
                Some(value) if value >= ratio.max => {
                    counts.at_max += 1;
                    let high = flagged("clamped_high") + flagged("non_positive_denominator");
                    add(&mut counts.clamped_high, high);
                }
                Some(value) => counts.bins[bin(&edges.inputs[at], value)] += 1,
            }
        }
    }
    (inputs, score, out_of_scope)
}

async fn counted(fixture: &Fixture, kind: Kind, edges: &BinEdges) -> Vec<PeriodCounts> {
    let (scope, _) = fixture.actor("oA").await.monitor(None, None).unwrap();
    let model = model();
    let of = ModelPredictions {
        kind,
        model: &model,
    };
    fixture
        .store
        .monitoring()
        .counts(&scope, of, None, edges)
        .await
        .unwrap()
}

#[tokio::test]
async fn monitoring_counts_equal_a_row_by_row_count() {
    let fixture = Fixture::create().await;
    fill(&fixture, Kind::Annual, 1_500, "'2024'").await;
    let edges = edges(Kind::Annual);
    let found = counted(&fixture, Kind::Annual, &edges).await.remove(0);
    let (inputs, score, out_of_scope) = expected_bins(&fixture, &edges).await;
    assert_eq!(found.inputs, inputs);
    assert_eq!((found.score, found.out_of_scope), (score, out_of_scope));
    let (low, high) = (
        inputs[2].clamped_low.unwrap(),
        inputs[2].clamped_high.unwrap(),
    );
    assert!(low > 0 && high > 0 && inputs[2].at_min > low && inputs[2].at_max > high);
}

#[tokio::test]
#[ignore = "it measures: a million rows of each kind, 11 inputs"]
async fn million_predictions_are_counted_within_seconds() {
    let fixture = Fixture::create().await;
    for (kind, period) in [
        (Kind::Annual, "(2015 + n % 10)::text"),
        (Kind::Quarterly, "(2015 + n % 10)::text, 'Q' || (1 + n % 4)"),
    ] {
        let begun = Instant::now();
        fill(&fixture, kind, 1_000_000, period).await;
        sqlx::raw_sql("VACUUM ANALYZE annual_predictions, quarterly_predictions")
            .execute(&fixture.superuser)
            .await
            .unwrap();
        println!("{kind}: filled in {:?}", begun.elapsed());
        let edges = edges(kind);
        for _ in 0..3 {
            let begun = Instant::now();
            let periods = counted(&fixture, kind, &edges).await;
            println!(
                "{kind}: {} periods counted in {:?}",
                periods.len(),
                begun.elapsed()
            );
        }
        let begun = Instant::now();
        let model = model();
        let of = ModelPredictions {
            kind,
            model: &model,
        };
        let (scope, _) = fixture.actor("oA").await.monitor(None, None).unwrap();
        let quarter = (kind == Kind::Quarterly).then_some(accunode_domain::prediction::Quarter::Q1);
        let period = |text: &str| accunode_domain::prediction::Period {
            quarter,
            ..accunode_domain::prediction::Period::read("", text).unwrap()
        };
        let monitoring = fixture.store.monitoring();
        let cuts = monitoring.cuts(&scope, of, period("2020")).await.unwrap();
        println!(
            "{kind}: deciles of one period ({}) in {:?}",
            cuts.is_some(),
            begun.elapsed()
        );
        let begun = Instant::now();
        let movers = monitoring
            .movers(&scope, of, period("2020"), period("2021"), 20)
            .await
            .unwrap();
        println!("{kind}: {} movers in {:?}", movers.len(), begun.elapsed());
    }
}
