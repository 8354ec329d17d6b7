mod values;

use std::{
    fs::File,
    io::{Cursor, Seek as _, Write as _},
};

use accunode_ports::files::{OpenError, TableChoice};
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    Limits, format,
    parse::{Collected, Task, parse},
    progress::Progress,
    rows::Books,
};

fn run(bytes: &[u8], task: &Task, limits: &Limits) -> Result<Collected, OpenError> {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut found = Collected {
        most: match task {
            Task::Peek { rows } => *rows as usize,
            Task::Read { .. } => 0,
        },
        ..Collected::default()
    };
    let format = format::Format::Xlsx;
    parse(file, format, task, limits, &Progress::default(), &mut found)?;
    if let (Task::Read { .. }, Some(tally)) = (task, found.ends[0].tally) {
        let mut books = Books::of(format);
        books.enter(&found.rows);
        assert!(books.agree_with(tally), "{books:?} {tally:?}");
    }
    Ok(found)
}

fn read_of(sheet: Option<&str>, header_row: u32) -> Task {
    Task::Read {
        choice: TableChoice {
            sheet: sheet.map(str::to_owned),
            header_row,
            ..TableChoice::default()
        },
        after: 0,
    }
}

fn read(bytes: &[u8]) -> Collected {
    run(bytes, &read_of(None, 0), &Limits::default()).unwrap()
}

/// Formats rows as `2|a|b`.
fn shown(found: &Collected) -> Vec<String> {
    let rows = found.rows.iter();
    rows.map(|row| format!("{}|{}", row.row, row.cells.join("|")))
        .collect()
}

fn refused(bytes: &[u8], limits: &Limits) -> (String, String) {
    match run(bytes, &read_of(None, 0), limits) {
        Err(OpenError::Unreadable(fault)) => (fault.code, fault.detail),
        other => panic!("{other:?}"),
    }
}

fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

