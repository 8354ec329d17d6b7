//! Lists as CSV: all pages, read one by one while the client receives them.

use std::{collections::VecDeque, sync::Arc};

use accunode_application::Error;
use accunode_domain::{page::Limit, text::guard_formula};
use accunode_tasks::compute;
use actix_web::{HttpResponse, HttpResponseBuilder, http::header};
use bytes::Bytes;
use futures::stream;
use serde::Serialize;
use serde_json::Value;

use crate::http::{
    call::Authenticated,
    list::{Fetch, Slice, Start, pairs},
    negotiate::Format,
    problem::{Answer, Problem},
};

/// The columns of an export: named after the fields, nested ones by JSON pointer.
#[derive(Clone, Debug)]
pub(crate) struct Columns(Vec<Column>);

#[derive(Clone, Debug)]
struct Column {
    name: String,
    pointer: String,
}

impl Columns {
    /// Creates columns that are named like the fields that they show.
    pub(crate) fn of(fields: &[&str]) -> Self {
        Self(Vec::new()).and("", fields)
    }

    /// Adds columns for fields below a field.
    pub(crate) fn and(mut self, prefix: &str, fields: &[&str]) -> Self {
        self.0.extend(fields.iter().map(|field| Column {
            name: (*field).to_owned(),
            pointer: format!("{prefix}/{field}"),
        }));
        self
    }

    /// Adds a column with another name.
    pub(crate) fn named(mut self, name: &str, pointer: &str) -> Self {
        self.0.push(Column {
            name: name.to_owned(),
            pointer: pointer.to_owned(),
        });
        self
    }

    fn header(&self) -> Vec<String> {
        self.0.iter().map(|column| column.name.clone()).collect()
    }

    fn record(&self, row: &impl Serialize) -> Vec<String> {
        let row = serde_json::to_value(row).unwrap_or_default();
        self.0
            .iter()
            .map(|column| cell(row.pointer(&column.pointer).unwrap_or(&Value::Null)))
            .collect()
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => guard_formula(&plain(other)).into_owned(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().map(plain).collect();
            texts.join("; ")
        }
        Value::Object(_) => value.to_string(),
    }
}

/// Formats records as CSV.
pub(crate) fn csv(records: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for record in records {
        // Writing to memory cannot fail.
        let _ = writer.write_record(record);
    }
    writer.into_inner().unwrap_or_default()
}

/// Returns the head of a CSV response.
pub(crate) fn attachment(name: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::VARY, "Accept"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.csv\""),
        ));
    response
}

/// Streams every page of a list.
pub(crate) async fn stream<T, C>(
    call: &Authenticated,
    name: &'static str,
    columns: Columns,
    after: Option<C>,
    fetch: Fetch<T, C>,
) -> Answer
where
    T: Serialize + Send + 'static,
    C: Serialize + 'static,
{
    let header = columns.header();
    records(call, name, header, after, fetch, move |row| {
        Some(columns.record(row))
    })
    .await
}

/// Streams every page of a list, one JSON object a line.
pub(crate) async fn lines<T, C>(
    call: &Authenticated,
    name: &'static str,
    after: Option<C>,
    fetch: Fetch<T, C>,
) -> Answer
where
    T: Serialize + Send + 'static,
    C: 'static,
{
    let mut response = HttpResponse::Ok();
    response
        .content_type(Format::JsonLines.media_type())
        .insert_header((header::VARY, "Accept"));
    pages(call, name, response, Vec::new(), after, fetch, |rows| {
        let mut bytes = Vec::new();
        for row in rows {
            // Writing to memory cannot fail, and a DTO can always be serialized.
            let _ = serde_json::to_writer(&mut bytes, row);
            bytes.push(b'\n');
        }
        bytes
    })
    .await
}

/// The mark by which a spreadsheet recognises a CSV file as UTF-8.
pub(crate) const UTF8_MARK: &str = "\u{feff}";

/// Streams every page of a list as CSV for spreadsheets, with [`UTF8_MARK`], each row as
/// `record` formats it.
pub(crate) async fn records_for_spreadsheets<T, C>(
    call: &Authenticated,
    name: &'static str,
    header: Vec<String>,
    after: Option<C>,
    fetch: Fetch<T, C>,
    record: impl Fn(&T) -> Option<Vec<String>> + Send + Sync + 'static,
) -> Answer
where
    T: Send + 'static,
    C: 'static,
{
    let mut head = UTF8_MARK.as_bytes().to_vec();
    head.extend(csv([header]));
    let write = move |rows: &[T]| csv(rows.iter().filter_map(&record));
    pages(call, name, attachment(name), head, after, fetch, write).await
}

