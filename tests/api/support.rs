//! What the tests send, and how they inspect the state of the service.

use accunode_tests::TestUser;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

/// The header of a file of annual statements.
pub(crate) const HEADER: &str = "company_symbol,company_name,sector,reporting_year,\
long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";

/// The ratios of an ordinary company, as fractions.
pub(crate) fn ratios() -> Value {
    json!({
        "long_term_debt_to_total_capital": 0.25,
        "total_debt_to_ebitda": 2.0,
        "net_income_margin": 0.08,
        "ebit_to_interest_expense": 6.4,
        "return_on_assets": 0.05,
    })
}

/// The ratios of an ordinary quarter.
pub(crate) fn quarterly_ratios() -> Value {
    json!({
        "current_ratio": 1.6,
        "quick_ratio": 1.1,
        "debt_to_equity": 0.8,
        "inventory_turnover": 6.2,
        "receivables_turnover": 7.5,
        "working_capital_to_total_assets": 0.15,
    })
}

/// A prediction for a company that is found by its symbol, or created.
pub(crate) fn prediction(symbol: &str, year: &str) -> Value {
    json!({ "company": { "symbol": symbol }, "reporting_year": year, "ratios": ratios() })
}

/// Like [`prediction`], for a quarter.
pub(crate) fn quarterly(symbol: &str, year: &str, quarter: &str) -> Value {
    json!({
        "company": { "symbol": symbol }, "reporting_year": year, "reporting_quarter": quarter,
        "ratios": quarterly_ratios(),
    })
}

/// A prediction of this kind for a company that is identified by its id.
pub(crate) fn prediction_on(kind: &str, company: &str, year: &str) -> Value {
    match kind {
        "annual" => json!({ "company_id": company, "reporting_year": year, "ratios": ratios() }),
        _ => json!({
            "company_id": company, "reporting_year": year, "reporting_quarter": "Q2",
            "ratios": quarterly_ratios(),
        }),
    }
}

/// A default of a company that is identified by its id.
pub(crate) fn outcome_on(company: &str) -> Value {
    json!({
        "company_id": company, "definition": "crr_178@1", "event": "default",
        "occurred_on": "2024-03-01",
    })
}

/// The fields of a master scale of seven grades, off the buckets of the dashboards' sums.
pub(crate) fn scale_of(name: &str) -> Vec<(String, Value)> {
    let bounds = [0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.2, 1.0];
    let grades: Vec<Value> = bounds
        .windows(2)
        .zip('A'..)
        .map(|(pair, code)| json!({ "code": code.to_string(), "pd_from": pair[0], "pd_to": pair[1] }))
        .collect();
    vec![
        ("name".to_owned(), json!(name)),
        ("grades".to_owned(), json!(grades)),
    ]
}

/// The fields of a definition of default at an access level, whose code no other has.
pub(crate) fn definition_of(level: &str, unique: &str) -> Vec<(String, Value)> {
    let prefix = if level == "system" { "system_" } else { "d_" };
    let code = format!("{prefix}{}", unique.to_lowercase());
    vec![
        ("code".to_owned(), json!(code)),
        ("name".to_owned(), json!("30 days past due")),
        ("basis".to_owned(), json!("missed_payment")),
    ]
}

/// Returns an object with some fields changed; null removes a field.
pub(crate) fn with(mut body: Value, changes: Value) -> Value {
    let target = body.as_object_mut().expect("an object");
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    for (name, value) in changes {
        if value.is_null() {
            target.remove(&name);
        } else {
            target.insert(name, value);
        }
    }
    body
}

/// A file of annual statements.
pub(crate) fn file(lines: &[&str]) -> Vec<u8> {
    let mut text = format!("{HEADER}\n");
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text.into_bytes()
}

/// A valid line of such a file.
pub(crate) fn line(symbol: &str, year: &str, debt_to_ebitda: &str) -> String {
    format!("{symbol},{symbol} Inc,Industrials,{year},0.25,{debt_to_ebitda},0.08,6.4,0.05")
}

