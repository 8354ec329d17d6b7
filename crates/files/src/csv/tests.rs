use std::io::{Seek as _, Write as _};

use accunode_ports::files::TableChoice;
use proptest::prelude::*;

use super::*;
use crate::{
    parse::{Collected, parse},
    rows::Books,
};

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn choice(width: u32) -> TableChoice {
    TableChoice {
        width,
        ..TableChoice::default()
    }
}

fn run(bytes: &[u8], task: &Task) -> Result<Collected, OpenError> {
    let mut found = Collected {
        most: match task {
            Task::Peek { rows } => *rows as usize,
            Task::Read { .. } => 0,
        },
        ..Collected::default()
    };
    parse(
        file(bytes),
        Format::Csv,
        task,
        &Limits::default(),
        &Progress::default(),
        &mut found,
    )?;
    if let Some(tally) = found.ends[0].tally {
        let mut books = Books::of(Format::Csv);
        books.enter(&found.rows);
        assert!(books.agree_with(tally), "{books:?} {tally:?}");
    }
    Ok(found)
}

/// Reads all rows, including the first one.
fn read_all(bytes: &[u8], width: u32) -> Result<Collected, OpenError> {
    let task = Task::Read {
        choice: choice(width),
        after: 0,
    };
    run(bytes, &task)
}

fn rows(bytes: &[u8], width: u32) -> Vec<SourceRow> {
    read_all(bytes, width).unwrap().rows
}

/// Formats rows as `2|a|b`, with `!` before the cells of a row with a fault.
fn shown(bytes: &[u8], width: u32) -> Vec<String> {
    let rows = rows(bytes, width).into_iter().map(|row| {
        let mark = if row.fault.is_some() { "!" } else { "" };
        format!("{}{mark}|{}", row.row, row.cells.join("|"))
    });
    rows.collect()
}

fn refused(bytes: &[u8], width: u32) -> (String, String) {
    match read_all(bytes, width) {
        Err(OpenError::Unreadable(fault)) => (fault.code, fault.detail),
        other => panic!("{other:?}"),
    }
}

#[test]
fn blank_rows_are_skipped_but_counted() {
    let bytes = b"Symbol,Name\r\n\r\nA,x\r\n , \r\n\r\nB,\"y\r\nz\"\r\nC,w";
    assert_eq!(
        shown(bytes, 2),
        ["1|Symbol|Name", "3|A|x", "6|B|y\r\nz", "7|C|w"]
    );
}

#[test]
fn lone_carriage_returns_end_rows_too() {
    assert_eq!(shown(b"a,b\r1,2\r\r3,4\r", 2), ["1|a|b", "2|1|2", "4|3|4"]);
}

#[test]
fn cells_are_returned_unchanged() {
    let bytes = b" a ,b,c\n1\n1,2,3,4\n1,2,3,,\n1e309,25.400,\"\"\n";
    assert_eq!(
        shown(bytes, 3),
        [
            "1| a |b|c",
            "2|1",
            "3|1|2|3|4",
            "4|1|2|3||",
            "5|1e309|25.400|"
        ]
    );
}

#[test]
fn invisible_characters_before_the_header_are_skipped() {
    let text = "\u{feff}\u{feff}\u{200b}\u{2060}\u{feff}symbol;n\nA;1\n";
    assert_eq!(shown(text.as_bytes(), 2), ["1|symbol|n", "2|A|1"]);
    let stated = "\u{feff}\u{feff}sep=|\r\na;b|c\r\n1;2|3\r\n";
    let found = read_all(stated.as_bytes(), 2).unwrap();
    assert_eq!(found.rows[0].cells, ["a;b", "c"]);
    assert_eq!(found.rows[0].row, 1);
    assert_eq!(found.tables[0].dialect.unwrap().delimiter, b'|');
}

