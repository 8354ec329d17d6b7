//! Denials of authenticated callers are recorded in the audit log.
//!
//! Only explicit denials (403) are recorded: a row that the caller may not read is searched
//! for within what they may read, so that neither the response nor the log reveals whether
//! it exists (404).

use accunode_application::audit_log::Denied;
use actix_web::{HttpMessage, HttpRequest, dev::ServiceResponse, http::StatusCode, web};
use uuid::Uuid;

use super::{call::AuthenticatedCaller, problem::Problem, route::Endpoint, state::WebState};

/// A denial within a response that is not a denial as a whole, in the request's extensions.
#[derive(Clone, Debug)]
struct NestedDenial(String);

/// Stores a problem that is a part of a response, if it is a denial.
pub(crate) fn note(request: &HttpRequest, problem: &Problem) {
    if problem.status() == StatusCode::FORBIDDEN {
        let within = NestedDenial(problem.code().to_owned());
        request.extensions_mut().insert(within);
    }
}

/// Records the denial in this response. If the audit log is unreachable, the response stays
/// the same, because nothing was revealed.
pub(crate) async fn audit_denial<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let Some(code) = refusal(response) else {
        return;
    };
    let Some(AuthenticatedCaller { caller, .. }) =
        request.extensions().get::<AuthenticatedCaller>().cloned()
    else {
        return;
    };
    let Some(state) = request.app_data::<web::Data<WebState>>() else {
        return;
    };
    let path = Endpoint::of(request).map_or("", |endpoint| endpoint.path.as_str());
    let kind = format!("{} {path}", request.method());
    let entity = request.match_info().get("id");
    let entity = entity.and_then(|id| Uuid::try_parse(id).ok());
    let audit = state.application.audit_log.clone();
    // It runs as a task, so that a client that disconnects now cannot keep the denial out
    // of the log.
    let recorded = state.application.ports().tasks.background(async move {
        let denied = Denied {
            request: &kind,
            entity,
            code: &code,
        };
        if let Err(error) = audit.denied(&caller, denied).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                code,
                "a refusal could not be told to the audit log"
            );
        }
    });
    if let Err(error) = recorded.await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a refusal could not be told to the audit log"
        );
    }
}

fn refusal<B>(response: &ServiceResponse<B>) -> Option<String> {
    if response.status() == StatusCode::FORBIDDEN {
        let problem = response.response().error()?.as_error::<Problem>()?;
        return Some(problem.code().to_owned());
    }
    let extensions = response.request().extensions();
    extensions
        .get::<NestedDenial>()
        .map(|within| within.0.clone())
}
