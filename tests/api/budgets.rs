//! The budgets of users, organizations and addresses, and the errors when they are used up.

use accunode_tests::{Answer, Service, ServiceOptions, TestUser, tenancy::Tenancy};
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use serde_json::{Value, json};

use crate::support::{ask, column, file, run, text};

/// Uploads a file whose content is unique.
async fn upload(user: &TestUser, n: usize, fields: &[(&str, &str)]) -> Answer {
    let line = format!("S{n},x,Industrials,2024,0.25,2,0.08,6.4,0.05");
    let mut all = vec![("job_type", "annual")];
    all.extend_from_slice(fields);
    user.upload(("a.csv", file(&[&line])), &all).await
}

/// Returns an upload once it has ended.
async fn finished(user: &TestUser, id: &str) -> Value {
    let path = format!("/bulk-uploads/{id}");
    // The stream of its events ends with it.
    let events = format!("{path}/events");
    let events = user.get_as(&events, "text/event-stream").await;
    assert_eq!(events.status.as_u16(), 200);
    user.get(&path).await.expect(200)
}

fn stored_files(service: &Service) -> usize {
    let folder = service.folder().join("files/uploads");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn detail(answer: &Answer) -> String {
    text(&answer.json(), "detail").to_owned()
}

#[tokio::test]
async fn concurrent_uploads_stay_within_the_budget_of_open_jobs() {
    let options = ServiceOptions::default()
        .without_worker()
        .with("budgets.open_jobs", "3");
    let service = Service::with(options).await;
    let tenancy = Tenancy::of(&service).await;
    // Two members of one organization share its budget.
    let (one, two) = (tenancy.user("m1"), tenancy.user("oA"));
    let uploads = (0..10).map(|n| upload(if n % 2 == 0 { one } else { two }, n, &[]));
    let answers = join_all(uploads).await;
    let taken = answers.iter().filter(|a| a.status.as_u16() == 202).count();
    assert_eq!(taken, 3);
    let refused = answers
        .iter()
        .find(|a| a.status.as_u16() != 202)
        .expect("some are refused");
    assert_eq!(refused.problem(429), "too_many_open_jobs");
    assert_eq!(refused.header("retry-after"), "30");
    let message = detail(refused);
    assert!(
        message.contains("3 uploads") && message.contains("at most 3"),
        "{message}"
    );

    // Neither another organization nor a user without one is affected, and nothing is left
    // of the files that were refused.
    let _ = upload(tenancy.user("mB"), 20, &[]).await.expect(202);
    let personal = [("access_level", "personal")];
    let _ = upload(one, 21, &personal).await.expect(202);
    let pool = service.database.superuser().await;
    let jobs: i64 = ask(&pool, "SELECT count(*) FROM bulk_upload_jobs").await;
    assert_eq!(jobs, 5);
    assert_eq!(stored_files(&service), 5);

    // A cancelled upload makes space for another one.
    let job = answers
        .iter()
        .find(|a| a.status.as_u16() == 202)
        .expect("one")
        .json();
    let path = format!("/bulk-uploads/{}/cancel", text(&job, "id"));
    let _ = two.post_nothing(&path).await.expect(202);
    let _ = upload(two, 30, &[]).await.expect(202);
    assert_eq!(
        upload(two, 31, &[]).await.problem(429),
        "too_many_open_jobs"
    );
}

#[tokio::test]
async fn upload_over_the_file_budget_is_refused_with_the_figures() {
    let options = ServiceOptions::default().with("budgets.file_bytes", "500");
    let service = Service::with(options).await;
    let ana = service.user("ana").await;
    let first = upload(&ana, 1, &[]).await.expect(202);
    let size = first["file_size"].as_i64().expect("a size");
    let second = upload(&ana, 2, &[]).await.expect(202);
    let refused = upload(&ana, 3, &[]).await;
    assert_eq!(refused.problem(507), "file_budget_exhausted");
    assert_eq!(refused.header("retry-after"), "");
    let message = detail(&refused);
    for figure in [2 * size, size, 500] {
        assert!(message.contains(&figure.to_string()), "{message}");
    }
    let job = finished(&ana, text(&second, "id")).await;
    let path = format!("/bulk-uploads/{}", text(&job, "id"));
    let _ = ana.delete(&path).await.expect(204);
    let _ = upload(&ana, 3, &[]).await.expect(202);
}

#[tokio::test]
async fn failed_rows_over_the_budget_are_counted_and_reported() {
    let options = ServiceOptions::default().with("budgets.rows_per_job", "2");
    let service = Service::with(options).await;
    let ana = service.user("ana").await;
    let lines: Vec<_> = (0..5)
        .map(|n| format!("S{n},x,Industrials,year,0.25,2,0.08,6.4,0.05"))
        .collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let sent = ana
        .upload(("a.csv", file(&lines)), &[("job_type", "annual")])
        .await
        .expect(202);
    let job = finished(&ana, text(&sent, "id")).await;
    assert_eq!(
        (&job["error_count"], &job["rows_kept"]),
        (&json!(5), &json!(2))
    );
    let warnings = job["warnings"].as_array().expect("warnings");
    let has_warning = warnings
        .iter()
        .any(|warning| warning["code"] == "rows_not_kept");
    assert!(has_warning, "{job}");
    let path = format!("/bulk-uploads/{}/rows", text(&job, "id"));
    let table = ana.get_as(&path, "text/csv").await;
    assert_eq!(table.header("x-rows-not-kept"), "3");
    assert_eq!(table.text.lines().count(), 3, "{}", table.text);
    let retry = format!("/bulk-uploads/{}/retry", text(&job, "id"));
    assert_eq!(ana.post_nothing(&retry).await.problem(409), "rows_not_kept");
}

#[tokio::test]
async fn low_disk_refuses_uploads_and_is_shown_by_readiness() {
    let options = ServiceOptions::default().with("min_free_disk", "99%");
    let service = Service::with(options).await;
    let ana = service.user("ana").await;
    let refused = upload(&ana, 1, &[]).await;
    assert_eq!(refused.problem(507), "storage_low");
    assert_eq!(refused.header("retry-after"), "300");
    assert!(!detail(&refused).contains('/'));
    assert_eq!(stored_files(&service), 0);
    let ready = service.anonymous().get("//health/ready").await;
    let low = &ready.expect(200)["low_disks"][0];
    assert_eq!(low["volume"], "files");
    assert!(low["free_bytes"].as_u64() < low["min_free_bytes"].as_u64());
}

#[tokio::test]
async fn event_streams_are_limited_per_user_and_end_with_the_session() {
    let options = ServiceOptions::default()
        .without_worker()
        .with("budgets.event_streams_per_user", "2");
    let service = Service::with(options).await;
    let ana = service.user("ana").await;
    let job = upload(&ana, 1, &[]).await.expect(202);
    let path = format!("/bulk-uploads/{}/events", text(&job, "id"));
    let other = ana.login("ana@example.com").await;
    // Two stay open until their session ends; the third is refused at once.
    let mut open: FuturesUnordered<_> = (0..3)
        .map(|_| ana.get_as(&path, "text/event-stream"))
        .collect();
    let refused = open.next().await.expect("one is refused");
    assert_eq!(refused.problem(429), "too_many_event_streams");
    assert_eq!(refused.header("retry-after"), "15");
    // A stream of another session is refused, too; that session can end the others.
    let refused = other.get_as(&path, "text/event-stream").await;
    assert_eq!(refused.problem(429), "too_many_event_streams");
    let _ = ana.post_nothing("/auth/logout").await.expect(204);
    let ended: Vec<_> = open.collect().await;
    let streams = ended.iter().filter(|answer| answer.status.as_u16() == 200);
    assert_eq!(streams.count(), 2);
}

#[tokio::test]
async fn invitations_to_one_address_are_limited_to_one_a_minute() {
    let options = ServiceOptions::default()
        .with("mails.per_address_per_minute", "1")
        .with("mails.per_sender_per_day", "5");
    let service = Service::with(options).await;
    let tenancy = Tenancy::of(&service).await;
    let organization = tenancy.organization("A");
    let invite = async |email: &str| {
        let body = json!({ "email": email, "role": "org_member", "organization_id": organization });
        tenancy.user("oA").post("/users", &body).await
    };
    let _ = invite("new@example.com").await.expect(202);
    // The same mailbox with another spelling.
    for email in ["new@example.com", "New+1@example.com"] {
        let refused = invite(email).await;
        assert_eq!(refused.problem(429), "too_many_mails", "{email}");
        let seconds: u32 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    assert_eq!(service.mails_to("new@example.com").await.len(), 1);
    let pool = service.database.superuser().await;
    let waiting: i64 = ask(&pool, "SELECT count(*) FROM invitations").await;
    assert_eq!(waiting, 1, "a refused invitation leaves nothing");
    // A refused mail also counts against its sender, and against no other user.
    let _ = invite("b@example.com").await.expect(202);
    let _ = invite("c@example.com").await.expect(202);
    let refused = invite("d@example.com").await;
    assert_eq!(refused.problem(429), "too_many_mails");
    assert!(detail(&refused).contains("by one sender in a day"));
    // Other users of the organization still may.
    let body =
        json!({ "email": "d@example.com", "role": "org_member", "organization_id": organization });
    let _ = tenancy.user("tR").post("/users", &body).await.expect(202);
}

#[tokio::test]
async fn mail_contains_no_link_from_an_organization_name() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let a = tenancy.organization("A");
    let admin = tenancy.user("oA");
    let path = format!("/organizations/{a}");
    for name in ["Win at evil.com", "https://evil", "www.evil", "evil．com"] {
        let refused = admin.patch(&path, &json!({ "name": name })).await;
        assert_eq!(refused.problem(422), "link_in_name", "{name}");
    }
    // A name from before the rule existed.
    let pool = service.database.superuser().await;
    run(
        &pool,
        &format!("UPDATE organizations SET name = 'Win at evil.com' WHERE id = '{a}'"),
    )
    .await;
    let _ = admin
        .patch(&path, &json!({ "industry": "Banking" }))
        .await
        .expect(200);
    let body = json!({ "email": "new@example.com", "role": "org_member", "organization_id": a });
    let _ = admin.post("/users", &body).await.expect(202);
    let mail = service.last_mail_to("new@example.com").await;
    assert_eq!(mail.subject, "You are invited to Win at evil[.]com");
    assert!(!mail.text.contains("evil.com"), "{}", mail.text);
}

#[tokio::test]
async fn lookalike_organization_names_within_a_tenant_are_refused() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (root, admin) = (tenancy.organization("R"), tenancy.user("tR"));
    let create = async |name: &str| {
        let body = json!({ "name": name, "parent_id": root });
        admin.post("/organizations", &body).await
    };
    let made = create("Acme Bank").await.expect(201);
    for name in ["acme  bank", "Асme Bank", "ACME BANK", "Acrne Bank"] {
        assert_eq!(create(name).await.problem(409), "name_taken", "{name}");
    }
    let other = create("Acme Banks").await.expect(201);
    let path = format!("/organizations/{}", text(&other, "id"));
    let renamed = admin.patch(&path, &json!({ "name": "Αcme Bank" })).await;
    assert_eq!(renamed.problem(409), "name_taken");
    // Its own name in other letters does not conflict with another organization.
    let path = format!("/organizations/{}", text(&made, "id"));
    let _ = admin
        .patch(&path, &json!({ "name": "ACME Bank" }))
        .await
        .expect(200);
}

