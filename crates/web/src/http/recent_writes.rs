//! A caller's own changes are in everything that they read next, also where reads go to a replica.
//!
//! Nothing here costs anything without one. A request that may change something is noted under its
//! caller before it is answered; a request that reads asks once whether its caller has changed
//! something recently, and if not, its reads may be late. If neither is possible, a change is
//! answered when no replica can lack it any more, and reads are not late.

use accunode_application::Ports;
use accunode_domain::id::UserId;
use accunode_ports::workload::Work;
use actix_web::{
    HttpMessage, HttpRequest,
    body::BoxBody,
    dev::ServiceResponse,
    http::{Method, StatusCode},
    web,
};

use super::state::WebState;

/// The user whose request may change something, in its extensions.
#[derive(Clone, Copy, Debug)]
struct MayChange(UserId);

/// Returns whether the reads of a request may miss the changes of the last seconds; and remembers
/// the user of one that may change something.
pub(crate) async fn begin(
    request: &HttpRequest,
    state: &WebState,
    work: Work,
    user: UserId,
) -> bool {
    let ports = state.application.ports();
    let Some(recent_writes) = &ports.recent_writes else {
        return false;
    };
    if *request.method() != Method::GET {
        expect(request, ports, work, user);
        return false;
    }
    let is_used = ports.store.replica().is_some_and(|replica| replica.is_used);
    if !is_used || !may_be_late(work) {
        return false;
    }
    match recent_writes.wrote_recently(user).await {
        Ok(recently) => !recently,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "reads go to the primary");
            false
        }
    }
}

/// Remembers the user of a request that may change something.
pub(crate) fn expect(request: &HttpRequest, ports: &Ports, work: Work, user: UserId) {
    // What is scored without being stored changes nothing.
    if ports.recent_writes.is_some() && *request.method() != Method::GET && work != Work::Score {
        request.extensions_mut().insert(MayChange(user));
    }
}

/// Work that reads rows of tenants. What waits for an event must see it.
const fn may_be_late(work: Work) -> bool {
    matches!(
        work,
        Work::Read | Work::Search | Work::Export | Work::Analytics
    )
}

/// Notes a request that may have changed something. A refused one has not; whether one that ended
/// in an outage has may not be known.
pub(crate) async fn note(response: &ServiceResponse<BoxBody>) {
    let request = response.request();
    let changed = request.extensions_mut().remove::<MayChange>();
    let Some(MayChange(user)) = changed.filter(|_| may_have_changed(response.status())) else {
        return;
    };
    if let Some(state) = request.app_data::<web::Data<WebState>>() {
        state.application.ports().note_write_or_wait(user).await;
    }
}

fn may_have_changed(status: StatusCode) -> bool {
    !status.is_client_error()
}
