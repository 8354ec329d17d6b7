//! Both ends of the pipe in one process, for fuzzing.

use std::fs::File;

use super::{
    child::answer,
    frame::{Frame, FrameReader, FrameWriter},
    request::Request,
};

/// Reads a file as a parser process does, and what that says as the service does.
///
/// # Errors
/// What must not happen, whatever the file is.
pub(crate) fn rehearse(request: &Request, file: File) -> Result<(), String> {
    let mut spoken = Vec::new();
    answer(request, file, FrameWriter::new(&mut spoken)).map_err(|e| format!("unwritten: {e}"))?;
    let limits = request.limits.clone();
    let text = limits.text_bytes.max(limits.inflated_bytes);
    let mut frames = FrameReader::new(&spoken[..], limits, request.after, text);
    let mut has_header = false;
    loop {
        match frames.next().map_err(|error| error.to_string())? {
            Frame::Header(..) if !has_header => has_header = true,
            Frame::Rows(..) | Frame::End if !has_header => {
                return Err("rows or an end without a header".to_owned());
            }
            Frame::Rows(..) => {}
            Frame::End | Frame::Fault(..) => return Ok(()),
            other => return Err(format!("out of order: {other:?}")),
        }
    }
}
