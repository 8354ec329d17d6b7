//! Operations `get_validation_sample`, `get_validation_report`, `get_validation_text`.

use accunode_ports::repositories::ValidationFile;
use actix_web::{HttpResponse, http::header};
use futures::TryStreamExt;
use serde_json::json;

use crate::http::{call::Authenticated, export::cut, problem::Answer};

/// Streams a file of a report as it was stored. The sample names companies, so its export is
/// recorded in the audit log.
async fn answer(call: &Authenticated, file: ValidationFile, media_type: &str) -> Answer {
    call.no_params()?;
    let id = call.id("validation")?;
    let validations = &call.application.validations;
    let (report, bytes) = validations.file(&call.caller, id, file).await?;
    if file == ValidationFile::Sample {
        let filter = json!({ "id": report.id });
        call.application
            .record_export(&call.caller, "validation_sample", filter)
            .await?;
    }
    let name = format!("validation-{}-{}", report.id, file.as_str());
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .streaming(bytes.map_err(cut)))
}

/// The sample of a back-test, from which all its figures are computed
///
/// A row for each company and window, with its PD, grade, outcome, and the reason if it was left
/// out. Its SHA-256 is in the report.
#[utoipa::path(
    get,
    path = super::SAMPLE,
    tag = "Validations",
    operation_id = "get_validation_sample",
    params(("id" = uuid::Uuid, Path, description = "The back-test")),
    responses(
        (status = 200, description = "The sample", content_type = "text/csv", body = String),
        (status = 409, description = "`not_finished`"),
    )
)]
pub(crate) async fn sample(call: Authenticated) -> Answer {
    answer(&call, ValidationFile::Sample, "text/csv; charset=utf-8").await
}

/// The report of a back-test alone, with all digits
///
/// Its SHA-256 is `report_sha256`.
#[utoipa::path(
    get,
    path = super::JSON,
    tag = "Validations",
    operation_id = "get_validation_report",
    params(("id" = uuid::Uuid, Path, description = "The back-test")),
    responses(
        (status = 200, description = "The report", content_type = "application/json", body = Object),
        (status = 409, description = "`not_finished`"),
    )
)]
pub(crate) async fn json(call: Authenticated) -> Answer {
    answer(&call, ValidationFile::Json, "application/json").await
}

/// The report of a back-test as a text with tables
///
/// In the order of the ECB's instructions for reporting the validation results of internal models,
/// with headings that name their sections.
#[utoipa::path(
    get,
    path = super::MARKDOWN,
    tag = "Validations",
    operation_id = "get_validation_text",
    params(("id" = uuid::Uuid, Path, description = "The back-test")),
    responses(
        (status = 200, description = "The report", content_type = "text/markdown", body = String),
        (status = 409, description = "`not_finished`"),
    )
)]
pub(crate) async fn markdown(call: Authenticated) -> Answer {
    let media_type = "text/markdown; charset=utf-8";
    answer(&call, ValidationFile::Markdown, media_type).await
}
