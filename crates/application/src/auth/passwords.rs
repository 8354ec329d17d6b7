//! Passwords that users choose.

use accunode_domain::{
    fault::Fault,
    id::{SessionId, UserId},
    user::{Email, Password},
};
use accunode_ports::system::PasswordHasher;

use super::Auth;
use crate::{Error, Ports};

impl Ports {
    /// Checks a password that a user chooses: it has the right form, and is not easily
    /// guessed. Every new password is checked here, no matter who sets it.
    ///
    /// # Errors
    /// If the hasher is not available. Inside: `weak_password` at `pointer`.
    pub(crate) async fn choose_password(
        &self,
        pointer: &str,
        text: &str,
        email: &Email,
    ) -> Result<Result<Password, Fault>, Error> {
        choose_password(&*self.hasher, pointer, text, email).await
    }
}

/// As above, without the other ports.
pub(super) async fn choose_password(
    hasher: &dyn PasswordHasher,
    pointer: &str,
    text: &str,
    email: &Email,
) -> Result<Result<Password, Fault>, Error> {
    let password = match Password::new(pointer, text, email) {
        Ok(password) => password,
        Err(fault) => return Ok(Err(fault)),
    };
    let weakness = hasher.weakness(password.clone(), words(email)).await?;
    Ok(match weakness {
        None => Ok(password),
        Some(why) => Err(Fault::new(pointer, "weak_password", why)),
    })
}

/// Words that a user who knows the address tries first.
fn words(email: &Email) -> Vec<String> {
    let whole = email.as_str();
    let parts = whole.split(['@', '.', '-', '_', '+']);
    let mut words: Vec<String> = parts.filter(|p| p.len() > 2).map(str::to_owned).collect();
    words.extend(whole.split('@').map(str::to_owned));
    words.push("accunode".to_owned());
    words
}

impl Auth {
    /// Ends the sessions of a user whose password is being changed: before the change, so
    /// that nothing changes if they cannot be ended, and again after the commit, for a
    /// session that was started in between with the old password.
    pub(super) async fn end_sessions(
        &self,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<(), Error> {
        Ok(self.ports.sessions.end_all(user, keep).await?)
    }
}
