//! Tokens of mails: at most one open, valid once, for a limited time.

use accunode_domain::{
    Timestamp,
    access::Scope,
    id::UserId,
    secret::{Secret, SecretHash},
    user_token::{MAIL_PAUSE, TokenPurpose},
};
use accunode_ports::repositories::{NewUserToken, Repositories, Store};
use time::Duration;
use uuid::Uuid;

use crate::fixture::{Fixture, id, noon};

const PURPOSE: TokenPurpose = TokenPurpose::ResetPassword;

fn hash(n: u8) -> SecretHash {
    Secret::from_random("pr", [n; 32]).hash()
}

async fn replace(fixture: &Fixture, user: Uuid, n: u8, now: Timestamp) -> bool {
    let unit = fixture.store.begin(&Scope::none()).await.unwrap();
    let token = NewUserToken {
        id: Uuid::new_v4(),
        user: UserId(user),
        purpose: PURPOSE,
        hash: hash(n),
        now,
    };
    let kept = unit.user_tokens().replace(&token).await.unwrap();
    unit.commit().await.unwrap();
    kept
}

async fn take(fixture: &Fixture, n: u8, now: Timestamp) -> Option<UserId> {
    let unit = fixture.store.begin(&Scope::none()).await.unwrap();
    let taken = unit.user_tokens().take(PURPOSE, &hash(n), now).await;
    unit.commit().await.unwrap();
    taken.unwrap()
}

#[tokio::test]
async fn mailed_token_is_valid_once_and_for_its_purpose() {
    let fixture = Fixture::create().await;
    assert!(replace(&fixture, id("m1"), 1, noon()).await);
    let tokens = fixture.store.user_tokens();
    let token = hash(1);
    let other = tokens.find(TokenPurpose::VerifyEmail, &token, noon());
    assert_eq!(other.await.unwrap(), None);
    let found = tokens.find(PURPOSE, &hash(1), noon()).await.unwrap();
    assert_eq!(found, Some(UserId(id("m1"))));
    let (a, b) = tokio::join!(take(&fixture, 1, noon()), take(&fixture, 1, noon()));
    assert_eq!((a.is_some(), b.is_some()), (b.is_none(), a.is_none()));
    assert_eq!(tokens.find(PURPOSE, &hash(1), noon()).await.unwrap(), None);
}

#[tokio::test]
async fn mailed_token_ends_with_its_lifetime_or_a_newer_token() {
    let fixture = Fixture::create().await;
    let end = noon() + PURPOSE.lifetime();
    assert!(replace(&fixture, id("m1"), 1, noon()).await);
    assert_eq!(take(&fixture, 1, end).await, None);
    let later = noon() + MAIL_PAUSE;
    assert!(!replace(&fixture, id("m1"), 2, later - Duration::SECOND).await);
    assert_eq!(take(&fixture, 2, later).await, None);
    assert!(replace(&fixture, id("m1"), 3, later).await);
    assert_eq!(take(&fixture, 1, later).await, None);
    assert_eq!(take(&fixture, 3, later).await, Some(UserId(id("m1"))));
    // A used token does not prevent a new one.
    assert!(replace(&fixture, id("m1"), 4, later).await);
}

#[tokio::test]
async fn unknown_user_gets_no_token_and_concurrent_requests_one() {
    let fixture = Fixture::create().await;
    assert!(!replace(&fixture, Uuid::from_u128(404), 9, noon()).await);
    let all = futures::future::join_all((1..=5).map(|n| replace(&fixture, id("m2"), n, noon())));
    assert_eq!(all.await.into_iter().filter(|kept| *kept).count(), 1);
}
