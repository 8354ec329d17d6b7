//! For the fuzz target, and for the tests that mutate hostile files.

use std::{
    fs::File,
    io::{self, Cursor, Seek, Write},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    Limits,
    format::Format,
    parse::Task,
    parser::{self, Request},
};
use accunode_ports::files::TableChoice;

/// Reads bytes as a file, and the resulting frames as the service does, in this process.
/// The first byte chooses the format; the parts of a workbook can be given uncompressed,
/// because mutating a compressed workbook rarely gives one that can be unpacked.
///
/// # Errors
/// A defect, whatever the bytes are: frames that the service does not understand, or a
/// missing end.
pub fn read(bytes: &[u8]) -> Result<(), String> {
    let Some((kind, bytes)) = bytes.split_first() else {
        return Ok(());
    };
    match kind % 4 {
        0 => read_as(bytes, Format::Csv),
        1 => read_as(bytes, Format::CsvGz),
        2 => read_as(bytes, Format::Xlsx),
        _ => match workbook(bytes) {
            Ok(packed) => read_as(&packed, Format::Xlsx),
            Err(_) => Ok(()),
        },
    }
}

/// Returns a workbook whose parts are separated by NUL bytes in the input.
fn workbook(parts: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    const NAMES: [&str; 6] = [
        "xl/worksheets/sheet1.xml",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "_rels/.rels",
    ];
    const DEFAULTS: [&str; 6] = [
        "<worksheet><sheetData/></worksheet>",
        "<sst/>",
        "<styleSheet/>",
        "<workbook><sheets><sheet name=\"s\" r:id=\"r\"/></sheets></workbook>",
        "<Relationships><Relationship Id=\"r\" Type=\"/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        "<Relationships><Relationship Type=\"/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut given = parts.split(|byte| *byte == 0);
    for (name, default) in NAMES.into_iter().zip(DEFAULTS) {
        zip.start_file(name, options)?;
        match given.next() {
            Some(part) if !part.is_empty() => zip.write_all(part)?,
            _ => zip.write_all(default.as_bytes())?,
        }
    }
    Ok(zip.finish()?.into_inner())
}

/// The limits are so small that no input takes long.
const fn limits() -> Limits {
    Limits {
        inflated_bytes: 8 << 20,
        inflated_ratio: 200,
        workbook_parts: 50,
        sheets: 20,
        sheet_bytes: 4 << 20,
        shared_strings_bytes: 1 << 20,
        shared_strings: 10_000,
        small_part_bytes: 256 << 10,
        small_part_tags: 2_000,
        other_part_bytes: 1 << 20,
        cells: 50_000,
        markup_bytes: 64 << 10,
        columns: 64,
        cell_chars: 10_000,
        row_bytes: 64 << 10,
        text_bytes: 8 << 20,
        merged_areas: 1_000,
        peek_bytes: 256 << 10,
    }
}

/// Reads bytes as one format: the first rows of every table, and all rows of one.
pub(crate) fn read_as(bytes: &[u8], format: Format) -> Result<(), String> {
    let choice = TableChoice {
        header_row: 1,
        width: bytes.first().map_or(0, |byte| u32::from(byte % 8)),
        ..TableChoice::default()
    };
    for task in [Task::Peek { rows: 20 }, Task::Read { choice, after: 0 }] {
        let request = Request {
            format,
            task,
            memory_bytes: 0,
            cpu_seconds: 0,
            parent: 0,
            limits: limits(),
        };
        let file = temporary(bytes).map_err(|error| error.to_string())?;
        parser::rehearse(&request, file)?;
    }
    Ok(())
}

fn temporary(bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Pseudo-random numbers that are the same in every run (SplitMix64).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            usize::try_from((z ^ (z >> 31)) % (n.max(1) as u64)).unwrap()
        }

        /// Changes, duplicates, removes or truncates a few bytes.
        fn mutate(&mut self, bytes: &mut Vec<u8>) {
            const ODD: [&[u8]; 8] = [
                b"\0",
                b"\xff",
                b"<",
                b"\"",
                b"4294967295",
                b"18446744073709551615",
                b"&#0;",
                b":",
            ];
            for _ in 0..=self.below(4) {
                let at = self.below(bytes.len());
                let length = self.below(40).min(bytes.len() - at);
                match self.below(5) {
                    0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                    1 => {
                        let again = bytes[at..at + length].to_vec();
                        bytes.splice(at..at, again);
                    }
                    2 => drop(bytes.drain(at..at + length)),
                    3 if self.below(4) == 0 => bytes.truncate(at),
                    _ => {
                        let odd = ODD[self.below(ODD.len())];
                        bytes.splice(at..at + length.min(4), odd.iter().copied());
                    }
                }
            }
        }
    }

    /// Fails visibly, although panics of readers are silenced.
    fn fail(what: &str) {
        drop(std::panic::take_hook());
        panic!("{what}");
    }

    fn format_of(name: &str) -> Option<Format> {
        Format::promised(name).ok()
    }

    #[test]
    fn mutated_hostile_files_are_read_or_refused() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hostile");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        let mut dice = Dice(1);
        let mut files = 0;
        std::panic::set_hook(Box::new(|_| ()));
        for path in names {
            let name = path.file_name().unwrap().to_string_lossy();
            let Some(format) = format_of(&name) else {
                continue;
            };
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            read_as(&bytes, format).unwrap_or_else(|what| fail(&format!("{name}: {what}")));
            for round in 0..12 {
                let mut mutant = bytes.clone();
                dice.mutate(&mut mutant);
                read_as(&mutant, format)
                    .unwrap_or_else(|what| fail(&format!("{name} {round}: {what}")));
            }
        }
        assert!(files > 60, "{files}");
    }

    #[test]
    fn mutated_parts_of_a_workbook_are_read_or_refused() {
        let parts: [&str; 4] = [
            "<worksheet><dimension ref=\"A1:C9\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c>\
             <c r=\"B1\" t=\"inlineStr\"><is><t>b</t></is></c></row><row r=\"2\"><c s=\"1\"><v>45943.5</v></c>\
             <c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c><c t=\"d\"><v>2024-02-29</v></c>\
             <c><f t=\"shared\" si=\"0\" ref=\"A1:B2\">A1</f><v>1e300</v></c></row></sheetData></worksheet>",
            "<sst count=\"2\" uniqueCount=\"1\"><si><t xml:space=\"preserve\"> symbol </t></si>\
             <si><r><t>a</t></r><rPh sb=\"0\" eb=\"1\"><t>b</t></rPh></si></sst>",
            "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/></numFmts>\
             <fonts><font><color theme=\"1\" tint=\"0.5\"/></font></fonts><cellXfs><xf numFmtId=\"164\" fontId=\"0\">\
             <alignment textRotation=\"255\"/></xf></cellXfs></styleSheet>",
            "<workbook><workbookPr date1904=\"1\"/><sheets><sheet name=\"s\" state=\"visible\" r:id=\"r\"/>\
             </sheets><definedNames><definedName name=\"n\">A1</definedName></definedNames></workbook>",
        ];
        let seed = parts.join("\0").into_bytes();
        read(&[&[3], seed.as_slice()].concat()).unwrap();
        let mut dice = Dice(2);
        std::panic::set_hook(Box::new(|_| ()));
        for round in 0..2_000 {
            let mut mutant = seed.clone();
            dice.mutate(&mut mutant);
            mutant.insert(0, 3);
            read(&mutant).unwrap_or_else(|what| {
                fail(&format!("{round}: {what}\n{}", mutant.escape_ascii()));
            });
        }
    }
}
