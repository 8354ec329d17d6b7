//! Signing in, and authenticating afterwards.

use std::sync::atomic::Ordering;

use accunode_application::{Error, ErrorCode};
use accunode_domain::{
    audit::{AuditAction, RequestContext},
    id::{EnrolmentId, OrganizationId, SessionId},
    organization::Membership,
    session::{SESSION_SECONDS, Session},
    user::{Role, User},
};
use accunode_ports::{
    repositories::{Credentials, StoredFactor, UserFreshness},
    sessions::{Refreshed, TokenPair},
    system::Verified,
};
use time::Duration;
use uuid::Uuid;

use crate::support::{Doubles, caller, membership, noon, user};

fn pair() -> TokenPair {
    TokenPair {
        access: "a".into(),
        refresh: "r".into(),
    }
}

#[tokio::test]
async fn unknown_address_is_hashed_and_the_failed_login_audited() {
    let mut doubles = Doubles::default();
    doubles
        .store
        .auth
        .expect_credentials()
        .returning(|_| Ok(None));
    doubles
        .hasher
        .expect_verify()
        .times(1)
        .withf(|_, hash| hash.is_none())
        .returning(|_, _| Ok(Verified::No));
    let committed = doubles.unit(|unit| {
        unit.audit_log
            .expect_record()
            .times(1)
            .returning(|_, event| {
                assert_eq!(event.action, AuditAction::FailedLogin);
                assert_eq!(event.actor_email.as_deref(), Some("who@example.com"));
                Ok(())
            });
    });
    let result = doubles
        .application()
        .auth
        .login(
            "who@example.com",
            "whatever it is",
            &RequestContext::default(),
        )
        .await;
    assert!(
        matches!(
            result,
            Err(Error::Unauthenticated {
                code: ErrorCode::InvalidCredentials,
                ..
            })
        ),
        "{result:?}"
    );
    assert!(committed.load(Ordering::SeqCst));
}

#[tokio::test]
async fn too_long_password_is_refused_after_the_same_hashing() {
    let mut doubles = Doubles::default();
    let ana = user(Role::User, None);
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
        .withf(|_, hash| hash.is_none())
        .returning(|_, _| Ok(Verified::No));
    doubles.unit(|unit| {
        unit.audit_log.expect_record().returning(|_, _| Ok(()));
    });
    let password = "x".repeat(10_000_000);
    let result = doubles
        .application()
        .auth
        .login("ana@example.com", &password, &RequestContext::default())
        .await;
    assert!(matches!(result, Err(Error::Unauthenticated { .. })));
}

#[tokio::test]
async fn inactive_user_with_right_password_gets_invalid_credentials() {
    let mut doubles = Doubles::default();
    let mut ana = user(Role::User, None);
    ana.is_active = false;
    doubles.store.auth.expect_credentials().returning(move |_| {
        Ok(Some(Credentials {
            user: ana.clone(),
            password_hash: "hash".into(),
        }))
    });
    doubles
        .hasher
        .expect_verify()
        .returning(|_, _| Ok(Verified::Yes { rehashed: None }));
    doubles.unit(|unit| {
        unit.audit_log.expect_record().returning(|_, _| Ok(()));
    });
    let result = doubles
        .application()
        .auth
        .login(
            "ana@example.com",
            "correct horse",
            &RequestContext::default(),
        )
        .await;
    assert!(matches!(
        result,
        Err(Error::Unauthenticated {
            code: ErrorCode::InvalidCredentials,
            ..
        })
    ));
}

fn session_of(role: Role, version: i64) -> (Session, OrganizationId) {
    let organization = OrganizationId(Uuid::new_v4());
    let ana = user(role, Some(organization));
    let session = Session {
        id: SessionId(Uuid::new_v4()),
        user: ana.id,
        actor: caller(&ana).actor,
        tenancy_version: version,
        ip: None,
        user_agent: None,
        created_at: noon(),
        last_seen_at: noon(),
        confirmed_at: noon(),
        second_factor: false,
    };
    (session, organization)
}

/// Returns a user as stored at the tenancy's second version.
fn changed(user: &User, membership: Option<Membership>) -> UserFreshness {
    UserFreshness::Changed {
        user: Box::new(user.clone()),
        membership,
        version: 2,
    }
}

