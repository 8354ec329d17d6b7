//! `/api-keys`, and the rights of a key.

mod lifecycle;
mod making;
mod scopes;
mod users;

use accunode_tests::TestUser;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::text;

/// Every scope.
const SCOPES: [&str; 6] = ["read", "score", "write", "upload", "audit", "admin"];

/// A created key: its id, and a client that uses its secret.
struct Key {
    id: String,
    holder: TestUser,
}

fn wanted(scopes: &[&str], organization: Option<Uuid>) -> Value {
    json!({ "name": "nightly", "scopes": scopes, "organization_id": organization })
}

async fn key_of(owner: &TestUser, scopes: &[&str], organization: Option<Uuid>) -> Key {
    let made = owner
        .post("/api-keys", &wanted(scopes, organization))
        .await
        .expect(201);
    Key {
        id: text(&made, "id").to_owned(),
        holder: owner.with_token(text(&made, "secret")),
    }
}

fn company(symbol: &str) -> Value {
    json!({ "symbol": symbol, "name": symbol, "sector": "Industrials" })
}
