//! Problems as they are written.

use accunode_domain::{Timestamp, fault::Fault};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Problem, catalogue};
use crate::http::readiness::Finding;

/// The page that explains every code.
pub(crate) const PLACE: &str = "/docs/errors";

/// A problem as it is written (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDto {
    /// Where the code is explained: an address below the service's own.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/docs/errors#prediction_exists")]
    kind: String,
    /// The status in words.
    #[schema(example = "Conflict")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// A message for users.
    #[schema(example = "ACME has a prediction for 2024 already")]
    detail: String,
    /// For programs; stable.
    #[schema(example = "prediction_exists")]
    code: String,
    /// The same as in `X-Request-Id` and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// The faults of the request, up to 100.
    #[schema(max_items = 100)]
    errors: Vec<FaultDto>,
    /// True where more is wrong than `errors` lists; absent otherwise.
    #[serde(skip_serializing_if = "is_false")]
    #[schema(required = false)]
    more_errors: bool,
    /// The existing object, if it is the reason of the conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    existing_id: Option<Uuid>,
    /// What fails since when, where the service is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    failing: Vec<FailingDto>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One fault of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub(crate) struct FaultDto {
    /// Where: a JSON pointer into the body, `/` and the name of a parameter or form
    /// field, or the name of a column.
    #[schema(example = "/ratios/return_on_assets")]
    pointer: String,
    /// For programs; stable.
    #[schema(example = "not_a_number")]
    code: String,
    /// A message for users: the value and the rule.
    detail: String,
}

impl From<&Fault> for FaultDto {
    fn from(fault: &Fault) -> Self {
        Self {
            pointer: fault.pointer.clone(),
            code: fault.code.clone(),
            detail: fault.detail.clone(),
        }
    }
}

impl ProblemDto {
    /// Limits the number of listed faults, and returns how many are listed.
    pub(crate) fn list_at_most(&mut self, most: usize) -> usize {
        if self.errors.len() > most {
            self.errors.truncate(most);
            self.more_errors = true;
        }
        self.errors.len()
    }
}

/// Something that fails.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Failing)]
pub(crate) struct FailingDto {
    /// What fails; stable.
    #[schema(example = "database")]
    check: &'static str,
    /// Why; stable.
    #[schema(example = "connection_refused")]
    reason: &'static str,
    /// Why, for readers.
    detail: String,
    /// Since when it fails without a break.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl From<Finding> for FailingDto {
    fn from(found: Finding) -> Self {
        Self {
            check: found.check,
            reason: found.reason,
            detail: found.detail,
            since: found.since,
        }
    }
}

impl Problem {
    /// The document.
    pub(crate) fn document(&self, request_id: Option<&str>) -> ProblemDto {
        ProblemDto {
            kind: format!("{PLACE}#{}", catalogue::place(&self.code)),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.clone().into_owned(),
            request_id: request_id.map(str::to_owned),
            errors: self.errors.listed().iter().map(FaultDto::from).collect(),
            more_errors: self.errors.has_more(),
            existing_id: self.existing,
            failing: self
                .more
                .as_ref()
                .map_or_else(Vec::new, |more| more.failing.clone()),
        }
    }
}
