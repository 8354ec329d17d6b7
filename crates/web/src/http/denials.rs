//! What is refused to a known caller is told to the audit log.
//!
//! Only refusals that say so (403) are: a row that the caller may not read is looked
//! for within what they may read, so that no one, not even the log, learns from their
//! asking whether it exists (404).

use accunode_application::audit_log::Denied;
use actix_web::{HttpMessage, HttpRequest, dev::ServiceResponse, http::StatusCode, web};
use uuid::Uuid;

use super::{call::AuthenticatedCaller, problem::Problem, route::Endpoint, state::WebState};

/// A refusal within an answer that is none as a whole, in the request's extensions.
#[derive(Clone, Debug)]
struct NestedDenial(String);

/// Remembers a problem that is a part of an answer, where it is a refusal.
pub(crate) fn note(request: &HttpRequest, problem: &Problem) {
    if problem.status() == StatusCode::FORBIDDEN {
        let within = NestedDenial(problem.code().to_owned());
        request.extensions_mut().insert(within);
    }
}

/// Tells the log what this answer refuses. That the log is out of reach changes no
/// answer: nothing has been given away.
pub(crate) async fn audit_denial<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let Some(code) = refusal(response) else {
        return;
    };
    let Some(AuthenticatedCaller(caller)) =
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
    // In a task of its own: a client that goes away now must not keep it out of the log.
    let told = state.application.ports().tasks.background(async move {
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
    if let Err(error) = told.await {
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
