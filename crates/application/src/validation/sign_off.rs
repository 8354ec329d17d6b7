//! Signs off a report by another user than its requester.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::ValidationId,
    validation::{ValidationReport, check_sign_off},
};
use accunode_ports::RepositoryError;
use serde_json::json;

use super::{Validations, files::not_finished};
use crate::{Confirmed, Error, ErrorCode};

/// The statement of a sign-off.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct SignOffReport {
    pub assessment: u8,
    pub comment: String,
}

impl Validations {
    /// Signs off a report, once.
    ///
    /// # Errors
    /// `NotFound`; `four_eyes` for the user who requested it, `role_forbidden`,
    /// `key_forbidden`; every fault of the body; `not_finished`, `signed_off`.
    #[tracing::instrument(name = "validations.sign_off", level = "debug", skip_all)]
    pub async fn sign_off(
        &self,
        caller: &Confirmed,
        id: ValidationId,
        command: &SignOffReport,
    ) -> Result<ValidationReport, Error> {
        let report = self.get(caller, id).await?;
        let grant = caller
            .actor
            .sign_off(report.owner, report.created_by)
            .map_err(|denial| Error::denied(denial, "validation"))?;
        let assessment = command.assessment;
        let comment = &check_sign_off(assessment, &command.comment).map_err(Error::Invalid)?;
        let report = report.result.ok_or_else(not_finished)?;
        let sha256 = &report.report_sha256;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let validations = unit.validations();
                let signed = validations.sign_off(grant, id, assessment, comment).await;
                let signed = signed.map_err(|error| match error {
                    RepositoryError::Stale { .. } => Error::Conflict {
                        code: ErrorCode::SignedOff,
                        detail: "this report is signed off already, and that is never changed"
                            .to_owned(),
                        existing: None,
                    },
                    other => other.into(),
                })?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "assessment": assessment,
                        "comment": comment,
                        "report_sha256": sha256,
                    })),
                    ..AuditEvent::new(
                        "validation.signed_off",
                        "validation_report",
                        AuditAction::Update,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(signed)
            })
            .await
    }
}