/// The mocks fail on a second look-up or any other statement.
#[tokio::test]
async fn stale_tenancy_version_reloads_the_role_with_one_statement() {
    let mut doubles = Doubles::default();
    let (session, organization) = session_of(Role::OrgAdmin, 1);
    let mut demoted = user(Role::OrgMember, Some(organization));
    demoted.id = session.user;
    doubles
        .sessions
        .expect_find()
        .times(1)
        .returning(move |_| Ok(Some(session.clone())));
    doubles
        .store
        .auth
        .expect_current()
        .times(1)
        .withf(|_, known| *known == 1)
        .returning(move |_, _| Ok(changed(&demoted, Some(membership(organization)))));
    doubles
        .sessions
        .expect_update()
        .times(1)
        .withf(|_, _, change| {
            let version = change.actor.as_ref().map(|(_, version)| *version);
            version == Some(2) && change.last_seen_at.is_none() && change.second_factor.is_none()
        })
        .returning(|_, _, _| Ok(()));
    let caller = doubles
        .application()
        .auth
        .authenticate("token", RequestContext::default())
        .await
        .unwrap();
    assert_eq!(caller.actor.role(), Role::OrgMember);
}

#[tokio::test]
async fn session_at_the_current_tenancy_version_loads_no_user() {
    let mut doubles = Doubles::default();
    let (session, _) = session_of(Role::OrgMember, 5);
    doubles
        .sessions
        .expect_find()
        .times(1)
        .returning(move |_| Ok(Some(session.clone())));
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
        .await;
    assert_eq!(caller.unwrap().actor.role(), Role::OrgMember);
}

#[tokio::test]
async fn session_of_a_deactivated_user_ends_at_the_next_request() {
    let mut doubles = Doubles::default();
    let (session, organization) = session_of(Role::OrgMember, 1);
    let mut gone = user(Role::OrgMember, Some(organization));
    gone.is_active = false;
    doubles
        .sessions
        .expect_find()
        .returning(move |_| Ok(Some(session.clone())));
    doubles
        .store
        .auth
        .expect_current()
        .returning(move |_, _| Ok(changed(&gone, None)));
    doubles.sessions.expect_end().times(1).returning(|_| Ok(()));
    let result = doubles
        .application()
        .auth
        .authenticate("token", RequestContext::default())
        .await;
    assert!(matches!(result, Err(Error::Unauthenticated { .. })));
}

#[tokio::test]
async fn reused_refresh_token_is_refused_and_audited() {
    let mut doubles = Doubles::default();
    let (session, organization) = session_of(Role::OrgMember, 1);
    let (whose, which) = (session.user, session.id.0);
    doubles
        .sessions
        .expect_refresh()
        .returning(move |_| Ok(Refreshed::Reused(Box::new(session.clone()))));
    let committed = doubles.unit(move |unit| {
        unit.audit_log
            .expect_record()
            .times(1)
            .withf(move |_, event| {
                event.user == Some(whose)
                    && event.entity_id == Some(which)
                    && event.organization == Some(organization)
            })
            .returning(|_, _| Ok(()));
    });
    let result = doubles
        .application()
        .auth
        .refresh("r", &RequestContext::default())
        .await;
    assert!(matches!(
        result,
        Err(Error::Unauthenticated {
            code: ErrorCode::TokenReused,
            ..
        })
    ));
    assert!(committed.load(Ordering::SeqCst));
}

#[tokio::test]
async fn session_ends_after_ninety_days_despite_refreshing() {
    for (seconds, lives) in [(SESSION_SECONDS - 1, true), (SESSION_SECONDS, false)] {
        let mut doubles = Doubles::default();
        let (mut session, organization) = session_of(Role::OrgMember, 1);
        session.created_at = noon() - Duration::seconds(seconds);
        let mut ana = user(Role::OrgMember, Some(organization));
        ana.id = session.user;
        doubles
            .sessions
            .expect_refresh()
            .returning(move |_| Ok(Refreshed::Pair(Box::new(session.clone()), pair())));
        doubles
            .sessions
            .expect_end()
            .times(usize::from(!lives))
            .returning(|_| Ok(()));
        doubles
            .store
            .auth
            .expect_with_membership()
            .returning(move |_| Ok(Some((ana.clone(), Some(membership(organization)), 1))));
        let result = doubles
            .application()
            .auth
            .refresh("r", &RequestContext::default())
            .await;
        assert_eq!(result.is_ok(), lives, "after {seconds} s: {result:?}");
    }
}

