//! Operation `get_validation`.

use accunode_application::Error;
use accunode_domain::validation::ValidationReport;
use accunode_ports::repositories::ValidationFile;
use actix_web::http::header;
use futures::TryStreamExt;

use super::dto::{ReportDto, ValidationDto};
use crate::http::{call::Authenticated, etag, problem::Answer};

/// A back-test with its figures
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Validations",
    operation_id = "get_validation",
    params(("id" = uuid::Uuid, Path, description = "The back-test")),
    responses((status = 200, description = "The back-test", body = ReportDto))
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let id = call.id("validation")?;
    let validations = &call.application.validations;
    let report = validations.get(&call.caller, id).await?;
    let version = report.row_version;
    let figures = match report.result {
        None => "null".to_owned(),
        Some(_) => {
            let file = ValidationFile::Json;
            let (_, parts) = validations.file(&call.caller, id, file).await?;
            let bytes = parts.try_fold(Vec::new(), async |mut all, part| {
                all.extend_from_slice(&part);
                Ok(all)
            });
            text(bytes.await?)?
        }
    };
    let mut answer = etag::object(&call.request, version, &())?;
    if answer.status().is_success() {
        let json = header::HeaderValue::from_static("application/json");
        answer.headers_mut().insert(header::CONTENT_TYPE, json);
        answer = answer.set_body(actix_web::body::BoxBody::new(with_figures(
            report, &figures,
        )?));
    }
    Ok(answer)
}

fn text(bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| Error::Internal(Box::new(error)))
}

/// The answer contains the report as it was stored: parsing and writing its numbers again could
/// change their last digits.
fn with_figures(report: ValidationReport, figures: &str) -> Result<String, Error> {
    let dto = ReportDto {
        validation: ValidationDto::from(report),
        report: None,
    };
    let json = serde_json::to_string(&dto).map_err(|error| Error::Internal(Box::new(error)))?;
    let before = json.strip_suffix("null}").unwrap_or(&json);
    Ok(format!("{before}{figures}}}"))
}
