//! `POST /auth/login`, `/auth/refresh`, `/auth/logout`, and the validity of tokens.

use accunode_tests::{Answer, PASSWORD, Service};
use serde_json::{Value, json};

use crate::support::{run, text};

crate::support::with_either_store! {
    accunode_tests::Service::with;
    a_login_answers_a_pair_of_tokens_and_who_they_are_for
    an_unknown_address_and_a_wrong_password_get_the_same_answer
    without_a_token_or_with_a_made_up_one_nothing_is_answered
    after_logout_both_tokens_are_dead_at_once
    a_refresh_answers_a_new_pair_and_the_session_goes_on
    two_tabs_that_refresh_at_once_get_the_same_pair
    a_refresh_token_that_is_used_twice_ends_its_whole_family
    an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing
    a_deactivated_user_is_out_at_once
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

async fn a_login_answers_a_pair_of_tokens_and_who_they_are_for(service: Service) {
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

async fn without_a_token_or_with_a_made_up_one_nothing_is_answered(service: Service) {
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

async fn after_logout_both_tokens_are_dead_at_once(service: Service) {
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

async fn a_refresh_answers_a_new_pair_and_the_session_goes_on(service: Service) {
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

async fn two_tabs_that_refresh_at_once_get_the_same_pair(service: Service) {
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

async fn a_refresh_token_that_is_used_twice_ends_its_whole_family(service: Service) {
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

async fn an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(service: Service) {
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

async fn a_deactivated_user_is_out_at_once(service: Service) {
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