#[tokio::test]
async fn login_whose_audit_row_fails_starts_no_session() {
    let mut doubles = Doubles::default();
    doubles.without_second_factors();
    let ana = user(Role::User, None);
    let found = ana.clone();
    doubles.store.auth.expect_credentials().returning(move |_| {
        Ok(Some(Credentials {
            user: ana.clone(),
            password_hash: "hash".into(),
        }))
    });
    doubles
        .store
        .auth
        .expect_with_membership()
        .returning(move |_| Ok(Some((found.clone(), None, 1))));
    doubles
        .hasher
        .expect_verify()
        .returning(|_, _| Ok(Verified::Yes { rehashed: None }));
    doubles
        .sessions
        .expect_start()
        .never()
        .returning(|_| Ok(pair()));
    doubles.unit(|unit| {
        unit.auth.expect_record_login().returning(|_, _, _| Ok(()));
        unit.audit_log.expect_record().returning(|_, _| {
            Err(accunode_ports::RepositoryError::Internal(
                "the log is full".into(),
            ))
        });
    });
    let result = doubles
        .application()
        .auth
        .login(
            "ana@example.com",
            "correct horse",
            &RequestContext::default(),
        )
        .await;
    assert!(matches!(result, Err(Error::Internal(_))));
}

/// A password that is changed while it is verified does not let in a caller with the old
/// one.
#[tokio::test]
async fn login_that_races_with_a_password_change_starts_no_session() {
    for (now, lives) in [("hash", true), ("another hash", false)] {
        let mut doubles = Doubles::default();
        doubles.without_second_factors();
        let ana = user(Role::User, None);
        let (known, loaded) = (ana.clone(), ana.clone());
        let mut asked = 0;
        doubles
            .store
            .auth
            .expect_credentials()
            .times(2)
            .returning(move |_| {
                asked += 1;
                let password_hash = if asked == 1 { "hash" } else { now };
                Ok(Some(Credentials {
                    user: known.clone(),
                    password_hash: password_hash.into(),
                }))
            });
        doubles
            .store
            .auth
            .expect_with_membership()
            .returning(move |_| Ok(Some((loaded.clone(), None, 1))));
        doubles
            .hasher
            .expect_verify()
            .returning(|_, _| Ok(Verified::Yes { rehashed: None }));
        doubles.sessions.expect_start().returning(|_| Ok(pair()));
        doubles
            .sessions
            .expect_end()
            .times(usize::from(!lives))
            .returning(|_| Ok(()));
        doubles.unit(|unit| {
            unit.auth.expect_record_login().returning(|_, _, _| Ok(()));
            unit.audit_log.expect_record().returning(|_, _| Ok(()));
        });
        let result = doubles
            .application()
            .auth
            .login(
                "ana@example.com",
                "correct horse",
                &RequestContext::default(),
            )
            .await;
        assert_eq!(result.is_ok(), lives, "{now}: {result:?}");
    }
}

/// A second factor that is verified while the password is changed starts no session: the change
/// ended the sessions that existed by then.
#[tokio::test]
async fn second_factor_that_races_with_a_password_change_starts_no_session() {
    for (now, lives) in [("hash", true), ("another hash", false)] {
        let mut doubles = Doubles::default();
        let ana = user(Role::User, None);
        let (id, known, loaded) = (ana.id, ana.clone(), ana);
        doubles.store.second_factors.expect_find().returning(|_| {
            Ok(Some(StoredFactor {
                sealed: Vec::new(),
                enrolment: EnrolmentId(Uuid::from_u128(5)),
                is_confirmed: true,
                waits_since: None,
            }))
        });
        let mut asked = 0;
        doubles
            .store
            .auth
            .expect_credentials()
            .times(2)
            .returning(move |_| {
                asked += 1;
                let password_hash = if asked == 1 { "hash" } else { now };
                Ok(Some(Credentials {
                    user: known.clone(),
                    password_hash: password_hash.into(),
                }))
            });
        doubles
            .store
            .auth
            .expect_with_membership()
            .returning(move |_| Ok(Some((loaded.clone(), None, 1))));
        doubles.sessions.expect_start().returning(|_| Ok(pair()));
        doubles
            .sessions
            .expect_end()
            .times(usize::from(!lives))
            .returning(|_| Ok(()));
        for _ in 0..2 {
            doubles.unit(|unit| {
                let factors = &mut unit.second_factors;
                factors
                    .expect_try_challenge()
                    .returning(move |_, _| Ok(Some(id)));
                factors.expect_use_recovery().returning(|_, _, _| Ok(true));
                factors.expect_end_challenge().returning(|_| Ok(true));
                unit.auth.expect_record_login().returning(|_, _, _| Ok(()));
                unit.audit_log.expect_record().returning(|_, _| Ok(()));
            });
        }
        let auth = doubles.application().auth;
        let context = RequestContext::default();
        let result = auth
            .verify_second_factor("mfa_token", "AAAA-BBBB", &context)
            .await;
        assert_eq!(result.is_ok(), lives, "{now}: {result:?}");
    }
}
