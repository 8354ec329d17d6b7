//! A workbook is looked through whole before any of it is believed.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use accunode_ports::files::OpenError;
use zip::ZipArchive;

use super::{
    relations::{Parts, Role, stated_counts},
    tags::TagCounter,
};
use crate::{Limits, fault, progress::Progress};

/// Looks a workbook through: its directory and every part, unpacked once to nowhere.
/// What is cut off, damaged, lying about its size or too large is found here, before a
/// row has been handed on.
pub(super) fn inspect_workbook<R: Read + Seek>(
    mut file: R,
    limits: &Limits,
    progress: &Progress,
) -> Result<R, OpenError> {
    let broken = |e: io::Error| progress.broken("the workbook", &e);
    let size = file.seek(SeekFrom::End(0)).map_err(broken)?;
    let entries = entries_in_directory(&mut file)
        .map_err(broken)?
        .ok_or_else(|| progress.blame(fault::malformed("the workbook is cut off or damaged")))?;
    let damaged = |error: &dyn std::fmt::Display| {
        progress.blame(fault::malformed(format!(
            "the workbook is cut off or damaged: {error}"
        )))
    };
    let too_many_parts = || fault::too_many("the workbook", "parts", limits.workbook_parts);
    if entries > limits.workbook_parts {
        return Err(too_many_parts());
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(&e))?;
    if archive.len() as u64 > limits.workbook_parts {
        return Err(too_many_parts());
    }
    let parts = Parts::resolve(&mut archive, limits)?;
    let mut total = 0;
    for (index, (name, role)) in parts.parts.iter().enumerate() {
        let shown = accunode_domain::fault::shorten(name);
        let part = archive.by_index(index).map_err(|e| damaged(&e))?;
        let (packed, stated) = (part.compressed_size().min(size), part.size());
        let bounds = Bounds {
            name: &shown,
            role: *role,
            packed,
            limits,
            progress,
        };
        let inflated = bounds.look_through(part)?;
        if inflated != stated {
            return Err(damaged(&format!("{shown} is not of the size it states")));
        }
        total += inflated;
        if total > limits.inflated_bytes {
            return Err(fault::too_large_inflated(
                "the workbook",
                limits.inflated_bytes,
            ));
        }
        if limits.is_bomb(size, total) {
            return Err(fault::bomb("the workbook", limits.inflated_ratio));
        }
        if *role == Role::SharedStrings {
            let part = archive.by_index(index).map_err(|e| damaged(&e))?;
            // calamine reserves memory for what is stated here.
            let most = u128::from(limits.shared_strings);
            if stated_counts(part).into_iter().any(|count| count > most) {
                return Err(fault::too_complex(format_args!(
                    "{shown} states more than {most} texts"
                )));
            }
        }
    }
    if !parts.is_workbook {
        return Err(fault::unreadable(
            "unsupported_format",
            "the file is named .xlsx, but its bytes look like a zip archive that is no Excel \
            workbook (an .xlsb or .ods must be saved as .xlsx)",
        ));
    }
    Ok(archive.into_inner().into_inner())
}

/// What one part may be.
struct Bounds<'a> {
    name: &'a str,
    role: Role,
    packed: u64,
    limits: &'a Limits,
    progress: &'a Progress,
}

impl Bounds<'_> {
    const fn bytes(&self) -> u64 {
        match self.role {
            Role::Sheet => self.limits.sheet_bytes,
            Role::SharedStrings => self.limits.shared_strings_bytes,
            Role::Workbook | Role::Small => self.limits.small_part_bytes,
            Role::Other => self.limits.other_part_bytes,
        }
    }

    /// Unpacks a part to nowhere; how long it is.
    fn look_through(&self, mut part: impl Read) -> Result<u64, OpenError> {
        let mut tags = TagCounter::new(match self.role {
            Role::Sheet => "c",
            Role::SharedStrings => "si",
            Role::Workbook => "sheet",
            Role::Small | Role::Other => "",
        });
        let mut buffer = vec![0; 64 << 10];
        let mut inflated = 0_u64;
        loop {
            let n = match part.read(&mut buffer) {
                Ok(0) => return Ok(inflated),
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    let what = format!("the workbook's part {}", self.name);
                    return Err(self.progress.broken(&what, &e));
                }
            };
            inflated += n as u64;
            if inflated > self.bytes() {
                return Err(fault::too_large_inflated(self.name, self.bytes()));
            }
            if self.limits.is_bomb(self.packed, inflated) {
                return Err(fault::bomb(self.name, self.limits.inflated_ratio));
            }
            if self.role != Role::Other {
                let bytes = buffer.get(..n).unwrap_or_default();
                // XML of two bytes a character, whose tags would not be counted.
                if bytes.contains(&0) {
                    return Err(fault::malformed(format!(
                        "the workbook's part {} is not UTF-8",
                        self.name
                    )));
                }
                tags.feed(bytes);
                self.check(&tags)?;
            }
        }
    }

    fn check(&self, tags: &TagCounter) -> Result<(), OpenError> {
        if tags.longest_run() > self.limits.markup_bytes {
            return Err(fault::malformed(format!(
                "the workbook's part {} contains a text that is longer than a spreadsheet allows",
                self.name
            )));
        }
        let (found, most, kind) = match self.role {
            Role::Sheet => (tags.named(), self.limits.cells, "cells"),
            Role::SharedStrings => (tags.named(), self.limits.shared_strings, "texts"),
            Role::Workbook if tags.named() > self.limits.sheets => {
                (tags.named(), self.limits.sheets, "sheets")
            }
            Role::Workbook | Role::Small => (tags.all(), self.limits.small_part_tags, "tags"),
            Role::Other => return Ok(()),
        };
        if found > most {
            return Err(fault::too_many(self.name, kind, most));
        }
        Ok(())
    }
}

/// How many entries the end of a zip file tells of; none where it has no plain end.
///
/// Asked before a zip library reads the directory, which may list millions. The
/// last signature must be the end itself, so that library and check see the same.
fn entries_in_directory<R: Read + Seek>(file: &mut R) -> io::Result<Option<u64>> {
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
    Ok((end.len() == RECORD + number(comment)).then(|| number(count) as u64))
}

#[cfg(test)]
mod tests;
