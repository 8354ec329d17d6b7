//! Expired rows are deleted in batches, and only those.

use accunode_postgres::PgStore;
use sqlx::{AssertSqlSafe, Executor, Row};
use time::Duration;

use crate::fixture::{Fixture, noon};

/// Rows of each table, each of which expires a second after the one before, from noon on.
const ROWS: i64 = 2_500;

async fn fill(fixture: &Fixture) {
    let noon = noon();
    let user = "(SELECT id FROM users ORDER BY id LIMIT 1)";
    let organization = "(SELECT id FROM organizations ORDER BY id LIMIT 1)";
    let hash = "lpad(to_hex(n), 64, '0')";
    let at = format!("timestamptz '{noon}' + make_interval(secs => n)");
    for sql in [
        format!(
            "INSERT INTO idempotency_keys (principal, key, fingerprint, created_at) \
             SELECT gen_random_uuid(), 'k', {hash}, {at}"
        ),
        format!(
            "INSERT INTO user_tokens (user_id, purpose, token_hash, expires_at, used_at) \
             SELECT {user}, 'verify_email', {hash}, {at}, now()"
        ),
        format!(
            "INSERT INTO invitations (organization_id, email, role, token_hash, expires_at, accepted_at) \
             SELECT {organization}, n || '@example.com', 'org_member', {hash}, {at}, \
                    CASE WHEN n % 5 = 0 THEN now() END"
        ),
        format!(
            "INSERT INTO login_challenges (token_hash, user_id, expires_at) SELECT {hash}, {user}, {at}"
        ),
    ] {
        let sql = format!("{sql} FROM generate_series(1, {ROWS}) n");
        fixture.superuser.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    fixture.superuser.execute("ANALYZE").await.unwrap();
}

#[tokio::test]
async fn expired_rows_are_deleted_when_due_and_not_before() {
    let fixture = Fixture::create().await;
    fill(&fixture).await;
    let store = &fixture.store;
    let counts = async |after: Duration| {
        let cleaned = store.clean_up(noon() + after).await.unwrap();
        cleaned
            .tables
            .iter()
            .map(|(_, rows)| *rows)
            .collect::<Vec<_>>()
    };
    let (hour, day) = (Duration::HOUR, Duration::DAY);
    assert_eq!(counts(hour).await, [0, 0, 0, 0]);
    // Rows 1 to 1,000 of the challenges expired an hour ago.
    assert_eq!(
        counts(hour + Duration::seconds(1_001)).await,
        [0, 0, 0, 1_000]
    );
    assert_eq!(counts(2 * hour).await, [0, 0, 0, 1_500]);
    assert_eq!(counts(day + hour).await, [2_500, 0, 0, 0]);
    assert_eq!(counts(8 * day).await, [0, 2_500, 0, 0]);
    // Accepted invitations stay.
    assert_eq!(counts(31 * day).await, [0, 0, 2_000, 0]);
    assert_eq!(counts(400 * day).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn every_cleanup_statement_uses_an_index() {
    let fixture = Fixture::create().await;
    fill(&fixture).await;
    for statement in PgStore::clean_up_statements() {
        let sql = statement.replace("$1", &format!("timestamptz '{}'", noon()));
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}")))
            .fetch_all(&fixture.superuser)
            .await
            .unwrap();
        let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
        assert!(
            plan.iter().any(|line| line.contains("Index Scan using")),
            "{sql}: {plan:#?}"
        );
        assert!(!plan.iter().any(|line| line.contains("Sort")), "{plan:#?}");
    }
}
