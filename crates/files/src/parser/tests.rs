use std::io::Write;

use accunode_ports::files::SourceRow;
use proptest::prelude::*;

use super::{
    child::answer,
    frame::{Frame, FrameError, FrameReader, FrameWriter},
    request::Request,
};
use crate::{Limits, format::Format};

fn limits() -> Limits {
    Limits {
        columns: 4,
        row_bytes: 1_000,
        ..Limits::default()
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Frame>, FrameError> {
    let mut reader = FrameReader::new(bytes, limits(), 1, 1 << 20);
    let mut frames = Vec::new();
    loop {
        let frame = reader.next()?;
        let is_last = matches!(
            frame,
            Frame::End | Frame::Fault(..) | Frame::StoreFailed(..)
        );
        frames.push(frame);
        if is_last {
            return Ok(frames);
        }
    }
}

fn invalid(bytes: &[u8]) -> &'static str {
    match read(bytes) {
        Err(FrameError::Invalid(what)) => what,
        other => panic!("{other:?}"),
    }
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    bytes.extend(payload);
    bytes
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

#[test]
fn what_a_parser_writes_is_read_back() {
    let rows: Vec<_> = (2..700)
        .map(|row| SourceRow {
            row,
            cells: vec![row.to_string(), "é,\"\n".into(), String::new()],
        })
        .collect();
    let mut bytes = Vec::new();
    let mut writer = FrameWriter::new(&mut bytes);
    writer.hello().unwrap();
    let columns = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    writer.header(&columns, Some(698)).unwrap();
    for row in &rows {
        writer.row(row, 7).unwrap();
    }
    writer.flush_rows(9).unwrap();
    writer.flush_rows(9).unwrap();
    writer.end().unwrap();

    let frames = read(&bytes).unwrap();
    assert_eq!(frames[0], Frame::Hello);
    assert_eq!(frames[1], Frame::Header(columns.to_vec(), Some(698)));
    let mut found = Vec::new();
    for frame in &frames[2..frames.len() - 1] {
        match frame {
            Frame::Rows(rows, _) => found.extend(rows.clone()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(found, rows);
    assert!(matches!(frames[frames.len() - 2], Frame::Rows(_, 9)));
}

#[test]
fn faults_are_known_ones_and_cannot_forge_lines() {
    let mut bytes = Vec::new();
    let mut writer = FrameWriter::new(&mut bytes);
    let detail = format!("a\n2026 ERROR \u{1b}[2J{}", "x".repeat(10_000));
    writer.fault("malformed_file", &detail).unwrap();
    let frames = read(&bytes).unwrap();
    let [Frame::Fault(code, detail)] = frames.as_slice() else {
        panic!("{frames:?}");
    };
    assert_eq!(code, "malformed_file");
    assert!(detail.starts_with("a 2026 ERROR  [2J") && detail.len() == 1_000);

    let mut bytes = Vec::new();
    FrameWriter::new(&mut bytes).fault("made_up", "x").unwrap();
    assert_eq!(invalid(&bytes), "an unknown fault");
}

#[test]
fn what_no_parser_says_is_refused_before_memory_is_taken_for_it() {
    // A length of 4 GiB, and counts of 4 billion texts and rows.
    assert_eq!(
        invalid(&[2, 255, 255, 255, 255]),
        "a frame that is too long"
    );
    let header = [&[0][..], &numbers(&[0, u32::MAX])].concat();
    assert_eq!(invalid(&frame(2, &header)), "too many texts");
    let rows = [&[0; 8][..], &numbers(&[u32::MAX])].concat();
    assert_eq!(invalid(&frame(3, &rows)), "too many rows at once");
    let cell = [&[0; 8][..], &numbers(&[1, 2, 1, u32::MAX])].concat();
    assert_eq!(invalid(&frame(3, &cell)), "a frame that is cut off");
    let cells = [&[0; 8][..], &numbers(&[1, 2, 5])].concat();
    assert_eq!(invalid(&frame(3, &cells)), "too many texts");
    let bad = [&[0; 8][..], &numbers(&[1, 2, 1, 1]), &[0xff]].concat();
    assert_eq!(invalid(&frame(3, &bad)), "text that is not UTF-8");
    // Rows that were skipped or sent already, twice in a frame or over two.
    let repeated = [&[0; 8][..], &numbers(&[2, 5, 0, 5, 0])].concat();
    assert_eq!(invalid(&frame(3, &repeated)), "rows out of order");
    let skipped = [&[0; 8][..], &numbers(&[1, 1, 0])].concat();
    assert_eq!(invalid(&frame(3, &skipped)), "rows out of order");
    assert_eq!(
        invalid(&frame(4, b"more")),
        "more than its frame should hold"
    );
    assert_eq!(invalid(&frame(9, b"")), "a frame of an unknown kind");
    assert_eq!(invalid(&frame(1, b"accunode-parser 2")), "another greeting");
}

#[test]
fn text_is_bounded_over_all_rows() {
    let mut bytes = Vec::new();
    let mut writer = FrameWriter::new(&mut bytes);
    for row in 2..2_000 {
        let cells = vec!["x".repeat(900)];
        writer.row(&SourceRow { row, cells }, 0).unwrap();
    }
    writer.flush_rows(0).unwrap();
    writer.end().unwrap();
    assert_eq!(invalid(&bytes), "more text than the file can have");
}

fn request(format: Format, rows: u32) -> Request {
    Request {
        format,
        after: 0,
        rows,
        memory_bytes: 0,
        cpu_seconds: 0,
        parent: 0,
        limits: Limits::default(),
    }
}

/// What a parser process would write about these bytes.
fn spoken(bytes: &[u8], format: Format, rows: u32) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let mut frames = Vec::new();
    answer(&request(format, rows), file, FrameWriter::new(&mut frames)).unwrap();
    frames
}

#[test]
fn no_more_rows_are_read_than_are_asked_for() {
    let bytes = b"a\n1\n2\n3\n";
    let mut reader = FrameReader::new(&[][..], Limits::default(), 0, 100);
    assert!(matches!(reader.next(), Err(FrameError::Io(_))));
    let spoken = spoken(bytes, Format::Csv, 2);
    let mut reader = FrameReader::new(&spoken[..], Limits::default(), 0, 100);
    assert!(matches!(reader.next(), Ok(Frame::Header(..))));
    assert!(matches!(reader.next(), Ok(Frame::Rows(rows, _)) if rows.len() == 2));
    assert!(matches!(reader.next(), Ok(Frame::End)));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_frames_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes);
    }

    #[test]
    fn arbitrary_payloads_are_frames_or_refused(
        kind in 1_u8..8,
        payload in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 3, 255]), 0..80),
    ) {
        let _ = read(&frame(kind, &payload));
    }
}
