//! Unpacking what a stranger packed: never more than the limits allow, and a
//! workbook is looked through whole before any of it is believed.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use accunode_ports::files::OpenError;
use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;

use crate::{Limits, fault, progress::Progress};

/// Why unpacking was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Beyond {
    #[error("too many bytes per packed byte")]
    Ratio,
    #[error("too many bytes")]
    Size,
}

/// The inflated bytes of a gzip stream, under the limits.
pub(crate) struct Inflated<R> {
    inner: MultiGzDecoder<BufReader<R>>,
    limits: Limits,
    progress: Progress,
    inflated: u64,
}

impl<R: Read> Inflated<R> {
    /// Inflates `packed`, whose reads `progress` counts.
    pub(crate) fn new(packed: R, limits: &Limits, progress: &Progress) -> Self {
        Self {
            inner: MultiGzDecoder::new(BufReader::with_capacity(64 << 10, packed)),
            limits: limits.clone(),
            progress: progress.clone(),
            inflated: 0,
        }
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.inflated += n as u64;
        if self.inflated > self.limits.inflated_bytes {
            return Err(io::Error::other(Beyond::Size));
        }
        if self.limits.is_bomb(self.progress.bytes(), self.inflated) {
            return Err(io::Error::other(Beyond::Ratio));
        }
        Ok(n)
    }
}

/// The text between two tags of a sheet is read into memory at once: no cell needs more.
const MARKUP_RUN: usize = 1 << 20;
/// Styles, relations and the like are read into memory whole.
const SMALL_PART: u64 = 64 << 20;
const WORKBOOK: &str = "xl/workbook.xml";
const SHARED_STRINGS: &str = "xl/sharedstrings.xml";

/// Looks a workbook through: its directory, and every part that will be read,
/// unpacked once to nowhere. What is cut off, damaged, lying about its size or
/// too large is found here, before a row has been handed on.
pub(crate) fn inspect_workbook<R: Read + Seek>(
    mut file: R,
    limits: &Limits,
    progress: &Progress,
) -> Result<R, OpenError> {
    let entries = entries_in_directory(&mut file)
        .map_err(|e| progress.broken("the workbook", &e))?
        .ok_or_else(|| progress.blame(fault::malformed("the workbook is cut off or damaged")))?;
    if entries > limits.workbook_entries {
        return Err(fault::malformed(format!(
            "the workbook contains {entries} parts; at most {} are allowed",
            limits.workbook_entries
        )));
    }
    let damaged = |error: &dyn std::fmt::Display| {
        progress.blame(fault::malformed(format!(
            "the workbook is cut off or damaged: {error}"
        )))
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(&e))?;
    let mut found = false;
    let mut total = 0;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|e| damaged(&e))?;
        let name = String::from_utf8_lossy(part.name_raw()).to_ascii_lowercase();
        found |= name == WORKBOOK;
        if !name.ends_with(".xml") && !name.ends_with(".rels") {
            continue;
        }
        let is_sheet = name.starts_with("xl/worksheets/");
        let limit = match name.as_str() {
            SHARED_STRINGS => limits.shared_strings_bytes,
            _ if is_sheet => limits.inflated_bytes,
            _ => SMALL_PART,
        };
        let (packed, claimed) = (part.compressed_size(), part.size());
        let inflated = look_through(part, packed, limit, limits, is_sheet).map_err(|e| match e
            .get_ref()
            .and_then(|e| e.downcast_ref::<Beyond>())
        {
            Some(Beyond::Ratio) => fault::bomb(&name, limits.inflated_ratio),
            Some(Beyond::Size) => fault::too_large_inflated(&name, limit),
            None => progress.broken(&format!("the workbook's part {name}"), &e),
        })?;
        if inflated != claimed {
            return Err(damaged(&format!("{name} is not of the size it claims")));
        }
        total += inflated;
        if total > limits.inflated_bytes {
            return Err(fault::too_large_inflated(
                "the workbook",
                limits.inflated_bytes,
            ));
        }
    }
    if !found {
        return Err(fault::unreadable(
            "unsupported_format",
            "the file is named .xlsx, but its bytes look like a zip archive that is no Excel \
            workbook (an .xlsb or .ods must be saved as .xlsx)",
        ));
    }
    Ok(archive.into_inner().into_inner())
}

/// Unpacks a part to nowhere; how long it is.
fn look_through(
    mut part: impl Read,
    packed: u64,
    limit: u64,
    limits: &Limits,
    is_sheet: bool,
) -> io::Result<u64> {
    let mut buffer = vec![0; 64 << 10];
    let (mut inflated, mut run) = (0_u64, 0_usize);
    loop {
        let n = match part.read(&mut buffer) {
            Ok(0) => return Ok(inflated),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        inflated += n as u64;
        if inflated > limit {
            return Err(io::Error::other(Beyond::Size));
        }
        if limits.is_bomb(packed, inflated) {
            return Err(io::Error::other(Beyond::Ratio));
        }
        let chunk = &buffer[..n];
        run = match chunk.iter().rposition(|b| *b == b'<') {
            Some(last) => n - last,
            None => run + n,
        };
        if is_sheet && run > MARKUP_RUN {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a cell is longer than a spreadsheet allows",
            ));
        }
    }
}

/// How many entries the end of a zip file tells of; none where it has no plain end.
///
/// Asked before a zip library reads the directory, which may list millions. The
/// last signature must be the end itself, so that library and check see the same.
fn entries_in_directory<R: Read + Seek>(file: &mut R) -> io::Result<Option<usize>> {
    const RECORD: usize = 22;
    let size = file.seek(SeekFrom::End(0))?;
    let tail = size.min(RECORD as u64 + u64::from(u16::MAX));
    file.seek(SeekFrom::Start(size - tail))?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes)?;
    file.seek(SeekFrom::Start(0))?;
    let Some(at) = bytes.windows(4).rposition(|window| window == b"PK\x05\x06") else {
        return Ok(None);
    };
    let end = &bytes[at..];
    let (Some(count), Some(comment)) = (end.get(10..12), end.get(20..22)) else {
        return Ok(None);
    };
    let number = |bytes: &[u8]| usize::from(bytes[0]) | usize::from(bytes[1]) << 8;
    Ok((end.len() == RECORD + number(comment)).then(|| number(count)))
}
