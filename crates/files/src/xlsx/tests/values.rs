//! What the cells of a workbook display.

use accunode_ports::files::MarkKind;
use rust_xlsxwriter::Formula;

use super::*;

#[test]
fn workbook_cells_are_read_as_displayed() {
    let format = |code: &str| Format::new().set_num_format(code);
    let bytes = workbook(|sheet| {
        for (column, name) in ["Symbol", " b", "c", "d", "e", "f", "g", "h"]
            .iter()
            .enumerate()
        {
            sheet.write(0, column as u16, *name).unwrap();
        }
        sheet.write(1, 0, "'=A1").unwrap();
        sheet.write(1, 1, 25.4).unwrap();
        sheet.write_with_format(1, 2, 0.412, &format("0%")).unwrap();
        sheet.write(1, 3, true).unwrap();
        sheet
            .write_with_format(1, 4, 45_351, &format("dd.mm.yyyy"))
            .unwrap();
        let na = Formula::new("=NA()").set_result("#N/A");
        sheet.write_formula(1, 5, na).unwrap();
        sheet
            .write_with_format(1, 6, 973, &format("000000"))
            .unwrap();
        sheet
            .write_with_format(1, 7, 7.4, &format("0.0\"x\""))
            .unwrap();
        // Row 3 is blank, row 4 is short, row 5 has a cell beyond the header.
        sheet.write(3, 0, "B").unwrap();
        sheet.write(4, 0, "C").unwrap();
        sheet.write(4, 9, -1e-9).unwrap();
    });
    let found = read(&bytes);
    assert_eq!(
        shown(&found),
        [
            "1|Symbol| b|c|d|e|f|g|h",
            "2|=A1|25.4|41.2%|TRUE|2024-02-29|#N/A|000973|7.4",
            "4|B",
            "5|C|||||||||-1e-9",
        ]
    );
    assert_eq!(found.tables[0].sheet.as_deref(), Some("Sheet1"));
    assert_eq!(found.tables[0].total_rows, Some(4));
    assert_eq!(found.ends[0].tally.unwrap().total_rows, 4);
}

#[test]
fn dates_of_the_1904_calendar_are_converted() {
    let book = "<workbook><workbookPr date1904=\"1\"/><sheets><sheet name=\"s\" r:id=\"r1\"/></sheets></workbook>";
    let targets = [("worksheet", "s.xml"), ("styles", "styles.xml")];
    let bytes = package(&[
        (
            "_rels/.rels",
            relations(&[("officeDocument", "xl/workbook.xml")]),
        ),
        ("xl/_rels/workbook.xml.rels", relations(&targets)),
        ("xl/workbook.xml", book.to_owned()),
        (
            "xl/s.xml",
            sheet(
                "<row><c s=\"0\"><v>44195</v></c><c t=\"d\"><v>2024-12-31T00:00:00</v></c></row>",
            ),
        ),
        (
            "xl/styles.xml",
            "<styleSheet><cellXfs><xf numFmtId=\"14\"/></cellXfs></styleSheet>".to_owned(),
        ),
    ]);
    assert_eq!(shown(&read(&bytes)), ["1|2024-12-31|2024-12-31"]);
}

#[test]
fn formulas_without_a_value_or_with_zero_are_marked() {
    let found = read(&by_hand(
        "<row><c t=\"str\"><f>A9</f><v>x</v></c><c><f>B1</f></c><c><f>B1</f><v/></c>\
         <c><f t=\"shared\" si=\"0\"/><v>0</v></c><c><f>B1</f><v>2</v></c><c><v>0</v></c>\
         <c t=\"str\"><f>\"\"</f><v></v></c></row><row><c><f>A1</f></c></row>\
         <row><c t=\"str\"><f>\"\"</f><v></v></c></row>",
    ));
    assert_eq!(shown(&found), ["1|x|||0|2|0", "2|"]);
    let marks: Vec<_> = found.rows[0]
        .marks
        .iter()
        .map(|mark| (mark.column, mark.kind))
        .collect();
    assert_eq!(
        marks,
        [
            (0, MarkKind::FormulaComputed),
            (1, MarkKind::FormulaWithoutValue),
            (2, MarkKind::FormulaWithoutValue),
            (3, MarkKind::FormulaZero),
            (4, MarkKind::FormulaComputed),
        ]
    );
    assert_eq!(found.rows[1].marks.len(), 1);
    // Only a reader can decide whether rows with formulas only are blank.
    assert_eq!(found.tables[0].total_rows, None);
    assert_eq!(found.ends[0].tally.unwrap().total_rows, 2);
}