const KINDS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// Returns a package of these parts, in this order.
fn package(parts: &[(&str, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn relations(targets: &[(&str, &str)]) -> String {
    let lines: String = targets
        .iter()
        .zip(1..)
        .map(|((kind, target), n)| {
            format!("<Relationship Id=\"r{n}\" Type=\"{KINDS}/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!("<Relationships>{lines}</Relationships>")
}

const BOOK: &str =
    "<workbook><sheets><sheet name=\"s\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
const DATA: &str = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\"><v>1.5</v></c></row>";
const STRINGS: &str = "<sst><si><t>symbol</t></si></sst>";

fn sheet(rows: &str) -> String {
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

/// Returns a package with one sheet of these rows, written by hand.
fn by_hand(rows: &str) -> Vec<u8> {
    laid_out("xl/", "workbook.xml", sheet(rows))
}

fn laid_out(folder: &str, book: &str, sheet: String) -> Vec<u8> {
    let targets = [
        ("worksheet", "worksheets/sheet1.xml"),
        ("sharedStrings", "sharedStrings.xml"),
        ("styles", "styles.xml"),
    ];
    let whole = format!("{folder}{book}");
    package(&[
        ("_rels/.rels", relations(&[("officeDocument", &whole)])),
        (&format!("{folder}_rels/{book}.rels"), relations(&targets)),
        (&whole, BOOK.to_owned()),
        (&format!("{folder}worksheets/sheet1.xml"), sheet),
        (&format!("{folder}sharedStrings.xml"), STRINGS.to_owned()),
        (
            &format!("{folder}styles.xml"),
            "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"10\"/></cellXfs></styleSheet>"
                .to_owned(),
        ),
    ])
}

#[test]
fn preview_shows_the_first_rows_of_every_sheet_with_cells() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("empty").unwrap();
    let cover = workbook.add_worksheet().set_name("READ ME").unwrap();
    cover.write(3, 1, "Ratios").unwrap();
    let data = workbook.add_worksheet().set_name("a & b").unwrap();
    for row in 0..5 {
        data.write(row, 0, row).unwrap();
    }
    let old = workbook.add_worksheet().set_name("old").unwrap();
    old.write(0, 0, "x").unwrap();
    old.set_hidden(true);
    let bytes = workbook.save_to_buffer().unwrap();
    let found = run(&bytes, &Task::Peek { rows: 2 }, &Limits::default()).unwrap();
    let tables: Vec<_> = found
        .tables
        .iter()
        .map(|table| (table.sheet.as_deref().unwrap(), table.is_hidden))
        .collect();
    assert_eq!(
        tables,
        [("READ ME", false), ("a & b", false), ("old", true)]
    );
    assert_eq!(shown(&found), ["4||Ratios", "1|0", "2|1", "1|x"]);
    assert_eq!(found.ends.len(), 3);

    let found = run(&bytes, &read_of(Some("a & b"), 1), &Limits::default()).unwrap();
    assert_eq!(shown(&found), ["2|1", "3|2", "4|3", "5|4"]);
    assert_eq!(found.tables[0].total_rows, Some(4));
    let none = run(&bytes, &read_of(Some("gone"), 1), &Limits::default());
    assert!(matches!(none, Err(OpenError::Unreadable(_))));
}

#[test]
fn unreadable_sheet_does_not_hide_the_others() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().write(0, 300, "x").unwrap();
    workbook.add_worksheet().write(0, 0, "y").unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let found = run(&bytes, &Task::Peek { rows: 2 }, &Limits::default()).unwrap();
    assert_eq!(shown(&found), ["1|y"]);
    assert_eq!(refused(&bytes, &Limits::default()).0, "too_many_columns");
}

#[test]
fn declared_dimension_of_a_sheet_is_ignored() {
    for dimension in ["A1:B2", "A1:XFD1048576", "nonsense", "B9:A1"] {
        let rows: String = (1..=500)
            .map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\"><v>{row}</v></c></row>"))
            .chain(
                (501..900).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" s=\"1\"/></row>")),
            )
            .collect();
        let sheet = format!(
            "<worksheet><dimension ref=\"{dimension}\"/><sheetData>{rows}</sheetData></worksheet>"
        );
        let bytes = laid_out("xl/", "workbook.xml", sheet);
        let found = run(&bytes, &read_of(None, 1), &Limits::default()).unwrap();
        assert_eq!(found.rows.len(), 499, "{dimension}");
        assert_eq!(found.tables[0].total_rows, Some(499), "{dimension}");
    }
}

#[test]
fn cells_without_references_or_values_are_read() {
    let found = read(&by_hand(
        "<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v/></c><c t=\"s\"/><c t=\"inlineStr\"><is><r><t>a</t></r>\
         <r><t xml:space=\"preserve\"> &lt;b</t></r><rPh><t>no</t></rPh></is></c></row>\
         <row><c/><c t=\"b\"><v>0</v></c><c t=\"e\"><v>#DIV/0!</v></c><c t=\"n\"><v>n/a</v></c></row>\
         <row r=\"7\"><c r=\"B7\"><v>1</v></c><c><v>2</v></c></row><row><c r=\"a9\"><v>3</v></c></row>\
         <row/><row><c><v>4</v></c></row>",
    ));
    assert_eq!(
        shown(&found),
        [
            "1|symbol|||a <b",
            "2||FALSE|#DIV/0!|n/a",
            "7||1|2",
            "9|3",
            "11|4"
        ]
    );
}

#[test]
fn packages_of_other_programs_are_opened() {
    let expected = ["1|symbol|1.5"];
    let prefixed = |text: &str| {
        text.replace("</", "</x:")
            .replace('<', "<x:")
            .replace("<x:/x:", "</x:")
    };
    let strict = |text: String| {
        text.replace(
            "http://schemas.openxmlformats.org/officeDocument/2006",
            "http://purl.oclc.org/ooxml/officeDocument",
        )
    };
    let rels = relations(&[
        ("worksheet", "worksheets/sheet1.xml"),
        ("sharedStrings", "sharedStrings.xml"),
    ]);
    let root = relations(&[("officeDocument", "xl/workbook.xml")]);
    let plain = |root: &str, rels: &str, book: &str, sheet: &str, strings: &str| {
        package(&[
            ("_rels/.rels", root.to_owned()),
            ("xl/_rels/workbook.xml.rels", rels.to_owned()),
            ("xl/workbook.xml", book.to_owned()),
            ("xl/worksheets/sheet1.xml", sheet.to_owned()),
            ("xl/sharedStrings.xml", strings.to_owned()),
        ])
    };
    let data = sheet(DATA);
    let behind = |text: &[u8]| [plain(&root, &rels, BOOK, &data, STRINGS), text.to_vec()].concat();
    let odd = |book: &str, part: &str, strings: &str, rels: &str| {
        package(&[
            (
                "_rels\\.rels",
                relations(&[("officeDocument", "/xl\\workbook.xml")]),
            ),
            ("xl\\_rels\\workbook.xml.rels", rels.to_owned()),
            (book, BOOK.to_owned()),
            (part, data.clone()),
            (strings, STRINGS.to_owned()),
        ])
    };
    for (what, bytes) in [
        ("plain", plain(&root, &rels, BOOK, &data, STRINGS)),
        (
            "prefixed",
            plain(
                &root,
                &rels,
                &prefixed(BOOK),
                &prefixed(&data),
                &prefixed(STRINGS),
            ),
        ),
        (
            "strict",
            plain(
                &strict(root.clone()),
                &strict(rels.clone()),
                BOOK,
                &data,
                STRINGS,
            ),
        ),
        ("lines behind", behind(b"\r\n\r\n")),
        (
            "a page behind",
            behind(&b"<html>error</html>".repeat(1_000)),
        ),
        ("at the root", laid_out("", "workbook22.xml", data.clone())),
        ("elsewhere", laid_out("data/Book/", "b.xml", data.clone())),
        (
            "backslashes",
            odd(
                "xl\\workbook.xml",
                "xl\\worksheets\\sheet1.xml",
                "xl\\sharedStrings.xml",
                &rels,
            ),
        ),
        (
            "another case and steps",
            odd(
                "XL\\Workbook.xml",
                "XL/Sheets/DATA.bin",
                "xl/texts",
                &relations(&[
                    ("worksheet", "../xl/./sheets/Data.bin"),
                    ("sharedStrings", "/xl/texts"),
                ]),
            ),
        ),
    ] {
        assert_eq!(shown(&read(&bytes)), expected, "{what}");
    }
}

#[test]
fn sheet_with_contradictory_references_is_refused() {
    for rows in [
        "<row r=\"2\"/><row r=\"1\"/>",
        "<row r=\"2\"/><row r=\"2\"/>",
        "<row r=\"0\"/>",
        "<row r=\"1048577\"/>",
        "<row r=\"1\"><c r=\"A2\"><v>1</v></c></row>",
        "<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"A1\"><v>2</v></c></row>",
        "<row r=\"1\"><c r=\"1\"><v>1</v></c></row>",
        "<row r=\"1\"><c t=\"s\"><v>1</v></c></row>",
        "<row r=\"1\"><c t=\"s\"><v>-1</v></c></row>",
        "<row r=\"1\"><c t=\"str\"><v>&x;</v></c></row>",
        "<c r=\"A1\"><v>1</v></c>",
        "<row><c><v>1</c></row>",
        "<row><row><c><v>1</v></c></row></row>",
        "<row><c><c><v>1</v></c></c></row>",
        "<row/></sheetData><sheetData><row/>",
    ] {
        assert_eq!(
            refused(&by_hand(rows), &Limits::default()).0,
            "malformed_file",
            "{rows}"
        );
    }
}

#[test]
fn truncated_or_corrupt_workbook_is_refused() {
    let bytes = workbook(|sheet| {
        for row in 0..500 {
            sheet.write(row, 0, f64::from(row)).unwrap();
        }
    });
    for keep in [bytes.len() / 2, bytes.len() - 10, 40] {
        assert_eq!(
            refused(&bytes[..keep], &Limits::default()).0,
            "malformed_file"
        );
    }
    // A flipped byte inside the compressed sheet is found by its checksum.
    let mut flipped = bytes.clone();
    let middle = bytes.len() / 3;
    flipped[middle] ^= 0xff;
    assert!(run(&flipped, &read_of(None, 0), &Limits::default()).is_err());
}

#[test]
fn an_empty_sheet_is_an_empty_file_and_a_lone_header_is_not() {
    assert_eq!(
        refused(&workbook(|_| ()), &Limits::default()).0,
        "empty_file"
    );
    let header = workbook(|sheet| {
        sheet.write(0, 0, "symbol").unwrap();
    });
    let found = run(&header, &read_of(None, 1), &Limits::default()).unwrap();
    assert_eq!((found.tables.len(), found.rows.len()), (1, 0));
    assert_eq!(found.tables[0].total_rows, Some(0));
}

#[test]
fn columns_and_texts_beyond_the_limits_are_refused() {
    let wide = workbook(|sheet| {
        sheet.write(0, 256, "x").unwrap();
    });
    assert_eq!(refused(&wide, &Limits::default()).0, "too_many_columns");
    let bytes = by_hand("<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>0</v></c></row>");
    for (limits, code) in [
        (
            Limits {
                text_bytes: 11,
                ..Limits::default()
            },
            "too_large_inflated",
        ),
        (
            Limits {
                row_bytes: 11,
                ..Limits::default()
            },
            "malformed_file",
        ),
        (
            Limits {
                cell_chars: 5,
                ..Limits::default()
            },
            "cell_too_long",
        ),
    ] {
        assert_eq!(refused(&bytes, &limits).0, code);
    }
    // The values of merged areas count, too.
    let merged = sheet("<row><c t=\"s\"><v>0</v></c></row><row><c/><c><v>1</v></c></row>").replace(
        "</worksheet>",
        "<mergeCells><mergeCell ref=\"A1:A2\"/></mergeCells></worksheet>",
    );
    let bytes = laid_out("xl/", "workbook.xml", merged);
    assert_eq!(shown(&read(&bytes)), ["1|symbol", "2|symbol|1"]);
    let tight = Limits {
        text_bytes: 12,
        ..Limits::default()
    };
    assert_eq!(refused(&bytes, &tight).0, "too_large_inflated");
}
