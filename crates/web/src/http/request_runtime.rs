//! Requests belong to the runtime that lives as long as the process.
//!
//! Each of the server's workers polls its requests on a separate runtime. What a request
//! opens there (a connection of a pool, a timer, a task) would break with the worker when
//! the process stops, also for other users of it. So requests and the bodies of their
//! responses are polled within the process's runtime.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use accunode_tasks::RuntimeBound;
use actix_web::{
    Error,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::{Bytes, Data},
};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;

/// The runtime that requests belong to, in the application's data.
#[derive(Clone, Debug)]
pub(crate) struct RequestRuntime(pub(crate) Handle);

/// The middleware; outermost.
pub(crate) async fn bind_to_runtime(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(home) = request
        .app_data::<Data<RequestRuntime>>()
        .map(|home| home.0.clone())
    else {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    };
    let response = RuntimeBound::new(next.call(request), home.clone()).await?;
    Ok(response.map_body(|_, body| match body.try_into_bytes() {
        Ok(bytes) => BoxBody::new(bytes),
        Err(body) => BoxBody::new(Streamed {
            body: RuntimeBound::new(body, home),
        }),
    }))
}

pin_project! {
    /// A body that queries the database, or anything else, while it is sent.
    struct Streamed<B> {
        #[pin]
        body: RuntimeBound<B>,
    }
}

impl<B: MessageBody> MessageBody for Streamed<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body
            .get_ref()
            .map_or(BodySize::None, MessageBody::size)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project()
            .body
            .poll_within(|body| body.poll_next(context))
            .unwrap_or(Poll::Ready(None))
    }
}