#[tokio::test]
async fn lookalike_root_names_are_revealed_to_super_admins_only() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (sa, admin) = (tenancy.user("sa"), tenancy.user("tZ"));
    let create = async |name: &str| sa.post("/organizations", &json!({ "name": name })).await;
    let first = create("Nordbank").await.expect(201);
    for name in ["NORDBANK", "Nordbаnk"] {
        let refused = create(name).await;
        assert_eq!(refused.problem(409), "name_taken", "{name}");
        assert_eq!(refused.json()["existing_id"], first["id"]);
    }
    // A tenant gets no warning, because its name is its own matter.
    let z = tenancy.organization("Z");
    let path = format!("/organizations/{z}");
    let renamed = admin.patch(&path, &json!({ "name": "nordbank" })).await;
    assert_eq!(renamed.expect(200)["name"], "nordbank");
    let look_alikes = "/audit-logs?event_type=organization.looks_alike";
    let seen = sa.get(look_alikes).await.expect(200);
    assert_eq!(column(&seen, "entity_id"), [z.to_string()]);
    assert_eq!(seen["data"][0]["metadata"]["looks_like"], first["id"]);
    let seen = admin.get(look_alikes).await.expect(200);
    assert_eq!(seen["data"], json!([]));
    let renamed = sa.patch(&path, &json!({ "name": "Nordbank" })).await;
    assert_eq!(renamed.problem(409), "name_taken");
    // Other changes are not refused because of an existing name.
    let _ = sa
        .patch(&path, &json!({ "industry": "Banking" }))
        .await
        .expect(200);
    let _ = create("Nordbank Two").await.expect(201);
}

