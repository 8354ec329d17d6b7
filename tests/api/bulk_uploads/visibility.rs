//! The owner of an upload.

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{all_rows, column, file_of, submit, text};

#[tokio::test]
async fn upload_and_its_rows_are_hidden_from_other_users() {
    let service = Service::start().await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let job = submit(&ana, "a.csv", file_of(["ACME"]), &[]).await;
    service.finished(&ana, &job).await;
    let prediction = all_rows(&ana, "/predictions/annual", 10).await.remove(0);
    let paths = [
        format!("/bulk-uploads/{job}"),
        format!("/bulk-uploads/{job}/rows"),
        format!("/bulk-uploads/{job}/rows?status=error"),
        format!("/predictions/annual/{}", text(&prediction, "id")),
        format!(
            "/predictions/annual/{}/explanation",
            text(&prediction, "id")
        ),
        format!("/companies/{}", text(&prediction, "company_id")),
    ];
    for path in &paths {
        let _ = ana.get(path).await.expect(200);
        assert_eq!(ben.get(path).await.problem(404), "not_found", "{path}");
    }
    let events = format!("/bulk-uploads/{job}/events");
    assert_eq!(
        ben.get_as(&events, "text/event-stream").await.problem(404),
        "not_found"
    );
    assert_eq!(
        ben.get_as(&paths[1], "text/csv").await.problem(404),
        "not_found"
    );
    assert_eq!(
        ben.post_nothing(&format!("/bulk-uploads/{job}/cancel"))
            .await
            .problem(404),
        "not_found"
    );
    for list in ["/bulk-uploads", "/predictions/annual", "/companies"] {
        assert!(all_rows(&ben, list, 10).await.is_empty(), "{list}");
        assert_eq!(all_rows(&ana, list, 10).await.len(), 1, "{list}");
    }
    let by_job = format!("/predictions/annual?job_id={job}");
    assert!(all_rows(&ben, &by_job, 10).await.is_empty());
    // The same response as for an upload that does not exist.
    let real = ben.get(&paths[0]).await.json();
    let none = ben
        .get("/bulk-uploads/00000000-0000-4000-8000-000000000000")
        .await
        .json();
    assert_eq!(
        (&real["code"], &real["detail"]),
        (&none["code"], &none["detail"])
    );
}

#[tokio::test]
async fn upload_of_a_member_belongs_to_their_organization() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let job = submit(m1, "a.csv", file_of(["ACME", "OTHER"]), &[]).await;
    let done = service.finished(m1, &job).await;
    assert_eq!(done["access_level"], "organization");
    assert_eq!(done["organization_id"], users.organization("A").to_string());
    for (who, rows) in [
        ("m2", 2),
        ("oA", 2),
        ("tR", 2),
        ("sa", 2),
        ("mB", 0),
        ("tZ", 0),
        ("u0", 0),
    ] {
        let seen = all_rows(users.user(who), "/predictions/annual", 10).await;
        assert_eq!(seen.len(), rows, "{who}");
        let status = users
            .user(who)
            .get(&format!("/bulk-uploads/{job}"))
            .await
            .status
            .as_u16();
        assert_eq!(status, if rows > 0 { 200 } else { 404 }, "{who}");
    }
}

#[tokio::test]
async fn upload_stores_nothing_more_after_its_user_loses_rights() {
    let service = Service::with(accunode_tests::ServiceOptions::default().without_worker()).await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let pool = service.database.superuser().await;
    let required = "UPDATE organizations SET require_second_factor = TRUE WHERE name = 'A'";
    let optional = "UPDATE organizations SET require_second_factor = FALSE WHERE name = 'A'";
    let moved = "UPDATE users SET organization_id = (SELECT id FROM organizations WHERE name = 'B') WHERE email = 'm1@example.com'";
    for (file, change) in [("required.csv", required), ("moved.csv", moved)] {
        crate::support::run(&pool, optional).await;
        let job = submit(m1, file, file_of(["ACME"]), &[("force", "true")]).await;
        crate::support::run(&pool, change).await;
        let failed = worked_on(&service, users.user("sa"), &job).await;
        assert_eq!(
            (text(&failed, "status"), text(&failed, "error_code")),
            ("failed", "rights_lost"),
            "{file}"
        );
    }
    let stored: i64 = crate::support::ask(&pool, "SELECT count(*) FROM annual_predictions").await;
    assert_eq!(stored, 0);
}

/// Lets a worker process the jobs, and returns this one once it has ended.
async fn worked_on(service: &Service, user: &TestUser, job: &str) -> Value {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let bulk = service.wired().application.bulk_uploads.clone();
    let worker = tokio::spawn(async move { bulk.work(stopped).await });
    let ended = service.finished(user, job).await;
    stop.send_replace(true);
    worker.await.expect("the worker ends");
    ended
}

#[tokio::test]
async fn upload_ends_with_the_api_key_that_sent_it() {
    let service = Service::with(accunode_tests::ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let wanted = json!({ "name": "nightly", "scopes": ["upload", "write"] });
    let key = ana.post("/api-keys", &wanted).await.expect(201);
    let holder = ana.with_token(text(&key, "secret"));
    let job = submit(&holder, "valid.csv", file_of(["ACME"]), &[]).await;
    let done = worked_on(&service, &ana, &job).await;
    assert_eq!(text(&done, "status"), "completed");

    let job = submit(&holder, "revoked.csv", file_of(["OTHER"]), &[]).await;
    let revoked = format!("/api-keys/{}", text(&key, "id"));
    let _ = ana.delete(&revoked).await.expect(204);
    let failed = worked_on(&service, &ana, &job).await;
    assert_eq!(
        (text(&failed, "status"), text(&failed, "error_code")),
        ("failed", "rights_lost")
    );
    assert_eq!(all_rows(&ana, "/predictions/annual", 10).await.len(), 1);
}

#[tokio::test]
async fn back_tests_are_listed_among_uploads_only_on_request() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let days = json!({ "complete_from": "2015-01-01", "complete_through": "2024-12-31" });
    let coverage = "/outcome-coverage/bankruptcy@1";
    let _ = ana.put(coverage, &days).await.expect(200);
    let body = json!({ "kind": "annual", "d0": "2020-12-31" });
    let asked = ana.post("/validations", &body).await.expect(202);
    let upload = submit(&ana, "a.csv", file_of(["AAA"]), &[]).await;
    let listed = async |query: &str| {
        let list = ana.get(&format!("/bulk-uploads{query}")).await.expect(200);
        column(&list, "id")
    };
    let report = text(&asked, "id").to_owned();
    assert_eq!(listed("").await, [upload.as_str()]);
    assert_eq!(listed("?work=back_test").await, [report.as_str()]);
    assert_eq!(listed("?work=rescoring").await, [""; 0]);
    let both = "?work=upload&work=back_test";
    assert_eq!(listed(both).await, [upload, report]);
    let unknown = ana.get("/bulk-uploads?work=file").await;
    assert_eq!(unknown.faults().len(), 1, "{}", unknown.text);
}
