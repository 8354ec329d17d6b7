//! Reads `docs/access-matrix.csv`.

use std::path::Path;

use accunode_tests::tenancy::USERS;

/// A row of the table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) resources: Vec<String>,
    pub(super) actions: Vec<String>,
    pub(super) detail: String,
    pub(super) given: String,
    /// One expected result for each of [`USERS`].
    pub(super) cells: Vec<String>,
}

/// Returns every row, in the file's order.
pub(super) fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/access-matrix.csv");
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(path)
        .expect("the matrix");
    let header: Vec<String> = reader
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    let users: Vec<&str> = USERS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(header[5..], users, "the table's users are the kit's");
    let split = |text: &str| text.split('|').map(str::to_owned).collect();
    reader
        .records()
        .map(|record| {
            let record = record.expect("a row");
            Row {
                line: record.position().expect("a place").line(),
                resources: split(&record[0]),
                actions: split(&record[1]),
                detail: record[2].to_owned(),
                given: record[3].to_owned(),
                cells: record.iter().skip(5).map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// Splits `a(b)` into `a` and `b`.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    text.strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .map_or((text, None), |(name, of)| (name, Some(of)))
}
