//! Fills large tables quickly.

use sqlx::{AssertSqlSafe, Executor};
use uuid::Uuid;

use crate::fixture::{Fixture, id};

/// The job with many rows.
pub(super) const JOB: Uuid = Uuid::from_u128(0x77);
/// The company of the timeline.
pub(super) const COMPANY: Uuid = Uuid::from_u128(0x0c);
/// The prediction with many revisions.
pub(super) const REVISED: Uuid = Uuid::from_u128(0x0b);
/// Microseconds since 1970 of the middle of every list: row `n` was made `n` seconds after
/// the start of 2026.
pub(super) const MIDDLE_MICROS: i64 = (1_767_225_600 + 10_000) * 1_000_000;

/// Rows of each table.
const ROWS: u32 = 20_000;

/// Makes one user the owner of every row of every table; one organization, which is not
/// theirs, has nearly every member.
pub(super) async fn one_dominant_owner(fixture: &Fixture) {
    // level, organization and creator of row n
    let owner = format!("'personal', NULL::uuid, '{}'::uuid", id("u0"));
    fill(fixture, &owner, &format!("'{}'::uuid", id("Z"))).await;
}

/// Makes this many organizations with an equal share of all rows, and one member each.
pub(super) async fn many_owners(fixture: &Fixture, owners: u32) {
    let organization = |n: &str| {
        format!("('00000000-0000-7000-8000-' || lpad(to_hex(({n}) % {owners}), 12, '0'))::uuid")
    };
    run(
        fixture,
        &format!(
            "INSERT INTO organizations (id, name, parent_id) \
             SELECT {}, 'Owner ' || n, NULL FROM generate_series(0, {owners} - 1) n",
            organization("n")
        ),
    )
    .await;
    // One of them is the organization of a user in the tests.
    run(
        fixture,
        &format!(
            "UPDATE users SET organization_id = {} WHERE id = '{}'",
            organization("7"),
            id("oA")
        ),
    )
    .await;
    let owner = format!(
        "'organization', {}, '{}'::uuid",
        organization("n"),
        id("sa")
    );
    fill(fixture, &owner, &organization("n")).await;
}

