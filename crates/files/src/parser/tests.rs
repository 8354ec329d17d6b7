use std::io::Write;

use accunode_domain::fault::Fault;
use accunode_ports::files::{
    CellMark, Dialect, Encoding, FileNote, MarkKind, SourceRow, TableChoice,
};
use proptest::prelude::*;

use super::{
    child::answer,
    frame::{Allowance, Frame, FrameError, FrameReader, FrameWriter},
    request::Request,
};
use crate::{
    Limits,
    format::Format,
    parse::{TableEnd, TableStart, Tally, Task},
};

fn limits() -> Limits {
    Limits {
        columns: 4,
        row_bytes: 1_000,
        ..Limits::default()
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Frame>, FrameError> {
    let mut reader = FrameReader::new(bytes, limits(), 1, Allowance::of_text(1 << 20));
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
fn frames_of_a_parser_round_trip() {
    let rows: Vec<_> = (2..700)
        .map(|row| SourceRow {
            marks: vec![CellMark {
                column: 2,
                kind: MarkKind::FormulaZero,
            }],
            fault: (row == 7).then(|| Fault::new("", "stray_quotation", "row 7")),
            ..SourceRow::of(row, vec![row.to_string(), "é,\"\n".into(), String::new()])
        })
        .collect();
    let start = TableStart {
        sheet: Some("Ratios \"2024\"".to_owned()),
        is_hidden: true,
        is_fixed_width: false,
        dialect: Some(Dialect {
            encoding: Encoding::Utf16Be,
            delimiter: b'\t',
        }),
        total_rows: Some(698),
    };
    let end = TableEnd {
        notes: vec![FileNote {
            code: "hidden_rows".to_owned(),
            detail: "2 rows".to_owned(),
            columns: vec!["a".to_owned()],
        }],
        tally: Some(Tally {
            seen: 1_000,
            passed_over: 302,
            total_rows: 698,
        }),
    };
    let mut bytes = Vec::new();
    let mut writer = FrameWriter::new(&mut bytes);
    writer.hello().unwrap();
    writer.table(&start).unwrap();
    for row in &rows {
        writer.row(row, 7).unwrap();
    }
    writer.flush_rows(9).unwrap();
    writer.flush_rows(9).unwrap();
    writer.table_end(&end).unwrap();
    writer.end().unwrap();

    let frames = read(&bytes).unwrap();
    assert_eq!(frames[0], Frame::Hello);
    assert_eq!(frames[1], Frame::Table(start));
    let mut found = Vec::new();
    for frame in &frames[2..frames.len() - 2] {
        match frame {
            Frame::Rows(rows, _) => found.extend(rows.clone()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(found, rows);
    assert!(matches!(frames[frames.len() - 3], Frame::Rows(_, 9)));
    assert_eq!(frames[frames.len() - 2], Frame::TableEnd(end));
}

#[test]
fn parser_faults_are_known_codes_and_cannot_forge_log_lines() {
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
fn invalid_frames_are_refused_before_allocating_memory() {
    // A length of 4 GiB, and counts of 4 billion texts and rows.
    assert_eq!(
        invalid(&[2, 255, 255, 255, 255]),
        "a frame that is too long"
    );
    let table = [&[0; 10][..], &numbers(&[u32::MAX])].concat();
    assert_eq!(invalid(&frame(2, &table)), "too many texts");
    let dialect = [&[0, 0, 0, 0, 9, 44, 0, 0, 0, 0][..], &numbers(&[0])].concat();
    assert_eq!(invalid(&frame(2, &dialect)), "an unknown dialect");
    let name = [&[0; 10][..], &numbers(&[1, 256]), &[b'x'; 256]].concat();
    assert_eq!(invalid(&frame(2, &name)), "a name that is too long");
    let notes = [&[0; 21][..], &numbers(&[u32::MAX])].concat();
    assert_eq!(invalid(&frame(7, &notes)), "too many notes");
    let note = [&[0; 21][..], &numbers(&[1, 2, 0, 0])].concat();
    assert_eq!(invalid(&frame(7, &note)), "an unknown note");
    let marks = [&[0; 8][..], &numbers(&[1, 2, 0, u32::MAX])].concat();
    assert_eq!(invalid(&frame(3, &marks)), "more marks than cells");
    let mark = [&[0; 8][..], &numbers(&[1, 2, 1, 0, 1]), &[0, 0, 9]].concat();
    assert_eq!(invalid(&frame(3, &mark)), "an unknown mark");
    let fault = [&[0; 8][..], &numbers(&[1, 2, 0, 0, 2, 0, 0])].concat();
    assert_eq!(invalid(&frame(3, &fault)), "an unknown fault of a row");
    let rows = [&[0; 8][..], &numbers(&[u32::MAX])].concat();
    assert_eq!(invalid(&frame(3, &rows)), "too many rows at once");
    let cell = [&[0; 8][..], &numbers(&[1, 2, 1, u32::MAX])].concat();
    assert_eq!(invalid(&frame(3, &cell)), "a frame that is cut off");
    let cells = [&[0; 8][..], &numbers(&[1, 2, 5])].concat();
    assert_eq!(invalid(&frame(3, &cells)), "too many texts");
    let bad = [&[0; 8][..], &numbers(&[1, 2, 1, 1]), &[0xff]].concat();
    assert_eq!(invalid(&frame(3, &bad)), "text that is not UTF-8");
    // Rows that were skipped or sent already, twice in a frame or over two.
    let repeated = [&[0; 8][..], &numbers(&[2, 5, 0, 0, 0, 5, 0, 0, 0])].concat();
    assert_eq!(invalid(&frame(3, &repeated)), "rows out of order");
    let skipped = [&[0; 8][..], &numbers(&[1, 1, 0])].concat();
    assert_eq!(invalid(&frame(3, &skipped)), "rows out of order");
    assert_eq!(
        invalid(&frame(4, b"more")),
        "more than its frame should hold"
    );
    assert_eq!(invalid(&frame(9, b"")), "a frame of an unknown kind");
    assert_eq!(invalid(&frame(1, b"accunode-parser 1")), "another greeting");
}

#[test]
fn parser_text_is_limited_over_all_rows() {
    let mut bytes = Vec::new();
    let mut writer = FrameWriter::new(&mut bytes);
    for row in 2..2_000 {
        let row = SourceRow::of(row, vec!["x".repeat(900)]);
        writer.row(&row, 0).unwrap();
    }
    writer.flush_rows(0).unwrap();
    writer.end().unwrap();
    assert_eq!(invalid(&bytes), "more text than the file can have");
}

fn request(format: Format, task: Task) -> Request {
    Request {
        format,
        task,
        memory_bytes: 0,
        cpu_seconds: 0,
        parent: 0,
        limits: Limits {
            peek_bytes: 1_000,
            ..Limits::default()
        },
    }
}

/// Returns the frames that a parser process would send for these bytes.
fn frames(bytes: &[u8], format: Format, task: Task) -> Vec<Frame> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let request = request(format, task);
    let allowance = match request.task {
        Task::Peek { .. } => Allowance::of_peek(&request.limits),
        Task::Read { .. } => Allowance::of_text(100),
    };
    let mut spoken = Vec::new();
    answer(&request, file, FrameWriter::new(&mut spoken)).unwrap();
    let last_skipped = request.task.last_skipped();
    let mut reader = FrameReader::new(&spoken[..], request.limits, last_skipped, allowance);
    let mut frames = Vec::new();
    while frames.last() != Some(&Frame::End) {
        frames.push(reader.next().unwrap());
    }
    frames
}

fn rows(frames: &[Frame]) -> Vec<u32> {
    let rows = frames.iter().filter_map(|frame| match frame {
        Frame::Rows(rows, _) => Some(rows.iter().map(|row| row.row)),
        _ => None,
    });
    rows.flatten().collect()
}

#[test]
fn parser_returns_no_more_rows_than_requested() {
    let mut reader = FrameReader::new(&[][..], Limits::default(), 0, Allowance::of_text(100));
    assert!(matches!(reader.next(), Err(FrameError::Io(_))));
    let bytes = b"a\n1\n2\n3\n";
    let output = frames(bytes, Format::Csv, Task::Peek { rows: 2 });
    assert_eq!(rows(&output), [1, 2]);
    let choice = TableChoice {
        header_row: 1,
        ..TableChoice::default()
    };
    let task = Task::Read { choice, after: 2 };
    assert_eq!(rows(&frames(bytes, Format::Csv, task)), [3, 4]);
}

#[test]
fn preview_rows_are_limited_by_bytes() {
    let mut bytes = b"a,b\n".to_vec();
    bytes.extend(format!("1,{}\n", "x".repeat(400)).repeat(10).into_bytes());
    let output = frames(&bytes, Format::Csv, Task::Peek { rows: 10 });
    assert_eq!(rows(&output), [1, 2, 3]);
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
