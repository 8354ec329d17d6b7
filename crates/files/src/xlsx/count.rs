//! Counts the rows of a sheet as its bytes are streamed, without a parser: the count is
//! independent of how the rows are read, so that both can be compared.

use crate::find::find;

/// The number of bytes of a tag that are kept: more than any relevant tag has.
const TAG: usize = 400;

/// A merged area over several rows: its value is in its first cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Merged {
    pub(super) first_row: u32,
    pub(super) last_row: u32,
    /// Its first column, from 0.
    pub(super) column: u32,
}

/// The counts of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SheetCount {
    /// How many times rows begin; a valid sheet has them in one place.
    pub(super) blocks: u32,
    /// Row elements.
    pub(super) rows: u64,
    /// The number of rows that are not blank.
    pub(super) filled: u64,
    /// Whether only a reader can decide if some rows are blank.
    pub(super) is_unsure: bool,
    /// The merged areas by first row, whatever order the sheet lists them in.
    pub(super) merged: Vec<Merged>,
}

/// Counts the rows of a sheet.
#[derive(Debug, Default)]
pub(super) struct RowCounter {
    count: SheetCount,
    state: State,
    tag: Vec<u8>,
    /// The quotation mark of the attribute that is being read.
    quote: Option<u8>,
    /// The last two bytes that were skipped.
    tail: [u8; 2],
    is_in_data: bool,
    is_in_value: bool,
    is_filled: bool,
    may_be_filled: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Tag,
    Comment,
    CData,
    Instruction,
}

impl RowCounter {
    pub(super) fn finish(mut self) -> SheetCount {
        self.count.merged.sort_unstable();
        self.count
    }

    /// Returns the number of merged areas over several rows so far.
    pub(super) fn merged(&self) -> u64 {
        self.count.merged.len() as u64
    }

    /// Reads the next bytes.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let used = match self.state {
                State::Text => self.feed_text(bytes),
                State::Tag => self.feed_tag(bytes),
                State::Comment => self.pass_over(bytes, *b"--"),
                State::CData => self.pass_over(bytes, *b"]]"),
                State::Instruction => self.pass_over(bytes, [0, b'?']),
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    fn feed_text(&mut self, bytes: &[u8]) -> usize {
        let at = find(bytes, |byte| byte == b'<');
        let text = bytes.get(..at.unwrap_or(bytes.len())).unwrap_or_default();
        self.see_text(text);
        match at {
            Some(at) => {
                self.state = State::Tag;
                self.tag.clear();
                self.quote = None;
                at + 1
            }
            None => bytes.len(),
        }
    }

    fn see_text(&mut self, text: &[u8]) {
        if self.is_in_value && !self.is_filled {
            self.is_filled = text.iter().any(|byte| !byte.is_ascii_whitespace());
            // A reference may represent a blank, and blanks need not be ASCII.
            if self.is_filled && text.iter().any(|byte| *byte == b'&' || !byte.is_ascii()) {
                self.is_filled = false;
                self.may_be_filled = true;
            }
        }
    }

