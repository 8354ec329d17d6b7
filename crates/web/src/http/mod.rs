//! HTTP functions that all resources use: authentication, problems, formats, limits, sessions,
//! idempotency, lists. The module must not depend on any resource, which `scripts/check-layers.sh`
//! checks.

mod active_tenants;
pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod browser;
pub(crate) mod call;
pub(crate) mod cors;
pub(crate) mod denials;
pub(crate) mod enums;
pub(crate) mod etag;
pub(crate) mod export;
pub(crate) mod idempotency;
pub(crate) mod lifecycle;
pub(crate) mod list;
pub(crate) mod long_response;
pub(crate) mod negotiate;
mod pace;
pub(crate) mod panicked;
pub(crate) mod policy;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod readiness;
pub(crate) mod recent_writes;
pub(crate) mod request_runtime;
pub(crate) mod response_middleware;
pub(crate) mod route;
pub(crate) mod state;
pub(crate) mod streams;
pub(crate) mod timeout;
pub(crate) mod work;
