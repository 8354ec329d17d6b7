//! Who may see and end whose keys: their owners, and administrators.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;

use super::{Key, SCOPES, company, key_of};
use crate::support::{column, run, text};

#[tokio::test]
async fn key_follows_its_owners_role_and_ends_with_them() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let a = users.organization("A");
    let row = users
        .user("m1")
        .post("/companies", &company("ROW"))
        .await
        .expect(201);
    let row = format!("/companies/{}", text(&row, "id"));
    let change = json!({ "name": "changed" });

    let admin = users.user("oA");
    let (key, bound) = (
        key_of(admin, &SCOPES, None).await.holder,
        key_of(admin, &["read"], Some(a)).await.holder,
    );
    let _ = key.patch(&row, &change).await.expect(200);
    run(
        &pool,
        "UPDATE users SET role = 'org_member' WHERE email = 'oa@example.com'",
    )
    .await;
    assert_eq!(key.patch(&row, &change).await.problem(403), "not_writable");
    let _ = bound.get(&row).await.expect(200);

    run(
        &pool,
        "UPDATE users SET organization_id = (SELECT id FROM organizations WHERE name = 'B') WHERE email = 'oa@example.com'",
    )
    .await;
    assert_eq!(key.get(&row).await.problem(404), "not_found");
    assert_eq!(bound.get(&row).await.problem(401), "invalid_token");

    let m2 = key_of(users.user("m2"), &["read"], None).await.holder;
    run(
        &pool,
        "UPDATE organizations SET is_active = false WHERE name = 'A'",
    )
    .await;
    assert_eq!(
        m2.get("/companies").await.problem(403),
        "organization_inactive"
    );
    run(
        &pool,
        "UPDATE users SET is_active = false WHERE email = 'm2@example.com'",
    )
    .await;
    assert_eq!(m2.get("/companies").await.status.as_u16(), 401);
}

#[tokio::test]
async fn keys_are_listed_and_revoked_by_owners_and_administrators() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let a = users.organization("A");
    let of_m1 = key_of(users.user("m1"), &["read"], None).await;
    let of_admin = key_of(users.user("oA"), &["read"], None).await;
    let of_tenant = key_of(users.user("tR"), &["read"], Some(a)).await;
    let hidden = key_of(users.user("tR"), &["read"], None).await;
    let listed = async |name: &str, path: &str| {
        let mut ids = column(&users.user(name).get(path).await.expect(200), "id");
        ids.sort();
        ids
    };
    let in_a = format!("/api-keys?organization_id={a}");
    let mut all = vec![of_m1.id.clone(), of_admin.id.clone(), of_tenant.id.clone()];
    all.sort();
    assert_eq!(listed("m1", "/api-keys").await, [of_m1.id.as_str()]);
    for name in ["oA", "tR", "sa"] {
        assert_eq!(listed(name, &in_a).await, all, "{name}");
    }
    let refusals = [
        ("m1", "role_forbidden"),
        ("u0", "role_forbidden"),
        ("tZ", "outside_scope"),
    ];
    for (name, code) in refusals {
        assert_eq!(
            users.user(name).get(&in_a).await.problem(403),
            code,
            "{name}"
        );
    }

    let end = async |name: &str, key: &Key| {
        let answer = users
            .user(name)
            .delete(&format!("/api-keys/{}", key.id))
            .await;
        match answer.status.as_u16() {
            204 => "ended".to_owned(),
            status => answer.problem(status),
        }
    };
    assert_eq!(end("m2", &of_m1).await, "not_found");
    assert_eq!(end("mB", &of_m1).await, "not_found");
    assert_eq!(end("tZ", &of_m1).await, "not_found");
    assert_eq!(end("oA", &of_tenant).await, "rank_too_low");
    assert_eq!(end("oA", &hidden).await, "not_found");
    assert_eq!(end("oA", &of_m1).await, "ended");
    assert_eq!(end("tR", &of_admin).await, "ended");
    assert_eq!(end("sa", &hidden).await, "ended");
    assert_eq!(
        of_m1.holder.get("/companies").await.problem(401),
        "invalid_token"
    );

    // Only the owner receives a secret.
    let path = format!("/api-keys/{}/rotate", of_tenant.id);
    let rotated = users.user("oA").post(&path, &json!({})).await;
    assert_eq!(rotated.problem(403), "not_writable");
    let unseen = users.user("m1").post(&path, &json!({})).await;
    assert_eq!(unseen.problem(404), "not_found");
}