    fn feed_tag(&mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            match (self.quote, byte) {
                (None, b'>') => {
                    self.state = State::Text;
                    self.end_tag();
                    return at + 1;
                }
                (None, b'"' | b'\'') => self.quote = Some(byte),
                (Some(quote), byte) if quote == byte => self.quote = None,
                _ => {}
            }
            if self.tag.len() < TAG {
                self.tag.push(byte);
            }
            self.state = match self.tag.as_slice() {
                b"!--" => State::Comment,
                b"![CDATA[" => State::CData,
                b"?" => State::Instruction,
                _ => continue,
            };
            self.tail = [0; 2];
            return at + 1;
        }
        bytes.len()
    }

    /// Skips everything up to a `>` that follows these bytes (0 is any).
    fn pass_over(&mut self, bytes: &[u8], end: [u8; 2]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            let is_end = self.tail[1] == end[1] && (end[0] == 0 || self.tail[0] == end[0]);
            if byte == b'>' && is_end {
                self.state = State::Text;
                return at + 1;
            }
            if self.state == State::CData {
                self.see_text(&[byte]);
            }
            self.tail = [self.tail[1], byte];
        }
        bytes.len()
    }

    fn end_tag(&mut self) {
        let tag = std::mem::take(&mut self.tag);
        let (is_end, rest) = match tag.as_slice() {
            [b'/', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let is_empty = rest.last() == Some(&b'/');
        let length = find(rest, |byte| byte.is_ascii_whitespace() || byte == b'/');
        let name = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let name = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
        match name {
            b"sheetData" => {
                self.count.blocks += u32::from(!is_end);
                self.is_in_data = !is_end && !is_empty;
            }
            b"row" if self.is_in_data && !is_end => {
                self.count.rows += 1;
                (self.is_filled, self.may_be_filled) = (false, false);
                if is_empty {
                    self.end_row();
                }
            }
            b"row" if self.is_in_data => self.end_row(),
            b"v" | b"t" if self.is_in_data => self.is_in_value = !is_end && !is_empty,
            b"f" if self.is_in_data => self.may_be_filled = true,
            b"mergeCell" if !is_end => self.count.merged.extend(merged(rest)),
            _ => {}
        }
        self.tag = tag;
    }

    fn end_row(&mut self) {
        self.is_in_value = false;
        if self.is_filled {
            self.count.filled += 1;
        } else {
            self.count.is_unsure |= self.may_be_filled;
        }
    }
}

/// Returns the merged area in a tag, if it has several rows.
fn merged(tag: &[u8]) -> Option<Merged> {
    let tag = std::str::from_utf8(tag).ok()?;
    let (_, behind) = tag.split_once("ref=")?;
    let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let area = behind.get(1..)?.split(quote).next()?;
    let (first, last) = area.split_once(':')?;
    let ((column, first_row), (_, last_row)) = (place(first)?, place(last)?);
    (first_row < last_row).then_some(Merged {
        first_row,
        last_row,
        column,
    })
}

/// Parses the column of a cell, from 0, and its row, from 1: `B3` is (1, 3).
pub(super) fn place(reference: &str) -> Option<(u32, u32)> {
    let reference = reference.trim();
    let letters = reference.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, row) = reference.split_at(letters);
    if letters.is_empty() || letters.len() > 3 || !row.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let column = letters.bytes().fold(0, |column, letter| {
        column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    Some((column - 1, row.parse().ok().filter(|row| *row > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<?xml version='1.0'?><!-- <row><c><v>1</v></c></row> --><x:worksheet \
        a='<row>'><x:row/><x:sheetData><x:row r=\"1\"><x:c r='A1'><x:v> 1</x:v></x:c></x:row>\
        <x:row r='2' x=\">\"/><x:row><x:c t=\"inlineStr\"><x:is><x:t>a</x:t></x:is></x:c></x:row>\
        <x:row><x:c/><x:c><x:v/></x:c><x:c><x:v>\n </x:v></x:c></x:row>\
        <x:row><x:c><x:v><![CDATA[>1]]></x:v></x:c></x:row></x:sheetData><row/>\
        <mergeCells><x:mergeCell ref='aa10:AA12'></x:mergeCell><mergeCell \
        ref=\"A2:B4\"/><mergeCell ref='C1:D1'/><mergeCell ref='A1'/></mergeCells></x:worksheet>";

    #[test]
    fn row_count_does_not_depend_on_chunk_boundaries() {
        for step in 1..XML.len() {
            let mut counter = RowCounter::default();
            for chunk in XML.as_bytes().chunks(step) {
                counter.feed(chunk);
            }
            let count = counter.finish();
            assert_eq!((count.rows, count.filled), (5, 3), "step {step}");
            assert!(!count.is_unsure);
            let merged = |first_row, last_row, column| Merged {
                first_row,
                last_row,
                column,
            };
            assert_eq!(count.merged, [merged(2, 4, 0), merged(10, 12, 26)]);
        }
    }

    #[test]
    fn row_with_only_uncomputed_formulas_may_be_blank() {
        for (row, is_unsure) in [
            ("<c><f>A1</f></c>", true),
            ("<c><f>A1</f><v/></c>", true),
            ("<c><v>&#32;</v></c>", true),
            ("<c><f>A1</f><v>2</v></c>", false),
            ("<c><f/></c><c><v>2</v></c>", false),
            ("<c/>", false),
        ] {
            let mut counter = RowCounter::default();
            counter.feed(format!("<sheetData><row>{row}</row></sheetData>").as_bytes());
            assert_eq!(counter.finish().is_unsure, is_unsure, "{row}");
        }
    }

    #[test]
    fn cell_reference_is_parsed_to_column_and_row() {
        for (reference, expected) in [
            ("A1", Some((0, 1))),
            ("XFD1048576", Some((16_383, 1_048_576))),
            ("aa10", Some((26, 10))),
            ("A0", None),
            ("A", None),
            ("1", None),
            ("A-1", None),
            ("ABCD1", None),
            ("A99999999999", None),
        ] {
            assert_eq!(place(reference), expected, "{reference}");
        }
    }
}
