//! The contract of [`SessionStore`].
#![expect(clippy::unwrap_used, reason = "these are tests, run by the adapters")]

use accunode_domain::{
    Timestamp,
    access::Actor,
    id::{SessionId, UserId},
    session::{ACCESS_TOKEN_SECONDS, REFRESH_GRACE_SECONDS, REFRESH_TOKEN_SECONDS, Session},
    user::{Email, Profile, Role, User},
};
use futures::future::join_all;
use uuid::Uuid;

use super::TestClock;
use crate::{
    sessions::{Refreshed, SessionChange, SessionStore, TokenPair},
    system::Clock,
};

/// Returns session number `session` of user number `user`.
#[must_use]
pub fn session_of(user: u128, session: u128, at: Timestamp) -> Session {
    let user = User {
        id: UserId(Uuid::from_u128(user)),
        email: Email::parse("/email", &format!("u{user}@example.com")).unwrap(),
        role: Role::User,
        organization: None,
        profile: Profile::default(),
        is_verified: true,
        is_active: true,
        last_login: None,
        created_at: at,
        updated_at: at,
        row_version: 1,
    };
    Session {
        id: SessionId(Uuid::from_u128(session)),
        user: user.id,
        actor: Actor::new(&user, None).unwrap(),
        tenancy_version: 1,
        ip: Some([192, 0, 2, 1].into()),
        user_agent: Some("contract".to_owned()),
        created_at: at,
        last_seen_at: at,
        confirmed_at: at,
        second_factor: false,
    }
}

async fn pair(store: &dyn SessionStore, refresh: &str) -> (Session, TokenPair) {
    match store.refresh(refresh).await.unwrap() {
        Refreshed::Pair(session, pair) => (*session, pair),
        other => panic!("{other:?}"),
    }
}

/// An access token is valid for a quarter of an hour, and only as an access token.
pub async fn access_token_expires_after_its_lifetime(store: &dyn SessionStore, clock: &TestClock) {
    let session = session_of(1, 11, clock.now());
    let tokens = store.start(&session).await.unwrap();
    assert_ne!(tokens.access, tokens.refresh);
    assert_eq!(
        store.find(&tokens.access).await.unwrap(),
        Some(session.clone())
    );
    assert_eq!(store.find(&tokens.refresh).await.unwrap(), None);
    assert_eq!(store.find("at_unknown").await.unwrap(), None);
    assert!(matches!(
        store.refresh(&tokens.access).await.unwrap(),
        Refreshed::Unknown
    ));
    clock.advance(ACCESS_TOKEN_SECONDS - 1);
    assert!(store.find(&tokens.access).await.unwrap().is_some());
    clock.advance(1);
    assert_eq!(store.find(&tokens.access).await.unwrap(), None);
    // The session can still be continued with its refresh token.
    let (again, next) = pair(store, &tokens.refresh).await;
    assert_eq!(again, session);
    assert!(store.find(&next.access).await.unwrap().is_some());
}

/// A refresh token is valid once; using it again after the next one was used ends the whole
/// family.
pub async fn reused_refresh_token_ends_its_family(store: &dyn SessionStore, clock: &TestClock) {
    let session = session_of(2, 21, clock.now());
    let first = store.start(&session).await.unwrap();
    let other = store.start(&session_of(2, 22, clock.now())).await.unwrap();
    let (_, second) = pair(store, &first.refresh).await;
    let (_, third) = pair(store, &second.refresh).await;
    match store.refresh(&first.refresh).await.unwrap() {
        Refreshed::Reused(stolen) => assert_eq!(*stolen, session),
        other => panic!("{other:?}"),
    }
    for dead in [&first, &second, &third] {
        assert_eq!(store.find(&dead.access).await.unwrap(), None);
        assert!(!matches!(
            store.refresh(&dead.refresh).await.unwrap(),
            Refreshed::Pair(..)
        ));
    }
    assert!(store.find(&other.access).await.unwrap().is_some());
    assert_eq!(store.list(session.user).await.unwrap().len(), 1);
}

/// The refresh token that was used last returns the same pair for some seconds, as long as that
/// pair's own refresh token is unused; afterwards it ends the family.
pub async fn last_refresh_token_is_answered_again_within_the_grace_period(
    store: &dyn SessionStore,
    clock: &TestClock,
) {
    let session = session_of(8, 81, clock.now());
    let first = store.start(&session).await.unwrap();
    let (_, second) = pair(store, &first.refresh).await;
    clock.advance(REFRESH_GRACE_SECONDS - 1);
    let (again, repeated) = pair(store, &first.refresh).await;
    assert_eq!(again, session);
    assert_eq!(
        (&repeated.access, &repeated.refresh),
        (&second.access, &second.refresh)
    );
    assert!(store.find(&second.access).await.unwrap().is_some());
    // A repetition does not extend the grace period.
    clock.advance(1);
    assert!(matches!(
        store.refresh(&first.refresh).await.unwrap(),
        Refreshed::Reused(_)
    ));
    assert_eq!(store.find(&second.access).await.unwrap(), None);
}

/// Concurrent uses of the same refresh token return the same pair, and the session continues.
pub async fn concurrent_refreshes_exchange_the_token_once(
    store: &dyn SessionStore,
    clock: &TestClock,
) {
    let first = store.start(&session_of(7, 71, clock.now())).await.unwrap();
    let tries = (0..16).map(|_| store.refresh(&first.refresh));
    let mut pairs = Vec::new();
    let mut reused = 0;
    for refreshed in join_all(tries).await {
        match refreshed.unwrap() {
            Refreshed::Pair(_, pair) => pairs.push(pair),
            Refreshed::Reused(_) => reused += 1,
            Refreshed::Unknown => {}
        }
    }
    assert_eq!((pairs.len(), reused), (16, 0));
    assert!(pairs.iter().all(|pair| pair.refresh == pairs[0].refresh));
    assert!(store.find(&pairs[0].access).await.unwrap().is_some());
    assert_eq!(
        store
            .list(session_of(7, 71, clock.now()).user)
            .await
            .unwrap()
            .len(),
        1
    );
}

