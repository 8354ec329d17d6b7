//! Registration, sign-in, sessions and second factors.

mod authenticate;
mod authenticate_key;
mod change_password;
mod create_admin;
mod join;
mod known_keys;
mod login;
mod logout;
mod mail_token;
mod mfa;
mod passwords;
mod refresh;
mod register;
mod reset_password;
mod second_factor;
mod sessions;
mod step_up;
mod verify_email;

use std::sync::Arc;

use accunode_domain::{
    access::{Actor, Denial},
    id::UserId,
    organization::Membership,
    secret::Secret,
    user::{Email, User},
};
use accunode_ports::sessions::TokenPair;

pub use known_keys::KnownKeys;
pub use register::Registration;
pub(crate) use second_factor::factor_notice;
pub use second_factor::{Enrolled, NewFactor};

use crate::{Error, ErrorCode, Ports};

/// Registration, sign-in, sessions and second factors.
#[derive(Clone, Debug)]
pub struct Auth {
    pub(crate) ports: Arc<Ports>,
}

/// The caller's own account.
#[derive(Clone, Debug, PartialEq)]
pub struct Me {
    /// The user as stored.
    pub user: User,
    /// The user as the access rules see them.
    pub actor: Actor,
    /// Their organization and its state, if they have one.
    pub membership: Option<Membership>,
}

impl Me {
    /// Creates it for a stored user.
    ///
    /// # Errors
    /// `Unauthenticated` if they are not active.
    pub(crate) fn of(user: User, membership: Option<Membership>) -> Result<Self, Error> {
        let actor = Actor::new(&user, membership.clone()).map_err(unusable)?;
        Ok(Self {
            user,
            actor,
            membership,
        })
    }
}

/// A session that was just started or renewed.
#[derive(Debug)]
pub struct SignedIn {
    /// The tokens.
    pub tokens: TokenPair,
    /// The account of the session.
    pub me: Me,
}

/// The result of a login whose password was right.
#[derive(Debug)]
pub enum LoggedIn {
    /// A session was started.
    Session(Box<SignedIn>),
    /// The login waits for a second factor, which is sent with this token.
    SecondFactor(Secret),
}

/// The error for an account that cannot be used.
pub(crate) fn unusable(denial: Denial) -> Error {
    let code = match denial {
        Denial::Forbidden(reason) => ErrorCode::Forbidden(reason),
        _ => ErrorCode::InvalidToken,
    };
    Error::Unauthenticated {
        code,
        detail: "this account is not active".to_owned(),
    }
}

/// Returns the address that a caller tried, for the audit log. A text that is not an
/// address is not stored, because it may be a password that was typed into the wrong field.
fn tried(email: &str) -> Option<String> {
    let email = Email::parse("/email", email).ok()?;
    Some(email.as_str().to_owned())
}

/// The error for an account that does not exist any more.
pub(crate) fn gone() -> Error {
    Error::Unauthenticated {
        code: ErrorCode::InvalidToken,
        detail: "this account does not exist any more".to_owned(),
    }
}

impl Auth {
    /// Returns the caller's own account.
    ///
    /// # Errors
    /// `Unauthenticated` if it does not exist or is not active any more.
    #[tracing::instrument(name = "auth.me", level = "debug", skip_all)]
    pub async fn me(&self, user: UserId) -> Result<Me, Error> {
        Ok(self.load(user).await?.0)
    }

    /// Returns the account with the tenancy version at which it was read.
    pub(crate) async fn load(&self, user: UserId) -> Result<(Me, i64), Error> {
        let Some((user, membership, version)) =
            self.ports.store.auth().with_membership(user).await?
        else {
            return Err(gone());
        };
        Ok((Me::of(user, membership)?, version))
    }
}
