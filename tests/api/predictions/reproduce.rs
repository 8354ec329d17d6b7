//! `POST /predictions/{kind}/{id}/reproduce`

use accunode_tests::Service;
use serde_json::json;

use crate::support::{prediction, quarterly, run, text};

#[tokio::test]
async fn prediction_is_reproduced_to_the_bit_by_its_own_model_only() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    for (kind, body) in [
        ("annual", prediction("ACME", "2024")),
        ("quarterly", quarterly("ACME", "2024", "Q2")),
    ] {
        let made = ana
            .post(&format!("/predictions/{kind}"), &body)
            .await
            .expect(201);
        let path = format!("/predictions/{kind}/{}", text(&made, "id"));
        let reproduce = format!("{path}/reproduce");
        let report = ana.post_nothing(&reproduce).await.expect(200);
        assert_eq!(
            (&report["match"], &report["bit_equal"]),
            (&json!(true), &json!(true)),
            "{report}"
        );
        assert_eq!(report["stored"], report["recomputed"]);
        assert_eq!(report["stored"]["pd"], made["pd"]);
        assert_eq!(report["model"], made["model"]);

        let table = format!("{kind}_predictions");
        run(&pool, &format!("UPDATE {table} SET pd = pd * 1.01")).await;
        let report = ana.post_nothing(&reproduce).await.expect(200);
        assert_eq!(
            (&report["match"], &report["bit_equal"]),
            (&json!(false), &json!(false)),
            "{report}"
        );
        assert_eq!(report["recomputed"]["pd"], made["pd"]);

        run(
            &pool,
            &format!("UPDATE {table} SET model_sha256 = repeat('0', 64)"),
        )
        .await;
        assert_eq!(
            ana.post_nothing(&reproduce).await.problem(409),
            "model_unavailable"
        );
        assert_eq!(
            ana.get(&format!("{path}/explanation")).await.problem(409),
            "model_unavailable"
        );
        assert_eq!(ana.get(&path).await.expect(200)["reasons"], json!(null));
        let bob = service.user(&format!("bob-{kind}")).await;
        assert_eq!(bob.post_nothing(&reproduce).await.problem(404), "not_found");
    }
}
