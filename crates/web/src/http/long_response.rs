//! Responses that are sent while they are being made, and those that keep a place for expensive
//! work. All of them pass through here, so that none can forget what holds for a long response:
//!
//! - It ends when its caller loses the rights with which it began: before a piece is sent, the
//!   rights were checked at most [`FRESH`] ago, and while nothing is sent, every [`QUIET`].
//! - It keeps its place as long as the client takes it ([`Pace`]).

use std::{
    error::Error as StdError,
    pin::Pin,
    task::{Context, Poll, ready},
};

use accunode_application::Caller;
use accunode_domain::Timestamp;
use accunode_ports::workload::{WithWorkload, Workload};
use actix_web::{
    HttpMessage, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    http::header,
};
use bytes::Bytes;
use futures::future::LocalBoxFuture;
use tokio::time::{Instant, Sleep};

use super::{
    call::{self, AuthenticatedCaller},
    negotiate::Format,
    pace::Pace,
    problem::Problem,
    work::{self, StartedWork},
};

/// How old the last check of the caller's rights may be when a piece is sent.
const FRESH: time::Duration = time::Duration::seconds(1);
/// How often the rights are checked while there is nothing to send.
const QUIET: std::time::Duration = std::time::Duration::from_secs(5);

/// Supervises the body of a response, if it is sent piece by piece or keeps a place.
pub(crate) fn supervise(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let request = response.request().clone();
    let begun = work::kept(&request);
    let rights = Rights::of(&request, &response);
    if begun.is_none() && rights.is_none() {
        return response;
    }
    let (workload, pace) = match begun {
        None => (Workload::default(), None),
        Some(StartedWork { workload, permit }) => {
            let tasks = call::state(&request).map(|state| &state.application.ports().tasks);
            let pace = tasks.map(|tasks| Pace::watched(permit, tasks)).ok();
            (workload, pace)
        }
    };
    response.map_body(|_, body| {
        BoxBody::new(LongBody {
            pieces: WithWorkload::new(workload, Pieces { body, rights }),
            pace,
            has_ended: false,
        })
    })
}

/// The body of a long response.
struct LongBody {
    pieces: WithWorkload<Pieces>,
    pace: Option<Pace>,
    has_ended: bool,
}

impl MessageBody for LongBody {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.pieces.inner().body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        let in_time = this.pace.as_ref().map_or(Ok(()), Pace::resume);
        let next = match in_time {
            Ok(()) => ready!(this.pieces.enter(|pieces| pieces.poll_next(context))),
            Err(too_slow) => Some(Err(too_slow.into())),
        };
        match (&next, &this.pace) {
            (Some(Ok(piece)), Some(pace)) => pace.sent(piece.len()),
            (Some(Ok(_)), None) => {}
            _ => this.has_ended = true,
        }
        Poll::Ready(next)
    }
}

/// The pieces of a body, each behind a check of the rights.
struct Pieces {
    body: BoxBody,
    rights: Option<Rights>,
}

impl Pieces {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn StdError>>>> {
        if let Some(rights) = &mut self.rights
            && let Err(lost) = ready!(rights.poll(context))
        {
            return Poll::Ready(rights.end(lost));
        }
        let next = Pin::new(&mut self.body).poll_next(context);
        if next.is_pending()
            && let Some(rights) = &mut self.rights
        {
            rights.wake_after_quiet(context);
        }
        next
    }
}

/// The rights of the caller of a long response.
struct Rights {
    request: HttpRequest,
    caller: Caller,
    checked_at: Timestamp,
    /// The check in progress.
    check: Option<LocalBoxFuture<'static, Result<(), Problem>>>,
    /// Wakes a response that has nothing to send.
    quiet: Option<Pin<Box<Sleep>>>,
    is_event_stream: bool,
}

impl Rights {
    /// Returns the rights that a response needs until its end: `None` if it is complete already,
    /// or was made for anyone.
    fn of(request: &HttpRequest, response: &ServiceResponse<BoxBody>) -> Option<Self> {
        if response.response().body().size() != BodySize::Stream {
            return None;
        }
        let begun = request.extensions().get::<AuthenticatedCaller>().cloned()?;
        let media_type = response.headers().get(header::CONTENT_TYPE);
        Some(Self {
            request: request.clone(),
            caller: begun.caller,
            checked_at: begun.at,
            check: None,
            quiet: None,
            is_event_stream: media_type.is_some_and(|value| {
                let media_type = Format::EventStream.media_type().as_bytes();
                value.as_bytes().starts_with(media_type)
            }),
        })
    }

    /// Checks the rights again, if the last check is too old.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Problem>> {
        let check = match &mut self.check {
            Some(check) => check,
            None => {
                let now = match call::state(&self.request) {
                    Ok(state) => state.application.ports().clock.now(),
                    Err(problem) => return Poll::Ready(Err(problem)),
                };
                let quiet = self.quiet.as_mut();
                let was_quiet = quiet.is_some_and(|quiet| quiet.as_mut().poll(context).is_ready());
                if now - self.checked_at < FRESH && !was_quiet {
                    return Poll::Ready(Ok(()));
                }
                self.checked_at = now;
                let (request, caller) = (self.request.clone(), self.caller.clone());
                self.check
                    .insert(Box::pin(call::require_same_rights(request, caller)))
            }
        };
        let checked = ready!(check.as_mut().poll(context));
        self.check = None;
        self.quiet = None;
        Poll::Ready(checked)
    }

    fn wake_after_quiet(&mut self, context: &mut Context<'_>) {
        let quiet = self
            .quiet
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(QUIET)));
        if quiet.as_mut().poll(context).is_ready() {
            quiet.as_mut().reset(Instant::now() + QUIET);
            context.waker().wake_by_ref();
        }
    }

    /// Returns the end of a response whose caller has lost their rights. It is broken off, so that
    /// the client does not take a part for the whole; an event stream just ends, because its last
    /// event is marked as such.
    fn end(&self, lost: Problem) -> Option<Result<Bytes, Box<dyn StdError>>> {
        tracing::info!(
            code = lost.code(),
            "a response ended: its caller lost the rights with which it began"
        );
        lost.log();
        (!self.is_event_stream).then(|| Err(lost.into()))
    }
}
