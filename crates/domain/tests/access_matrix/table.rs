//! Reads `docs/access-matrix.csv` and checks its form.

use std::path::PathBuf;

/// The users of the fixture, in the table's order.
pub(crate) const USERS: [&str; 8] = ["u0", "m1", "m2", "oA", "mB", "tR", "tZ", "sa"];

/// Every answer that a cell may contain.
const ANSWERS: [&str; 7] = ["ok", "ok*", "401", "403", "404", "409", "422"];

/// A row of the table.
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) resource: String,
    pub(crate) action: String,
    pub(crate) detail: String,
    pub(crate) given: String,
    pub(crate) words: String,
    pub(crate) cells: Vec<String>,
}

/// Returns the path of a file of the documentation.
pub(crate) fn document(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

/// Returns every row, in the order of the file.
pub(crate) fn rows() -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(document("access-matrix.csv"))
        .unwrap();
    let keys = ["resource", "action", "detail", "given", "words"];
    let expected: Vec<&str> = keys.into_iter().chain(USERS).collect();
    assert_eq!(reader.headers().unwrap(), expected, "the table's header");
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let line = record.position().unwrap().line();
            let text = |at: usize| record[at].to_owned();
            let cells: Vec<String> = (keys.len()..record.len()).map(text).collect();
            for cell in &cells {
                assert!(
                    ANSWERS.contains(&cell.as_str()),
                    "line {line}: {cell:?} is no answer"
                );
            }
            assert!(!record[4].is_empty(), "line {line}: no words for users");
            Row {
                line,
                resource: text(0),
                action: text(1),
                detail: text(2),
                given: text(3),
                words: text(4),
                cells,
            }
        })
        .collect()
}
