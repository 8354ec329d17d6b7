//! Denials in the audit log.

use std::time::Duration;

use accunode_domain::audit::{AuditAction, AuditEvent, RequestContext};
use accunode_ports::repositories::UnitOfWork;
use serde_json::json;

use crate::fixture::{Fixture, id};

const APART: Duration = Duration::from_secs(60);

async fn refuse(unit: &dyn UnitOfWork, who: &str, request: &str) {
    let event = AuditEvent {
        user: Some(accunode_domain::id::UserId(id(who))),
        metadata: json!({ "request": request, "code": "not_writable" }),
        ..AuditEvent::new("access.denied", "request", AuditAction::Denied)
    };
    let context = RequestContext::default();
    unit.audit_log()
        .record_denial(&context, event, APART)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_equal_denials_are_recorded_once() {
    let fixture = Fixture::create().await;
    let m2 = fixture.actor("m2").await;
    let first = fixture.begin(&m2).await;
    refuse(&*first, "m2", "DELETE /companies/{id}").await;

    let second = fixture.begin(&m2).await;
    let second = tokio::spawn(async move {
        refuse(&*second, "m2", "DELETE /companies/{id}").await;
        second.commit().await.unwrap();
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while fixture.count(waiting).await == 0 {
        assert!(!second.is_finished(), "the second did not wait");
    }
    first.commit().await.unwrap();
    second.await.unwrap();

    // Another kind of request, and another user, are recorded separately.
    for (who, request) in [
        ("m2", "PATCH /companies/{id}"),
        ("m1", "DELETE /companies/{id}"),
    ] {
        let unit = fixture.begin(&fixture.actor(who).await).await;
        refuse(&*unit, who, request).await;
        unit.commit().await.unwrap();
    }
    let denials = "SELECT count(*) FROM audit_logs WHERE action = 'DENIED'";
    assert_eq!(fixture.count(denials).await, 3);
}
