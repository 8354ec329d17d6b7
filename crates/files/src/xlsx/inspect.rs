//! Inspects a workbook completely before any of it is trusted.

use std::{
    collections::HashMap,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use accunode_ports::files::OpenError;
use zip::ZipArchive;

use super::{
    count::{RowCounter, SheetCount},
    package::{self, Prefix},
    relations::{Parts, Role},
    tags::TagCounter,
};
use crate::{Limits, fault, progress::Progress};

/// A workbook that has been inspected.
#[derive(Debug)]
pub(super) struct Inspected {
    /// The end of its archive.
    pub(super) end: u64,
    pub(super) parts: Parts,
    /// The counts of each sheet, by the index of its part.
    pub(super) counts: HashMap<usize, SheetCount>,
}

/// Inspects a workbook: its directory and every part, unpacked once without keeping the
/// result. Truncation, damage, false sizes and excessive sizes are found here, before a row
/// has been returned.
pub(super) fn inspect_workbook<R: Read + Seek>(
    mut file: R,
    limits: &Limits,
    progress: &Progress,
) -> Result<(R, Inspected), OpenError> {
    let broken = |e: io::Error| progress.broken("the workbook", &e);
    let size = file.seek(SeekFrom::End(0)).map_err(broken)?;
    let end = package::end(&mut file)
        .map_err(broken)?
        .ok_or_else(|| progress.blame(fault::malformed("the workbook is cut off or damaged")))?;
    let damaged = |error: &dyn std::fmt::Display| {
        let more = if end.at < size {
            "; bytes follow the archive: open it in a spreadsheet and save it again"
        } else {
            ""
        };
        progress.blame(fault::malformed(format!(
            "the workbook is cut off or damaged: {error}{more}"
        )))
    };
    let too_many_parts = || fault::too_many("the workbook", "parts", limits.workbook_parts);
    if end.entries > limits.workbook_parts {
        return Err(too_many_parts());
    }
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    let mut archive =
        ZipArchive::new(BufReader::new(Prefix::new(file, end.at))).map_err(|e| damaged(&e))?;
    if archive.len() as u64 > limits.workbook_parts {
        return Err(too_many_parts());
    }
    let parts = Parts::resolve(&mut archive, limits)?;
    let mut counts = HashMap::new();
    let mut total = 0;
    let mut merged = 0;
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
        let mut rows = (*role == Role::Sheet).then(RowCounter::default);
        let inflated = bounds.look_through(part, rows.as_mut(), merged)?;
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
        if let Some(rows) = rows {
            merged += rows.merged();
            let count = rows.finish();
            if count.blocks > 1 {
                return Err(damaged(&format!("{shown} has rows in two places")));
            }
            counts.insert(index, count);
        }
    }
    let file = archive.into_inner().into_inner().into_inner();
    Ok((
        file,
        Inspected {
            end: end.at,
            parts,
            counts,
        },
    ))
}

/// The limits of one part.
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

    /// Unpacks a part without keeping the result; returns its length.
    ///
    /// `rows` counts the rows of a sheet; other sheets have `merged` areas already.
    fn look_through(
        &self,
        mut part: impl Read,
        mut rows: Option<&mut RowCounter>,
        merged: u64,
    ) -> Result<u64, OpenError> {
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
                // XML with two bytes a character, whose tags would not be counted.
                if bytes.contains(&0) {
                    return Err(fault::malformed(format!(
                        "the workbook's part {} is not UTF-8",
                        self.name
                    )));
                }
                tags.feed(bytes);
                self.check(&tags)?;
                if let Some(rows) = &mut rows {
                    rows.feed(bytes);
                    let most = self.limits.merged_areas;
                    if merged + rows.merged() > most {
                        return Err(fault::too_many(self.name, "merged areas", most));
                    }
                }
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

#[cfg(test)]
mod tests;
