//! The form of an upload: fields in any order, with the file streamed to the store while it
//! arrives. A file that does not become a job is removed, whatever happens to the request.

use std::{fmt::Display, str::FromStr, time::Duration};

use accunode_application::{
    RowLevel,
    bulk_uploads::{BulkUploads, SubmitUpload},
};
use accunode_domain::{
    fault::{Fault, shorten},
    id::OrganizationId,
    intake::ColumnUnits,
    job::{JobOptions, JobType},
    owner::AccessLevel,
    prediction::Kind,
    text::clean_text,
};
use accunode_ports::{error::Cause, files::StoredFile};
use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt, channel::mpsc};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::filename;
use crate::http::{
    enums::{
        AccessLevelName, DecimalMarkName, JobTypeName, OnConflictName, OtherCompanyName,
        RatioUnitName,
    },
    problem::Problem,
    timeout,
};

const NAMES: [&str; 12] = [
    "job_type",
    "access_level",
    "organization_id",
    "ratio_unit",
    "on_conflict",
    "dry_run",
    "confirm_units",
    "units",
    "decimal",
    "sheet",
    "other_company",
    "force",
];
/// Fields that do not apply to a file of outcomes.
const OF_STATEMENTS: [&str; 6] = [
    "ratio_unit",
    "on_conflict",
    "confirm_units",
    "units",
    "decimal",
    "other_company",
];
/// The greatest length of a sheet name, in characters; spreadsheets allow 31.
const SHEET_LENGTH: usize = 255;
/// The greatest length of a text field, in bytes.
const TEXT_LIMIT: usize = 1_024;
/// How long the rest of a refused file is read and discarded.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of an unused part that are read and discarded, so that other faults of the form
/// can be reported.
const DRAIN_LIMIT: usize = 16 << 20;
/// The most parts of a form.
const PARTS: usize = 50;

/// The form of an upload.
#[derive(Debug, ToSchema)]
#[schema(as = NewBulkUpload)]
#[expect(dead_code, reason = "the schema of a form that is read field by field")]
pub(crate) struct FormSchema {
    /// A .csv, .tsv, .txt, .csv.gz, .xlsx or .xlsm file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    #[schema(value_type = JobTypeName)]
    job_type: String,
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<String>,
    organization_id: Option<uuid::Uuid>,
    #[schema(value_type = Option<RatioUnitName>)]
    ratio_unit: Option<String>,
    #[schema(value_type = Option<OnConflictName>)]
    on_conflict: Option<String>,
    /// Everything but storing. `1`, `yes` and `on` mean true as well, here and in the other flags.
    dry_run: Option<bool>,
    /// The numbers are right although they look wrong: faults that would reject the file become
    /// warnings.
    confirm_units: Option<bool>,
    /// The units of single columns, which go before `ratio_unit`:
    /// `net_income_margin:percent,return_on_assets:fraction`.
    units: Option<String>,
    /// What separates the decimals of numbers in a text file, and of texts in a workbook. Without it
    /// the file must show it.
    #[schema(value_type = Option<DecimalMarkName>)]
    decimal: Option<String>,
    /// The sheet of a workbook that is read. Without it the only one that has the columns.
    #[schema(max_length = 255)]
    sheet: Option<String>,
    /// What happens to a row whose name, exchange or country suggests that its symbol belongs to
    /// another company: `warn` stores it and warns, `error` does not store it.
    #[schema(value_type = Option<OtherCompanyName>)]
    other_company: Option<String>,
    /// Whether the upload may repeat an earlier one.
    force: Option<bool>,
}

/// A received file. It is removed unless it is taken.
#[derive(Debug)]
struct Received {
    bulk: BulkUploads,
    file: Option<StoredFile>,
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let bulk = self.bulk.clone();
            bulk.tasks()
                .clone()
                .background(async move { bulk.discard(&file).await });
        }
    }
}

/// A form that has been read.
pub(super) struct Form {
    received: Received,
    upload: SubmitUpload,
    /// The access level of its rows.
    pub(super) level: Option<AccessLevel>,
    /// The fields, with the file represented by its SHA-256, for the fingerprint of the request.
    pub(super) fields: Value,
}

impl Form {
    /// Returns the upload, for rows of this level, and passes its file to the use case.
    pub(super) fn take(mut self, level: Option<RowLevel>) -> SubmitUpload {
        self.received.file = None;
        SubmitUpload {
            access_level: level,
            ..self.upload
        }
    }
}

/// The parts that have been read so far.
struct Reading {
    received: Received,
    filename: Option<String>,
    files: usize,
    fields: Map<String, Value>,
    faults: Vec<Fault>,
}