#[test]
fn multiline_quotation_must_be_closed_and_match_the_header() {
    // Valid quotations in the first, the middle and the last column.
    let header = "s,y,note,a,b,c\n";
    for row in [
        "\"A\nB\",2024,n,1,2,3\n",
        "A,2024,\"one, two\n\nthree \"\"four\"\"\",1,2,3\n",
        "A,2024,n,1,2,\"3\n4\"",
    ] {
        let found = rows(format!("{header}{row}").as_bytes(), 6);
        assert_eq!(found.len(), 2, "{row:?}");
        assert!(found[1].fault.is_none());
        assert!(found[1].cells.concat().contains('\n'));
    }
    // The next mark is in the middle of a cell.
    let stray = "A,2024,\"see memo,1,2,3\nB,2024,n,1,2,3\nC,2024,own \"no,1,2,3\n";
    assert_eq!(
        shown(format!("{header}{stray}").as_bytes(), 6)[1..],
        [
            "2!|A|2024|\"see memo|1|2|3",
            "3|B|2024|n|1|2|3",
            "4|C|2024|own \"no|1|2|3"
        ]
    );
    // It is at the end of a cell, but the record then has too few cells.
    let stray = "A,2024,\"see memo,1,2,3\nB,2024,n,1,2,3\nC,2024,\"no\",1,2,3\n";
    let found = shown(format!("{header}{stray}").as_bytes(), 6);
    assert_eq!(found.len(), 4);
    assert!(found[1].starts_with("2!") && found[3] == "4|C|2024|no|1|2|3");
    // In the last column the number of cells is right, but every line is a record.
    let stray = "A,2024,n,1,2,\"x\nB,2024,n,1,2,3\nC,2024,n,1,2,y\"\n";
    let found = shown(format!("{header}{stray}").as_bytes(), 6);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[1].starts_with("2!"));
    let stray = "A,2024,n,1,2,\"x\nC,2024,n,1,2,y\"\n";
    assert_eq!(shown(format!("{header}{stray}").as_bytes(), 6).len(), 3);
}

#[test]
fn stray_quotation_mark_is_reported_with_its_line() {
    let bytes = b"s,y,note\nA,1,\"x\ny\"\nB,2,\"stays open\nC,3,\"n\" m\n";
    let found = rows(bytes, 3);
    let fault = found[2].fault.as_ref().unwrap();
    assert_eq!(fault.code, "stray_quotation");
    for words in ["row 3 (line 4)", "stays open", "quotation mark"] {
        assert!(fault.detail.contains(words), "{}", fault.detail);
    }
    assert_eq!(found[3].cells, ["C", "3", "\"n\" m"]);
}

#[test]
fn quotation_marks_inside_text_are_kept() {
    for (cell, read) in [
        ("5\" pipes", "5\" pipes"),
        ("\"two b\" is it", "\"two b\" is it"),
        ("\"Moody\"s\" view", "\"Moody\"s\" view"),
        ("a \"b, c", "a \"b| c"),
        (" \"b\"", "b"),
        (" \"a \"\"b\"\", c\" ", "a \"b\", c"),
        ("\"b\" ", "b"),
        (" \"b\" c", " \"b\" c"),
        (" \"b", " \"b"),
        ("\"a \"\"b\"\"\"", "a \"b\""),
        ("\"\"", ""),
    ] {
        let bytes = format!("s,n,x\nA,{cell},1\nB,n,2\n");
        let found = shown(bytes.as_bytes(), 3);
        assert_eq!(found[1..], [format!("2|A|{read}|1"), "3|B|n|2".to_owned()]);
    }
    // A delimiter inside of a possible quotation: undecidable.
    let found = shown(b"s,n,x\nA,\"Smith, \"Jr\" Co\",1\nB,n,2\n", 3);
    assert!(found[1].starts_with("2!") && found.len() == 3, "{found:?}");
    let found = shown(b"s,n,x\nA,\"a\"x\"B, C\",1\nB,n,2\n", 3);
    assert!(found[1].starts_with("2!") && found.len() == 3, "{found:?}");
}

#[test]
fn unclosed_quotation_is_refused_with_its_line() {
    let (code, detail) = refused(b"s,n\nA,\"x\ny\"\nB,\"open\nC,3\nD,4\n", 2);
    assert_eq!(code, "malformed_file");
    assert!(detail.contains("row 3 (line 4)"), "{detail}");
    assert!(detail.contains("never closed"), "{detail}");

    let mut bytes = b"a,b\n1,\"".to_vec();
    bytes.resize(3 << 20, b'x');
    let (code, detail) = refused(&bytes, 2);
    assert_eq!(code, "malformed_file");
    assert!(detail.contains("row 2 (line 2)"), "{detail}");
}

#[test]
fn text_in_no_known_encoding_is_refused_with_its_line() {
    let bytes = b"a,b\n1,\"x\ny\"\n\n\xc5\x81,\"v\nw\xe9\"\n";
    let (code, detail) = refused(bytes, 2);
    assert_eq!(code, "not_utf8");
    assert!(detail.contains("row 4 (line 6)"), "{detail}");
    assert!(detail.contains("0xE9"), "{detail}");
    // An incomplete character.
    assert_eq!(refused(b"a,b\n\xc3,\xc3\xa9\n", 2).0, "not_utf8");
}