/// A file of valid lines, one for each symbol.
pub(crate) fn file_of<S: AsRef<str>>(symbols: impl IntoIterator<Item = S>) -> Vec<u8> {
    let lines: Vec<String> = symbols
        .into_iter()
        .map(|symbol| line(symbol.as_ref(), "2024", "2.0"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    file(&lines)
}

/// Sends a file of annual statements that must be accepted, and returns the id of its job.
pub(crate) async fn submit(
    user: &TestUser,
    name: &str,
    bytes: Vec<u8>,
    options: &[(&str, &str)],
) -> String {
    let fields: Vec<(&str, &str)> = [("job_type", "annual")]
        .into_iter()
        .chain(options.iter().copied())
        .collect();
    let job = user.upload((name, bytes), &fields).await.expect(202);
    text(&job, "id").to_owned()
}

/// Returns a field that is a text.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {value}"))
}

/// Returns a field that is a number.
#[track_caller]
pub(crate) fn number(value: &Value, field: &str) -> f64 {
    value[field]
        .as_f64()
        .unwrap_or_else(|| panic!("no number {field} in {value}"))
}

/// Returns a field that is a count.
#[track_caller]
pub(crate) fn count(value: &Value, field: &str) -> i64 {
    value[field]
        .as_i64()
        .unwrap_or_else(|| panic!("no count {field} in {value}"))
}

/// Returns the texts of one field over the rows of a list.
pub(crate) fn column(list: &Value, field: &str) -> Vec<String> {
    let rows = list["data"]
        .as_array()
        .unwrap_or_else(|| panic!("no list: {list}"));
    rows.iter().map(|row| text(row, field).to_owned()).collect()
}

/// Returns every row of a list, page by page.
pub(crate) async fn all_rows(user: &TestUser, path: &str, limit: usize) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = match &cursor {
            None => format!("{path}{mark}limit={limit}"),
            Some(cursor) => format!("{path}{mark}limit={limit}&cursor={cursor}"),
        };
        let page = user.get(&page).await.expect(200);
        rows.extend(page["data"].as_array().expect("rows").iter().cloned());
        assert_eq!(
            page["has_more"].as_bool(),
            Some(!page["next_cursor"].is_null()),
            "{page}"
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return rows,
        }
    }
}

/// Queries one value as a superuser.
pub(crate) async fn ask<T>(pool: &PgPool, sql: &str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(pool)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Runs a statement as a superuser.
pub(crate) async fn run(pool: &PgPool, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(pool)
        .await
    {
        panic!("{sql}: {error}");
    }
}

/// Waits for the effect of other processes, for which there is no event to await.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !is_so().await {
        assert!(std::time::Instant::now() < end, "not within 30 s: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Runs every test twice: with sessions in the process, and in Redis. The first line specifies
/// how a service is started.
macro_rules! with_either_store {
    ($start:path; $($name:ident)+) => {
        mod in_process {
            $(#[tokio::test]
            async fn $name() {
                super::$name($start(accunode_tests::ServiceOptions::default()).await).await;
            })+
        }
        mod in_redis {
            $(#[tokio::test]
            async fn $name() {
                let options = accunode_tests::ServiceOptions::default().with_redis();
                super::$name($start(options).await).await;
            })+
        }
    };
}
pub(crate) use with_either_store;

/// Waits until this many statements are blocked by what this connection holds, or by one
/// another behind it. PostgreSQL does not report this to a client, so it is queried. A
/// statement that waits for anything else does not count.
pub(crate) async fn wait_until_blocked(pool: &PgPool, by: &mut PgConnection, statements: i64) {
    let holder: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(by)
        .await
        .expect("its number");
    let blocked = format!(
        "WITH RECURSIVE blocked(pid) AS (
           SELECT {holder}
           UNION
           SELECT a.pid
             FROM pg_stat_activity a
             JOIN blocked b ON b.pid = ANY (pg_blocking_pids(a.pid))
            WHERE a.wait_event_type = 'Lock')
         SELECT count(*) - 1 FROM blocked"
    );
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let waiting: i64 = ask(pool, &blocked).await;
        if waiting >= statements {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{waiting} wait, not {statements}"
        );
        tokio::task::yield_now().await;
    }
}
