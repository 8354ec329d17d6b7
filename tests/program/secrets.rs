//! Responses, log and audit log reveal no secret: a complete scenario with secrets that are
//! recognized wherever they occur.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use accunode_tests::{Answer, Database, PASSWORD, TestUser};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::running::{Serving, command, folder};

/// The secrets that must not be found, by their kind.
#[derive(Default)]
struct Secrets(BTreeSet<(String, String)>);

impl Secrets {
    /// Adds a secret, and its hash, which must not occur anywhere either.
    fn add(&mut self, what: &str, secret: &str) -> String {
        assert!(
            secret.len() >= 10,
            "{what}: {secret:?} would be found by chance"
        );
        let hash = hex::encode(Sha256::digest(secret));
        self.0.insert((what.to_owned(), secret.to_owned()));
        self.0.insert((format!("hash of {what}"), hash));
        secret.to_owned()
    }

    /// Returns which of them occur in a text.
    fn found_in(&self, text: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(_, secret)| text.contains(secret))
            .map(|(what, _)| what.as_str())
            .collect()
    }
}

/// The output of the scenario that others can read.
struct Story {
    anonymous: TestUser,
    secrets: Secrets,
    answers: Vec<String>,
}

impl Story {
    /// Stores a response that must reveal no secret, and returns it.
    fn keep(&mut self, what: &str, answer: Answer) -> Answer {
        let headers: Vec<String> = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        self.answers
            .push(format!("{what}\n{}\n{}", headers.join("\n"), answer.text));
        answer
    }

    /// Stores a response that reveals secrets once, without them.
    fn reveal(&mut self, what: &str, answer: &Answer, fields: &[&str]) -> Value {
        let body = answer.expect(200.max(answer.status.as_u16()));
        let mut shown = answer.clone();
        for field in fields {
            let one = std::slice::from_ref(&body[*field]);
            for secret in body[*field].as_array().map_or(one, Vec::as_slice) {
                let secret = secret
                    .as_str()
                    .unwrap_or_else(|| panic!("{what}: no {field} in {body}"));
                self.secrets.add(&format!("{field} of {what}"), secret);
                shown.text = shown.text.replace(secret, "");
            }
        }
        self.keep(what, shown);
        body
    }

    async fn post(&mut self, user: &TestUser, path: &str, body: Value) -> Answer {
        let answer = user.post(path, &body).await;
        self.keep(&format!("POST {path}"), answer)
    }

    /// Signs in.
    async fn login(&mut self, email: &str, password: &str) -> (TestUser, Value) {
        let body = json!({ "email": email, "password": password });
        let answer = self.anonymous.post("/auth/login", &body).await;
        let pair = self.reveal("login", &answer, &["access_token", "refresh_token"]);
        let token = pair["access_token"].as_str().expect("a token");
        (self.anonymous.with_token(token), pair)
    }
}

/// Returns the token of the newest mail to an address; the program writes mails to its folder.
async fn mailed(data: &std::path::Path, email: &str) -> String {
    let line = format!("To: {email}");
    let mut token = None;
    crate::running::eventually("a mail", || {
        let Ok(entries) = std::fs::read_dir(data.join("mail")) else {
            return false;
        };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
        paths.sort();
        let mails = paths
            .iter()
            .rev()
            .map(|path| (path, std::fs::read_to_string(path)));
        for (path, mail) in mails {
            let mail = mail.expect("a mail");
            if let Some((_, rest)) = mail.split_once("#token=").filter(|_| mail.contains(&line)) {
                token = rest.split_whitespace().next().map(str::to_owned);
                std::fs::remove_file(path).expect("read");
                return true;
            }
        }
        false
    })
    .await;
    token.expect("a token")
}

