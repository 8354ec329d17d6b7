//! Removing a company.

use crate::http::{
    call::Authenticated,
    etag::Precondition,
    problem::{Answer, no_content},
    query::query,
};

query! {
    /// The options for removing a company.
    pub(crate) struct RemovalQuery {
        /// Whether predictions on it go with it, if you may delete each one; outcomes and rows of others keep it
        force: bool = false,
    }
}

/// Remove a company
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Companies",
    operation_id = "delete_company",
    params(("id" = uuid::Uuid, Path, description = "The company"), RemovalQuery),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`not_writable`"),
        (status = 409, description = "`company_in_use`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    let RemovalQuery { force } = call.query()?;
    let precondition = Precondition::of(&call.request);
    let companies = &call.application.companies;
    let removed = companies
        .remove(
            &call.caller,
            call.id("company")?,
            force,
            precondition.version(),
        )
        .await;
    precondition.apply(removed)?;
    no_content()
}
