//! Which processes may serve on the same database.

use accunode::serving_lock::{ServingLock, Sessions};
use accunode_tests::Database;

#[tokio::test]
async fn processes_serve_together_only_with_shared_sessions() {
    let database = Database::create().await;
    let take = async |sessions| ServingLock::take(database.url(), sessions).await;
    let refusal = async |sessions| take(sessions).await.expect_err("refused").to_string();

    let (one, two) = (take(Sessions::Shared).await, take(Sessions::Shared).await);
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert!(refusal(Sessions::InProcess).await.contains("REDIS_URL"));
    drop((one, two));

    let (_stop, stopped) = tokio::sync::watch::channel(true);
    let free = async |sessions| {
        // The server releases a lock as soon as it notices that the connection is closed.
        loop {
            if let Ok(place) = take(sessions).await {
                return place;
            }
            tokio::task::yield_now().await;
        }
    };
    let alone = free(Sessions::InProcess).await;
    assert!(refusal(Sessions::InProcess).await.contains("REDIS_URL"));
    assert!(refusal(Sessions::Shared).await.contains("to itself"));
    alone.keep(stopped).await.expect("given back");
    let _ = free(Sessions::Shared).await;
}
