//! A page of a list in the responses.

use std::borrow::Cow;

use accunode_application::MOST_COUNTED;
use accunode_domain::page::{Cursor, Page};
use serde::Serialize;
use utoipa::{
    __dev::ComposeSchema,
    ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type},
    },
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
