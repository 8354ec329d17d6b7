//! `POST /auth/login`, `/auth/refresh`, `/auth/logout`, and the validity of tokens.

use accunode_tests::{Answer, PASSWORD, Service};
use serde_json::{Value, json};

use crate::support::{run, text};

crate::support::with_either_store! {
    accunode_tests::Service::with;
    login_returns_a_token_pair_and_the_user
    an_unknown_address_and_a_wrong_password_get_the_same_answer
    missing_or_invented_token_is_unauthorized
    logout_ends_both_tokens_immediately
    refresh_returns_a_new_pair_of_the_same_session
    concurrent_refreshes_get_the_same_pair
    reused_refresh_token_ends_its_family
    access_and_refresh_tokens_are_not_interchangeable
    deactivated_user_is_signed_out_and_cannot_sign_in
}

async fn login(service: &Service, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    service.anonymous().post("/auth/login", &body).await
}

async fn refresh(service: &Service, token: &Value) -> Answer {
    service
        .anonymous()
        .post("/auth/refresh", &json!({ "refresh_token": token }))
        .await
}

async fn login_returns_a_token_pair_and_the_user(service: Service) {
    let ana = service.user("ana").await;
    let answer = login(&service, "ana@example.com", PASSWORD).await;
    let body = answer.expect(200);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["user"]["id"], ana.id.to_string());
    assert_ne!(body["access_token"], body["refresh_token"]);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        !answer.text.contains("argon2") && !answer.text.contains("password"),
        "{}",
        answer.text
    );
}

async fn an_unknown_address_and_a_wrong_password_get_the_same_answer(service: Service) {
    service.user("ana").await;
    let response_of = |answer: &Answer| {
        let mut body = answer.expect(401);
        body["request_id"] = Value::Null;
        let mut headers: Vec<(String, String)> = answer
            .headers
            .keys()
            .filter(|name| !matches!(name.as_str(), "x-request-id" | "date"))
            .map(|name| (name.to_string(), answer.header(name.as_str()).to_owned()))
            .collect();
        headers.sort();
        (body, headers)
    };
    let wrong = login(&service, "ana@example.com", "a wrong password").await;
    let unknown = login(&service, "unknown@example.com", "a wrong password").await;
    let no_address = login(&service, "no address at all", "a wrong password").await;
    assert_eq!(wrong.problem(401), "invalid_credentials");
    assert_eq!(response_of(&wrong), response_of(&unknown));
    assert_eq!(response_of(&wrong), response_of(&no_address));
}

async fn missing_or_invented_token_is_unauthorized(service: Service) {
    let anonymous = service.anonymous();
    let answer = anonymous.get("/me").await;
    assert_eq!(answer.problem(401), "token_required");
    assert_eq!(
        answer.header("www-authenticate"),
        r#"Bearer realm="accunode""#
    );
    for token in ["x", "null", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."] {
        let answer = anonymous.with_token(token).get("/companies").await;
        assert_eq!(answer.problem(401), "invalid_token", "{token}");
        assert!(
            answer
                .header("www-authenticate")
                .contains(r#"error="invalid_token""#)
        );
    }
    let basic = anonymous
        .with("authorization", "Basic YTpi")
        .get("/me")
        .await;
    assert_eq!(basic.problem(401), "invalid_token");
}

async fn logout_ends_both_tokens_immediately(service: Service) {
    service.user("ana").await;
    let first = login(&service, "ana@example.com", PASSWORD)
        .await
        .expect(200);
    let other = login(&service, "ana@example.com", PASSWORD)
        .await
        .expect(200);
    let ana = service.anonymous().with_token(text(&first, "access_token"));
    let elsewhere = service.anonymous().with_token(text(&other, "access_token"));
    let _ = ana.get("/me").await.expect(200);
    let _ = ana.post_nothing("/auth/logout").await.expect(204);
    assert_eq!(ana.get("/me").await.problem(401), "invalid_token");
    assert_eq!(
        refresh(&service, &first["refresh_token"])
            .await
            .problem(401),
        "token_expired"
    );
    let _ = elsewhere.get("/me").await.expect(200);
}

async fn refresh_returns_a_new_pair_of_the_same_session(service: Service) {
    let ana = service.user("ana").await;
    let first = login(&service, "ana@example.com", PASSWORD)
        .await
        .expect(200);
    let second = refresh(&service, &first["refresh_token"]).await.expect(200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let renewed = service
        .anonymous()
        .with_token(text(&second, "access_token"));
    assert_eq!(
        renewed.get("/me").await.expect(200)["id"],
        ana.id.to_string()
    );
}

async fn concurrent_refreshes_get_the_same_pair(service: Service) {
    service.user("ana").await;
    let first = login(&service, "ana@example.com", PASSWORD)
        .await
        .expect(200);
    let token = &first["refresh_token"];
    let (one, other) = tokio::join!(refresh(&service, token), refresh(&service, token));
    let (one, other) = (one.expect(200), other.expect(200));
    assert_eq!(one["refresh_token"], other["refresh_token"]);
    assert_eq!(one["access_token"], other["access_token"]);
    let tab = service.anonymous().with_token(text(&one, "access_token"));
    let _ = tab.get("/me").await.expect(200);
    let _ = refresh(&service, &one["refresh_token"]).await.expect(200);
}

async fn reused_refresh_token_ends_its_family(service: Service) {
    service.user("ana").await;
    let first = login(&service, "ana@example.com", PASSWORD)
        .await
        .expect(200);
    let second = refresh(&service, &first["refresh_token"]).await.expect(200);
    let third = refresh(&service, &second["refresh_token"])
        .await
        .expect(200);
    let stolen = refresh(&service, &first["refresh_token"]).await;
    assert_eq!(stolen.problem(401), "token_reused");
    let heir = service.anonymous().with_token(text(&third, "access_token"));
    assert_eq!(heir.get("/me").await.problem(401), "invalid_token");
    assert_eq!(
        refresh(&service, &third["refresh_token"])
            .await
            .problem(401),
        "token_expired"
    );
}

async fn access_and_refresh_tokens_are_not_interchangeable(service: Service) {
    service.user("ana").await;
    let pair = login(&service, "ana@example.com", PASSWORD)
        .await
        .expect(200);
    assert_eq!(
        refresh(&service, &pair["access_token"]).await.problem(401),
        "token_expired"
    );
    let wrong = service.anonymous().with_token(text(&pair, "refresh_token"));
    assert_eq!(wrong.get("/me").await.problem(401), "invalid_token");
}

async fn deactivated_user_is_signed_out_and_cannot_sign_in(service: Service) {
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE users SET is_active = false WHERE email = 'ana@example.com'",
    )
    .await;
    assert_eq!(ana.get("/me").await.status.as_u16(), 401);
    let again = login(&service, "ana@example.com", PASSWORD).await;
    assert_eq!(again.problem(401), "invalid_credentials");
}
