//! The contract of [`RecentWrites`].
#![expect(clippy::unwrap_used, reason = "these are tests, run by the adapters")]

use std::time::Duration;

use accunode_domain::id::UserId;
use uuid::Uuid;

use super::TestClock;
use crate::recent_writes::RecentWrites;

/// How long the adapters under test remember a change; real time, because what remembers it for
/// many processes has a clock of its own.
pub const WINDOW: Duration = Duration::from_secs(2);

/// A change is remembered for its user alone, and for the window alone; a further one begins it
/// anew.
pub async fn change_is_remembered_for_the_window(writes: &dyn RecentWrites, _: &TestClock) {
    let [one, other] = [1, 2].map(|n| UserId(Uuid::from_u128(n)));
    assert!(!writes.wrote_recently(one).await.unwrap());
    writes.note(one).await.unwrap();
    assert!(writes.wrote_recently(one).await.unwrap());
    assert!(!writes.wrote_recently(other).await.unwrap());
    std::thread::sleep(WINDOW * 2 / 3);
    writes.note(one).await.unwrap();
    std::thread::sleep(WINDOW * 2 / 3);
    assert!(writes.wrote_recently(one).await.unwrap());
    std::thread::sleep(WINDOW / 2);
    assert!(!writes.wrote_recently(one).await.unwrap());
}

/// The same memory has the same name.
pub async fn incarnation_stays_the_same(writes: &dyn RecentWrites, _: &TestClock) {
    let before = writes.incarnation().await.unwrap();
    assert!(!before.is_empty());
    assert_eq!(writes.incarnation().await.unwrap(), before);
}
