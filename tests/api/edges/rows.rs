//! A user who may do everything, and rows of their own for the parameters of a path.

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::document::Operation;
use crate::support::{definition_of, file_of, prediction, scale_of, submit, text};

/// The running service, with an organization.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) service: Service,
    pub(super) users: Tenancy,
    pub(super) pool: PgPool,
}

/// A parameter of a path and an existing value.
pub(super) type Filled = Vec<(String, String)>;

impl Setup {
    /// Returns a super_admin for this operation alone, whom it may delete or sign out.
    pub(super) async fn caller(&self, at: usize) -> TestUser {
        let email = format!("edge{at}@example.com");
        let _ = self.user(&email, "super_admin").await;
        self.service.anonymous().login(&email).await
    }

    async fn user(&self, email: &str, role: &str) -> Uuid {
        sqlx::query_scalar(
            "INSERT INTO users (email, password_hash, role, is_verified) \
             SELECT $1, password_hash, $2, true FROM users WHERE id = $3 RETURNING id",
        )
        .bind(email)
        .bind(role)
        .bind(self.users.user("sa").id)
        .fetch_one(&self.pool)
        .await
        .expect("a user")
    }

    async fn organization(&self, at: usize) -> Uuid {
        sqlx::query_scalar("INSERT INTO organizations (name) VALUES ($1) RETURNING id")
            .bind(format!("Edge Number {at}"))
            .fetch_one(&self.pool)
            .await
            .expect("an organization")
    }