/// Fills every table. `owner` is the level, the organization and the creator of row `n`,
/// `members` the organization of user `n`; SQL.
async fn fill(fixture: &Fixture, owner: &str, members: &str) {
    let at = "timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second'";
    let series = format!("generate_series(1, {ROWS}) n");
    let owned = "access_level, organization_id, created_by, created_at";
    let model = "now(), 'm', '1', repeat('a', 64)";
    for statement in [
        format!(
            "INSERT INTO companies (id, symbol, name, sector, {owned}) \
             SELECT CASE n WHEN 1 THEN '{COMPANY}'::uuid ELSE gen_random_uuid() END, 'S' || n, \
                    CASE WHEN n % 50 = 0 THEN 'Zephyr ' ELSE 'Name ' END || n, 'Energy', {owner}, {at} FROM {series}"
        ),
        format!(
            "INSERT INTO annual_predictions (id, company_id, company_symbol, company_name, company_sector, reporting_year, \
               probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256, \
               bulk_job_id, bulk_row, changed_by_job, {owned}) \
             SELECT CASE c.id WHEN '{COMPANY}' THEN '{REVISED}'::uuid ELSE gen_random_uuid() END, c.id, c.symbol, c.name, \
                    c.sector, (2015 + substr(c.symbol, 2)::int % 10)::text, 0.5, random(), 'Low', 0.9, {model}, '{JOB}', substr(c.symbol, 2)::int, \
                    CASE WHEN substr(c.symbol, 2)::int % 100 = 0 THEN '{JOB}'::uuid END, \
                    c.access_level, c.organization_id, c.created_by, c.created_at FROM companies c"
        ),
        format!(
            "INSERT INTO quarterly_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, \
               reporting_quarter, ensemble_probability, logistic_probability, gbm_probability, pd, risk_level, confidence, \
               predicted_at, model_name, model_version, model_sha256, {owned}) \
             SELECT c.id, c.symbol, c.name, c.sector, (2015 + substr(c.symbol, 2)::int % 10)::text, 'Q1', 0.5, 0.5, 0.5, random(), 'Low', 0.9, {model}, \
                    c.access_level, c.organization_id, c.created_by, c.created_at FROM companies c"
        ),
        format!(
            "INSERT INTO annual_prediction_revisions (prediction_id, row_version, probability, pd, risk_level, confidence, \
               predicted_at, model_name, model_version, model_sha256, raw_ratios, flags, replaced_at, reason) \
             SELECT p.id, n, 0.5, 0.5, 'Low', 0.9, {model}, '{{}}', '{{}}', now(), 'model' \
               FROM annual_predictions p, generate_series(1, CASE p.id WHEN '{REVISED}' THEN 2000 ELSE 1 END) n"
        ),
        "INSERT INTO outcomes (company_id, company_symbol, company_name, company_sector, definition, event, occurred_on, \
           access_level, organization_id, created_by, created_at) \
           SELECT c.id, c.symbol, c.name, c.sector, 'crr_178@1', 'default', '2024-05-31', c.access_level, \
                  c.organization_id, c.created_by, c.created_at FROM companies c"
            .to_owned(),
        "INSERT INTO validation_reports (kind, request, access_level, organization_id, created_by, created_at) \
           SELECT 'annual', '{\"kind\": \"annual\", \"first_days\": [\"2024-12-31\"], \"basis\": \"recorded\", \
             \"lag_months\": 6, \"definition\": \"crr_178@1\", \"label\": \"crr_178@1\", \
             \"as_of\": \"2026-01-01T00:00:00Z\", \"complete_through\": \"2025-12-31\", \
             \"include_system_outcomes\": false, \"initial_auc\": null, \"target_rate\": null}', \
             c.access_level, c.organization_id, c.created_by, c.created_at FROM companies c"
            .to_owned(),
        "INSERT INTO monitoring_snapshots (kind, model_name, model_version, model_sha256, period, baseline, total, \
           out_of_scope, inputs, score, verdict, access_level, organization_id, created_by, created_at) \
           SELECT 'annual', 'm', 'v' || row_number() OVER (ORDER BY c.id), repeat('a', 64), '2024', 'training', 1, 0, '[]', \
                  '{\"counts\": {\"bins\": [1], \"at_min\": 0, \"at_max\": 0, \"missing\": 0}, \"verdict\": \"stable\"}', \
                  'stable', c.access_level, c.organization_id, \
                  CASE c.access_level WHEN 'personal' THEN c.created_by END, c.created_at FROM companies c"
            .to_owned(),
        "INSERT INTO default_definitions (code, version, name, basis, access_level, organization_id, created_by, created_at) \
           SELECT CASE c.access_level WHEN 'system' THEN 'system_' ELSE 'd_' END || lower(c.symbol), 1, 'n', 'other', \
                  c.access_level, c.organization_id, c.created_by, c.created_at FROM companies c"
            .to_owned(),
        "INSERT INTO rating_scales (name, version, grades, on_buckets, access_level, organization_id, created_by, created_at) \
           SELECT 'n' || lower(c.symbol), 1, '[{\"code\": \"1\", \"pd_from\": 0, \"pd_to\": 0.1}, \
             {\"code\": \"2\", \"pd_from\": 0.1, \"pd_to\": 0.2}, {\"code\": \"3\", \"pd_from\": 0.2, \"pd_to\": 0.3}, \
             {\"code\": \"4\", \"pd_from\": 0.3, \"pd_to\": 0.4}, {\"code\": \"5\", \"pd_from\": 0.4, \"pd_to\": 0.5}, \
             {\"code\": \"6\", \"pd_from\": 0.5, \"pd_to\": 0.6}, {\"code\": \"7\", \"pd_from\": 0.6, \"pd_to\": 1}]', \
             false, c.access_level, c.organization_id, c.created_by, c.created_at FROM companies c"
            .to_owned(),
        format!(
            "INSERT INTO bulk_upload_jobs (id, filename, original_filename, file_size, job_type, status, total_rows, completed_at, {owned}) \
             SELECT CASE n WHEN 1 THEN '{JOB}'::uuid ELSE gen_random_uuid() END, 'f', 'f', 1, 'annual', 'completed', 0, now(), \
                    {owner}, {at} FROM {series}"
        ),
        format!(
            "INSERT INTO bulk_upload_rows (job_id, row_number, status, code, owner_key) \
             SELECT j.id, n, 'skipped', 'x', j.owner_key FROM bulk_upload_jobs j, {series} WHERE j.id = '{JOB}'"
        ),
        format!(
            "INSERT INTO audit_logs (event_type, entity_type, user_id, organization_id, action, created_at, request_id) \
             SELECT 'x', 'x', o.creator, o.organization, 'READ', now() - n * interval '1 millisecond', 'r' \
               FROM {series}, LATERAL (SELECT {owner}) o (level, organization, creator)"
        ),
        format!(
            "INSERT INTO users (email, password_hash, role, organization_id, created_at) \
             SELECT 'member' || n || '@example.com', 'h', 'org_member', {members}, {at} FROM {series}"
        ),
        "INSERT INTO user_totp (user_id, secret, waits_since) \
           SELECT id, 'sealed', created_at FROM users WHERE email LIKE 'member%'"
            .to_owned(),
        format!(
            "INSERT INTO api_keys (user_id, name, prefix, secret_hash, scopes, created_at) \
             SELECT o.creator, 'k', 'p', lpad(n::text, 64, '0'), '{{read}}', {at} \
               FROM {series}, LATERAL (SELECT {owner}) o (level, organization, creator)"
        ),
        format!(
            "INSERT INTO invitations (organization_id, email, role, token_hash, expires_at, created_at) \
             SELECT {members}, 'guest' || n || '@example.com', 'org_member', lpad(n::text, 64, '0'), now(), {at} FROM {series}"
        ),
        format!(
            "INSERT INTO allowed_emails (organization_id, email) SELECT {members}, 'guest' || n || '@example.com' FROM {series}"
        ),
        "VACUUM (ANALYZE)".to_owned(),
    ] {
        run(fixture, &statement).await;
    }
}

async fn run(fixture: &Fixture, statement: &str) {
    let sql = AssertSqlSafe(statement.to_owned());
    if let Err(error) = fixture.superuser.execute(sql).await {
        panic!("{error}\n{statement}");
    }
}
