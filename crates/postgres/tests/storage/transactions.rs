//! Units of work.

use accunode_domain::{
    audit::{AuditAction, AuditEvent, RequestContext},
    id::{CompanyId, UserId},
    idempotency::{IdempotentRequest, StoredOutcome},
    owner::AccessLevel,
};
use accunode_ports::{
    Conflict,
    repositories::{Repositories, Store},
};
use accunode_postgres::{PgStore, PoolSizes};
use serde_json::json;
use uuid::Uuid;

use crate::{
    fixture::{Fixture, grant, id, organization, profile},
    support::settings,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_begin_does_not_leave_an_open_transaction() {
    let fixture = Fixture::create().await;
    let scope = fixture.actor("m1").await.scope();
    let small = accunode_postgres::PoolSettings {
        sizes: PoolSizes::of_total(8),
        ..settings()
    };
    let store = PgStore::connect(fixture.database.url(), small)
        .await
        .unwrap();
    for n in 0..300 {
        // The future is dropped after this many polls, whatever it is waiting for by then.
        let mut begin = store.begin(&scope);
        for _ in 0..n % 10 {
            if futures::poll!(begin.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begin);
        // It runs on the same pool, and commits as soon as it is done.
        sqlx::query("INSERT INTO users (email, password_hash, role) VALUES ($1, 'hash', 'user')")
            .bind(format!("n{n}@example.com"))
            .execute(store.pool())
            .await
            .unwrap();
    }
    let kept = fixture
        .count("SELECT count(*) FROM users WHERE email LIKE 'n%@example.com'")
        .await;
    assert_eq!(
        kept, 300,
        "an insert went into someone's forgotten transaction"
    );
}

#[tokio::test]
async fn dropped_unit_of_work_is_rolled_back() {
    let fixture = Fixture::create().await;
    let actor = fixture.actor("m1").await;
    let grant = grant(&actor, AccessLevel::Organization);
    for (symbol, commit) in [("LOST", false), ("KEPT", true)] {
        let work = fixture.begin(&actor).await;
        let id = CompanyId(Uuid::new_v4());
        work.companies()
            .add(grant, id, &profile(symbol))
            .await
            .unwrap();
        let seen = work
            .reads()
            .companies()
            .find(&actor.scope(), id)
            .await
            .unwrap();
        assert!(seen.is_some(), "a unit of work sees what it did");
        if commit {
            work.commit().await.unwrap();
        } else {
            drop(work);
        }
        let after = fixture
            .store
            .companies()
            .find(&actor.scope(), id)
            .await
            .unwrap();
        assert_eq!(after.is_some(), commit, "{symbol}");
    }
}

#[tokio::test]
async fn audit_row_stores_names_and_address_of_the_actor() {
    let fixture = Fixture::create().await;
    let actor = fixture.actor("m1").await;
    let work = fixture.begin(&actor).await;
    let context = RequestContext {
        ip: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("test\0".to_owned()),
        request_id: "r1".to_owned(),
    };
    let event = AuditEvent {
        user: Some(actor.user()),
        organization: Some(organization("A")),
        new_values: Some(json!({ "symbol": "AAPL" })),
        ..AuditEvent::new("company.created", "company", AuditAction::Create)
    };
    work.audit_log().record(&context, event).await.unwrap();
    work.commit().await.unwrap();
    // There is no user, and the event is written all the same.
    let ownerless = fixture
        .store
        .begin(&accunode_domain::access::Scope::none())
        .await
        .unwrap();
    let event = AuditEvent {
        actor_email: Some("who@example.com".to_owned()),
        ..AuditEvent::new("login.failed", "user", AuditAction::FailedLogin)
    };
    ownerless
        .audit_log()
        .record(&RequestContext::default(), event)
        .await
        .unwrap();
    ownerless.commit().await.unwrap();
    let rows = fixture
        .count(
            "SELECT count(*) FROM audit_logs WHERE \
             (actor_email = 'm1@example.com' AND organization_name = 'A' AND host(ip_address) = '2001:db8::1') \
             OR (actor_email = 'who@example.com' AND ip_address IS NULL)",
        )
        .await;
    assert_eq!(rows, 2);
}

#[tokio::test]
async fn idempotency_key_returns_its_first_outcome() {
    let fixture = Fixture::create().await;
    let scope = fixture.actor("m1").await.scope();
    let principal = UserId(id("m1"));
    let request = IdempotentRequest {
        key: "k".to_owned(),
        fingerprint: "f".repeat(64),
    };
    let answer = StoredOutcome {
        fingerprint: request.fingerprint.clone(),
        outcome: json!({ "id": 1 }),
    };

    let first = fixture.store.begin(&scope).await.unwrap();
    assert_eq!(
        first
            .idempotency()
            .claim(principal, &request)
            .await
            .unwrap(),
        None
    );
    let second = fixture.store.begin(&scope).await.unwrap();
    let in_flight = second
        .idempotency()
        .claim(principal, &request)
        .await
        .unwrap_err();
    assert!(
        in_flight.conflict() == Some(Conflict::RequestInFlight),
        "{in_flight:?}"
    );
    drop(second);
    first
        .idempotency()
        .store(principal, "k", &answer)
        .await
        .unwrap();
    first.commit().await.unwrap();

    let again = fixture.store.begin(&scope).await.unwrap();
    assert_eq!(
        again
            .idempotency()
            .claim(principal, &request)
            .await
            .unwrap(),
        Some(answer)
    );
    let other = UserId(id("m2"));
    assert_eq!(
        again.idempotency().claim(other, &request).await.unwrap(),
        None,
        "keys are each one's own"
    );
    drop(again);

    sqlx::query("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
        .execute(&fixture.superuser)
        .await
        .unwrap();
    let later = fixture.store.begin(&scope).await.unwrap();
    assert_eq!(
        later
            .idempotency()
            .claim(principal, &request)
            .await
            .unwrap(),
        None,
        "kept for 24 hours"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idempotency_key_is_free_after_its_unit_of_work_is_dropped() {
    let fixture = Fixture::create().await;
    let scope = fixture.actor("m1").await.scope();
    let principal = UserId(id("m1"));
    let request = IdempotentRequest {
        key: "k".to_owned(),
        fingerprint: "f".repeat(64),
    };
    for _ in 0..50 {
        let unit = fixture.store.begin(&scope).await.unwrap();
        let taken = unit.idempotency().claim(principal, &request).await;
        // The previous unit of work rolls back after it is dropped, and this one waits for
        // that.
        assert_eq!(taken.unwrap(), None);
        drop(unit);
    }
}

#[tokio::test]
async fn role_that_bypasses_row_level_security_may_not_serve() {
    let fixture = Fixture::create().await;
    for role in [None, Some("accunode_owner")] {
        let set_role = role.map(str::to_owned);
        let unfit = accunode_postgres::PoolSettings {
            set_role,
            ..settings()
        };
        let store = PgStore::connect(fixture.database.url(), unfit)
            .await
            .unwrap();
        assert!(store.verify_session().await.is_err(), "{role:?}");
    }
    fixture.store.verify_session().await.unwrap();
}

#[tokio::test]
async fn readiness_names_missing_migrations() {
    let fixture = Fixture::create().await;
    fixture.store.ready().await.unwrap();
    let mut newer = settings();
    newer
        .expected_migrations
        .push("m20990101_000001_future".to_owned());
    let store = PgStore::connect(fixture.database.url(), newer)
        .await
        .unwrap();
    let failing = store.ready().await.unwrap_err();
    assert_eq!((failing.check, failing.reason), ("migrations", "pending"));
    let cause = failing.cause.unwrap();
    assert!(
        cause.to_string().contains("m20990101_000001_future"),
        "{cause}"
    );
}