/// Reads a form completely.
///
/// # Errors
/// 415 if the body is not a form, 413, 400 if it is malformed, 422 with all its faults.
pub(super) async fn read(bulk: &BulkUploads, mut form: Multipart) -> Result<Form, Problem> {
    let mut reading = Reading {
        received: Received {
            bulk: bulk.clone(),
            file: None,
        },
        filename: None,
        files: 0,
        fields: Map::new(),
        faults: Vec::new(),
    };
    let mut parts = 0;
    while let Some(field) = timeout::next(&mut form).await? {
        let field = field.map_err(broken)?;
        parts += 1;
        if parts > PARTS {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed_form",
                format!("the form has more than {PARTS} parts"),
            ));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            reading.file(field).await?;
        } else {
            reading.text(name, field).await?;
        }
    }
    reading.finish()
}

impl Reading {
    async fn file(&mut self, field: Field) -> Result<(), Problem> {
        self.files += 1;
        if self.files > 1 {
            return drain(field).await;
        }
        let given = filename::given(field.content_disposition());
        let bulk = self.received.bulk.clone();
        let (file, head) = receive(&bulk, field).await?;
        self.received.file = Some(file);
        self.filename = Some(filename::completed(&given, &head));
        Ok(())
    }

    async fn text(&mut self, name: String, mut field: Field) -> Result<(), Problem> {
        let pointer = format!("/{}", shorten(&name));
        if !NAMES.contains(&name.as_str()) {
            self.note(
                &pointer,
                "unknown_field",
                format!(
                    "{:?} is not a field of this form; these are: file, {}",
                    shorten(&name),
                    NAMES.join(", ")
                ),
            );
            return drain(field).await;
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = timeout::next(&mut field).await? {
            let chunk = chunk.map_err(broken)?;
            if bytes.len() + chunk.len() > TEXT_LIMIT {
                self.note(
                    &pointer,
                    "too_long",
                    format!("has more than {TEXT_LIMIT} bytes"),
                );
                return drain(field).await;
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        if self.fields.contains_key(&name) {
            self.note(
                &pointer,
                "duplicate_field",
                "is given twice; which one is meant?",
            );
        } else if !text.is_empty() {
            self.fields.insert(name, text.into());
        }
        Ok(())
    }

    fn note(&mut self, pointer: &str, code: &str, detail: impl Into<String>) {
        self.faults.push(Fault::new(pointer, code, detail));
    }

    fn get<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let value = self.fields.get(name)?.as_str()?.to_owned();
        match value.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(
                    &format!("/{name}"),
                    "unknown_value",
                    format!("{:?}: {error}", shorten(&value)),
                );
                None
            }
        }
    }

    /// Reads a flag in the spelling of the client's language: Python's is `True`, and forms and
    /// shells send `1` and `on`.
    fn flag(&mut self, name: &str) -> bool {
        let Some(Value::String(text)) = self.fields.get_mut(name) else {
            return false;
        };
        let Some(flag) = parse_flag(text) else {
            let detail = format!("{:?} is neither true nor false", shorten(text));
            self.note(&format!("/{name}"), "unknown_value", detail);
            return false;
        };
        // One spelling, so that the same request has the same fingerprint.
        *text = flag.to_string();
        flag
    }

    fn units(&mut self, kind: Option<Kind>) -> ColumnUnits {
        let (Some(kind), Some(text)) = (kind, self.fields.get("units").and_then(Value::as_str))
        else {
            return ColumnUnits::default();
        };
        match ColumnUnits::parse(kind, text) {
            Ok(units) => units,
            Err(faults) => {
                self.faults.extend(faults);
                ColumnUnits::default()
            }
        }
    }

    /// Outcomes have no ratios, and are never overwritten.
    fn only_for_statements(&mut self) {
        let given: Vec<_> = OF_STATEMENTS
            .into_iter()
            .filter(|name| self.fields.contains_key(*name))
            .collect();
        for name in given {
            self.note(
                &format!("/{name}"),
                "not_for_outcomes",
                "is about statements that are scored; leave it out for a file of outcomes",
            );
        }
    }