#[test]
fn other_encoding_is_converted_with_a_note() {
    let text = "symbol;name\nA;Müller & Söhne – Café\nB;x\n";
    let western = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    for (bytes, encoding) in [
        (&western, Encoding::Windows1252),
        (&le, Encoding::Utf16Le),
        (&be, Encoding::Utf16Be),
    ] {
        for task in [
            Task::Peek { rows: 5 },
            Task::Read {
                choice: choice(2),
                after: 0,
            },
        ] {
            let found = run(bytes, &task).unwrap();
            assert_eq!(found.tables[0].dialect.unwrap().encoding, encoding);
            assert_eq!(found.rows[1].cells, ["A", "Müller & Söhne – Café"]);
            let [note] = found.ends[0].notes.as_slice() else {
                panic!("{encoding:?}");
            };
            assert_eq!(note.code, "converted_encoding");
            if encoding == Encoding::Windows1252 {
                assert!(
                    note.detail.contains("row 2 has \"Müller"),
                    "{}",
                    note.detail
                );
            }
        }
    }
    assert!(
        read_all(text.as_bytes(), 2).unwrap().ends[0]
            .notes
            .is_empty()
    );
}

#[test]
fn encoding_is_decided_by_the_whole_file() {
    let mut bytes = "symbol,name\n".repeat(20_000).into_bytes();
    bytes.extend(b"A,caf\xe9\n");
    let found = read_all(&bytes, 2).unwrap();
    assert_eq!(found.rows.last().unwrap().cells, ["A", "café"]);
    // The beginning does not show the encoding, and no wrong one is reported.
    let peek = run(&bytes, &Task::Peek { rows: 2 }).unwrap();
    assert_eq!(peek.tables[0].dialect.unwrap().encoding, Encoding::Utf8);
}

#[test]
fn too_many_columns_and_too_long_cells_are_refused() {
    let wide = format!("a{}", ",".repeat(256));
    assert_eq!(refused(wide.as_bytes(), 0).0, "too_many_columns");
    let quoted = format!("\"a\"{}", ",".repeat(256));
    assert_eq!(refused(quoted.as_bytes(), 0).0, "too_many_columns");
    assert!(read_all(format!("a{}", ",".repeat(255)).as_bytes(), 0).is_ok());
    let long = format!("a\n{}\n", "ł".repeat(32_768));
    assert_eq!(refused(long.as_bytes(), 0).0, "cell_too_long");
}

#[test]
fn file_of_blank_lines_is_an_empty_file() {
    for text in ["", "\n\n", " , \r\n", "\u{feff}\n", "sep=;\n"] {
        assert_eq!(refused(text.as_bytes(), 0).0, "empty_file", "{text:?}");
    }
    assert_eq!(rows(b"a,b\n", 2).len(), 1);
}

#[test]
fn rows_up_to_the_header_and_checkpoint_are_skipped() {
    let bytes = b"Ratios of 2024\n\n\"a\nb\",c\n1,2\n\n3,4\n5,6\n";
    for (header_row, after, expected) in [(3, 0, vec![4, 6, 7]), (3, 4, vec![6, 7]), (3, 9, vec![])]
    {
        let task = Task::Read {
            choice: TableChoice {
                header_row,
                width: 2,
                ..TableChoice::default()
            },
            after,
        };
        let found = run(bytes, &task).unwrap();
        let numbers: Vec<_> = found.rows.iter().map(|row| row.row).collect();
        assert_eq!(numbers, expected);
        assert_eq!(found.ends[0].tally.unwrap().total_rows, 3);
    }
}

/// Cells that contain everything that a CSV writer must quote.
fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = "[a-z\",;|\t\r\n é€0-9.]{0,12}";
    prop::collection::vec(prop::collection::vec(cell, 3..=3), 0..20)
}

proptest! {
    #[test]
    fn csv_of_any_dialect_round_trips(
        rows in table(),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        always in any::<bool>(),
        ending in prop::sample::select(vec![csv::Terminator::CRLF, csv::Terminator::Any(b'\n'), csv::Terminator::Any(b'\r')]),
        encoding in prop::sample::select(vec![Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be]),
    ) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote_style(style)
            .terminator(ending)
            .from_writer(Vec::new());
        writer.write_record(["k", "x", "y"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
        let bytes = match encoding {
            Encoding::Utf16Le => units().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => units().flat_map(u16::to_be_bytes).collect(),
            _ => text.clone().into_bytes(),
        };
        let dialect = Some(Dialect { encoding, delimiter });
        let task = Task::Read {
            choice: TableChoice { header_row: 1, width: 3, dialect, sheet: None },
            after: 0,
        };
        let found = run(&bytes, &task).unwrap();
        let expected: Vec<_> = rows
            .into_iter()
            .zip(2_u32..)
            .filter(|(cells, _)| cells.iter().any(|c| !c.trim().is_empty()))
            .map(|(cells, row)| SourceRow::of(row, cells))
            .collect();
        prop_assert_eq!(found.rows, expected);
    }

    #[test]
    fn every_line_is_accounted_for(text in "[a\",;\r\n']{0,60}", width in 0_u32..4) {
        let task = Task::Read { choice: choice(width), after: 0 };
        // `run` compares lines and rows.
        drop(run(text.as_bytes(), &task));
    }
}
