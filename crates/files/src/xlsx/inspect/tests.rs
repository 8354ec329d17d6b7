use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// Returns a zip archive of these parts.
fn archive(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn relations(targets: &[(&str, &str)]) -> Vec<u8> {
    let lines: String = targets
        .iter()
        .map(|(kind, target)| {
            format!("<Relationship Id=\"r\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!("<Relationships>{lines}</Relationships>").into_bytes()
}

/// Returns a workbook with one more part, its workbook part in `folder`, its sheet at
/// `sheet`.
fn workbook(folder: &str, sheet: &str, extra: (&str, Vec<u8>)) -> Vec<u8> {
    let book = format!("{folder}/workbook.xml");
    let rels = format!("{folder}/_rels/workbook.xml.rels");
    archive(&[
        ("_rels/.rels", relations(&[("officeDocument", &book)])),
        (&rels, relations(&[("worksheet", sheet)])),
        (&book, b"<workbook/>".to_vec()),
        (extra.0, extra.1),
    ])
}

fn refused(bytes: &[u8], limits: &Limits) -> (String, String) {
    match inspect_workbook(Cursor::new(bytes), limits, &Progress::default()) {
        Err(OpenError::Unreadable(fault)) => (fault.code, fault.detail),
        other => panic!("{other:?}"),
    }
}

fn accepted(bytes: &[u8], limits: &Limits) {
    inspect_workbook(Cursor::new(bytes), limits, &Progress::default()).unwrap();
}

#[test]
fn zip_bomb_is_refused_by_its_unpacked_size() {
    let limits = Limits::default();
    for name in ["xl/sharedStrings.xml", "xl/media/image1.png", "x"] {
        let bytes = workbook("xl", "s", (name, vec![b'a'; 40 << 20]));
        assert!(bytes.len() < 100_000, "{}", bytes.len());
        let code = refused(&bytes, &limits).0;
        assert!(
            ["too_large_inflated", "malformed_file"].contains(&code.as_str()),
            "{name}: {code}"
        );
    }
    // The same bomb, with a directory that states a hundred bytes.
    let mut bytes = workbook("xl", "s", ("x", vec![b'a'; 40 << 20]));
    let stated = (40_u32 << 20).to_le_bytes();
    while let Some(at) = bytes.windows(4).position(|w| w == stated) {
        bytes[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    assert_ne!(refused(&bytes, &limits).0, "empty_file");
}

#[test]
fn many_small_parts_together_are_refused_as_a_bomb() {
    let block = vec![b'a'; 2 << 20];
    let names: Vec<String> = (0..40).map(|n| format!("x{n}.bin")).collect();
    let mut parts: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), block.clone()))
        .collect();
    parts.push(("xl/workbook.xml", b"<workbook/>".to_vec()));
    let (code, detail) = refused(&archive(&parts), &Limits::default());
    assert_eq!(code, "too_large_inflated");
    assert!(
        detail.contains("the workbook unpacks to more than 200 times"),
        "{detail}"
    );
}

#[test]
fn part_size_limit_follows_from_its_relationship() {
    let limits = Limits {
        sheet_bytes: 300_000,
        shared_strings_bytes: 200_000,
        small_part_bytes: 100_000,
        other_part_bytes: 400_000,
        ..Limits::default()
    };
    let cells = |size: usize| "<c/>".repeat(size / 4).into_bytes();
    for (folder, sheet, part, most) in [
        ("xl", "worksheets/s1.xml", "xl/worksheets/s1.xml", 300_000),
        // A sheet needs no known name, and its path may be absolute.
        ("xl", "/odd/sheet1.dat", "odd/sheet1.dat", 300_000),
        ("moved", "sheet1.dat", "moved/SHEET1.DAT", 300_000),
        // Whatever is read as shared strings has their limit, wherever the workbook is.
        ("xl", "s", "xl/sharedStrings.xml", 200_000),
        ("moved", "s", "moved/sharedStrings.xml", 200_000),
        (
            "xl/worksheets",
            "s",
            "xl/worksheets/sharedStrings.xml",
            200_000,
        ),
        ("xl", "sharedStrings.xml", "xl/sharedStrings.xml", 200_000),
        ("xl", "styles.xml", "xl/styles.xml", 100_000),
        ("xl", "s", "xl/worksheets/not_listed.xml", 400_000),
    ] {
        accepted(&workbook(folder, sheet, (part, cells(most))), &limits);
        let bytes = workbook(folder, sheet, (part, cells(most + 4)));
        assert_eq!(refused(&bytes, &limits).0, "too_large_inflated", "{part}");
    }
}

#[test]
fn number_of_objects_is_limited_beside_bytes() {
    let limits = Limits {
        cells: 1_000,
        shared_strings: 1_000,
        sheets: 10,
        small_part_tags: 1_000,
        ..Limits::default()
    };
    let many = |tag: &str, n: usize| format!("<{tag}/>").repeat(n).into_bytes();
    for (part, tag, most, kind) in [
        ("xl/s.xml", "c", 1_000, "cells"),
        ("xl/sharedStrings.xml", "x:si", 1_000, "texts"),
        ("xl/styles.xml", "xf", 1_000, "tags"),
    ] {
        accepted(&workbook("xl", "s.xml", (part, many(tag, most))), &limits);
        let (code, detail) = refused(
            &workbook("xl", "s.xml", (part, many(tag, most + 1))),
            &limits,
        );
        assert_eq!(code, "file_too_complex");
        assert!(
            detail.contains(&format!("more than {most} {kind}")),
            "{detail}"
        );
        assert!(detail.contains("CSV"), "{detail}");
    }
    let bytes = archive(&[
        ("_rels/.rels", relations(&[("officeDocument", "xl/b.xml")])),
        ("xl/b.xml", many("sheet", 11)),
    ]);
    assert!(refused(&bytes, &limits).1.contains("10 sheets"));
}

#[test]
fn a_text_longer_than_a_spreadsheet_allows_is_refused() {
    let limits = Limits::default();
    let bytes = workbook("xl", "s.xml", ("xl/s.xml", vec![b'a'; 2 << 20]));
    let (code, detail) = refused(&bytes, &limits);
    assert_eq!(code, "malformed_file");
    assert!(
        detail.contains("longer than a spreadsheet allows"),
        "{detail}"
    );
}

#[test]
fn duplicate_part_names_are_refused() {
    let bytes = archive(&[("xl/A.xml", vec![1]), ("xl\\a.XML", vec![2])]);
    assert_eq!(refused(&bytes, &Limits::default()).0, "malformed_file");
}

#[test]
fn zip_archive_without_a_workbook_is_refused() {
    let bytes = archive(&[("word/document.xml", Vec::new())]);
    assert_eq!(refused(&bytes, &Limits::default()).0, "unsupported_format");

    let names: Vec<String> = (0..2_000).map(|n| format!("x{n}")).collect();
    let parts: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), Vec::new()))
        .collect();
    let (code, detail) = refused(&archive(&parts), &Limits::default());
    assert_eq!(code, "file_too_complex");
    assert!(detail.contains("more than 1000 parts"), "{detail}");
}
