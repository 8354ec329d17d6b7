//! `/admin`: the installation, for its operators.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;

use crate::support::{prediction, with};

#[tokio::test]
async fn admin_counts_rows_by_organization_without_personal_ones() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let ours = json!({ "access_level": "organization" });
    for (who, symbol, fields) in [
        ("m1", "OURS", &ours),
        ("m2", "OURS2", &ours),
        ("mB", "THEIRS", &ours),
        ("m1", "MINE", &json!({ "access_level": "personal" })),
    ] {
        let body = with(prediction(symbol, "2024"), fields.clone());
        let made = users.user(who).post("/predictions/annual", &body).await;
        let _ = made.expect(201);
    }

    let sa = users.user("sa");
    let stats = sa.get("/admin/stats").await.expect(200);
    let page = &stats["organizations"];
    assert_eq!(page["has_more"], false);
    let counted: Vec<_> = page["data"]
        .as_array()
        .expect("organizations")
        .iter()
        .map(|o| {
            (
                o["name"].as_str().expect("a name"),
                o["users"].as_u64(),
                o["companies"].as_u64(),
                o["predictions"]["annual"].as_u64(),
                o["children"].as_u64(),
            )
        })
        .collect();
    let some = Some;
    assert_eq!(
        counted,
        [
            ("B", some(1), some(1), some(1), some(0)),
            ("A", some(3), some(2), some(2), some(0)),
            ("Z", some(1), some(0), some(0), some(0)),
            ("R", some(1), some(0), some(0), some(2)),
        ]
    );
    assert_eq!(stats["jobs"]["pending"], 0);
    assert!(stats["database_pool"]["open"].as_u64() >= Some(1));

    // The same, page by page.
    let mut names = Vec::new();
    let mut path = "/admin/stats?limit=3".to_owned();
    loop {
        let page = sa.get(&path).await.expect(200)["organizations"].clone();
        for organization in page["data"].as_array().expect("organizations") {
            names.push(organization["name"].as_str().expect("a name").to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/admin/stats?limit=3&cursor={cursor}");
    }
    assert_eq!(names, ["B", "A", "Z", "R"]);
    let refused = users.user("tR").get("/admin/stats").await;
    assert_eq!(refused.problem(403), "role_forbidden");
}
