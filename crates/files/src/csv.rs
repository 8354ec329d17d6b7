//! Comma separated values, read record by record from a buffer of fixed size.
//!
//! Records are split by `csv-core`, lines are counted here: blank ones are passed
//! over by the former, and an analyst's row numbers count them.

use std::io::{self, Read};

use accunode_domain::text::unguard_formula;
use accunode_ports::files::{OpenError, SourceRow};
use csv_core::ReadRecordResult;

use crate::{
    Limits, columns, fault,
    parse::{Flow, Sink},
    progress::Progress,
    unzip::Beyond,
};

const BUFFER: usize = 64 << 10;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Pushes the header and the rows of `input` into `sink`.
pub(crate) fn read(
    input: &mut dyn Read,
    limits: &Limits,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    let mut records = Records::new(input, limits, progress)?;
    let columns = loop {
        let Some(cells) = records.next()? else {
            return Err(fault::empty_file());
        };
        if let Some(cells) = cells {
            break columns::header(&cells);
        }
    };
    let width = columns.len();
    if sink.header(columns, None) == Flow::Stop {
        return Ok(());
    }
    while let Some(cells) = records.next()? {
        let Some(mut cells) = cells else { continue };
        columns::fit(&mut cells, width);
        let row = records.row;
        if sink.row(SourceRow { row, cells }) == Flow::Stop {
            return Ok(());
        }
    }
    Ok(())
}

/// The records of a file; a blank one is `None`, so that it can be counted.
struct Records<'a> {
    input: &'a mut dyn Read,
    limits: &'a Limits,
    progress: &'a Progress,
    parser: csv_core::Reader,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The last record's row; the header's is 1.
    row: u32,
    /// The line that is read now.
    line: u64,
    /// The line where the last record began.
    record_line: u64,
    after_carriage_return: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    fn new(
        input: &'a mut dyn Read,
        limits: &'a Limits,
        progress: &'a Progress,
    ) -> Result<Self, OpenError> {
        let mut records = Self {
            input,
            limits,
            progress,
            parser: csv_core::Reader::new(),
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            row: 0,
            line: 1,
            record_line: 1,
            after_carriage_return: false,
            text: vec![0; 4 << 10],
            ends: vec![0; limits.columns + 1],
        };
        // The whole buffer, as far as there is a file: the header decides on the delimiter.
        while records.end < records.buffer.len() && records.fill()? {}
        if records.buffer[..records.end].starts_with(BOM) {
            records.start = BOM.len();
        }
        records.parser = csv_core::ReaderBuilder::new()
            .delimiter(delimiter(&records.buffer[records.start..records.end]))
            .build();
        Ok(records)
    }

    /// Reads more behind `end`; false at the end of the file.
    fn fill(&mut self) -> Result<bool, OpenError> {
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.end += n;
                    return Ok(n > 0);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.failed(&e)),
            }
        }
    }

    /// Makes the buffer hold at least one byte; false at the end of the file.
    fn more(&mut self) -> Result<bool, OpenError> {
        if self.start < self.end {
            return Ok(true);
        }
        (self.start, self.end) = (0, 0);
        self.fill()
    }

    fn next(&mut self) -> Result<Option<Option<Vec<String>>>, OpenError> {
        if !self.more()? {
            return Ok(None);
        }
        if self.after_carriage_return {
            self.after_carriage_return = false;
            if self.buffer[self.start] == b'\n' {
                self.line += 1;
                self.start += 1;
                if !self.more()? {
                    return Ok(None);
                }
            }
        }
        self.row = self
            .row
            .checked_add(1)
            .ok_or_else(|| fault::malformed("the file has more rows than can be counted"))?;
        let first = self.buffer[self.start];
        if matches!(first, b'\r' | b'\n') {
            self.start += 1;
            self.line += u64::from(first == b'\n');
            self.after_carriage_return = first == b'\r';
            return Ok(Some(None));
        }
        self.record_line = self.line;
        let cells = self.record()?;
        self.cells(cells)
            .map(|cells| Some(cells.iter().any(|c| !c.trim().is_empty()).then_some(cells)))
    }

    /// Splits one record; how many cells it has.
    fn record(&mut self) -> Result<usize, OpenError> {
        let (mut bytes, mut cells) = (0, 0);
        let mut last = 0;
        loop {
            // An empty input tells the parser that the file ends here.
            let _ = self.more()?;
            let (result, read, wrote, ended) = self.parser.read_record(
                &self.buffer[self.start..self.end],
                &mut self.text[bytes..],
                &mut self.ends[cells..],
            );
            let consumed = &self.buffer[self.start..self.start + read];
            self.line += consumed.iter().map(|b| u64::from(*b == b'\n')).sum::<u64>();
            last = consumed.last().copied().unwrap_or(last);
            self.start += read;
            bytes += wrote;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.text.len() < self.limits.row_bytes => {
                    let room = (self.text.len() * 2).min(self.limits.row_bytes);
                    self.text.resize(room, 0);
                }
                ReadRecordResult::OutputFull => {
                    return Err(fault::malformed(format!(
                        "row {} (line {}) is longer than {} bytes; is a quotation mark \
                        not closed?",
                        self.row, self.record_line, self.limits.row_bytes
                    )));
                }
                ReadRecordResult::OutputEndsFull => {
                    return Err(fault::too_many_columns(self.row, self.limits.columns));
                }
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        if cells > self.limits.columns {
            return Err(fault::too_many_columns(self.row, self.limits.columns));
        }
        self.after_carriage_return = last == b'\r';
        Ok(cells)
    }

    fn cells(&self, cells: usize) -> Result<Vec<String>, OpenError> {
        let mut from = 0;
        let mut row = Vec::with_capacity(cells);
        for (column, &to) in self.ends[..cells].iter().enumerate() {
            let bytes = &self.text[from..to];
            from = to;
            let cell = std::str::from_utf8(bytes).map_err(|e| {
                let byte = bytes.get(e.valid_up_to()).copied().unwrap_or_default();
                fault::unreadable(
                    "not_utf8",
                    format!(
                        "row {} (line {}) contains the byte 0x{byte:02X}, which is not UTF-8; \
                        save the file as \"CSV UTF-8\"",
                        self.row, self.record_line
                    ),
                )
            })?;
            let limit = self.limits.cell_chars;
            if cell.len() > limit && cell.chars().count() > limit {
                return Err(fault::cell_too_long(self.row, column, limit));
            }
            row.push(unguard_formula(cell).into_owned());
        }
        Ok(row)
    }

    fn failed(&self, error: &io::Error) -> OpenError {
        let what = format!("the file, after row {},", self.row);
        failed(error, self.limits, self.progress, &what)
    }
}

