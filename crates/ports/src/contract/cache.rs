//! The contract of [`Cache`].
#![expect(clippy::unwrap_used, reason = "these are tests, run by the adapters")]

use std::time::Duration;

use uuid::Uuid;

use super::TestClock;
use crate::cache::Cache;

/// A stored value is returned until its time has passed.
pub async fn entry_expires_after_its_lifetime(cache: &dyn Cache, clock: &TestClock) {
    assert_eq!(cache.get("a").await.unwrap(), None);
    let minute = Duration::from_secs(60);
    cache.put("a", b"first".to_vec(), minute).await.unwrap();
    cache.put("b", Vec::new(), minute * 2).await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), Some(b"first".to_vec()));
    clock.advance(30);
    cache.put("a", b"second".to_vec(), minute).await.unwrap();
    clock.advance(59);
    assert_eq!(cache.get("a").await.unwrap(), Some(b"second".to_vec()));
    clock.advance(2);
    assert_eq!(cache.get("a").await.unwrap(), None);
    assert_eq!(cache.get("b").await.unwrap(), Some(Vec::new()));
}

/// A bump changes the generation, and an earlier generation never returns.
pub async fn bump_increments_the_generation_of_its_owner_only(cache: &dyn Cache, _: &TestClock) {
    let owners = [1, 2, 3].map(Uuid::from_u128);
    let before = cache.generations(&owners).await.unwrap();
    assert_eq!(before.len(), 3);
    assert_eq!(cache.generations(&owners).await.unwrap(), before);
    cache.invalidate(owners[1]).await.unwrap();
    let after = cache.generations(&owners).await.unwrap();
    assert_eq!((after[0], after[2]), (before[0], before[2]));
    assert!(after[1] > before[1]);
    cache.invalidate(owners[1]).await.unwrap();
    assert!(cache.generations(&owners[1..2]).await.unwrap()[0] > after[1]);
    assert!(cache.generations(&[]).await.unwrap().is_empty());
}
