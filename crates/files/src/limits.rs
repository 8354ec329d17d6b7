//! Limits on reading an untrusted file.

/// Limits on what is read from one file. A file beyond one of them is refused with a fault
/// that names the limit.
///
/// Counts that a file states about itself are never trusted: the limits apply to what the
/// file really unpacks to and really contains. They keep honest files within the resources
/// of the parser process; that process's own limits ([`crate::ParserSettings`]) apply to
/// everything else.
/// ([`crate::ParserSettings`]) hold for everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after inflating a .csv.gz, or all parts of a workbook together.
    pub inflated_bytes: u64,
    /// Inflated bytes per stored byte, checked once more than [`Limits::RATIO_FLOOR`] were
    /// inflated; for each part of a workbook and for the whole.
    pub inflated_ratio: u64,
    /// Parts (zip entries) of a workbook, whatever their names.
    pub workbook_parts: u64,
    /// Sheets that a workbook lists.
    pub sheets: u64,
    /// Inflated bytes of each part that a worksheet relationship resolves to.
    pub sheet_bytes: u64,
    /// Inflated bytes of shared strings, which are held in memory.
    pub shared_strings_bytes: u64,
    /// Number of shared strings.
    pub shared_strings: u64,
    /// Inflated bytes of the workbook part, styles, theme and relationships, which are
    /// held in memory as objects.
    pub small_part_bytes: u64,
    /// Number of tags in such a part.
    pub small_part_tags: u64,
    /// Inflated bytes of a part that is never read, such as an image.
    pub other_part_bytes: u64,
    /// Number of cells of a sheet.
    pub cells: u64,
    /// Bytes from one tag to the next in a part that is read.
    pub markup_bytes: u64,
    /// Columns of a row.
    pub columns: usize,
    /// Characters of a cell; a spreadsheet allows no more.
    pub cell_chars: usize,
    /// Bytes of a row.
    pub row_bytes: usize,
    /// Bytes of all rows of a workbook together: one shared string can be in any number of
    /// cells.
    pub text_bytes: u64,
    /// Number of merged areas of a sheet, which are held in memory.
    pub merged_areas: u64,
    /// Bytes of the first rows of all tables of a file together.
    pub peek_bytes: u64,
}

impl Limits {
    /// Fewer inflated bytes than this never count as a bomb, however strongly they were
    /// compressed.
    pub const RATIO_FLOOR: u64 = 16 << 20;

    /// Returns whether `inflated` bytes out of `stored` ones are a bomb.
    pub(crate) const fn is_bomb(&self, stored: u64, inflated: u64) -> bool {
        inflated > Self::RATIO_FLOOR && inflated / self.inflated_ratio > stored
    }

    /// Returns the limits as numbers, for the parser process; [`Self::from_numbers`] reads
    /// them.
    pub(crate) const fn to_numbers(&self) -> [u64; Self::NUMBERS] {
        [
            self.inflated_bytes,
            self.inflated_ratio,
            self.workbook_parts,
            self.sheets,
            self.sheet_bytes,
            self.shared_strings_bytes,
            self.shared_strings,
            self.small_part_bytes,
            self.small_part_tags,
            self.other_part_bytes,
            self.cells,
            self.markup_bytes,
            self.columns as u64,
            self.cell_chars as u64,
            self.row_bytes as u64,
            self.text_bytes,
            self.merged_areas,
            self.peek_bytes,
        ]
    }

    /// The number of these numbers.
    pub(crate) const NUMBERS: usize = 18;

    /// Returns the limits that [`Self::to_numbers`] wrote.
    pub(crate) fn from_numbers(numbers: [u64; Self::NUMBERS]) -> Option<Self> {
        let [
            inflated_bytes,
            inflated_ratio,
            workbook_parts,
            sheets,
            sheet_bytes,
            shared_strings_bytes,
            shared_strings,
            small_part_bytes,
            small_part_tags,
            other_part_bytes,
            cells,
            markup_bytes,
            columns,
            cell_chars,
            row_bytes,
            text_bytes,
            merged_areas,
            peek_bytes,
        ] = numbers;
        (inflated_ratio > 0).then_some(Self {
            inflated_bytes,
            inflated_ratio,
            workbook_parts,
            sheets,
            sheet_bytes,
            shared_strings_bytes,
            shared_strings,
            small_part_bytes,
            small_part_tags,
            other_part_bytes,
            cells,
            markup_bytes,
            columns: usize::try_from(columns).ok()?,
            cell_chars: usize::try_from(cell_chars).ok()?,
            row_bytes: usize::try_from(row_bytes).ok()?,
            text_bytes,
            merged_areas,
            peek_bytes,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inflated_bytes: 4 << 30,
            inflated_ratio: 200,
            workbook_parts: 1_000,
            sheets: 256,
            sheet_bytes: 2 << 30,
            shared_strings_bytes: 64 << 20,
            shared_strings: 1 << 20,
            small_part_bytes: 8 << 20,
            small_part_tags: 200_000,
            other_part_bytes: 256 << 20,
            cells: 64 << 20,
            markup_bytes: 1 << 20,
            columns: 256,
            cell_chars: 32_767,
            row_bytes: 1 << 20,
            text_bytes: 512 << 20,
            merged_areas: 1 << 18,
            peek_bytes: 8 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_round_trip_through_parser_arguments() {
        let numbers: [u64; Limits::NUMBERS] = std::array::from_fn(|n| n as u64 + 1);
        let limits = Limits::from_numbers(numbers).unwrap();
        assert_eq!(limits.to_numbers(), numbers);
        let limits = Limits::default();
        assert_eq!(Limits::from_numbers(limits.to_numbers()), Some(limits));
    }
}
