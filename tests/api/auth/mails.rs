//! `POST /auth/verify-email`, `/auth/verify-email/resend`

use accunode_tests::{PASSWORD, Postbox, Service};
use serde_json::json;

use crate::support::run;

/// Makes the last mail look old.
const LONG_AGO: &str = "UPDATE user_tokens SET created_at = created_at - interval '1 hour'";

async fn registered() -> (Postbox, Service) {
    let postbox = Postbox::start().await;
    let service = Service::with(postbox.options()).await;
    let body = json!({ "email": "ana@example.com", "password": PASSWORD });
    let made = service.anonymous().post("/auth/register", &body).await;
    assert_eq!(made.expect(201)["is_verified"], false);
    service.mails_sent().await;
    (postbox, service)
}

#[tokio::test]
async fn user_can_sign_in_once_their_address_is_confirmed() {
    let (postbox, service) = registered().await;
    let login = json!({ "email": "ana@example.com", "password": PASSWORD });
    let early = service.anonymous().post("/auth/login", &login).await;
    assert_eq!(early.problem(403), "email_unverified");

    let mails = postbox.mails_to("ana@example.com");
    assert_eq!(mails.len(), 1);
    let link = "https://risk.bank.example/verify-email#token=ev_";
    assert!(mails[0].text.contains(link), "{}", mails[0].text);
    let token = json!({ "token": mails[0].token() });
    let anonymous = service.anonymous();
    let _ = anonymous
        .post("/auth/verify-email", &token)
        .await
        .expect(204);
    let again = anonymous.post("/auth/verify-email", &token).await;
    assert_eq!(again.problem(410), "token_expired");
    let ana = anonymous.login("ana@example.com").await;
    assert_eq!(ana.get("/me").await.expect(200)["is_verified"], true);
}

#[tokio::test]
async fn newer_verification_mail_invalidates_the_older_one() {
    let (postbox, service) = registered().await;
    let anonymous = service.anonymous();
    let pool = service.database.superuser().await;
    let ask = json!({ "email": " ANA@example.com" });
    let _ = anonymous
        .post("/auth/verify-email/resend", &ask)
        .await
        .expect(202);
    service.mails_sent().await;
    assert_eq!(
        postbox.mails_to("ana@example.com").len(),
        1,
        "a minute has not passed"
    );
    run(&pool, LONG_AGO).await;
    let _ = anonymous
        .post("/auth/verify-email/resend", &ask)
        .await
        .expect(202);
    service.mails_sent().await;
    let mails = postbox.mails_to("ana@example.com");
    assert_eq!(mails.len(), 2);
    for (mail, status) in mails.iter().zip([410, 204]) {
        let token = json!({ "token": mail.token() });
        let _ = anonymous
            .post("/auth/verify-email", &token)
            .await
            .expect(status);
    }
    run(&pool, LONG_AGO).await;
    let _ = anonymous
        .post("/auth/verify-email/resend", &ask)
        .await
        .expect(202);
    service.mails_sent().await;
    assert_eq!(
        postbox.mails_to("ana@example.com").len(),
        2,
        "nothing is left to confirm"
    );
}

#[tokio::test]
async fn invalid_expired_or_foreign_tokens_do_not_confirm_an_address() {
    let (postbox, service) = registered().await;
    let anonymous = service.anonymous();
    let ask = json!({ "email": "ana@example.com" });
    let _ = anonymous
        .post("/auth/password/forgot", &ask)
        .await
        .expect(202);
    service.mails_sent().await;
    let mails = postbox.mails_to("ana@example.com");
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE user_tokens SET expires_at = now() WHERE purpose = 'verify_email'",
    )
    .await;
    let tokens = [
        mails[0].token(),
        mails[1].token(),
        "x".to_owned(),
        String::new(),
    ];
    for token in tokens {
        let answer = anonymous
            .post("/auth/verify-email", &json!({ "token": token }))
            .await;
        assert_eq!(answer.problem(410), "token_expired", "{token}");
    }
}

#[tokio::test]
async fn hanging_mail_server_does_not_delay_responses() {
    let postbox = Postbox::start().await;
    let service = Service::with(postbox.options()).await;
    postbox.hang();
    let body = json!({ "email": "ana@example.com", "password": PASSWORD });
    let _ = service
        .anonymous()
        .post("/auth/register", &body)
        .await
        .expect(201);
    for email in ["ana@example.com", "unknown@example.com"] {
        let ask = json!({ "email": email });
        let _ = service
            .anonymous()
            .post("/auth/password/forgot", &ask)
            .await
            .expect(202);
    }
    assert!(postbox.mails_to("ana@example.com").is_empty());
    postbox.go_on();
    service.mails_sent().await;
    assert_eq!(postbox.mails_to("ana@example.com").len(), 2);
    assert!(postbox.mails_to("unknown@example.com").is_empty());
}

#[tokio::test]
async fn mailed_tokens_are_stored_only_as_hashes_and_not_audited() {
    let (postbox, service) = registered().await;
    let anonymous = service.anonymous();
    let ask = json!({ "email": "ana@example.com" });
    let _ = anonymous
        .post("/auth/password/forgot", &ask)
        .await
        .expect(202);
    service.mails_sent().await;
    let pool = service.database.superuser().await;
    let kept: String = crate::support::ask(
        &pool,
        "SELECT concat((SELECT string_agg(t::text, '') FROM user_tokens t), (SELECT string_agg(l::text, '') FROM audit_logs l))",
    )
    .await;
    for mail in postbox.mails_to("ana@example.com") {
        assert!(!kept.contains(&mail.token()), "{kept}");
    }
}