    /// Returns existing values for the parameters of the operation's path. The first part of
    /// the path determines whose rows they are.
    pub(super) async fn filled(
        &self,
        at: usize,
        caller: &TestUser,
        operation: &Operation,
    ) -> Filled {
        let mut segments = operation.path.split('/').skip(1);
        let rows = segments.next().unwrap_or_default();
        let symbol = format!("EDGE{at}");
        let mut filled = Vec::new();
        let wanted = |name: &str| operation.path.contains(&format!("{{{name}}}"));
        if wanted("kind") {
            filled.push(("kind".to_owned(), "annual".to_owned()));
        }
        if wanted("id") {
            let id = match rows {
                "companies" => {
                    let body = json!({ "symbol": symbol, "access_level": "personal" });
                    made(&caller.post("/companies", &body).await.expect(201))
                }
                "outcomes" => {
                    let company = json!({ "symbol": symbol, "access_level": "personal" });
                    let company = made(&caller.post("/companies", &company).await.expect(201));
                    let body = json!({
                        "company_id": company, "definition": "crr_178@1", "event": "default",
                        "occurred_on": "2024-05-31", "access_level": "personal",
                    });
                    made(&caller.post("/outcomes", &body).await.expect(201))
                }
                "default-definitions" => {
                    let mut body = json!({ "access_level": "personal" });
                    for (name, value) in definition_of("personal", &symbol) {
                        body[name] = value;
                    }
                    made(&caller.post("/default-definitions", &body).await.expect(201))
                }
                "rating-scales" => {
                    let mut body = json!({ "access_level": "personal" });
                    for (name, value) in scale_of(&symbol.to_lowercase()) {
                        body[name] = value;
                    }
                    made(&caller.post("/rating-scales", &body).await.expect(201))
                }
                "predictions" => {
                    let body = prediction(&symbol, "2024");
                    made(&caller.post("/predictions/annual", &body).await.expect(201))
                }
                "bulk-uploads" | "rescorings" => {
                    let id = if rows == "rescorings" {
                        let body = json!({ "kind": "annual" });
                        made(&caller.post("/rescorings", &body).await.expect(202))
                    } else {
                        submit(caller, "a.csv", file_of([symbol.as_str()]), &[]).await
                    };
                    if !operation.path.ends_with("/cancel") {
                        let cancel = format!("/bulk-uploads/{id}/cancel");
                        let _ = caller.post_nothing(&cancel).await.expect(202);
                    }
                    id
                }
                "validations" => {
                    let days = json!({
                        "complete_from": "2015-01-01", "complete_through": "2024-12-31",
                        "access_level": "personal",
                    });
                    let coverage = "/outcome-coverage/bankruptcy@1";
                    let _ = caller.put(coverage, &days).await.expect(200);
                    let body = json!({
                        "kind": "annual", "d0": "2020-12-31", "access_level": "personal",
                    });
                    made(&caller.post("/validations", &body).await.expect(202))
                }
                "users" => {
                    let id = self.user(&format!("whom{at}@example.com"), "user").await;
                    sqlx::query(
                        "INSERT INTO user_totp (user_id, secret, waits_since) VALUES ($1, 'sealed', now())",
                    )
                    .bind(id)
                    .execute(&self.pool)
                    .await
                    .expect("a second factor");
                    id.to_string()
                }
                "organizations" => self.organization(at).await.to_string(),
                "api-keys" => {
                    let body = json!({ "name": "edge", "scopes": ["read"] });
                    let key = caller.post("/api-keys", &body).await.expect(201);
                    text(&key, "id").to_owned()
                }
                "admin" => {
                    sqlx::query_scalar::<_, Uuid>(
                        "INSERT INTO maintenance_runs (id, task, status, started_at, finished_at) \
                         VALUES (gen_random_uuid(), 'analyze', 'completed', now(), now()) RETURNING id",
                    )
                    .fetch_one(&self.pool)
                    .await
                    .expect("a run")
                    .to_string()
                }
                "audit-logs" => first(caller, "/audit-logs?limit=1", "id").await,
                "me" => {
                    let _ = self.service.anonymous().login(&caller.email).await;
                    let sessions = caller.get("/me/sessions").await.expect(200);
                    let mut all = sessions["data"].as_array().into_iter().flatten();
                    let other = all.find(|session| session["current"] == false);
                    text(other.expect("another session"), "id").to_owned()
                }
                _ => panic!("{}: write here where its rows come from", operation.name()),
            };
            filled.push(("id".to_owned(), id));
        }
        let id = filled.iter().find(|(name, _)| name == "id");
        let id = id.map(|(_, id)| id.clone()).unwrap_or_default();
        if wanted("invitation_id") {
            let email = format!("invited{at}@example.com");
            let body = json!({ "email": email, "role": "org_member", "organization_id": id });
            let invitation = made(&caller.post("/users", &body).await.expect(202));
            filled.push(("invitation_id".to_owned(), invitation));
        }
        if wanted("email") {
            let email = format!("listed{at}@example.com");
            let path = format!("/organizations/{id}/allowed-emails");
            let _ = caller
                .post(&path, &json!({ "email": email }))
                .await
                .expect(201);
            filled.push(("email".to_owned(), email));
        }
        if wanted("definition") {
            filled.push(("definition".to_owned(), "crr_178@1".to_owned()));
        }
        if wanted("name") {
            filled.push(("name".to_owned(), first(caller, "/models", "name").await));
        }
        if wanted("version") {
            filled.push((
                "version".to_owned(),
                first(caller, "/models", "version").await,
            ));
        }
        let known = filled.iter().map(|(name, _)| format!("{{{name}}}"));
        let rest = known.fold(operation.path.clone(), |path, name| path.replace(&name, ""));
        assert!(
            !rest.contains('{'),
            "{}: write here what stands for {rest}",
            operation.name()
        );
        filled
    }
}

fn made(answer: &Value) -> String {
    text(answer, "id").to_owned()
}

async fn first(caller: &TestUser, path: &str, field: &str) -> String {
    let list = caller.get(path).await.expect(200);
    text(&list["data"][0], field).to_owned()
}

/// Returns the path of an operation with these values, already encoded.
pub(super) fn path_with(operation: &Operation, filled: &[(String, String)]) -> String {
    filled
        .iter()
        .fold(operation.path.clone(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        })
}
