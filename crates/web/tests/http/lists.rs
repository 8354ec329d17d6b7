//! Lists: pages, cursors, CSV.

use accunode_domain::{
    Timestamp,
    company::{Company, CompanyDraft, CompanyProfile, Symbol},
    id::{CompanyId, UserId},
    owner::Owner,
    page::{Cursor, Page, Sort},
};
use accunode_ports::mock::MockUnitOfWork;
use accunode_web::{ConcurrencyLimits, WorkLimits};
use uuid::Uuid;

use crate::kit::{Kit, get};

fn company(n: u128, name: &str) -> Company {
    let creator = UserId(Uuid::from_u128(1));
    Company {
        id: CompanyId(Uuid::from_u128(n)),
        profile: CompanyProfile {
            symbol: Symbol::from_stored(format!("C{n}")),
            name: name.to_owned(),
            market_cap: Some(5),
            ..CompanyDraft::of_symbol("C").check().unwrap()
        },
        owner: Owner::User(creator),
        created_by: creator,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        row_version: 3,
    }
}

fn with_two_pages() -> Kit {
    let mut kit = Kit::with_user();
    kit.store
        .companies
        .expect_list()
        .returning(|_, _, _, _, after| {
            Ok(match after {
                None => Page {
                    rows: vec![company(10, "=cmd()")],
                    next: Some(Cursor {
                        sort: Sort::CreatedAt,
                        key: "0".to_owned(),
                        id: Uuid::from_u128(10),
                    }),
                },
                Some(cursor) => {
                    assert_eq!(cursor.id, Uuid::from_u128(10));
                    Page {
                        rows: vec![company(11, "Plain, Inc.")],
                        next: None,
                    }
                }
            })
        });
    kit
}

#[actix_web::test]
async fn page_has_cursor_and_link_of_the_next_one() {
    let first = with_two_pages()
        .ask(get("/api/v1/companies?limit=1&sector=Unknown"))
        .await;
    let document = first.json();
    assert_eq!(document["has_more"], true);
    let cursor = document["next_cursor"].as_str().unwrap();
    let target = format!("/api/v1/companies?limit=1&sector=Unknown&cursor={cursor}");
    assert_eq!(first.header("link"), format!("<{target}>; rel=\"next\""));

    let second = with_two_pages().ask(get(&target)).await;
    assert_eq!(second.json()["data"][0]["symbol"], "C11");
    assert_eq!(second.json()["next_cursor"], serde_json::Value::Null);
    assert_eq!(second.header("link"), "");
}

#[actix_web::test]
async fn cursor_of_another_order_or_tampered_is_refused() {
    let first = with_two_pages()
        .ask(get("/api/v1/companies?limit=1"))
        .await
        .json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let other = get(&format!("/api/v1/companies?sort=name&cursor={cursor}"));
    Kit::with_user()
        .ask(other)
        .await
        .assert_problem(422, "invalid_cursor");
    let tampered = get("/api/v1/companies?cursor=abc");
    Kit::with_user()
        .ask(tampered)
        .await
        .assert_problem(422, "invalid_cursor");
}

#[actix_web::test]
async fn unknown_parameters_are_reported_together() {
    let answer = Kit::with_user()
        .ask(get("/api/v1/companies?colour=red&limit=1001&sort=size"))
        .await;
    answer.assert_problem(422, "validation_failed");
    assert_eq!(answer.faults().len(), 3);
}

#[actix_web::test]
async fn csv_has_every_page_and_is_audited_first() {
    let kit = with_two_pages();
    let mut unit = MockUnitOfWork::default();
    unit.audit_log
        .expect_record()
        .withf(|_, event| event.event_type == "list.exported" && event.entity_type == "company")
        .times(1)
        .returning(|_, _| Ok(()));
    kit.store.units.lock().unwrap().push(unit);
    let request = get("/api/v1/companies").insert_header(("Accept", "text/csv"));
    let answer = kit.ask(request).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<_> = answer.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", answer.text);
    assert!(lines[0].starts_with("id,symbol,name,sector"));
    assert!(lines[1].contains(",C10,'=cmd(),"), "{}", lines[1]);
    assert!(lines[2].contains(",C11,\"Plain, Inc.\","), "{}", lines[2]);
}

#[actix_web::test]
async fn lines_of_json_have_every_page_and_are_audited_first() {
    let kit = with_two_pages();
    let mut unit = MockUnitOfWork::default();
    unit.audit_log
        .expect_record()
        .withf(|_, event| event.event_type == "list.exported")
        .times(1)
        .returning(|_, _| Ok(()));
    kit.store.units.lock().unwrap().push(unit);
    let request = get("/api/v1/companies").insert_header(("Accept", "application/x-ndjson"));
    let answer = kit.ask(request).await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let symbols: Vec<_> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["symbol"].clone())
        .collect();
    assert_eq!(symbols, ["C10", "C11"]);
}

/// Its last byte is not read here before the other request was answered.
#[actix_web::test]
async fn export_holds_its_slot_until_its_body_has_ended() {
    let mut kit = with_two_pages();
    kit.work = WorkLimits::new(ConcurrencyLimits {
        export: 1,
        ..ConcurrencyLimits::default()
    });
    for _ in 0..2 {
        let mut unit = MockUnitOfWork::default();
        unit.audit_log.expect_record().returning(|_, _| Ok(()));
        kit.store.units.lock().unwrap().push(unit);
    }
    let export = || get("/api/v1/companies").insert_header(("Accept", "text/csv"));
    let list = || get("/api/v1/companies");
    let mut statuses = kit.ask_at_once(vec![export(), export(), list()]).await;
    assert_eq!(statuses.pop(), Some(200), "a list is no export");
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429]);
}

#[actix_web::test]
async fn an_export_that_cannot_be_audited_is_not_begun() {
    let request = get("/api/v1/companies").insert_header(("Accept", "text/csv"));
    with_two_pages()
        .ask(request)
        .await
        .assert_problem(500, "internal_error");
}

#[actix_web::test]
async fn object_has_its_version_as_etag() {
    let one = || {
        let mut kit = Kit::with_user();
        kit.store
            .companies
            .expect_find()
            .returning(|_, _| Ok(Some(company(10, "Ten"))));
        kit
    };
    let path = format!("/api/v1/companies/{}", Uuid::from_u128(10));
    let answer = one().ask(get(&path)).await;
    assert_eq!(answer.header("etag"), "\"3\"");
    assert_eq!(answer.json()["name"], "Ten");
    let answer = one()
        .ask(get(&path).insert_header(("If-None-Match", "\"3\"")))
        .await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (304, ""));
}