/// A session that is not refreshed ends after thirty days; each refresh extends it by thirty
/// days.
pub async fn session_without_a_refresh_expires(store: &dyn SessionStore, clock: &TestClock) {
    let session = session_of(3, 31, clock.now());
    let first = store.start(&session).await.unwrap();
    clock.advance(REFRESH_TOKEN_SECONDS - 1);
    let (_, second) = pair(store, &first.refresh).await;
    clock.advance(REFRESH_TOKEN_SECONDS - 1);
    assert_eq!(store.list(session.user).await.unwrap().len(), 1);
    let (_, third) = pair(store, &second.refresh).await;
    clock.advance(REFRESH_TOKEN_SECONDS);
    assert!(store.list(session.user).await.unwrap().is_empty());
    assert!(matches!(
        store.refresh(&third.refresh).await.unwrap(),
        Refreshed::Unknown
    ));
}

/// Ending a session takes effect at once, and an update does not restore it.
pub async fn an_ended_session_stays_ended(store: &dyn SessionStore, clock: &TestClock) {
    let session = session_of(4, 41, clock.now());
    let tokens = store.start(&session).await.unwrap();
    let newer = SessionChange {
        actor: Some((session.actor.clone(), 2)),
        ..SessionChange::default()
    };
    let update = || store.update(session.id, session.user, &newer);
    update().await.unwrap();
    let found = store.find(&tokens.access).await.unwrap().unwrap();
    assert_eq!(found.tenancy_version, 2);
    store.end(session.id).await.unwrap();
    store.end(session.id).await.unwrap();
    update().await.unwrap();
    assert_eq!(store.find(&tokens.access).await.unwrap(), None);
    assert!(store.list(session.user).await.unwrap().is_empty());
    assert!(matches!(
        store.refresh(&tokens.refresh).await.unwrap(),
        Refreshed::Unknown
    ));
}

/// A request writes only the fields that it names: a request that read the session before another
/// one changed it does not undo that change.
pub async fn session_change_keeps_the_other_fields(store: &dyn SessionStore, clock: &TestClock) {
    let session = session_of(8, 81, clock.now());
    let tokens = store.start(&session).await.unwrap();
    let update = async |change: SessionChange| {
        let done = store.update(session.id, session.user, &change).await;
        done.unwrap();
        store.find(&tokens.access).await.unwrap().unwrap()
    };
    let other = session_of(9, 91, clock.now()).actor;
    let shown = SessionChange {
        second_factor: Some(true),
        ..SessionChange::default()
    };
    let mut expected = Session {
        second_factor: true,
        ..session.clone()
    };
    assert_eq!(update(shown).await, expected);

    // Both requests read the session before: one records its use, the other its new rights.
    let later = clock.now() + time::Duration::seconds(90);
    let used = SessionChange {
        last_seen_at: Some(later),
        ..SessionChange::default()
    };
    expected.last_seen_at = later;
    assert_eq!(update(used).await, expected);
    let renewed = SessionChange {
        actor: Some((other.clone(), 7)),
        ..SessionChange::default()
    };
    expected.actor = other;
    expected.tenancy_version = 7;
    assert_eq!(update(renewed).await, expected);

    // A value older than the stored one is ignored.
    let late = SessionChange {
        last_seen_at: Some(session.last_seen_at),
        actor: Some((session.actor.clone(), 6)),
        ..SessionChange::default()
    };
    assert_eq!(update(late).await, expected);

    // The change is visible wherever the session is read, and for its own user only.
    assert_eq!(
        store.list(session.user).await.unwrap(),
        std::slice::from_ref(&expected)
    );
    let removed = SessionChange {
        second_factor: Some(false),
        ..SessionChange::default()
    };
    let stranger = session_of(9, 92, clock.now()).user;
    store.update(session.id, stranger, &removed).await.unwrap();
    let (refreshed, next) = pair(store, &tokens.refresh).await;
    assert_eq!(refreshed, expected);
    store
        .update(session.id, session.user, &removed)
        .await
        .unwrap();
    expected.second_factor = false;
    assert_eq!(store.find(&next.access).await.unwrap(), Some(expected));
}

/// All sessions of a user except the current one can be ended; other users' sessions stay.
pub async fn all_sessions_of_a_user_can_be_ended(store: &dyn SessionStore, clock: &TestClock) {
    let mut tokens = Vec::new();
    for n in 51..54 {
        let session = session_of(5, n, clock.now());
        tokens.push(store.start(&session).await.unwrap());
        clock.advance(1);
    }
    let stranger = store.start(&session_of(6, 61, clock.now())).await.unwrap();
    let user = session_of(5, 0, clock.now()).user;
    let ids = |sessions: Vec<Session>| {
        sessions
            .iter()
            .map(|s| s.id.0.as_u128())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(store.list(user).await.unwrap()), [53, 52, 51]);

    let keep = SessionId(Uuid::from_u128(52));
    store.end_all(user, Some(keep)).await.unwrap();
    assert_eq!(ids(store.list(user).await.unwrap()), [52]);
    assert!(store.find(&tokens[1].access).await.unwrap().is_some());
    assert!(store.find(&tokens[0].access).await.unwrap().is_none());
    store.end_all(user, None).await.unwrap();
    assert!(store.find(&tokens[1].access).await.unwrap().is_none());
    assert!(store.find(&stranger.access).await.unwrap().is_some());
}
