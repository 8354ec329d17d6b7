//! Lists: one format for all of them. A query with a [`Paging`], a page of rows as JSON with
//! the cursor of the next one, and all rows as CSV, each with the columns of its type, or as
//! lines of JSON.

mod cursor;
mod page;
mod paging;

use std::future::Future;

use accunode_application::{Application, Caller, Error};
use actix_web::{HttpResponse, http::header, web};
use futures::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::{
    call::Authenticated,
    export::{self, Columns},
    negotiate::Format,
    problem::Answer,
};

pub(crate) use cursor::{encode, invalid_cursor};
pub(crate) use page::{ListDto, Slice};
pub(crate) use paging::{
    ByName, NewestFirst, NewestOrByName, Orders, OwnPaging, Paging, Start, of_job,
};

/// Reads a page.
pub(crate) type Fetch<T, C> =
    Box<dyn Fn(Start<C>) -> LocalBoxFuture<'static, Result<Slice<T, C>, Error>>>;

/// Returns a function that reads pages through the use cases.
pub(crate) fn fetch<T, C, F, R>(call: &Authenticated, ask: F) -> Fetch<T, C>
where
    F: Fn(Application, Caller, Start<C>) -> R + 'static,
    R: Future<Output = Result<Slice<T, C>, Error>> + 'static,
{
    let (application, caller) = (call.application.clone(), call.caller.clone());
    Box::new(move |start| Box::pin(ask(application.clone(), caller.clone(), start)))
}

/// Answers a list in the client's preferred format. `name` is the name of the list in file
/// names and in the audit log.
pub(crate) async fn answer<T, C, F, R>(
    call: &Authenticated,
    name: &'static str,
    columns: Columns,
    start: Start<C>,
    ask: F,
) -> Answer
where
    T: Serialize + Send + 'static,
    C: Serialize + 'static,
    F: Fn(Application, Caller, Start<C>) -> R + 'static,
    R: Future<Output = Result<Slice<T, C>, Error>> + 'static,
{
    answer_counted(call, name, columns, start, ask, async { Ok(None) }).await
}

/// As [`answer`], with the total number of rows if it is requested.
pub(crate) async fn answer_counted<T, C, F, R>(
    call: &Authenticated,
    name: &'static str,
    columns: Columns,
    start: Start<C>,
    ask: F,
    count: impl Future<Output = Result<Option<u32>, Error>>,
) -> Answer
where
    T: Serialize + Send + 'static,
    C: Serialize + 'static,
    F: Fn(Application, Caller, Start<C>) -> R + 'static,
    R: Future<Output = Result<Slice<T, C>, Error>> + 'static,
{
    let fetch = fetch(call, ask);
    match call.format {
        Format::Csv => return export::stream(call, name, columns, start.after, fetch).await,
        Format::JsonLines => return export::lines(call, name, start.after, fetch).await,
        _ => {}
    }
    let slice = fetch(start).await?;
    let total = count.await?;
    let next_cursor = slice.next.as_ref().map(encode);
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Accept"));
    if let Some(cursor) = &next_cursor {
        let target = next_target(call.request.path(), call.request.query_string(), cursor);
        response.insert_header((header::LINK, format!("<{target}>; rel=\"next\"")));
    }
    Ok(response.json(ListDto {
        has_more: next_cursor.is_some(),
        data: slice.rows,
        next_cursor,
        total,
    }))
}

/// Returns the same query with another cursor.
fn next_target(path: &str, query: &str, cursor: &str) -> String {
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    // A cursor is base64url: nothing in it needs escaping.
    let pairs: Vec<_> = kept
        .map(str::to_owned)
        .chain([format!("cursor={cursor}")])
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Returns the pairs of a query, for the audit log of an export.
pub(crate) fn pairs(query: &str) -> serde_json::Map<String, Value> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query);
    let mut all = serde_json::Map::new();
    for (key, value) in pairs.map(web::Query::into_inner).unwrap_or_default() {
        match all.get_mut(&key) {
            None => {
                all.insert(key, value.into());
            }
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn export_audit_lists_every_value_of_repeated_filters() {
        let logged = Value::Object(pairs("a=1&b=x&a=2&a=3"));
        assert_eq!(logged, serde_json::json!({"a": ["1", "2", "3"], "b": "x"}));
    }

    #[test]
    fn the_next_page_keeps_the_filters() {
        assert_eq!(
            next_target(
                "/api/v1/companies",
                "sector=a%20b&cursor=old&limit=2",
                "new"
            ),
            "/api/v1/companies?sector=a%20b&limit=2&cursor=new"
        );
        assert_eq!(next_target("/x", "", "new"), "/x?cursor=new");
    }
}
