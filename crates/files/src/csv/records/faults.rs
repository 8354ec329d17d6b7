//! The faults of records that cannot be read.

use std::io::Read;

use accunode_domain::fault::{Fault, shorten};
use accunode_ports::files::OpenError;

use super::Records;
use crate::fault;

impl<R: Read> Records<'_, R> {
    /// Returns the fault of a line whose quotation is invalid.
    pub(super) fn stray(&self, end: usize) -> Fault {
        let line = String::from_utf8_lossy(&self.buffer[self.start..self.start + end]);
        let behind = line.split_once('"').map_or("", |(_, behind)| behind);
        Fault::new(
            "",
            fault::STRAY_QUOTATION,
            format!(
                "row {} (line {}): the quotation mark before {:?} opens a quotation that does \
                 not end where a cell ends, so it is not known where this row ends; write two \
                 marks for one inside a quotation, or remove it",
                self.row,
                self.line,
                shorten(behind)
            ),
        )
    }

    pub(super) fn too_long(&self) -> OpenError {
        let line = self.buffer.get(self.start..).unwrap_or_default();
        let cells = line.iter().filter(|byte| **byte == self.delimiter).count();
        if cells >= self.limits.columns {
            return fault::too_many_columns(self.row.max(1), self.limits.columns);
        }
        fault::malformed(format!(
            "row {} (line {}) is longer than {} bytes",
            self.row.max(1),
            self.line,
            self.limits.row_bytes
        ))
    }

    pub(super) fn never_closed(&self, open: usize) -> OpenError {
        let behind = self.buffer.get(self.start + open + 1..).unwrap_or_default();
        let behind = String::from_utf8_lossy(behind.get(..200).unwrap_or(behind));
        fault::malformed(format!(
            "row {} (line {}) opens a quotation that is never closed, before {:?}; every row \
             behind it would be part of that cell: remove the quotation mark, or close it",
            self.row,
            self.line,
            shorten(&behind)
        ))
    }
}
