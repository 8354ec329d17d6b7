//! Recent proofs of identity: which operations need one, and when a session was last used.

use std::sync::{Arc, Mutex};

use accunode_application::{Caller, Error, ErrorCode, auth::SignedIn};
use accunode_domain::access::Forbidden;
use accunode_domain::{
    access::KeyScope, audit::RequestContext, id::SessionId, session::Session, user::Role,
};
use accunode_ports::{
    repositories::{Credentials, UserFreshness},
    sessions::{SessionChange, TokenPair},
    system::Verified,
};
use time::Duration;
use uuid::Uuid;

use crate::support::{Doubles, caller, noon, user};

fn session_of(caller: &Caller) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(3)),
        user: caller.actor.user(),
        actor: caller.actor.clone(),
        tenancy_version: 1,
        ip: None,
        user_agent: None,
        created_at: noon(),
        last_seen_at: noon(),
        confirmed_at: noon() - Duration::hours(2),
        second_factor: false,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Unauthenticated { code, .. }) => code.as_str(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn proof_of_identity_is_recent_for_15_minutes() {
    let mut ana = caller(&user(Role::User, None));
    ana.confirmed_at = Some(noon());
    for (seconds, holds) in [(0, true), (900, true), (901, false)] {
        let proved = ana.confirmed(noon() + Duration::seconds(seconds));
        assert_eq!(proved.is_ok(), holds, "after {seconds} s");
    }
    ana.confirmed_at = None;
    assert_eq!(code(ana.confirmed(noon())), "step_up_required");
    // A key proves nothing, whatever its session contains.
    ana.confirmed_at = Some(noon());
    ana.actor = ana.actor.limited_to(&KeyScope::ALL, None).unwrap();
    let refused = ana.confirmed(noon());
    assert!(
        matches!(
            refused,
            Err(Error::Denied {
                code: ErrorCode::Forbidden(Forbidden::KeyForbidden),
                ..
            })
        ),
        "{refused:?}"
    );
}

/// A user who is signed in, whose password is `verified`, and who has no second factor.
fn signed_in(verified: Verified) -> (Doubles, Caller, Session) {
    let mut doubles = Doubles::default();
    doubles.without_second_factors();
    let ana = user(Role::User, None);
    let mut caller = caller(&ana);
    let session = session_of(&caller);
    caller.session = Some(session.id);
    let loaded = ana.clone();
    doubles
        .store
        .auth
        .expect_with_membership()
        .returning(move |_| Ok(Some((loaded.clone(), None, 1))));
    doubles.store.auth.expect_credentials().returning(move |_| {
        Ok(Some(Credentials {
            user: ana.clone(),
            password_hash: "hash".into(),
        }))
    });
    doubles
        .hasher
        .expect_verify()
        .times(1)
        .returning(move |_, _| Ok(verified.clone()));
    doubles.unit(|unit| {
        unit.audit_log
            .expect_record()
            .times(1)
            .returning(|_, _| Ok(()));
    });
    (doubles, caller, session)
}

fn pair() -> TokenPair {
    TokenPair {
        access: "a".into(),
        refresh: "r".into(),
    }
}

/// The result of a step-up with `verified`, and the session as it is stored then.
async fn step_up(verified: Verified, failures: usize) -> Result<SignedIn, Error> {
    let (mut doubles, caller, session) = signed_in(verified);
    doubles
        .sessions
        .expect_list()
        .returning(move |_| Ok(vec![session.clone()]));
    let old = caller.session;
    doubles
        .sessions
        .expect_start()
        .times(1 - failures)
        .withf(move |session| session.confirmed_at == noon() && Some(session.id) != old)
        .returning(|_| Ok(pair()));
    doubles
        .sessions
        .expect_end()
        .times(1 - failures)
        .withf(move |ended| Some(*ended) == old)
        .returning(|_| Ok(()));
    doubles
        .application()
        .auth
        .step_up(&caller, "whatever", None)
        .await
}

/// A request that ends the sessions of a user ends those that exist: one that a step-up starts in
/// place of a session that has ended must not remain.
#[tokio::test]
async fn session_of_a_step_up_ends_if_the_replaced_one_ended_meanwhile() {
    let (mut doubles, caller, session) = signed_in(Verified::Yes { rehashed: None });
    let stored = Arc::new(Mutex::new(vec![session]));
    let listed = stored.clone();
    doubles
        .sessions
        .expect_list()
        .returning(move |_| Ok(listed.lock().unwrap().clone()));
    let started = stored.clone();
    doubles
        .sessions
        .expect_start()
        .times(1)
        .returning(move |session| {
            // Just before, another request ends all sessions of the user.
            *started.lock().unwrap() = vec![session.clone()];
            Ok(pair())
        });
    let ended = stored.clone();
    doubles.sessions.expect_end().returning(move |id| {
        ended.lock().unwrap().retain(|session| session.id != id);
        Ok(())
    });
    let auth = doubles.application().auth;
    let result = auth.step_up(&caller, "whatever", None).await;
    assert_eq!(code(result), "invalid_token");
    assert!(stored.lock().unwrap().is_empty(), "a session remains");
}

#[tokio::test]
async fn right_password_renews_the_proof_in_a_new_session() {
    let signed_in = step_up(Verified::Yes { rehashed: None }, 0).await.unwrap();
    assert_eq!(signed_in.tokens.access, "a");
}

#[tokio::test]
async fn wrong_password_does_not_step_up_and_is_audited() {
    assert_eq!(code(step_up(Verified::No, 1).await), "wrong_password");
}

#[tokio::test]
async fn session_use_is_recorded_at_most_once_a_minute() {
    for (seconds, noted) in [(59, 0), (60, 1)] {
        let mut doubles = Doubles::default();
        let ana = caller(&user(Role::User, None));
        let mut session = session_of(&ana);
        session.last_seen_at = noon() - Duration::seconds(seconds);
        doubles
            .sessions
            .expect_find()
            .returning(move |_| Ok(Some(session.clone())));
        doubles
            .sessions
            .expect_update()
            .times(noted)
            .withf(|_, _, change| {
                *change
                    == SessionChange {
                        last_seen_at: Some(noon()),
                        ..SessionChange::default()
                    }
            })
            .returning(|_, _, _| Ok(()));
        doubles
            .store
            .auth
            .expect_current()
            .times(1)
            .returning(|_, _| Ok(UserFreshness::Unchanged));
        let caller = doubles
            .application()
            .auth
            .authenticate("token", RequestContext::default())
            .await
            .unwrap();
        assert_eq!(caller.confirmed_at, Some(noon() - Duration::hours(2)));
    }
}
