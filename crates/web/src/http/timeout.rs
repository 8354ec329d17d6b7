//! The time limit for the next piece of a request.

use std::time::Duration;

use actix_web::http::StatusCode;
use futures::{Stream, StreamExt};

use crate::http::problem::Problem;

/// The longest pause within an upload. A file may take as long as it needs, but must not
/// hold a connection without sending anything.
const PAUSE: Duration = Duration::from_secs(30);

/// Returns the next piece of a stream.
///
/// # Errors
/// 408 `request_timeout` if nothing arrives for too long.
pub(crate) async fn next<S: Stream + Unpin>(pieces: &mut S) -> Result<Option<S::Item>, Problem> {
    within(PAUSE, pieces).await
}

async fn within<S: Stream + Unpin>(
    pause: Duration,
    pieces: &mut S,
) -> Result<Option<S::Item>, Problem> {
    tokio::time::timeout(pause, pieces.next())
        .await
        .map_err(|_| Problem::of_status(StatusCode::REQUEST_TIMEOUT))
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn pause_over_the_time_limit_ends_reading() {
        let mut steady = stream::iter([1, 2]);
        assert_eq!(next(&mut steady).await.unwrap(), Some(1));
        let mut silent = stream::pending::<u8>();
        let refused = within(Duration::ZERO, &mut silent).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