#[test]
fn merged_area_repeats_its_value_in_all_its_rows() {
    let plain = Format::new();
    let bytes = workbook(|sheet| {
        sheet
            .merge_range(0, 0, 0, 2, "Ratios of 2024", &plain)
            .unwrap();
        for (column, name) in ["symbol", "year", "x"].iter().enumerate() {
            sheet.write(1, column as u16, *name).unwrap();
        }
        sheet.merge_range(2, 0, 4, 0, "ACME", &plain).unwrap();
        sheet.merge_range(5, 0, 6, 1, "BOLT", &plain).unwrap();
        for row in 2..8 {
            sheet.write(row, 2, row).unwrap();
        }
        // These rows have no content of their own.
        sheet.merge_range(8, 0, 9, 0, "note", &plain).unwrap();
    });
    assert_eq!(
        shown(&read(&bytes)),
        [
            "1|Ratios of 2024",
            "2|symbol|year|x",
            "3|ACME||2",
            "4|ACME||3",
            "5|ACME||4",
            "6|BOLT||5",
            "7|BOLT||6",
            "8|||7",
            "9|note",
        ]
    );
    let few = Limits {
        merged_areas: 2,
        ..Limits::default()
    };
    let (code, detail) = refused(&bytes, &few);
    assert_eq!(code, "file_too_complex");
    assert!(detail.contains("2 merged areas"), "{detail}");
}

#[test]
fn merged_areas_are_accepted_in_column_order() {
    let rows: String = (1..=4)
        .map(|row| match row {
            1 | 3 => format!("<row><c><v>{row}</v></c><c><v>{row}0</v></c><c><v>7</v></c></row>"),
            _ => "<row><c/><c/><c><v>7</v></c></row>".to_owned(),
        })
        .collect();
    let areas = ["A1:A2", "A3:A4", "B1:B2", "B3:B4"].map(|a| format!("<mergeCell ref=\"{a}\"/>"));
    let behind = format!("<mergeCells>{}</mergeCells></worksheet>", areas.concat());
    let sheet = sheet(&rows).replace("</worksheet>", &behind);
    let found = read(&laid_out("xl/", "workbook.xml", sheet));
    assert_eq!(
        shown(&found),
        ["1|1|10|7", "2|1|10|7", "3|3|30|7", "4|3|30|7"]
    );
}

#[test]
fn hidden_rows_are_read_with_a_note() {
    let bytes = workbook(|sheet| {
        for row in 0..12 {
            sheet.write(row, 0, row).unwrap();
        }
        for row in [0, 2, 5, 20] {
            sheet.set_row_hidden(row).unwrap();
        }
    });
    let found = run(&bytes, &read_of(None, 1), &Limits::default()).unwrap();
    assert_eq!(found.rows.len(), 11);
    let [note] = found.ends[0].notes.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(note.code, "hidden_rows");
    assert!(note.detail.contains("2 rows are hidden"), "{}", note.detail);
    assert!(note.detail.contains("row 3, 6"), "{}", note.detail);
}

#[test]
fn superscript_and_subscript_runs_are_kept_apart_from_the_value() {
    let run = |align: &str, text: &str| {
        format!("<r><rPr><vertAlign val=\"{align}\"/></rPr><t>{text}</t></r>")
    };
    let rows = format!(
        "<row><c t=\"inlineStr\"><is><r><t>9.98</t></r>{}<r><t>x</t></r></is></c>\
         <c t=\"inlineStr\"><is>{}<r><t>TK0</t></r>{}</is></c></row>",
        run("superscript", "12"),
        run("baseline", "A"),
        run("subscript", "1"),
    );
    assert_eq!(shown(&read(&by_hand(&rows))), ["1|9.98¹²x|ATK0₁"]);
}

#[test]
fn results_of_an_array_formula_are_marked_as_formulas() {
    let rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>\
        <row r=\"2\"><c r=\"A2\"><f t=\"array\" ref=\"A2:A4\">X</f><v>0</v></c>\
        <c r=\"B2\"><v>0</v></c></row>\
        <row r=\"3\"><c r=\"A3\"><v>0</v></c></row><row r=\"4\"><c r=\"A4\"><v>0</v></c></row>\
        <row r=\"5\"><c r=\"A5\"><v>0</v></c></row>";
    let found = read(&by_hand(rows));
    let zeros: Vec<_> = found
        .rows
        .iter()
        .map(|row| {
            row.marks
                .iter()
                .filter(|m| m.kind == MarkKind::FormulaZero)
                .count()
        })
        .collect();
    assert_eq!(zeros, [0, 1, 1, 1, 0]);
    // The value of the first cell alone does not show that the formula was computed.
    let first = rows.replace("X</f><v>0</v>", "X</f><v>7</v>");
    let found = read(&by_hand(&first));
    let marks = found.rows.iter().flat_map(|row| &row.marks);
    let kinds: Vec<_> = marks.map(|mark| mark.kind).collect();
    assert_eq!(kinds, [MarkKind::FormulaZero, MarkKind::FormulaZero]);
}
