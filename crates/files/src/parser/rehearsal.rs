//! Both ends of the pipe in one process, for fuzzing.

use std::fs::File;

use super::{
    child::answer,
    frame::{Allowance, Frame, FrameReader, FrameWriter},
    request::Request,
};
use crate::{parse::Task, rows::Books};

/// Reads a file as a parser process does, and its frames as the service does.
///
/// # Errors
/// A defect, whatever the file is.
pub(crate) fn rehearse(request: &Request, file: File) -> Result<(), String> {
    let mut spoken = Vec::new();
    answer(request, file, FrameWriter::new(&mut spoken)).map_err(|e| format!("unwritten: {e}"))?;
    let limits = request.limits.clone();
    let allowance = match request.task {
        Task::Peek { .. } => Allowance::of_peek(&limits),
        Task::Read { .. } => Allowance::of_text(limits.text_bytes.max(limits.inflated_bytes)),
    };
    let last_skipped = request.task.last_skipped();
    let mut frames = FrameReader::new(&spoken[..], limits, last_skipped, allowance);
    let mut books = Books::of(request.format);
    let (mut has_table, mut in_table) = (false, false);
    loop {
        match frames.next().map_err(|error| error.to_string())? {
            Frame::Table(_) if !in_table => (has_table, in_table) = (true, true),
            Frame::Rows(rows, _) if in_table => books.enter(&rows),
            Frame::TableEnd(end) if in_table => {
                in_table = false;
                if let Some(tally) = end.tally
                    && !books.agree_with(tally)
                {
                    return Err(format!("{books:?} of {tally:?}"));
                }
            }
            Frame::End if !has_table || in_table => return Err("an end too early".to_owned()),
            Frame::End | Frame::Fault(..) => return Ok(()),
            other => return Err(format!("out of order: {other:?}")),
        }
    }
}
