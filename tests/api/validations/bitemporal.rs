//! Whatever is recorded and withdrawn later, a report as of a time stays the same.

use accunode_tests::Service;
use serde_json::{Value, json};

use super::{
    complete,
    portfolio::{Owner, companies, predict, usual},
    validated,
};
use crate::support::text;

/// Pseudo-random numbers that are the same in every run (xorshift).
struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[tokio::test]
async fn reports_as_of_a_time_are_reproducible_byte_for_byte() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let owner = Owner::personal(ana.id);
    let ids = companies(&pool, &owner, 150).await;
    let mut rng = Rng(0x9e37_79b9_7f4a_7c15);
    let rows: Vec<_> = ids
        .iter()
        .map(|id| usual(*id, 0.001 + rng.below(2_000) as f64 / 10_000.0))
        .collect();
    predict(&pool, &owner, &rows).await;
    let coverage = "/outcome-coverage/bankruptcy@1";
    let _ = ana.put(coverage, &complete(&json!({}))).await.expect(200);
    let ask = async |as_of: Option<&Value>| {
        let mut body = json!({ "kind": "annual", "d0": "2022-12-31" });
        if let Some(time) = as_of {
            body["as_of"] = time.clone();
        }
        let report = validated(&service, &ana, &body).await;
        assert_eq!(report["status"], "completed", "{report}");
        let path = format!("/validations/{}/sample.csv", text(&report, "id"));
        let sample = ana.get(&path).await.text;
        (report, sample)
    };
    let (mut then, mut recorded, mut sent) = (Vec::new(), Vec::new(), 0);
    while sent < 500 {
        let mut items = Vec::new();
        for _ in 0..50 {
            let company = ids[rng.below(150) as usize];
            let event = ["default", "default", "cure", "exit"][rng.below(4) as usize];
            let (month, day) = (1 + rng.below(12), 1 + rng.below(28));
            let technical = event == "default" && rng.below(5) == 0;
            items.push(json!({
                "company_id": company, "definition": "bankruptcy@1", "event": event,
                "occurred_on": format!("2023-{month:02}-{day:02}"), "technical": technical,
            }));
        }
        sent += items.len();
        let answer = ana
            .post("/outcomes/batch", &json!({ "items": items }))
            .await;
        let answer = answer.expect(200);
        // Outcomes that contradict a company's other outcomes are refused, which is
        // expected.
        let made = answer["data"].as_array().expect("items").iter();
        let made = made.filter_map(|item| item["outcome"]["id"].as_str());
        recorded.extend(made.map(str::to_owned));
        for _ in 0..5 {
            let at = rng.below(recorded.len() as u64) as usize;
            let path = format!("/outcomes/{}/withdraw", recorded[at]);
            let _ = ana.post(&path, &json!({ "reason": "a mistake" })).await;
        }
        then.push(ask(None).await);
    }
    assert!(recorded.len() > 150, "only {} stand", recorded.len());
    let defaults = |report: &Value| report["report"]["windows"][0]["sample"]["defaults"].clone();
    assert_ne!(defaults(&then[0].0), defaults(&then[9].0));
    for (report, sample) in &then {
        let (again, same) = ask(Some(&report["data_as_of"])).await;
        assert_eq!(*sample, same);
        assert_eq!(again["sample_sha256"], report["sample_sha256"]);
        assert_eq!(again["report_sha256"], report["report_sha256"]);
        assert_eq!(again["report"], report["report"]);
    }
}
