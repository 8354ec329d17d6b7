//! The operator makes a super_admin at the command line.

use accunode_domain::{
    audit::RequestContext,
    user::{Role, User},
};

use super::{Accounts, Registration, register::check};
use crate::Error;

impl Accounts {
    /// Makes a verified super_admin.
    ///
    /// # Errors
    /// Every fault of the form, `email_taken`.
    pub async fn create_admin(
        &self,
        form: &Registration,
        context: &RequestContext,
    ) -> Result<User, Error> {
        let (email, password, profile) = check(form).map_err(Error::Invalid)?;
        self.add_user(email, password, profile, Role::SuperAdmin, context)
            .await
    }
}