/// The error behind a failed read of a file that may be packed.
pub(crate) fn failed(
    error: &io::Error,
    limits: &Limits,
    progress: &Progress,
    what: &str,
) -> OpenError {
    match error.get_ref().and_then(|e| e.downcast_ref::<Beyond>()) {
        Some(Beyond::Ratio) => fault::bomb("the file", limits.inflated_ratio),
        Some(Beyond::Size) => fault::too_large_inflated("the file", limits.inflated_bytes),
        None => progress.broken(what, error),
    }
}

/// The delimiter that stands most often in the first line, outside of quotes.
fn delimiter(head: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut seen = false;
    for &byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted && seen => break,
            _ if !quoted => {
                for (delimiter, count) in &mut counts {
                    *count += usize::from(byte == *delimiter);
                }
            }
            _ => {}
        }
        seen |= !byte.is_ascii_whitespace();
    }
    // The comma wins a tie: it is what the name of the format says.
    let mut best = counts[0];
    for candidate in counts {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parse::Collected;

    fn read_all(bytes: &[u8]) -> Result<Collected, OpenError> {
        let mut rows = Collected::default();
        read(
            &mut &bytes[..],
            &Limits::default(),
            &Progress::default(),
            &mut rows,
        )?;
        Ok(rows)
    }

    fn refused(bytes: &[u8]) -> (String, String) {
        match read_all(bytes) {
            Err(OpenError::Unreadable(fault)) => (fault.code, fault.detail),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_delimiter_is_what_separates_the_header() {
        for (text, columns) in [
            ("a,b;c\n1,2\n", vec!["a", "b;c"]),
            ("a;b,x;c\n1;2;3\n", vec!["a", "b,x", "c"]),
            ("a\tb\n1\t2\n", vec!["a", "b"]),
            ("\"a;;;\",b\n", vec!["a;;;", "b"]),
            ("a\n1,2\n", vec!["a"]),
        ] {
            assert_eq!(
                read_all(text.as_bytes()).unwrap().columns,
                columns,
                "{text:?}"
            );
        }
    }

    #[test]
    fn blank_rows_are_passed_over_but_counted() {
        let mut bytes = BOM.to_vec();
        bytes.extend(b"Symbol,Name\r\n\r\nA,x\r\n , \r\n\r\nB,\"y\r\nz\"\r\nC,w");
        let rows = read_all(&bytes).unwrap();
        assert_eq!(rows.columns, ["symbol", "name"]);
        let found: Vec<_> = rows
            .rows
            .iter()
            .map(|r| (r.row, r.cells[0].as_str(), r.cells[1].as_str()))
            .collect();
        assert_eq!(found, [(3, "A", "x"), (6, "B", "y\r\nz"), (7, "C", "w")]);
    }

    #[test]
    fn lone_carriage_returns_end_rows_too() {
        let rows = read_all(b"a,b\r1,2\r\r3,4\r").unwrap();
        assert_eq!(rows.rows.iter().map(|r| r.row).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn short_rows_are_padded_and_surplus_cells_stay_at_the_end() {
        let rows = read_all(b"a,b,c\n1\n1,2,3,4\n1,2,3,,\n").unwrap().rows;
        assert_eq!(rows[0].cells, ["1", "", ""]);
        assert_eq!(rows[1].cells, ["1", "2", "3", "4"]);
        assert_eq!(rows[2].cells, ["1", "2", "3"]);
    }

    #[test]
    fn numbers_stay_the_text_they_are() {
        let rows = read_all(b"a,b\n1e309,25.400\n").unwrap().rows;
        assert_eq!(rows[0].cells, ["1e309", "25.400"]);
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_line() {
        let (code, detail) = refused(b"a,b\n1,\"x\ny\"\n\n2,caf\xe9\n");
        assert_eq!(code, "not_utf8");
        assert!(detail.contains("row 4 (line 5)"), "{detail}");
        assert!(detail.contains("0xE9"), "{detail}");
        // Two halves of a character in two cells are no character.
        assert_eq!(refused(b"a,b\n\xc3,\xa9\n").0, "not_utf8");
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_does_not_fill_the_memory() {
        let mut bytes = b"a,b\n1,\"".to_vec();
        bytes.resize(3 << 20, b'x');
        let (code, detail) = refused(&bytes);
        assert_eq!(code, "malformed_file");
        assert!(detail.contains("row 2 (line 2)"), "{detail}");
    }

    #[test]
    fn too_many_columns_and_too_long_cells_are_refused() {
        assert_eq!(refused(",".repeat(256).as_bytes()).0, "too_many_columns");
        assert!(read_all(format!("a{}", ",".repeat(255)).as_bytes()).is_ok());
        let long = format!("a\n{}\n", "ł".repeat(32_768));
        assert_eq!(refused(long.as_bytes()).0, "cell_too_long");
    }

    #[test]
    fn nothing_but_blank_lines_is_an_empty_file() {
        for text in ["", "\n\n", " , \r\n"] {
            assert_eq!(refused(text.as_bytes()).0, "empty_file", "{text:?}");
        }
        assert!(read_all(b"a,b\n").unwrap().rows.is_empty());
    }

    /// Reads a few bytes at a time, so that every record crosses a boundary somewhere.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(buffer.len());
            (&mut self.0).read(&mut buffer[..n])
        }
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_quotes_is_read_back(
            rows in prop::collection::vec(
                prop::collection::vec("[a-z\",;\t\r\n é€0-9.]{0,12}", 3..=3),
                0..20,
            ),
            delimiter in prop::sample::select(vec![b',', b';', b'\t']),
            step in 1_usize..9,
        ) {
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
            writer.write_record(["k", "x", "y"]).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mut found = Collected::default();
            read(
                &mut Drip(&bytes, step),
                &Limits::default(),
                &Progress::default(),
                &mut found,
            ).unwrap();
            let expected: Vec<_> = rows
                .into_iter()
                .zip(2_u32..)
                .filter(|(cells, _)| cells.iter().any(|c| !c.trim().is_empty()))
                .map(|(cells, row)| SourceRow { row, cells })
                .collect();
            prop_assert_eq!(found.rows, expected);
        }
    }
}
