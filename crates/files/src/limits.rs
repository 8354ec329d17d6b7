//! How much of a stranger's file is read at most.

/// Bounds on what is read from one file. A file beyond one of them is refused with
/// a fault that names the bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after inflating a .csv.gz, or of the sheet of a workbook.
    pub inflated_bytes: u64,
    /// Inflated bytes per stored byte, once more than [`Limits::RATIO_FLOOR`] came out.
    pub inflated_ratio: u64,
    /// Files inside a workbook.
    pub workbook_entries: usize,
    /// Inflated bytes of a workbook's shared strings, which are held in memory.
    pub shared_strings_bytes: u64,
    /// Columns of a row.
    pub columns: usize,
    /// Characters of a cell; a spreadsheet allows no more.
    pub cell_chars: usize,
    /// Bytes of a row.
    pub row_bytes: usize,
}

impl Limits {
    /// Less than this is never called a bomb, however well it was packed.
    pub const RATIO_FLOOR: u64 = 16 << 20;

    /// Whether `inflated` bytes out of `stored` ones are a bomb.
    pub(crate) const fn is_bomb(&self, stored: u64, inflated: u64) -> bool {
        inflated > Self::RATIO_FLOOR && inflated / self.inflated_ratio > stored
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inflated_bytes: 4 << 30,
            inflated_ratio: 200,
            workbook_entries: 1_000,
            shared_strings_bytes: 256 << 20,
            columns: 256,
            cell_chars: 32_767,
            row_bytes: 1 << 20,
        }
    }
}
