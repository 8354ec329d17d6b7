//! The rollups equal the plain queries, whatever was done and by how many sessions at once.

use rand::RngExt;
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{Scratch, connect, run};

const WRITERS: usize = 4;
const STATEMENTS: usize = 150;

#[tokio::test(flavor = "multi_thread")]
async fn rollups_equal_plain_queries_after_random_changes() {
    let scratch = Scratch::migrated().await;
    let mut connection = connect(&scratch.url).await;
    run(&mut connection, include_str!("some_rows.sql")).await;
    assert_equal(&scratch.pool, "after a bulk load").await;

    let writers: Vec<_> = (0..WRITERS)
        .map(|_| tokio::spawn(write(scratch.pool.clone())))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM annual_predictions")
        .fetch_one(&scratch.pool)
        .await
        .unwrap();
    assert!(
        left > 100,
        "there is still something to compare: {left} rows"
    );
    assert_equal(&scratch.pool, "after random statements").await;

    run(&mut connection, "SELECT fold_prediction_rollups(1000000)").await;
    let deltas: i64 = sqlx::query_scalar("SELECT count(*) FROM annual_prediction_rollup_delta")
        .fetch_one(&scratch.pool)
        .await
        .unwrap();
    assert_eq!(deltas, 0);
    assert_equal(&scratch.pool, "after folding everything").await;

    run(
        &mut connection,
        "DELETE FROM organizations WHERE id = '00000000-0000-0000-0000-0000000000a1'",
    )
    .await;
    assert_equal(&scratch.pool, "after an organization went").await;

    run(
        &mut connection,
        "UPDATE annual_prediction_rollup SET n = n + 1; SELECT rebuild_prediction_rollups()",
    )
    .await;
    assert_equal(&scratch.pool, "after a rebuild").await;
    scratch.end().await;
}

/// Executes one statement after another, each in its own transaction. A deadlock or a
/// conflict on a key rolls back the statement, and must roll back its deltas too.
async fn write(pool: PgPool) {
    const STATEMENT: [&str; 8] = [
        // New ones, organization A's, on system companies.
        "INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, probability, pd, risk_level,
             confidence, predicted_at, model_name, model_version, model_sha256, access_level, organization_id, created_by)
         SELECT id, symbol, name, sector, (1900 + floor(random() * 200))::int::text, 0.25, 0.25, 'High', 0.5, now(), 'annual', '1', repeat('0', 64),
                'organization', '00000000-0000-0000-0000-0000000000a1', '00000000-0000-0000-0000-0000000000a2'
           FROM companies WHERE access_level = 'system' ORDER BY random() LIMIT 15
         ON CONFLICT (company_id, reporting_year, owner_key) DO UPDATE SET pd = random(), probability = 0.75, risk_level = 'Low'",
        // Personal ones of m1.
        "INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, probability, pd, risk_level,
             confidence, predicted_at, model_name, model_version, model_sha256, access_level, created_by)
         SELECT id, symbol, name, sector, (1900 + floor(random() * 200))::int::text, 0.001, 0.001, 'Low', 0.5, now(), 'annual', '1', repeat('0', 64),
                'personal', '00000000-0000-0000-0000-0000000000a2'
           FROM companies WHERE access_level = 'system' ORDER BY random() LIMIT 5
         ON CONFLICT DO NOTHING",
        // Scored again.
        "UPDATE annual_predictions SET pd = random(), probability = 0.5, confidence = 0.9, risk_level = 'Medium', company_sector = 'Sector ' || floor(random() * 6)
          WHERE id IN (SELECT id FROM annual_predictions ORDER BY random() LIMIT 12)",
        "UPDATE quarterly_predictions SET pd = random() / 2, logistic_probability = round(random()::numeric, 4), ensemble_probability = 0.2, risk_level = 'High'
          WHERE id IN (SELECT id FROM quarterly_predictions ORDER BY random() LIMIT 12)",
        // Widened: moved to another owner.
        "UPDATE annual_predictions SET access_level = 'system', organization_id = NULL
          WHERE id IN (SELECT id FROM annual_predictions WHERE access_level = 'organization' ORDER BY random() LIMIT 3)",
        "UPDATE annual_predictions SET access_level = 'organization', organization_id = '00000000-0000-0000-0000-0000000000a1'
          WHERE id IN (SELECT id FROM annual_predictions WHERE access_level = 'personal' ORDER BY random() LIMIT 3)",
        // Deleted.
        "DELETE FROM annual_predictions WHERE id IN (SELECT id FROM annual_predictions ORDER BY random() LIMIT 6);
         DELETE FROM quarterly_predictions WHERE id IN (SELECT id FROM quarterly_predictions ORDER BY random() LIMIT 2)",
        "SELECT fold_prediction_rollups(50)",
    ];
    for n in 0..STATEMENTS {
        let sql = match rand::rng().random_range(0..40) {
            // A company with all of its predictions.
            0 if n % 3 == 0 => {
                "DELETE FROM companies WHERE id IN (SELECT id FROM companies ORDER BY random() LIMIT 1)"
            }
            choice => STATEMENT[choice % STATEMENT.len()],
        };
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await {
            let code = error
                .as_database_error()
                .and_then(|e| e.code())
                .unwrap_or_default()
                .into_owned();
            // Deadlock, repeated key, company gone, company gone while the trigger read it.
            assert!(
                ["40P01", "23505", "23503", "23514"].contains(&code.as_str()),
                "{error}\n{sql}"
            );
        }
    }
}

