//! Operation `update_company`.

use super::dto::{ChangedCompanyDto, CompanyChanges};
use crate::http::{
    body::Body,
    call::Authenticated,
    etag::{self, Precondition},
    problem::Answer,
};

/// Change the description of a company, or share it more widely
///
/// With `with_predictions`, the predictions of its owner are raised with it, each by its own rule
/// and with its own entry in the audit log, or nothing is: `detail` says what prevents it.
#[utoipa::path(
    patch,
    path = super::ONE,
    tag = "Companies",
    operation_id = "update_company",
    params(
        ("id" = uuid::Uuid, Path, description = "The company"),
    ),
    request_body = CompanyChanges,
    responses(
        (status = 200, description = "The company as it is now", body = ChangedCompanyDto),
        (status = 403, description = "`not_writable`, `level_forbidden`, `outside_scope`"),
        (status = 409, description = "`company_in_use`, `level_change`, `symbol_taken`, `identifier_taken`"),
    )
)]
pub(crate) async fn update(call: Authenticated, body: Body<CompanyChanges>) -> Answer {
    call.no_params()?;
    let precondition = Precondition::of(&call.request);
    let changes = body.read().await?.value;
    let raised = call.row_level(changes.access_level)?;
    let command = changes.command(precondition.version(), raised);
    let companies = &call.application.companies;
    let updated = companies
        .update(&call.caller, call.id("company")?, &command)
        .await;
    let updated = precondition.apply(updated)?;
    let version = updated.company.row_version;
    let answer = ChangedCompanyDto::of(updated, command.with_predictions);
    etag::changed(version, &answer)
}
