//! `/rating-scales`

use accunode_domain::validation::MasterScale;
use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{all_rows, ask, column, scale_of, text, with};

fn scale(name: &str, more: Value) -> Value {
    with(Value::Object(scale_of(name).into_iter().collect()), more)
}

#[tokio::test]
async fn rating_scales_list_own_ones_before_the_shipped_one() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (oa, m2) = (users.user("oA"), users.user("m2"));
    let made = oa.post("/rating-scales", &scale("retail", json!({}))).await;
    assert!(
        made.header("location")
            .ends_with(text(&made.expect(201), "id"))
    );
    let made = made.expect(201);
    assert_eq!(
        (&made["version"], &made["status"]),
        (&json!(1), &json!("draft"))
    );
    assert_eq!(
        (&made["access_level"], &made["on_buckets"]),
        (&json!("organization"), &json!(false))
    );
    assert_eq!(
        made["grades"][6],
        json!({ "code": "G", "label": null, "pd_from": 0.2, "pd_to": 1.0 })
    );
    // One row fills a page: the shipped scale is on the next page.
    for limit in [1, 2, 20] {
        let rows = all_rows(m2, "/rating-scales", limit).await;
        let names: Vec<&str> = rows.iter().map(|row| text(row, "name")).collect();
        assert_eq!(names, ["retail", "accunode-17"], "{limit}");
        let shipped = rows[1]["grades"].as_array().expect("grades");
        for (grade, own) in shipped.iter().zip(MasterScale::standard().grades()) {
            assert_eq!(grade["code"], own.code.as_str());
            let from = grade["pd_from"].as_f64().expect("a PD");
            assert!((from - own.pd_from).abs() < 1e-15, "{grade}");
        }
        assert_eq!(shipped.len(), 17);
        assert_eq!(
            (&rows[1]["on_buckets"], &rows[1]["created_by"]),
            (&json!(true), &Value::Null)
        );
        let path = format!("/rating-scales/{}", text(&rows[1], "id"));
        assert_eq!(m2.get(&path).await.expect(200), rows[1]);
    }
    for (query, names) in [
        ("access_level=organization", vec!["retail"]),
        ("access_level=system", vec!["accunode-17"]),
        ("access_level=personal", vec![]),
        ("name=accunode-17", vec!["accunode-17"]),
        ("status=draft", vec!["retail"]),
        ("status=active", vec!["accunode-17"]),
    ] {
        let list = m2.get(&format!("/rating-scales?{query}")).await.expect(200);
        assert_eq!(column(&list, "name"), names, "{query}");
    }
    let csv = m2.get_as("/rating-scales", "text/csv").await;
    assert_eq!(csv.text.lines().count(), 3, "{}", csv.text);
}

#[tokio::test]
async fn invalid_scale_reports_every_fault() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = json!({ "name": "Retail", "version": 0, "grades": [
        { "code": "A", "pd_from": 0.001, "pd_to": 0.01 },
        { "code": "A", "pd_from": 0.005, "pd_to": 0.1 },
        { "code": "C", "pd_from": 0.3, "pd_to": 0.2 },
        { "code": "D", "pd_from": 0.2, "pd_to": 0.9 },
    ] });
    let answer = ana.post("/rating-scales", &body).await;
    let _ = answer.problem(422);
    assert_eq!(
        answer.faults(),
        [
            "/version out_of_range",
            "/name invalid_name",
            "/grades too_few_grades",
            "/grades/1/code code_taken",
            "/grades/0/pd_from gap",
            "/grades/1/pd_from overlap",
            "/grades/2/pd_from invalid_bounds",
            "/grades/3/pd_to gap",
        ]
    );
    let few = with(scale("retail", json!({})), json!({ "grades": [] }));
    let answer = ana.post("/rating-scales", &few).await;
    assert_eq!(answer.problem(422), "too_few_grades");
    assert!(answer.text.contains("Art. 170(1)(b)"), "{}", answer.text);
    let shipped = ana
        .post("/rating-scales", &scale("accunode-17", json!({})))
        .await;
    assert_eq!(shipped.problem(422), "reserved_name");
    let list = ana.get("/rating-scales").await.expect(200);
    assert_eq!(column(&list, "name"), ["accunode-17"], "nothing was made");
}

#[tokio::test]
async fn version_of_a_scale_is_unique_and_immutable() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (oa, tr) = (users.user("oA"), users.user("tR"));
    let made = oa
        .post("/rating-scales", &scale("retail", json!({})))
        .await
        .expect(201);
    let again = oa.post("/rating-scales", &scale("retail", json!({}))).await;
    assert_eq!(again.problem(409), "scale_exists");
    let next = oa
        .post("/rating-scales", &scale("retail", json!({ "version": 2 })))
        .await;
    let _ = next.expect(201);
    // A name is unique only for one owner.
    let _ = tr
        .post("/rating-scales", &scale("retail", json!({})))
        .await
        .expect(201);
    let pool = service.database.superuser().await;
    let changeable: bool = ask(
        &pool,
        "SELECT has_table_privilege('accunode_server', 'rating_scales', 'UPDATE') \
           OR has_any_column_privilege('accunode_server', 'rating_scales', 'UPDATE')",
    )
    .await;
    assert!(!changeable);
    let event_count: i64 = ask(
        &pool,
        &format!(
            "SELECT count(*) FROM audit_logs WHERE event_type = 'rating_scale.created' AND entity_id = '{}' \
               AND user_id = '{}' AND organization_id = '{}' AND jsonb_array_length(new_values->'grades') = 7",
            text(&made, "id"),
            oa.id,
            users.organization("A")
        ),
    )
    .await;
    assert_eq!(event_count, 1);
}

#[tokio::test]
async fn unreadable_scale_cannot_be_referenced() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let made = users
        .user("oA")
        .post("/rating-scales", &scale("retail", json!({})))
        .await;
    let made = made.expect(201);
    let id = text(&made, "id");
    for (who, status) in [
        ("m1", 200),
        ("tR", 200),
        ("sa", 200),
        ("mB", 422),
        ("u0", 422),
    ] {
        let answer = users
            .user(who)
            .get(&format!("/analytics/grades?scale={id}"))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{who}: {}", answer.text);
        if status == 200 {
            assert_eq!(answer.expect(200)["scale"], "retail@1");
        } else {
            assert_eq!(answer.faults(), ["/scale unknown_scale"]);
        }
    }
    let answer = users
        .user("m1")
        .get("/analytics/grades?scale=retail@1")
        .await;
    assert_eq!(answer.problem(422), "unknown_scale");
}
