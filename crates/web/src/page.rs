//! Lists: a page as JSON with where the next one begins, or all pages as CSV.

use std::borrow::Cow;

use accunode_application::Error;
use accunode_domain::{
    fault::Fault,
    page::{Cursor, Limit, Page, Sort},
    timestamp::timestamp_from_micros,
};
use actix_web::{HttpResponse, http::header, web::Query};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::future::LocalBoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::{
    __dev::ComposeSchema,
    ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type},
    },
};

use crate::{
    call::Call,
    export::{self, Columns},
    negotiate::Format,
    problem::Answer,
};

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct ListDto<T> {
    /// The rows.
    pub(crate) data: Vec<T>,
    /// What `cursor` must be for the next page; null on the last.
    pub(crate) next_cursor: Option<String>,
    /// Whether there is a next page.
    pub(crate) has_more: bool,
}

/// By hand, so that its rows are a reference: a client then has one type for a company, be it
/// alone or in a list.
impl<T: ToSchema> ComposeSchema for ListDto<T> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some(
                "What `cursor` must be for the next page; null on the last.",
            ));
        let more = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(Some("Whether there is a next page."));
        let rows = ArrayBuilder::new()
            .items(Ref::from_schema_name(T::name()))
            .description(Some("The rows."));
        ObjectBuilder::new()
            .description(Some("A page of a list."))
            .property("data", rows)
            .required("data")
            .property("next_cursor", cursor)
            .property("has_more", more)
            .required("has_more")
            .into()
    }
}

impl<T: ToSchema> ToSchema for ListDto<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("List")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// Rows and where the next ones begin.
#[derive(Debug)]
pub(crate) struct Slice<T, C = Cursor> {
    pub(crate) rows: Vec<T>,
    pub(crate) next: Option<C>,
}

impl<T> Slice<T> {
    /// A page of the use cases with its rows as they are shown.
    pub(crate) fn of<R>(page: Page<R>, show: impl Fn(R) -> T) -> Self {
        Self {
            rows: page.rows.into_iter().map(show).collect(),
            next: page.next,
        }
    }
}

/// Fetches a page: so many rows, after a cursor.
pub(crate) type Fetch<T, C> =
    Box<dyn Fn(Limit, Option<C>) -> LocalBoxFuture<'static, Result<Slice<T, C>, Error>>>;

/// Answers a list in the format that the client likes best.
pub(crate) async fn answer<T, C>(
    call: &Call,
    name: &'static str,
    columns: Columns,
    limit: Limit,
    after: Option<C>,
    fetch: Fetch<T, C>,
) -> Answer
where
    T: Serialize + 'static,
    C: Serialize + 'static,
{
    match call.format {
        Format::Csv => return export::stream(call, name, columns, after, fetch).await,
        Format::JsonLines => return export::lines(call, name, after, fetch).await,
        _ => {}
    }
    let slice = fetch(limit, after).await?;
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
    }))
}

/// The same query with another cursor.
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

/// The longest cursor, in characters. The longest that is handed out holds a company's
/// name of 200 characters.
const MAX_CURSOR: usize = 8_000;

/// A cursor as an opaque text.
pub(crate) fn encode<C: Serialize>(cursor: &C) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

/// # Errors
/// `invalid_cursor`.
pub(crate) fn decode<C: DeserializeOwned>(text: &str) -> Result<C, Fault> {
    if text.len() > MAX_CURSOR {
        return Err(invalid_cursor());
    }
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(invalid_cursor)
}

/// What a cursor is told that is none, or one of another list.
pub(crate) fn invalid_cursor() -> Fault {
    Fault::new(
        "/cursor",
        "invalid_cursor",
        "is not a cursor of this list in this order; begin again without one",
    )
}

/// Whether a cursor's key is a value of its order: whoever made it, no query
/// fails on it.
pub(crate) fn is_sound(cursor: &Cursor) -> bool {
    match cursor.sort {
        Sort::CreatedAt => cursor
            .key
            .parse()
            .is_ok_and(|micros| timestamp_from_micros(micros).is_some()),
        Sort::Pd => cursor.key.parse::<f64>().is_ok_and(f64::is_finite),
        Sort::Name | Sort::Symbol => {
            cursor.key.len() <= 1_000 && !cursor.key.chars().any(char::is_control)
        }
    }
}

/// The pairs of a query, for what an export was narrowed to.
pub(crate) fn pairs(query: &str) -> serde_json::Map<String, serde_json::Value> {
    Query::<Vec<(String, String)>>::from_query(query)
        .map(Query::into_inner)
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key, value.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(sort: Sort, key: &str) -> Cursor {
        Cursor {
            sort,
            key: key.to_owned(),
            id: uuid::Uuid::from_u128(5),
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let there = cursor(Sort::Name, "Müller & Söhne");
        assert_eq!(decode::<Cursor>(&encode(&there)), Ok(there));
    }

    #[test]
    fn a_cursor_that_was_tampered_with_is_refused() {
        let text = encode(&cursor(Sort::Pd, "0.25"));
        assert!(decode::<Cursor>(&text[1..]).is_err());
        assert!(decode::<Cursor>("").is_err());
        assert!(decode::<Cursor>("%%%").is_err());
    }

    #[test]
    fn a_forged_key_never_reaches_a_query() {
        assert!(is_sound(&cursor(Sort::CreatedAt, "1700000000000000")));
        assert!(!is_sound(&cursor(Sort::CreatedAt, "yesterday")));
        for impossible in [
            "9223372036854775807",
            "-9223372036854775808",
            "253402300799999999",
            "-253402300799999999",
        ] {
            assert!(
                !is_sound(&cursor(Sort::CreatedAt, impossible)),
                "{impossible}"
            );
        }
        assert!(is_sound(&cursor(Sort::Pd, "0.25")));
        assert!(!is_sound(&cursor(Sort::Pd, "NaN")));
        assert!(!is_sound(&cursor(Sort::Name, "a\0b")));
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
