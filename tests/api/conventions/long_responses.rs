//! Responses that take long end when their callers lose their rights.

use accunode_local::AdvancingClock;
use accunode_tests::{Service, ServiceOptions, TestUser, tenancy::Tenancy};
use sqlx::PgPool;

use crate::{
    fairness::Lock,
    support::{file_of, run, submit},
};

async fn service_with_a_clock() -> (Service, AdvancingClock) {
    let clock = AdvancingClock::default();
    let service = Service::with(
        ServiceOptions {
            clock: Some(clock.clone()),
            ..ServiceOptions::default()
        }
        .without_worker(),
    )
    .await;
    (service, clock)
}

/// Begins an export of two pages, changes something when the first one has arrived, and returns
/// the number of lines if the export reaches its end.
async fn export(
    service: &Service,
    user: &TestUser,
    change: impl AsyncFnOnce(),
) -> Result<usize, reqwest::Error> {
    let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
    // The export is recorded behind its first page: the second one has to wait from then on.
    let mut audit_log = Lock::on(service, "audit_logs").await;
    let prepared = async {
        audit_log.until_waited_for(1).await;
        let companies = Lock::on(service, "companies").await;
        audit_log.release().await;
        companies
    };
    let (mut response, mut companies) = tokio::join!(user.open("/companies", "text/csv"), prepared);
    assert_eq!(response.status(), 200);
    let mut text = Vec::new();
    while lines(&text) < 101 {
        let piece = response.chunk().await?;
        text.extend(piece.expect("the first page"));
    }
    companies.until_waited_for(1).await;
    change().await;
    companies.release().await;
    while let Some(piece) = response.chunk().await? {
        text.extend(piece);
    }
    Ok(lines(&text))
}

async fn many_companies(pool: &PgPool) {
    run(
        pool,
        "INSERT INTO companies (symbol, name, sector, access_level, organization_id, created_by) \
         SELECT 'C' || n, 'Company ' || n, 'Energy', 'organization', organization_id, id \
           FROM users, generate_series(1, 150) n WHERE email = 'm1@example.com'",
    )
    .await;
}

#[tokio::test]
async fn export_is_broken_off_when_its_caller_loses_their_rights() {
    let (service, clock) = service_with_a_clock().await;
    let users = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    many_companies(&pool).await;
    let later = || {
        let advanced = clock.advance(2);
        advanced.expect("a later time");
    };

    let unchanged = export(&service, users.user("m1"), async || later()).await;
    assert_eq!(unchanged.expect("a whole export"), 151);

    let removed = export(&service, users.user("m1"), async || {
        let sql =
            "UPDATE users SET organization_id = NULL, role = 'user' WHERE email = 'm1@example.com'";
        run(&pool, sql).await;
        later();
    })
    .await;
    assert!(removed.is_err(), "a removed member: {removed:?}");

    let m2 = users.user("m2");
    let signed_out = export(&service, m2, async || {
        let _ = m2.post_nothing("/auth/logout").await.expect(204);
        later();
    })
    .await;
    assert!(signed_out.is_err(), "an ended session: {signed_out:?}");

    let deactivated = export(&service, users.user("oA"), async || {
        let sql = "UPDATE users SET is_active = FALSE WHERE email = 'oa@example.com'";
        run(&pool, sql).await;
        later();
    })
    .await;
    assert!(deactivated.is_err(), "an inactive user: {deactivated:?}");

    // Only the access token ends, after a quarter of an hour.
    let tenant_admin = users.user("tR");
    let expired = export(&service, tenant_admin, async || {
        clock.advance(20 * 60).expect("a later time");
        let _ = tenant_admin.get("/me").await.problem(401);
    })
    .await;
    assert_eq!(expired.expect("a whole export"), 151);
}

#[tokio::test]
async fn event_stream_ends_when_its_caller_loses_their_rights() {
    let (service, _) = service_with_a_clock().await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let job = submit(m1, "a.csv", file_of(["ACME"]), &[]).await;
    let events = format!("/bulk-uploads/{job}/events");
    let mut response = m1.open(&events, "text/event-stream").await;
    let first = response.chunk().await.expect("a piece").expect("an event");
    assert!(first.starts_with(b"event: progress"), "{first:?}");
    let _ = m1.post_nothing("/auth/logout").await.expect(204);
    // Nothing happens to the upload, so that nothing else ends the stream.
    assert!(response.chunk().await.expect("its end").is_none());
}
