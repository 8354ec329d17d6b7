//! The outcomes of several items of one request.

use std::borrow::Cow;

use accunode_application::Error;
use accunode_tasks::compute;
use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::{
    __dev::ComposeSchema,
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, Ref, RefOr, Schema, SchemaFormat,
        schema::{ArrayBuilder, ObjectBuilder, Type},
    },
};

use crate::http::problem::{Answer, Problem, ProblemDto};

/// What became of one item: a prediction or a problem.
#[derive(Debug, Serialize)]
pub(crate) struct ItemDto<T> {
    /// The HTTP status it would have had alone.
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prediction: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<ProblemDto>,
}

/// Implemented by hand, so that the schema of the content is a reference.
impl<T: ToSchema> ComposeSchema for ItemDto<T> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let status = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(0))
            .description(Some("The HTTP status it would have had alone."))
            .examples([200]);
        ObjectBuilder::new()
            .description(Some("What became of one item: a prediction or a problem."))
            .property("status", status)
            .required("status")
            .property("prediction", Ref::from_schema_name(T::name()))
            .property("problem", Ref::from_schema_name(ProblemDto::name()))
            .into()
    }
}

impl<T: ToSchema> ToSchema for ItemDto<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}Result", T::name()))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
        ProblemDto::schemas(schemas);
    }
}

impl<T> ItemDto<T> {
    /// An item that succeeded.
    pub(crate) fn done(status: u16, prediction: T) -> Self {
        Self {
            status,
            prediction: Some(prediction),
            problem: None,
        }
    }

    /// An item that failed.
    pub(crate) fn failed(problem: &Problem) -> Self {
        problem.log();
        Self {
            status: problem.status().as_u16(),
            prediction: None,
            problem: Some(problem.document(None)),
        }
    }
}

/// The most faults that the items of one answer list in total. Each item has its own status, code
/// and detail, whatever the others list.
const MAX_LISTED: usize = 1_000;

/// What became of each item, in their order.
#[derive(Debug, Serialize)]
pub(crate) struct ItemsDto<T> {
    data: Vec<ItemDto<T>>,
}

impl<T: ToSchema> ComposeSchema for ItemsDto<T> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        ObjectBuilder::new()
            .description(Some("What became of each item, in their order."))
            .property(
                "data",
                ArrayBuilder::new().items(Ref::from_schema_name(ItemDto::<T>::name())),
            )
            .required("data")
            .into()
    }
}

impl<T: ToSchema> ToSchema for ItemsDto<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Results")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ItemDto::<T>::name().into_owned(), ItemDto::<T>::schema()));
        ItemDto::<T>::schemas(schemas);
    }
}

impl<T> ItemsDto<T> {
    /// The answer, with a limited number of faults.
    pub(crate) fn new(mut data: Vec<ItemDto<T>>) -> Self {
        let mut left = MAX_LISTED;
        for problem in data.iter_mut().filter_map(|item| item.problem.as_mut()) {
            left -= problem.list_at_most(left);
        }
        Self { data }
    }
}

/// Answers 200 with the result of each item. The results are formatted on a thread that may block:
/// a thousand of them take milliseconds, in which a thread that answers requests would answer none.
pub(crate) async fn items_response<T: Serialize>(
    results: impl FnOnce() -> ItemsDto<T> + Send + 'static,
) -> Answer {
    let formatted = compute(move || serde_json::to_vec(&results()))
        .await
        .map_err(|panic| Error::Internal(Box::new(panic)))?
        .map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(formatted))
}

#[cfg(test)]
mod tests {
    use accunode_domain::fault::Fault;

    use super::*;

    #[test]
    fn items_of_a_response_share_the_limit_of_listed_faults() {
        let problem = Problem::faults(vec![Fault::new("/ratios/x", "unknown_field", "no"); 30]);
        let items = (0..1_000)
            .map(|_| ItemDto::<()>::failed(&problem))
            .collect();
        let answer = serde_json::to_value(ItemsDto::new(items)).unwrap();
        let problems: Vec<_> = answer["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["problem"])
            .collect();
        let listed = |p: &serde_json::Value| p["errors"].as_array().unwrap().len();
        assert_eq!(
            problems.iter().map(|p| listed(p)).sum::<usize>(),
            MAX_LISTED
        );
        assert_eq!(listed(problems[0]), 30);
        assert!(problems[0].get("more_errors").is_none());
        let last = problems[999];
        assert_eq!(listed(last), 0);
        assert_eq!(last["more_errors"], true);
        assert_eq!(last["code"], "unknown_field");
    }
}
