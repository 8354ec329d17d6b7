//! Lists: one format for all of them. A query with a [`Paging`], a page of rows as JSON with
//! the cursor of the next one, and all rows as CSV, each with the columns of its type, or as
//! lines of JSON.

use std::{borrow::Cow, future::Future, marker::PhantomData};

use accunode_application::{Application, Caller, Error, MOST_COUNTED};
use accunode_domain::{
    fault::Fault,
    id::JobId,
    page::{Cursor, Limit, Page, Sort},
    timestamp::timestamp_from_micros,
};
use actix_web::{HttpResponse, http::header, web};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::future::LocalBoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::{
    __dev::ComposeSchema,
    ToSchema,
    openapi::{
        Ref, RefOr, Schema, path,
        schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type},
    },
};

use super::{
    call::Authenticated,
    export::{self, Columns},
    negotiate::Format,
    problem::Answer,
    query::{self, CURSOR, Parameter, Params, Query},
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
    /// With `total=true`: how many rows there are on all pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u32>,
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
        let total = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(MOST_COUNTED))
            .description(Some(format!(
                "With `total=true`: how many rows there are on all pages; {MOST_COUNTED} stands \
                 for as many or more. Only where the list has this parameter.",
            )));
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
            .property("total", total)
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

impl<T> ListDto<T> {
    /// Creates a list that has no pages.
    pub(crate) fn whole(rows: impl IntoIterator<Item = T>) -> Self {
        Self {
            data: rows.into_iter().collect(),
            next_cursor: None,
            has_more: false,
            total: None,
        }
    }
}

/// Rows, and the cursor of the next ones.
#[derive(Debug)]
pub(crate) struct Slice<T, C = Cursor> {
    pub(crate) rows: Vec<T>,
    pub(crate) next: Option<C>,
}

impl<T> Slice<T> {
    /// Converts a page of the use cases, with its rows as they are shown.
    pub(crate) fn of<R>(page: Page<R>, show: impl Fn(R) -> T) -> Self {
        Self {
            rows: page.rows.into_iter().map(show).collect(),
            next: page.next,
        }
    }
}

/// The start of a page, and its number of rows.
#[derive(Clone, Debug)]
pub(crate) struct Start<C = Cursor> {
    pub(crate) limit: Limit,
    pub(crate) after: Option<C>,
}

/// The orders of a list; the first is the default.
pub(crate) trait Orders: 'static {
    const ORDERS: &'static [Sort];
}

/// The requested order of a list, of those that it has.
#[derive(Debug)]
struct Order<O>(Sort, PhantomData<O>);

impl<O: Orders> Parameter for Order<O> {
    fn schema() -> RefOr<Schema> {
        let names = O::ORDERS.iter().map(|sort| sort.as_str());
        query::text().enum_values(Some(names)).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        let found = O::ORDERS.iter().find(|sort| sort.as_str() == text);
        let names = || {
            O::ORDERS
                .iter()
                .map(|sort| sort.as_str())
                .collect::<Vec<_>>()
        };
        found
            .map(|sort| Self(*sort, PhantomData))
            .ok_or_else(|| query::unknown(pointer, text, &names()))
    }
}

/// A cursor as it was issued, not yet decoded.
#[derive(Debug)]
struct Opaque(String);

impl Parameter for Opaque {
    const EMPTY_IS_NONE: bool = true;

    fn schema() -> RefOr<Schema> {
        query::text()
            .max_length(Some(MAX_CURSOR))
            .pattern(Some("^[A-Za-z0-9_-]*$"))
            .into()
    }

    fn read(_: &str, text: &str) -> Result<Self, Fault> {
        Ok(Self(text.to_owned()))
    }
}

const ABOUT_LIMIT: &str = "The number of rows of a page";
const ABOUT_CURSOR: &str = "`next_cursor` of the page before";

/// The parameters of a list by key: `limit`, `cursor`, and `sort` if it has several orders.
#[derive(Debug)]
pub(crate) struct Paging<O> {
    sort: Sort,
    start: Start,
    of: PhantomData<O>,
}

impl<O> Clone for Paging<O> {
    fn clone(&self) -> Self {
        Self {
            sort: self.sort,
            start: self.start.clone(),
            of: PhantomData,
        }
    }
}

impl<O> Paging<O> {
    /// Returns the start of the requested page.
    pub(crate) fn start(&self) -> Start {
        self.start.clone()
    }

    /// Returns the requested order.
    pub(crate) const fn sort(&self) -> Sort {
        self.sort
    }
}

