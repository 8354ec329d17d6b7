//! `/api-keys`, and what a key is worth.

mod life;
mod making;
mod people;
mod scopes;

use accunode_tests::Person;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::text;

/// Every scope.
const SCOPES: [&str; 6] = ["read", "score", "write", "upload", "audit", "admin"];

/// A key that was made: its id, and its secret shown by somebody.
struct Key {
    id: String,
    holder: Person,
}

fn wanted(scopes: &[&str], organization: Option<Uuid>) -> Value {
    json!({ "name": "nightly", "scopes": scopes, "organization_id": organization })
}

async fn key_of(owner: &Person, scopes: &[&str], organization: Option<Uuid>) -> Key {
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