#[tokio::test]
async fn responses_logs_and_audit_rows_contain_no_secret() {
    let data = folder();
    let database = Database::create().await;
    let mut program = command(data.path());
    program
        .env("DATABASE_URL", database.url())
        .env("ACCUNODE_LOG", "debug")
        .env("ACCUNODE_LOG_FORMAT", "json");
    let serving = Serving::of(program);
    let mut story = Story {
        anonymous: serving.anonymous(),
        secrets: Secrets::default(),
        answers: Vec::new(),
    };
    run_story(&mut story, data.path(), &database).await;
    let (status, log) = serving.stop_with_log();
    assert!(status.success(), "{log}");

    let pool = database.superuser().await;
    let mut places: Vec<(String, String)> = story
        .answers
        .iter()
        .map(|answer| ("answer".to_owned(), answer.clone()))
        .collect();
    places.extend(log.lines().map(|line| ("log".to_owned(), line.to_owned())));
    for table in ["audit_logs", "idempotency_keys"] {
        let sql = format!("SELECT t::text FROM {table} t");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_all(&pool)
            .await
            .expect("rows");
        assert!(!rows.is_empty(), "{table}");
        places.extend(rows.into_iter().map(|row| (table.to_owned(), row)));
    }
    assert!(
        story.answers.len() > 30 && log.lines().count() > 100,
        "{log}"
    );
    assert!(log.contains("\"level\":\"DEBUG\""), "{log}");
    assert!(story.secrets.0.len() > 30);
    let found: Vec<String> = places
        .iter()
        .flat_map(|(place, text)| {
            let found = story.secrets.found_in(text);
            let hash = text.contains("$argon2").then_some("a password's hash");
            found
                .into_iter()
                .chain(hash)
                .map(move |what| format!("{what} stands in {place}: {text}"))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// Returns the current code of a device with this secret.
#[expect(
    clippy::disallowed_methods,
    reason = "the device has a clock of its own, as everyone's has"
)]
fn code(secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base32");
    let totp = totp_rs::Builder::new().with_secret(secret).build();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let code = totp
        .expect("a secret")
        .generate(now.expect("a time").as_secs());
    code.to_string()
}

/// Executes everything that a user may do with a secret, rightly and wrongly.
async fn run_story(story: &mut Story, data: &std::path::Path, database: &Database) {
    let anonymous = story.anonymous.clone();
    story.secrets.add("the tests' password", PASSWORD);
    let first = story.secrets.add("first password", "Zanzibar-garden-917");
    let wrong = story
        .secrets
        .add("mistyped password", "Zanzibra-garden-971");
    let ana = "ana@example.com";

    // Secrets in the wrong fields, of the wrong type, with the wrong name.
    let lost = story
        .secrets
        .add("misplaced password", "Kilimanjaro-harbour-33");
    for body in [
        json!({ "email": lost, "password": lost }),
        json!({ "email": ana, "password": lost, "phone": lost, "first_name": format!("{lost}\u{0}") }),
        json!({ "email": [lost], "password": { "is": lost } }),
        json!({ "email": ana, "password": [lost], "passwort": lost, "role": lost }),
        json!([lost]),
        json!(lost),
    ] {
        for path in ["/auth/register", "/auth/login"] {
            let answer = story.post(&anonymous, path, body.clone()).await;
            assert!(
                answer.status.is_client_error(),
                "{path} {body}: {}",
                answer.text
            );
        }
    }
    let raw = anonymous
        .post_raw("/auth/login", format!("{{\"password\": \"{lost}\", "))
        .await;
    assert_eq!(story.keep("malformed", raw).problem(400), "malformed_json");
    let weak = story.secrets.add("weak password", "aaaaaaaaaaaaaaaaaaaa");
    let answer = story
        .post(
            &anonymous,
            "/auth/register",
            json!({ "email": ana, "password": weak }),
        )
        .await;
    assert_eq!(answer.problem(422), "weak_password");

    // An account, sessions, a stolen refresh token.
    let account = json!({ "email": ana, "password": first });
    let _ = story
        .post(&anonymous, "/auth/register", account.clone())
        .await
        .expect(201);
    let answer = story.post(&anonymous, "/auth/register", account).await;
    assert_eq!(answer.problem(409), "email_taken");
    let mistyped = json!({ "email": ana, "password": wrong });
    let answer = story.post(&anonymous, "/auth/login", mistyped).await;
    assert_eq!(answer.problem(401), "invalid_credentials");
    let (_, pair) = story.login(ana, &first).await;
    let refresh = json!({ "refresh_token": pair["refresh_token"] });
    let answer = anonymous.post("/auth/refresh", &refresh).await;
    let pair_after = story.reveal("refresh", &answer, &["access_token", "refresh_token"]);
    let next = json!({ "refresh_token": pair_after["refresh_token"] });
    let answer = anonymous.post("/auth/refresh", &next).await;
    story.reveal("next refresh", &answer, &["access_token", "refresh_token"]);
    let answer = story.post(&anonymous, "/auth/refresh", refresh).await;
    assert_eq!(answer.problem(401), "token_reused");
    let misplaced =
        json!({ "token": pair["refresh_token"], "refresh_token": [pair["access_token"]] });
    let answer = story.post(&anonymous, "/auth/refresh", misplaced).await;
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.text);

    // A forgotten password, and a changed one.
    let _ = story
        .post(&anonymous, "/auth/password/forgot", json!({ "email": ana }))
        .await
        .expect(202);
    let token = story.secrets.add("reset token", &mailed(data, ana).await);
    let second = story.secrets.add("second password", "Yokohama-lantern-552");
    let reset = json!({ "token": token, "password": second });
    let _ = story
        .post(&anonymous, "/auth/password/reset", reset.clone())
        .await
        .expect(204);
    let answer = story.post(&anonymous, "/auth/password/reset", reset).await;
    assert_eq!(answer.status.as_u16(), 410, "{}", answer.text);
    let (user, _) = story.login(ana, &second).await;
    let third = story
        .secrets
        .add("third password", "Xochimilco-orchard-286");
    for (current, new) in [(&wrong, &third), (&second, &weak), (&second, &third)] {
        let body = json!({ "current_password": current, "new_password": new });
        let _ = story.post(&user, "/me/password", body).await;
    }
    let _ = story
        .post(&user, "/auth/step-up", json!({ "password": wrong }))
        .await
        .expect(401);
    let _ = story
        .post(&user, "/auth/step-up", json!({ "password": third }))
        .await
        .expect(200);

    // An organization, its token, an invitation.
    let pool = database.superuser().await;
    sqlx::query("UPDATE users SET role = 'super_admin' WHERE email = $1")
        .bind(ana)
        .execute(&pool)
        .await
        .expect("promoted");
    let (admin, _) = story.login(ana, &third).await;
    let made = story
        .post(
            &admin.with("idempotency-key", "a-1"),
            "/organizations",
            json!({ "name": "Bank", "admin_email": "chief@example.com" }),
        )
        .await
        .expect(201);
    story
        .secrets
        .add("first invitation", &mailed(data, "chief@example.com").await);
    let organization = made["id"].as_str().expect("an id").to_owned();
    let answer = admin
        .put_nothing(&format!("/organizations/{organization}/join-token"))
        .await;
    story.reveal("join token", &answer, &["join_token"]);
    let invite = json!({ "email": "ben@example.com", "role": "org_member", "organization_id": organization });
    let keyed = admin.with("idempotency-key", "i-1");
    let _ = story
        .post(&keyed, "/users", invite.clone())
        .await
        .expect(202);
    let _ = story.post(&keyed, "/users", invite).await.expect(202);
    let token = story
        .secrets
        .add("invitation", &mailed(data, "ben@example.com").await);
    let accept = |password: &str| json!({ "token": token, "password": password });
    let _ = story
        .post(&anonymous, "/auth/accept-invitation", accept(&weak))
        .await
        .expect(422);
    let fourth = story
        .secrets
        .add("fourth password", "Wollongong-thicket-74");
    let _ = story
        .post(&anonymous, "/auth/accept-invitation", accept(&fourth))
        .await
        .expect(200);
    let _ = story
        .post(&anonymous, "/auth/accept-invitation", accept(&fourth))
        .await
        .expect(410);
    let _ = story
        .post(
            &admin,
            "/auth/join",
            json!({ "join_token": [token], "token": token }),
        )
        .await
        .expect(422);

    // An API key.
    let key = json!({ "name": "nightly", "scopes": ["read"] });
    let keyed = admin.with("idempotency-key", "k-1");
    let answer = keyed.post("/api-keys", &key).await;
    let made = story.reveal("API key", &answer, &["secret"]);
    let answer = story.post(&keyed, "/api-keys", key).await;
    assert_eq!(answer.problem(409), "secret_already_shown");
    let program = anonymous.with_token(made["secret"].as_str().expect("a secret"));
    for path in ["/companies", "/me", "/api-keys"] {
        let answer = program.get(path).await;
        story.keep(path, answer);
    }
    // A second factor, and a login that needs it.
    let answer = admin.post_nothing("/me/mfa/totp").await;
    let made = story.reveal("second factor", &answer, &["secret", "recovery_codes"]);
    let code = code(made["secret"].as_str().expect("a secret"));
    let confirm = "/me/mfa/totp/confirm";
    let misplaced = json!({ "code": [made["secret"]], "secret": made["secret"] });
    let _ = story.post(&admin, confirm, misplaced).await.expect(422);
    let _ = story
        .post(&admin, confirm, json!({ "code": made["secret"] }))
        .await;
    let _ = story
        .post(&admin, confirm, json!({ "code": code }))
        .await
        .expect(204);
    let body = json!({ "email": ana, "password": third });
    let answer = anonymous.post("/auth/login", &body).await;
    let half = story.reveal("half a login", &answer, &["mfa_token"]);
    let mfa = |code: &Value| json!({ "mfa_token": half["mfa_token"], "code": code });
    let wrong = json!("0000-0000-0000");
    let _ = story
        .post(&anonymous, "/auth/mfa", mfa(&wrong))
        .await
        .expect(401);
    let answer = anonymous
        .post("/auth/mfa", &mfa(&made["recovery_codes"][0]))
        .await;
    let pair = story.reveal("whole login", &answer, &["access_token", "refresh_token"]);
    let admin = anonymous.with_token(pair["access_token"].as_str().expect("a token"));
    // What is stored and returned of all that.
    for path in [
        "/me",
        "/me/sessions",
        "/me/export",
        "/audit-logs?limit=100",
        "/users",
        "/api-keys",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
        story.keep(path, answer);
    }
    let path = format!("/organizations/{organization}/invitations");
    let answer = admin.get(&path).await;
    story.keep(&path, answer);
    // Another user's, invented and mutilated tokens.
    for token in ["at_0000000000", "ak_0000000000"] {
        let answer = anonymous.with_token(token).get("/me").await;
        story.keep("made-up", answer);
    }
    let _ = admin.post_nothing("/auth/logout").await.expect(204);
}
