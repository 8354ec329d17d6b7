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
        /// Of these levels
        risk_level: Several<RiskLevel>,
        pd_gte: Option<Share>,
        from: Option<Timestamp>,
        since: Option<Since>,
        until: Option<Until>,
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
fn invalid_query_reports_every_parameter() {
    let problem = read("limit=0&risk_level=Huge&pd_gte=2&colour=red&limt=3");
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
fn repeated_parameter_is_refused() {
    assert_eq!(codes(&read("limit=5&limit=6").unwrap_err()), ["repeated"]);
}

#[test]
fn multi_value_parameter_accepts_repetition_within_a_limit() {
    let query = read("risk_level=High&limit=5&risk_level=Medium").unwrap();
    assert_eq!(
        query.risk_level,
        Several(vec![RiskLevel::High, RiskLevel::Medium])
    );
    let problem = read("risk_level=High&risk_level=Huge").unwrap_err();
    assert_eq!(codes(&problem), ["unknown_value"]);
    let many = vec!["risk_level=Low"; MOST_VALUES + 1].join("&");
    assert_eq!(codes(&read(&many).unwrap_err()), ["too_many_parameters"]);
}

#[test]
fn empty_value_is_allowed_only_for_texts() {
    assert_eq!(read("q=&cursor=").unwrap().q, None);
    for name in ["pd_gte", "from", "since", "force", "limit"] {
        assert_eq!(codes(&read(&format!("{name}=")).unwrap_err()), ["empty"]);
    }
    assert_eq!(codes(&read("risk_level=").unwrap_err()), ["unknown_value"]);
}

#[test]
fn day_parameter_covers_its_first_to_last_microsecond() {
    let query = read("since=2024-02-29&until=2024-02-29").unwrap();
    let micros = |time: Timestamp| time.unix_timestamp_nanos() / 1_000;
    let (since, until) = (query.since.unwrap().0, query.until.unwrap().0);
    assert_eq!(micros(since), 1_709_164_800_000_000);
    assert_eq!(micros(until), 1_709_251_199_999_999);
    let query = read("since=2024-02-29T01:00:00%2B01:00&until=2024-02-29T00:00:00Z").unwrap();
    assert_eq!(query.since.unwrap().0, query.until.unwrap().0);
    for wrong in [
        "2023-02-29",
        "2024-2-1",
        "29.02.2024",
        "9999-01-01",
        "2024-02-29T",
    ] {
        assert_eq!(
            codes(&read(&format!("until={wrong}")).unwrap_err()),
            ["invalid_time"]
        );
    }
}

#[test]
fn query_values_are_parsed_and_defaults_applied() {
    let query = read("q=a%20b&from=2024-05-31T12:00:00+02:00&force=true&limit=7").unwrap();
    assert_eq!(query.q, Some(Text("a b".to_owned())));
    assert_eq!(query.from.unwrap().unix_timestamp(), 1_717_149_600);
    assert!(query.force);
    assert_eq!(query.page.start().limit.get(), 7);
    let query = read("").unwrap();
    assert!(!query.force && query.risk_level.0.is_empty() && query.pd_gte.is_none());
    assert_eq!(query.page.start().limit, Limit::default());
}

#[test]
fn query_times_at_the_limits_are_refused() {
    for time in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00%2B23:59"] {
        let problem = read(&format!("from={time}")).unwrap_err();
        assert_eq!(codes(&problem), ["invalid_time"]);
    }
}

#[test]
fn number_of_query_parameters_is_limited() {
    let query = |n| {
        let pairs: Vec<String> = (0..n).map(|n| format!("p{n}={n}")).collect();
        read(&pairs.join("&")).unwrap_err()
    };
    assert_eq!(codes(&query(MAX_PARAMETERS)).len(), MAX_PARAMETERS);
    assert_eq!(codes(&query(30_000)), ["too_many_parameters"]);
}

#[test]
fn null_byte_in_a_query_is_refused() {
    assert_eq!(codes(&read("q=a%00b").unwrap_err()), ["control_character"]);
}

#[test]
fn search_with_a_cursor_is_refused() {
    let problem = read("q=a&cursor=abc").unwrap_err();
    assert_eq!(codes(&problem), ["invalid_cursor"]);
}

#[test]
fn documented_parameters_equal_the_parsed_ones() {
    let all = serde_json::to_value(TestQuery::parameters()).unwrap();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(
        names,
        [
            "q",
            "risk_level",
            "pd_gte",
            "from",
            "since",
            "until",
            "force",
            "limit",
            "cursor"
        ]
    );
    assert_eq!(all[0]["description"], "A text");
    assert_eq!(all[0]["schema"]["maxLength"], 10);
    assert_eq!(
        all[1]["schema"]["items"]["$ref"],
        "#/components/schemas/RiskLevel"
    );
    assert_eq!(
        all[1]["description"],
        "Of these levels; may be given several times"
    );
    assert_eq!(all[2]["schema"]["maximum"], 1);
    assert_eq!(all[3]["schema"]["format"], "date-time");
    assert_eq!(all[6]["schema"]["default"], false);
    assert_eq!(all[7]["schema"]["maximum"], 1_000);
    assert_eq!(all[7]["schema"]["default"], 20);
}