impl<O: Orders> Query for Paging<O> {
    fn parameters() -> Vec<path::Parameter> {
        let mut all = limit_and_cursor();
        if let [first, _, ..] = O::ORDERS {
            let about = "The order: `created_at` is newest first, `pd` riskiest first, \
                         `name` and `symbol` A to Z, `updated_at` oldest change first, with a \
                         `next_cursor` on every page that has rows";
            let default = Some(first.as_str().into());
            all.insert(0, query::document::<Order<O>>("sort", about, default));
        }
        all
    }

    fn take(params: &mut Params) -> Self {
        let default = O::ORDERS.first().copied().unwrap_or_default();
        let sort = match O::ORDERS {
            [_, _, ..] => params.read::<Order<O>>("sort").map(|order| order.0),
            _ => None,
        };
        let sort = sort.unwrap_or(default);
        let Start { limit, after } = take_start::<Cursor>(params);
        let after = after.filter(|cursor| {
            let is_right = cursor.sort == sort && is_sound(cursor);
            if !is_right {
                params.note(invalid_cursor());
            }
            is_right
        });
        Self {
            sort,
            start: Start { limit, after },
            of: PhantomData,
        }
    }
}

/// The parameters of a list whose cursors have another form.
#[derive(Clone, Debug)]
pub(crate) struct OwnPaging<C>(pub(crate) Start<C>);

impl<C: DeserializeOwned> Query for OwnPaging<C> {
    fn parameters() -> Vec<path::Parameter> {
        limit_and_cursor()
    }

    fn take(params: &mut Params) -> Self {
        Self(take_start(params))
    }
}

fn limit_and_cursor() -> Vec<path::Parameter> {
    let default = Limit::default().get().into();
    vec![
        query::document::<Limit>("limit", ABOUT_LIMIT, Some(default)),
        query::document::<Opaque>(CURSOR, ABOUT_CURSOR, None),
    ]
}

fn take_start<C: DeserializeOwned>(params: &mut Params) -> Start<C> {
    Start {
        limit: params.read("limit").unwrap_or_default(),
        after: params
            .read::<Opaque>(CURSOR)
            .and_then(|Opaque(text)| decode(&text).map_err(|fault| params.note(fault)).ok()),
    }
}

macro_rules! paging_params {
    ($($name:ident<$of:ident: $bound:ident>),+) => {$(
        impl<$of: $bound> utoipa::IntoParams for $name<$of> {
            fn into_params(_: impl Fn() -> Option<path::ParameterIn>) -> Vec<path::Parameter> {
                Self::parameters()
            }
        }
    )+};
}

paging_params!(Paging<O: Orders>, OwnPaging<C: DeserializeOwned>);

/// Newest first, and no other order.
#[derive(Debug)]
pub(crate) struct NewestFirst;

impl Orders for NewestFirst {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

/// A to Z by name, and no other order.
#[derive(Debug)]
pub(crate) struct ByName;

impl Orders for ByName {
    const ORDERS: &'static [Sort] = &[Sort::Name];
}

/// Newest first, or A to Z by name.
#[derive(Debug)]
pub(crate) struct NewestOrByName;

impl Orders for NewestOrByName {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt, Sort::Name];
}

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
    T: Serialize + 'static,
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
    T: Serialize + 'static,
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

/// The longest cursor, in characters. The longest one that is issued contains a company's name
/// of 200 characters.
const MAX_CURSOR: usize = 8_000;

/// Encodes a cursor as an opaque text.
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

/// The rows that a job changed are listed in the order of changes, which has an index for it.
pub(crate) fn of_job(job: Option<JobId>, sort: Sort) -> Option<Fault> {
    (job.is_some() && sort != Sort::UpdatedAt).then(|| {
        let detail =
            "what a job changed is listed in the order of changes; send sort=updated_at, too";
        Fault::new("/changed_by_job", "contradiction", detail)
    })
}

/// The fault of an invalid cursor, or one of another list.
pub(crate) fn invalid_cursor() -> Fault {
    Fault::new(
        "/cursor",
        "invalid_cursor",
        "is not a cursor of this list in this order; begin again without one",
    )
}

/// Returns whether a cursor's key is a value of its order: a forged cursor must not make a query
/// fail.
pub(crate) fn is_sound(cursor: &Cursor) -> bool {
    match cursor.sort {
        Sort::CreatedAt | Sort::UpdatedAt => cursor
            .key
            .parse()
            .is_ok_and(|micros| timestamp_from_micros(micros).is_some()),
        Sort::Pd => cursor.key.parse::<f64>().is_ok_and(f64::is_finite),
        Sort::Name | Sort::Symbol => {
            cursor.key.len() <= 1_000 && !cursor.key.chars().any(char::is_control)
        }
    }
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
    fn an_export_is_told_with_every_value_that_it_was_narrowed_to() {
        let told = Value::Object(pairs("a=1&b=x&a=2&a=3"));
        assert_eq!(told, serde_json::json!({"a": ["1", "2", "3"], "b": "x"}));
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
