//! Operations `get_csv_template`, `get_xlsx_template`.

use accunode_application::{Error, bulk_uploads::Template};
use accunode_domain::job::JobType;
use actix_web::{HttpResponse, http::header};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use utoipa::ToSchema;

use crate::http::{
    call::Authenticated,
    enums::JobTypeName,
    export,
    negotiate::Format as Media,
    problem::{Answer, Problem},
};

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is the schema of an answer that is no JSON")]
pub(crate) struct BinaryFile(Vec<u8>);

fn template(call: &Authenticated) -> Result<(JobType, Template), Problem> {
    call.no_params()?;
    let actor = &call.caller.actor;
    actor
        .use_models()
        .map_err(|denial| Problem::denied(denial, "template"))?;
    let kind = call.name("kind")?;
    Ok((kind, Template::of(kind)))
}

/// What a CSV file should look like: its header and one example row
#[utoipa::path(
    get,
    path = super::CSV_TEMPLATE,
    tag = "Bulk uploads",
    operation_id = "get_csv_template",
    params(("kind" = JobTypeName, Path)),
    responses((status = 200, description = "A file that can be filled in and sent", body = String, content_type = "text/csv"))
)]
pub(crate) async fn csv(call: Authenticated) -> Answer {
    let (kind, template) = template(&call)?;
    let header = template
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let example = template
        .columns
        .iter()
        .map(|column| column.example.clone())
        .collect();
    Ok(export::attachment(&format!("accunode-{kind}")).body(export::csv([header, example])))
}

/// What a workbook should look like: header and example row, and the meaning of each column
#[utoipa::path(
    get,
    path = super::XLSX_TEMPLATE,
    tag = "Bulk uploads",
    operation_id = "get_xlsx_template",
    params(("kind" = JobTypeName, Path)),
    responses((status = 200, description = "A file that can be filled in and sent", body = BinaryFile, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
)]
pub(crate) async fn xlsx(call: Authenticated) -> Answer {
    let (kind, template) = template(&call)?;
    let bytes = workbook(&template).map_err(|cause| Error::Internal(Box::new(cause)))?;
    Ok(HttpResponse::Ok()
        .content_type(Media::Xlsx.media_type())
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"accunode-{kind}.xlsx\""),
        ))
        .body(bytes))
}

/// The first sheet is the one that is read when the workbook is uploaded.
fn workbook(template: &Template) -> Result<Vec<u8>, XlsxError> {
    let bold = Format::new().set_bold();
    let mut workbook = Workbook::new();
    let data = workbook.add_worksheet().set_name("data")?;
    for (at, column) in (0_u16..).zip(&template.columns) {
        data.write_string_with_format(0, at, &column.name, &bold)?;
        match column.example.parse::<f64>() {
            Ok(number) => data.write_number(1, at, number)?,
            Err(_) => data.write_string(1, at, &column.example)?,
        };
    }
    data.autofit();
    let columns = workbook.add_worksheet().set_name("columns")?;
    for (at, title) in (0_u16..).zip(["column", "meaning", "example"]) {
        columns.write_string_with_format(0, at, title, &bold)?;
    }
    for (at, column) in (1_u32..).zip(&template.columns) {
        columns.write_string(at, 0, &column.name)?;
        columns.write_string(at, 1, &column.meaning)?;
        columns.write_string(at, 2, &column.example)?;
    }
    columns.autofit();
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_workbook_exists_for_every_job_type() {
        for job_type in JobType::ALL {
            let bytes = workbook(&Template::of(job_type)).unwrap();
            assert!(bytes.starts_with(b"PK"));
        }
    }
}