#[tokio::test]
async fn failed_rows_are_guarded_and_round_trip_through_retry() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let cells = [
        "=cmd()",
        "a;=1+1",
        "\u{200B}=1",
        "＝1",
        "'=1",
        "-0.5",
        " +x",
        "t\t@x",
        "plain",
    ];
    let lines: Vec<_> = cells
        .iter()
        .enumerate()
        .map(|(n, cell)| format!("S{n},\"{cell}\",Industrials,never,0.25,2,0.08,6.4,0.05"))
        .collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let send = async |bytes: Vec<u8>, name: &str| {
        let sent = ana
            .upload((name, bytes), &[("job_type", "annual"), ("force", "true")])
            .await;
        let job = finished(&ana, text(&sent.expect(202), "id")).await;
        assert_eq!(job["error_count"], 9, "{job}");
        text(&job, "id").to_owned()
    };
    let failed = async |id: &str| {
        let path = format!("/bulk-uploads/{id}/rows");
        ana.get_as(&path, "text/csv").await.text
    };
    let first = send(file(&lines), "a.csv").await;
    let table = failed(&first).await;
    for guarded in [
        "'=cmd()",
        "a;'=1+1",
        "'\u{200B}=1",
        "'＝1",
        "'=1",
        ",-0.5,",
        "' +x",
        "t\t'@x",
        ",plain,",
    ] {
        assert!(table.contains(guarded), "{guarded:?} in {table}");
    }
    // When the file is sent again, the cells are unchanged.
    let second = send(table.clone().into_bytes(), "b.csv").await;
    assert_eq!(failed(&second).await, table);
    let retried = ana
        .post_nothing(&format!("/bulk-uploads/{second}/retry"))
        .await
        .expect(202);
    let job = finished(&ana, text(&retried, "id")).await;
    assert_eq!(failed(text(&job, "id")).await, table);
}
