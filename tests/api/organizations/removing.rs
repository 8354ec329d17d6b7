//! Removing organizations, and the effect on their rows.

use serde_json::{Value, json};

use super::tenancy;
use crate::support::{ask, column, count, file_of, prediction, prediction_on, submit, text, with};

#[tokio::test]
async fn organization_with_content_is_removed_only_by_force() {
    let (_service, users) = tenancy().await;
    let tr = users.user("tR");
    let path = format!("/organizations/{}", users.organization("A"));
    assert_eq!(
        tr.delete(&path).await.problem(409),
        "organization_not_empty"
    );
    let body = json!({ "name": "Empty", "parent_id": users.organization("R") });
    let answer = tr.post("/organizations", &body).await;
    let empty = format!("/organizations/{}", text(&answer.expect(201), "id"));
    let stale = tr.with("If-Match", "\"99\"");
    assert_eq!(stale.delete(&empty).await.problem(412), "stale");
    let _ = tr.delete(&empty).await.expect(204);
    assert_eq!(tr.get(&empty).await.problem(404), "not_found");
    assert_eq!(users.user("sa").get(&empty).await.problem(404), "not_found");
    let _ = tr.delete(&format!("{path}?force=true")).await.expect(204);
}

#[tokio::test]
async fn members_of_a_deleted_organization_go_on_as_users_without_its_rows() {
    let (service, users) = tenancy().await;
    let (m1, tr) = (users.user("m1"), users.user("tR"));
    let a = users.organization("A");
    let company = m1
        .post("/companies", &json!({ "symbol": "SHARED" }))
        .await
        .expect(201);
    let company = text(&company, "id");
    let shared = m1
        .post(
            "/predictions/annual",
            &prediction_on("annual", company, "2024"),
        )
        .await
        .expect(201);
    let own = m1
        .post(
            "/predictions/annual",
            &with(
                prediction("MINE", "2024"),
                json!({ "access_level": "personal" }),
            ),
        )
        .await
        .expect(201);
    // The tenant's administrator has a personal prediction on the organization's company.
    let note = tr
        .post(
            "/predictions/annual",
            &with(
                prediction_on("annual", company, "2023"),
                json!({ "access_level": "personal" }),
            ),
        )
        .await
        .expect(201);
    let job = submit(m1, "a.csv", file_of(["UP"]), &[]).await;
    let pool = service.database.superuser().await;
    let file: String = ask(
        &pool,
        &format!("SELECT filename FROM bulk_upload_jobs WHERE id = '{job}'"),
    )
    .await;
    let personal = async || {
        let figures = tr.get("/dashboard?scope=personal").await.expect(200);
        figures["annual"]["total_predictions"].clone()
    };
    assert_eq!(personal().await, 1, "cached now");

    let _ = tr
        .delete(&format!("/organizations/{a}?force=true"))
        .await
        .expect(204);

    let me = m1.get("/me").await.expect(200);
    assert_eq!(
        (&me["role"], &me["organization"]),
        (&json!("user"), &Value::Null)
    );
    for (path, gone) in [
        (format!("/companies/{company}"), true),
        (format!("/predictions/annual/{}", text(&shared, "id")), true),
        (format!("/bulk-uploads/{job}"), true),
        (format!("/predictions/annual/{}", text(&own, "id")), false),
    ] {
        let status = m1.get(&path).await.status.as_u16();
        assert_eq!(status, if gone { 404 } else { 200 }, "{path}");
    }
    let path = format!("/predictions/annual/{}", text(&note, "id"));
    assert_eq!(
        tr.get(&path).await.problem(404),
        "not_found",
        "a prediction lives as long as its company"
    );
    assert_eq!(
        personal().await,
        0,
        "no figure is older than what it counts"
    );
    assert_eq!(
        m1.post(
            "/companies",
            &json!({ "symbol": "X", "access_level": "organization" })
        )
        .await
        .problem(403),
        "level_forbidden"
    );
    assert!(
        !holds_file(service.folder(), &file),
        "its uploads' files are gone"
    );

    let log = users
        .user("sa")
        .get(&format!(
            "/audit-logs?organization_id={a}&event_type=organization.deleted"
        ))
        .await
        .expect(200);
    let event = &log["data"][0];
    assert_eq!(event["organization_name"], "A", "the log outlives it");
    assert_eq!(event["old_values"]["stats"]["users"], 3);
    assert_eq!(count(&event["old_values"]["stats"], "companies"), 1);
    let members = event["old_values"]["members"].as_array().map(Vec::len);
    assert_eq!(members, Some(3));
    assert_eq!(event["metadata"]["force"], true);
    let earlier = users
        .user("sa")
        .get(&format!("/audit-logs?organization_id={a}"))
        .await
        .expect(200);
    assert!(column(&earlier, "event_type").contains(&"prediction.created".to_owned()));
}

#[tokio::test]
async fn the_children_of_a_deleted_root_become_roots() {
    let (_service, users) = tenancy().await;
    let (sa, a) = (users.user("sa"), users.organization("A"));
    let r = users.organization("R");
    let _ = sa
        .delete(&format!("/organizations/{r}?force=true"))
        .await
        .expect(204);
    let child = sa.get(&format!("/organizations/{a}")).await.expect(200);
    assert_eq!(child["parent_id"], Value::Null);
    let tr = users.user("tR").get("/me").await.expect(200);
    assert_eq!(tr["effective_role"], "user");
    let m1 = users.user("m1").get("/me").await.expect(200);
    assert_eq!(m1["effective_role"], "org_member");
}

fn holds_file(folder: &std::path::Path, name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy() == name {
                return true;
            }
        }
    }
    false
}