    fn sheet(&mut self) -> Option<String> {
        let name = self.fields.get("sheet")?.as_str()?.to_owned();
        match clean_text("/sheet", &name, SHEET_LENGTH) {
            Ok(name) => Some(name),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    fn finish(mut self) -> Result<Form, Problem> {
        match self.files {
            0 => self.note("/file", "required", "the form has no file"),
            1 => {}
            n => self.note(
                "/file",
                "several_files",
                format!("the form has {n} files; send one at a time"),
            ),
        }
        if !self.fields.contains_key("job_type") {
            self.note(
                "/job_type",
                "required",
                "say whether the file has annual or quarterly statements, or outcomes",
            );
        }
        let job_type: Option<JobType> = self.get("job_type");
        if job_type == Some(JobType::Outcomes) {
            self.only_for_statements();
        }
        let kind = job_type.and_then(JobType::kind);
        let level = self.get("access_level");
        let organization = self
            .get::<uuid::Uuid>("organization_id")
            .map(OrganizationId);
        let options = JobOptions {
            ratio_unit: self.get("ratio_unit").unwrap_or_default(),
            on_conflict: self.get("on_conflict").unwrap_or_default(),
            dry_run: self.flag("dry_run"),
            confirm_units: self.flag("confirm_units"),
            units: self.units(kind),
            decimal: self.get("decimal"),
            sheet: self.sheet(),
            other_company: self.get("other_company").unwrap_or_default(),
        };
        let force = self.flag("force");
        let (Some(job_type), Some(file), Some(original_filename), true) = (
            job_type,
            self.received.file.clone(),
            self.filename.clone(),
            self.faults.is_empty(),
        ) else {
            return Err(Problem::faults(self.faults));
        };
        let mut fields = self.fields;
        fields.insert("file".to_owned(), file.sha256.clone().into());
        Ok(Form {
            fields: Value::Object(fields),
            upload: SubmitUpload {
                file,
                original_filename,
                job_type,
                access_level: None,
                organization,
                options,
                force,
            },
            level,
            received: self.received,
        })
    }
}

/// Streams a part into the file store. The channel is needed because a part stays on its thread; it
/// holds a few chunks, so a slow store slows the client down.
///
/// Also returns the first bytes.
async fn receive(bulk: &BulkUploads, mut field: Field) -> Result<(StoredFile, Vec<u8>), Problem> {
    let (mut sender, receiver) = mpsc::channel::<Result<Bytes, Cause>>(4);
    // A part must not be polled again after its end.
    let mut has_ended = false;
    let mut head = Vec::with_capacity(filename::HEAD);
    let mut too_slow = None;
    let pump = async {
        while !has_ended {
            let chunk = match timeout::next(&mut field).await {
                Ok(None) => {
                    has_ended = true;
                    break;
                }
                Ok(Some(chunk)) => chunk.map_err(|error| Cause::from(error.to_string())),
                Err(silent) => {
                    let cause = Cause::from(silent.to_string());
                    too_slow = Some(silent);
                    Err(cause)
                }
            };
            has_ended = chunk.is_err();
            if let (Ok(chunk), Some(room)) = (&chunk, filename::HEAD.checked_sub(head.len())) {
                head.extend(chunk.iter().take(room));
            }
            // The store stopped reading: the file is too large, or the store failed.
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
        // Signals the end of the file to the store.
        sender.close_channel();
    };
    let (file, ()) = futures::join!(bulk.receive(receiver.boxed()), pump);
    if let Some(silent) = too_slow {
        return Err(silent);
    }
    if file.is_err() && !has_ended {
        // A client that is still sending would not see the answer, so it gets some time.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(field)).await;
    }
    Ok((file?, head))
}

/// Reads and discards an unused part, up to a limit.
async fn drain(mut field: Field) -> Result<(), Problem> {
    let mut left = DRAIN_LIMIT;
    while let Some(chunk) = timeout::next(&mut field).await? {
        let length = chunk.map_err(broken)?.len();
        left = left.checked_sub(length).ok_or_else(|| {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                format!("a part of the form that is not used has more than {DRAIN_LIMIT} bytes"),
            )
        })?;
    }
    Ok(())
}

fn broken(error: MultipartError) -> Problem {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send the upload as `Content-Type: multipart/form-data`",
        ),
        other => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed_form",
            format!("the form cannot be read: {other}"),
        ),
    }
}

/// Returns the meaning of a flag in any of its spellings.
fn parse_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_is_read_in_the_spellings_of_languages_and_forms() {
        for text in ["true", "True", "TRUE", "1", "yes", "on"] {
            assert_eq!(parse_flag(text), Some(true), "{text}");
        }
        for text in ["false", "False", "0", "no", "off"] {
            assert_eq!(parse_flag(text), Some(false), "{text}");
        }
        for text in ["", "2", "ja", "confirm"] {
            assert_eq!(parse_flag(text), None, "{text}");
        }
    }
}
