use accunode_domain::{
    Timestamp,
    page::{Limit, Sort},
    risk::RiskLevel,
};

use super::*;
use crate::http::list::{Orders, Paging};

#[derive(Debug)]
struct ByTime;

impl Orders for ByTime {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

query! {
    /// Of these tests.
    struct TestQuery {
        /// A text
        q: Option<Text<10>>,
        risk_level: Option<RiskLevel>,
        probability_gte: Option<Share>,
        from: Option<Timestamp>,
        force: bool = false,
        ; page: Paging<ByTime>,
    }
}

fn read(query: &str) -> Result<TestQuery, Problem> {
    super::read(query, |_| None)
}

fn codes(problem: &Problem) -> Vec<String> {
    let document = serde_json::to_value(problem.document(None)).unwrap();
    let errors = document["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|e| e["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let problem = read("limit=0&risk_level=Huge&probability_gte=2&colour=red&limt=3");
    assert_eq!(
        codes(&problem.unwrap_err()),
        [
            "unknown_value",
            "out_of_range",
            "out_of_range",
            "unknown_parameter",
            "unknown_parameter"
        ]
    );
}

#[test]
fn a_parameter_is_given_once() {
    assert_eq!(codes(&read("limit=5&limit=6").unwrap_err()), ["repeated"]);
}

#[test]
fn values_are_read_and_defaults_fill_in() {
    let query = read("q=a%20b&from=2024-05-31T12:00:00+02:00&force=true&limit=7").unwrap();
    assert_eq!(query.q, Some(Text("a b".to_owned())));
    assert_eq!(query.from.unwrap().unix_timestamp(), 1_717_149_600);
    assert!(query.force);
    assert_eq!(query.page.start().limit.get(), 7);
    let query = read("").unwrap();
    assert!(!query.force && query.risk_level.is_none() && query.probability_gte.is_none());
    assert_eq!(query.page.start().limit, Limit::default());
}

#[test]
fn times_at_the_edge_are_faults() {
    for time in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00%2B23:59"] {
        let problem = read(&format!("from={time}")).unwrap_err();
        assert_eq!(codes(&problem), ["invalid_time"]);
    }
}

#[test]
fn the_number_of_parameters_is_limited() {
    let query = |n| {
        let pairs: Vec<String> = (0..n).map(|n| format!("p{n}={n}")).collect();
        read(&pairs.join("&")).unwrap_err()
    };
    assert_eq!(codes(&query(MAX_PARAMETERS)).len(), MAX_PARAMETERS);
    assert_eq!(codes(&query(30_000)), ["too_many_parameters"]);
}

#[test]
fn a_null_byte_is_a_fault_and_no_failure_of_the_database() {
    assert_eq!(codes(&read("q=a%00b").unwrap_err()), ["control_character"]);
}

#[test]
fn a_search_has_no_pages() {
    let problem = read("q=a&cursor=abc").unwrap_err();
    assert_eq!(codes(&problem), ["invalid_cursor"]);
}

#[test]
fn what_is_read_is_what_is_documented() {
    let all = serde_json::to_value(TestQuery::parameters()).unwrap();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(
        names,
        [
            "q",
            "risk_level",
            "probability_gte",
            "from",
            "force",
            "limit",
            "cursor"
        ]
    );
    assert_eq!(all[0]["description"], "A text");
    assert_eq!(all[0]["schema"]["maxLength"], 10);
    assert_eq!(all[2]["schema"]["maximum"], 1);
    assert_eq!(all[3]["schema"]["format"], "date-time");
    assert_eq!(all[4]["schema"]["default"], false);
    assert_eq!(all[5]["schema"]["maximum"], 100);
    assert_eq!(all[5]["schema"]["default"], 20);
}
