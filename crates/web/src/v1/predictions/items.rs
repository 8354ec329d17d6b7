//! What became of several items that were sent in one request.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemDto};

/// What became of one item: a prediction or a problem.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemDto<T> {
    /// The HTTP status it would have had alone.
    #[schema(example = 200)]
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prediction: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<ProblemDto>,
}

impl<T> ItemDto<T> {
    /// One that succeeded.
    pub(crate) fn done(status: u16, prediction: T) -> Self {
        Self {
            status,
            prediction: Some(prediction),
            problem: None,
        }
    }

    /// One that failed.
    pub(crate) fn failed(problem: &Problem) -> Self {
        problem.log();
        Self {
            status: problem.status().as_u16(),
            prediction: None,
            problem: Some(problem.document(None)),
        }
    }
}

/// What became of each item, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemsDto<T> {
    pub(crate) data: Vec<ItemDto<T>>,
}
