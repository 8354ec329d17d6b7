//! Creates a super_admin on the command line.

use accunode_domain::{
    audit::RequestContext,
    user::{Role, User},
};

use super::{Auth, Registration};
use crate::Error;

impl Auth {
    /// Creates a verified super_admin.
    ///
    /// # Errors
    /// Every fault of the form, `email_taken`.
    #[tracing::instrument(name = "auth.create_admin", level = "debug", skip_all)]
    pub async fn create_admin(
        &self,
        form: &Registration,
        context: &RequestContext,
    ) -> Result<User, Error> {
        let checked = self.check(form).await?;
        self.add_user(checked, Role::SuperAdmin, true, context)
            .await
    }
}