/// Checks that no row is on one side only.
async fn assert_equal(pool: &PgPool, when: &str) {
    let annual: Vec<String> = sqlx::query_scalar(
        "WITH rolled AS (
           SELECT owner_key, reporting_year, sector, risk_level, pd_bucket, min(access_level) AS level, sum(n)::bigint AS n, sum(sum_probability) AS p, sum(sum_confidence) AS c, sum(sum_pd) AS d, sum(n0)::bigint AS t0, sum(n1)::bigint AS t1, sum(n2)::bigint AS t2, sum(n3)::bigint AS t3, sum(n4)::bigint AS t4, sum(n5)::bigint AS t5, sum(n6)::bigint AS t6, sum(n7)::bigint AS t7, sum(n8)::bigint AS t8, sum(n9)::bigint AS t9
             FROM annual_prediction_rollup_live GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 OR sum(sum_probability) <> 0 OR sum(sum_confidence) <> 0 OR sum(sum_pd) <> 0 OR sum(n0) <> 0 OR sum(n1) <> 0 OR sum(n2) <> 0 OR sum(n3) <> 0 OR sum(n4) <> 0 OR sum(n5) <> 0 OR sum(n6) <> 0 OR sum(n7) <> 0 OR sum(n8) <> 0 OR sum(n9) <> 0),
         plain AS (
           SELECT owner_key, reporting_year, company_sector, risk_level, pd_bucket(pd), min(access_level), count(*), sum(probability), sum(confidence), sum(round(pd * 1e12)::bigint) * 1e-12, count(*) FILTER (WHERE pd_tenth(pd) = 0), count(*) FILTER (WHERE pd_tenth(pd) = 1), count(*) FILTER (WHERE pd_tenth(pd) = 2), count(*) FILTER (WHERE pd_tenth(pd) = 3), count(*) FILTER (WHERE pd_tenth(pd) = 4), count(*) FILTER (WHERE pd_tenth(pd) = 5), count(*) FILTER (WHERE pd_tenth(pd) = 6), count(*) FILTER (WHERE pd_tenth(pd) = 7), count(*) FILTER (WHERE pd_tenth(pd) = 8), count(*) FILTER (WHERE pd_tenth(pd) = 9)
             FROM annual_predictions GROUP BY 1, 2, 3, 4, 5)
         SELECT 'rolled ' || r::text FROM (TABLE rolled EXCEPT TABLE plain) r
         UNION ALL SELECT 'plain ' || p::text FROM (TABLE plain EXCEPT TABLE rolled) p",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(annual.is_empty(), "{when}: {annual:#?}");
    let quarterly: Vec<String> = sqlx::query_scalar(
        "WITH rolled AS (
           SELECT owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, sum(n)::bigint AS n,
                  sum(sum_ensemble) AS e, sum(sum_logistic_dev) AS l, sum(sum_gbm_dev) AS g, sum(sum_confidence) AS c, sum(sum_pd) AS d, sum(n0)::bigint AS t0, sum(n1)::bigint AS t1, sum(n2)::bigint AS t2, sum(n3)::bigint AS t3, sum(n4)::bigint AS t4, sum(n5)::bigint AS t5, sum(n6)::bigint AS t6, sum(n7)::bigint AS t7, sum(n8)::bigint AS t8, sum(n9)::bigint AS t9
             FROM quarterly_prediction_rollup_live GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0 OR sum(sum_ensemble) <> 0 OR sum(sum_logistic_dev) <> 0 OR sum(sum_pd) <> 0 OR sum(n0) <> 0 OR sum(n1) <> 0 OR sum(n2) <> 0 OR sum(n3) <> 0 OR sum(n4) <> 0 OR sum(n5) <> 0 OR sum(n6) <> 0 OR sum(n7) <> 0 OR sum(n8) <> 0 OR sum(n9) <> 0),
         plain AS (
           SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, pd_bucket(pd), count(*), sum(ensemble_probability),
                  sum(abs(logistic_probability - ensemble_probability)), sum(abs(gbm_probability - ensemble_probability)), sum(confidence), sum(round(pd * 1e12)::bigint) * 1e-12, count(*) FILTER (WHERE pd_tenth(pd) = 0), count(*) FILTER (WHERE pd_tenth(pd) = 1), count(*) FILTER (WHERE pd_tenth(pd) = 2), count(*) FILTER (WHERE pd_tenth(pd) = 3), count(*) FILTER (WHERE pd_tenth(pd) = 4), count(*) FILTER (WHERE pd_tenth(pd) = 5), count(*) FILTER (WHERE pd_tenth(pd) = 6), count(*) FILTER (WHERE pd_tenth(pd) = 7), count(*) FILTER (WHERE pd_tenth(pd) = 8), count(*) FILTER (WHERE pd_tenth(pd) = 9)
             FROM quarterly_predictions GROUP BY 1, 2, 3, 4, 5, 6)
         SELECT 'rolled ' || r::text FROM (TABLE rolled EXCEPT TABLE plain) r
         UNION ALL SELECT 'plain ' || p::text FROM (TABLE plain EXCEPT TABLE rolled) p",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(quarterly.is_empty(), "{when}: {quarterly:#?}");
    assert_high_risks_equal(pool, when).await;
}

/// Compares the companies with a high risk: recorded and merged ones with those of the rows,
/// and the counts with the merged ones.
async fn assert_high_risks_equal(pool: &PgPool, when: &str) {
    let wrong: Vec<String> = sqlx::query_scalar(include_str!("high_risks.sql"))
        .fetch_all(pool)
        .await
        .unwrap();
    assert!(wrong.is_empty(), "{when}: {wrong:#?}");
}