/// Streams every page of a list as CSV, each row as `record` formats it.
async fn records<T, C>(
    call: &Authenticated,
    name: &'static str,
    header: Vec<String>,
    after: Option<C>,
    fetch: Fetch<T, C>,
    record: impl Fn(&T) -> Option<Vec<String>> + Send + Sync + 'static,
) -> Answer
where
    T: Send + 'static,
    C: 'static,
{
    let head = csv([header]);
    pages(
        call,
        name,
        attachment(name),
        head,
        after,
        fetch,
        move |rows| csv(rows.iter().filter_map(&record)),
    )
    .await
}

/// Streams every page of a list; the export is recorded in the audit log before the first
/// byte.
async fn pages<T, C>(
    call: &Authenticated,
    name: &'static str,
    mut response: HttpResponseBuilder,
    head: Vec<u8>,
    after: Option<C>,
    fetch: Fetch<T, C>,
    write: impl Fn(&[T]) -> Vec<u8> + Send + Sync + 'static,
) -> Answer
where
    T: Send + 'static,
    C: 'static,
{
    let all = Limit::new(PAGE_ROWS).map_err(|fault| Problem::faults(vec![fault]))?;
    // The first page is read before anything is sent: a fault of the request can then still
    // be answered with a problem document.
    let first = fetch(Start { limit: all, after }).await?;
    let filter = Value::Object(pairs(call.request.query_string()));
    call.application
        .record_export(&call.caller, name, filter)
        .await?;
    let mut ready = VecDeque::from([Step::Bytes(head)]);
    ready.extend(steps(first));
    let write = Arc::new(write);
    let body = stream::try_unfold(
        (ready, fetch, write),
        move |(mut ready, fetch, write)| async move {
            while let Some(step) = ready.pop_front() {
                let bytes = match step {
                    Step::Bytes(bytes) => bytes,
                    Step::Rows(rows) => {
                        let write = write.clone();
                        compute(move || write(&rows))
                            .await
                            .map_err(|panic| cut(Error::Internal(Box::new(panic))))?
                    }
                    Step::After(cursor) => {
                        let start = Start {
                            limit: all,
                            after: Some(cursor),
                        };
                        ready.extend(steps(fetch(start).await.map_err(cut)?));
                        continue;
                    }
                };
                return Ok::<_, Problem>(Some((Bytes::from(bytes), (ready, fetch, write))));
            }
            Ok(None)
        },
    );
    Ok(response.streaming(body))
}

/// The rows that are read by one statement, and written in one turn. They are decoded on a thread
/// that answers requests, so there must not be many.
const PAGE_ROWS: u32 = 100;

enum Step<T, C> {
    Bytes(Vec<u8>),
    Rows(Vec<T>),
    After(C),
}

/// Returns the steps that write a page, and read the one after it.
fn steps<T, C>(slice: Slice<T, C>) -> impl Iterator<Item = Step<T, C>> {
    let rows = (!slice.rows.is_empty()).then_some(Step::Rows(slice.rows));
    rows.into_iter().chain(slice.next.map(Step::After))
}

/// Breaks the response off, so that the client does not take a part for the whole.
pub(crate) fn cut(error: Error) -> Problem {
    let problem = Problem::from(error);
    problem.log();
    problem
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn list_of_texts_is_guarded_as_one_csv_cell() {
        assert_eq!(cell(&json!(["a", "=x"])), "a;' =x");
        assert_eq!(cell(&json!([-1, -2.5])), "-1; -2.5");
        assert_eq!(cell(&json!({"a": "x;=1"})), "{\"a\":\"x;'=1\"}");
        assert_eq!(cell(&json!(-0.5)), "-0.5");
    }

    #[test]
    fn csv_row_has_the_values_of_its_fields() {
        let columns = Columns::of(&["id", "name", "flags", "gone"]).and("/ratios", &["roa"]);
        let row = json!({"id": 7, "name": "=x", "flags": ["a", "b"], "ratios": {"roa": -0.25}});
        assert_eq!(columns.header(), ["id", "name", "flags", "gone", "roa"]);
        assert_eq!(columns.record(&row), ["7", "'=x", "a; b", "", "-0.25"]);
    }

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        let bytes = csv([vec!["a,b".to_owned(), "say \"x\"".to_owned()]]);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "\"a,b\",\"say \"\"x\"\"\"\r\n"
        );
    }
}
