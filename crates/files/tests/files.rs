//! Receiving, storing and reading files.
#![expect(clippy::unwrap_used, reason = "helpers of tests, too")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use accunode_files::{
    FileSettings, Limits, Location, ObjectFileStore, ParserSettings, peek_file, read_rows,
};
use accunode_ports::files::{
    ByteStream, FileStore, OpenError, ReceiveError, RowReader, StoredFile, TableChoice,
};
use accunode_ports::repositories::JOBS_AT_ONCE;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures::{FutureExt, StreamExt, stream};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(7);
const LIMIT: u64 = 64 << 20;

/// Returns the program that was built for these tests.
fn parser() -> ParserSettings {
    ParserSettings::of_program(env!("CARGO_BIN_EXE_accunode-parser").into())
}

struct Store {
    folder: TempDir,
    store: ObjectFileStore,
}

impl Store {
    fn in_a_folder() -> Self {
        Self::read_by(parser())
    }

    /// Returns a store in a folder whose files are read by this parser program.
    fn read_by(parser: ParserSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectFileStore::open(&FileSettings {
            location: Location::Folder(folder.path().join("files")),
            spool: folder.path().join("spool"),
            limits: Limits::default(),
            parser,
        })
        .unwrap();
        Self { folder, store }
    }

    /// Returns a store that streams, as a remote one does.
    fn that_streams(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = FileSettings {
            location: Location::Folder(PathBuf::new()),
            spool: folder.path().join("spool"),
            limits,
            parser: parser(),
        };
        let memory = Arc::new(object_store::memory::InMemory::new());
        let store = ObjectFileStore::over_store(memory, &settings);
        Self { folder, store }
    }

    async fn keep(&self, bytes: &[u8]) -> StoredFile {
        self.store.receive(ID, chunks(bytes), LIMIT).await.unwrap()
    }

    async fn rows(&self, bytes: &[u8], name: &str) -> Result<Box<dyn RowReader>, OpenError> {
        let file = self.keep(bytes).await;
        self.store.open_rows(&file.key, name, &table(), 0).await
    }

    fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        found
    }
}

/// Chooses the first table, whose header is its first row.
fn table() -> TableChoice {
    TableChoice {
        header_row: 1,
        ..TableChoice::default()
    }
}

fn chunks(bytes: &[u8]) -> ByteStream {
    let chunks: Vec<_> = bytes
        .chunks(10_007)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    stream::iter(chunks).boxed()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn code(result: Result<impl Sized, OpenError>) -> String {
    match result {
        Err(OpenError::Unreadable(fault)) => fault.code,
        Err(OpenError::Port(error)) => panic!("{error}"),
        Ok(_) => panic!("it was read"),
    }
}

async fn drain(mut reader: Box<dyn RowReader>) -> Result<Vec<(u32, Vec<String>)>, OpenError> {
    let mut all = Vec::new();
    loop {
        let rows = reader.next_rows(1_000).await?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(rows.into_iter().map(|row| (row.row, row.cells)));
    }
}

#[tokio::test]
async fn stored_file_is_complete_and_has_its_hash() {
    let store = Store::in_a_folder();
    // More than one part.
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let file = store.keep(&bytes).await;
    assert_eq!(file.size, 20_000_000);
    assert_eq!(file.sha256, hex::encode(Sha256::digest(&bytes)));
    let kept = store.files();
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(&kept[0]).unwrap(), bytes);

    store.store.remove(&file.key).await.unwrap();
    assert!(store.files().is_empty());
    store.store.remove(&file.key).await.unwrap();
}

#[tokio::test]
async fn a_file_beyond_the_limit_leaves_nothing() {
    let store = Store::in_a_folder();
    let result = store.store.receive(ID, chunks(&[b'a'; 100]), 99).await;
    assert!(matches!(result, Err(ReceiveError::TooLarge { limit: 99 })));
    assert!(store.files().is_empty());
    assert!(
        store
            .store
            .receive(ID, chunks(&[b'a'; 100]), 100)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn interrupted_upload_leaves_nothing() {
    let store = Store::in_a_folder();
    let cut: ByteStream = stream::iter([
        Ok(Bytes::from(vec![0; 9 << 20])),
        Err("connection reset".into()),
    ])
    .boxed();
    let result = store.store.receive(ID, cut, LIMIT).await;
    assert!(matches!(result, Err(ReceiveError::CutOff(_))));
    assert!(store.files().is_empty());
}

#[test]
fn an_upload_whose_request_is_dropped_leaves_nothing() {
    let store = Store::in_a_folder();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let hanging: ByteStream = stream::once(async { Ok(Bytes::from(vec![0; 9 << 20])) })
            .chain(stream::pending())
            .boxed();
        let mut receiving = store.store.receive(ID, hanging, LIMIT);
        // The part is on the disk once the stream hangs.
        while store
            .files()
            .iter()
            .all(|f| f.metadata().unwrap().len() == 0)
        {
            assert!((&mut receiving).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(receiving);
        while !store.files().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    assert!(store.files().is_empty());
}

#[tokio::test]
async fn bytes_must_agree_with_the_file_name() {
    let store = Store::in_a_folder();
    for (bytes, name, expected) in [
        (&b"%PDF-1.7 ..."[..], "ratios.xlsx", "unsupported_format"),
        (b"a,b\n1,2\n", "ratios.xlsx", "unsupported_format"),
        (b"a,b\n1,2\n", "ratios.csv.gz", "unsupported_format"),
        (&gz(b"a,b\n1,2\n"), "ratios.csv", "unsupported_format"),
        (&gz(b"PK\x03\x04"), "ratios.csv.gz", "unsupported_format"),
        (b"a,b\n1,2\n", "ratios.ods", "unsupported_format"),
        (b"", "ratios.csv", "empty_file"),
        (b"", "ratios.xlsx", "empty_file"),
        (&gz(b""), "ratios.csv.gz", "empty_file"),
        (b"\xef\xbb\xbf\n", "ratios.csv", "empty_file"),
    ] {
        assert_eq!(
            code(store.rows(bytes, name).await),
            expected,
            "{name} {bytes:?}"
        );
    }
}

#[tokio::test]
async fn missing_stored_file_is_an_internal_error() {
    let store = Store::in_a_folder();
    let result = store
        .store
        .open_rows("uploads/none", "a.csv", &table(), 0)
        .await;
    assert!(matches!(result, Err(OpenError::Port(_))));
}

#[tokio::test]
async fn plain_and_compressed_rows_are_equal_from_folder_and_stream() {
    let text: String = std::iter::once("symbol,n\n".to_owned())
        .chain((0..5_000).map(|n| format!("S{n},{n}\n")))
        .collect();
    for store in [Store::in_a_folder(), Store::that_streams(Limits::default())] {
        let plain = drain(store.rows(text.as_bytes(), "a.csv").await.unwrap())
            .await
            .unwrap();
        assert_eq!(plain.len(), 5_000);
        assert_eq!(
            plain[4_999],
            (5_001, vec!["S4999".to_owned(), "4999".to_owned()])
        );
        let packed = store.rows(&gz(text.as_bytes()), "a.csv.gz").await.unwrap();
        assert_eq!(drain(packed).await.unwrap(), plain);
    }
}

#[tokio::test]
async fn reading_resumes_after_the_checkpoint() {
    let store = Store::in_a_folder();
    let file = store.keep(b"a\n1\n\n2\n3\n").await;
    for (after, expected) in [
        (0, vec![2, 4, 5]),
        (2, vec![4, 5]),
        (4, vec![5]),
        (5, vec![]),
    ] {
        let reader = store
            .store
            .open_rows(&file.key, "a.csv", &table(), after)
            .await
            .unwrap();
        let rows: Vec<u32> = drain(reader).await.unwrap().iter().map(|r| r.0).collect();
        assert_eq!(rows, expected, "after {after}");
    }
}

/// One owner's file may take long, and the worker has a place for the next owner's.
#[tokio::test]
async fn one_file_per_job_is_read_concurrently() {
    let store = Store::in_a_folder();
    let text = format!("a\n{}", "1\n".repeat(300_000));
    let file = store.keep(text.as_bytes()).await;
    let mut readers = Vec::new();
    for _ in 0..JOBS_AT_ONCE {
        let table = table();
        let opening = store.store.open_rows(&file.key, "a.csv", &table, 0);
        let reader = tokio::time::timeout(Duration::from_secs(60), opening).await;
        let mut reader = reader.expect("no other reader is waited for").unwrap();
        assert_eq!(reader.next_rows(10).await.unwrap().len(), 10);
        readers.push(reader);
    }
}

#[tokio::test]
async fn chunks_are_at_most_the_requested_size_and_bytes_are_counted() {
    let store = Store::in_a_folder();
    let text = format!("a\n{}", "1\n".repeat(1_000));
    let mut reader = store.rows(text.as_bytes(), "a.csv").await.unwrap();
    assert_eq!((reader.total_rows(), reader.records_seen()), (None, None));
    assert_eq!(reader.next_rows(300).await.unwrap().len(), 300);
    assert_eq!(reader.next_rows(1_000).await.unwrap().len(), 700);
    assert!(reader.next_rows(1_000).await.unwrap().is_empty());
    assert!(reader.next_rows(1_000).await.unwrap().is_empty());
    assert_eq!(reader.bytes_read(), text.len() as u64);
    assert_eq!(reader.total_rows(), Some(1_000));
    assert_eq!(reader.records_seen(), Some(1_000));
}

#[tokio::test]
async fn rows_before_a_damaged_part_are_returned_then_the_fault() {
    let store = Store::in_a_folder();
    let text: String = std::iter::once("a,b\n".to_owned())
        .chain(
            (0..200_000).map(|n: u64| format!("{},{n}\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))),
        )
        .collect();
    let packed = gz(text.as_bytes());
    let mut reader = store
        .rows(&packed[..packed.len() / 2], "a.csv.gz")
        .await
        .unwrap();
    let mut last = 1;
    let error = loop {
        match reader.next_rows(1_000).await {
            Ok(rows) => {
                assert!(
                    !rows.is_empty(),
                    "a cut-off file must not end like a whole one"
                );
                assert_eq!(rows[0].row, last + 1);
                last = rows[rows.len() - 1].row;
            }
            Err(error) => break error,
        }
    };
    assert!(last > 1_000);
    let OpenError::Unreadable(fault) = error else {
        panic!("{error}")
    };
    assert_eq!(fault.code, "malformed_file");
    assert!(fault.detail.contains("cut off"), "{}", fault.detail);
}

#[tokio::test]
async fn a_gzip_bomb_is_refused() {
    let store = Store::in_a_folder();
    let bomb = gz(format!("a\n{}", "\n".repeat(40 << 20)).as_bytes());
    assert!(bomb.len() < 100_000);
    let reader = store.rows(&bomb, "a.csv.gz").await.unwrap();
    assert_eq!(code(drain(reader).await), "too_large_inflated");

    let small = Limits {
        inflated_bytes: 1_000,
        ..Limits::default()
    };
    let store = Store::that_streams(small);
    let result = store
        .rows(&gz("a,b\n".repeat(500).as_bytes()), "a.csv.gz")
        .await;
    assert_eq!(code(result), "too_large_inflated");
}

#[tokio::test]
async fn streamed_workbook_is_spooled_and_leaves_nothing() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, text) in ["symbol", "A", "B"].into_iter().enumerate() {
        sheet.write(row as u32, 0, text).unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    let store = Store::that_streams(Limits::default());
    let rows = drain(store.rows(&bytes, "a.xlsx").await.unwrap())
        .await
        .unwrap();
    assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 3]);
    assert!(store.files().is_empty());
}

#[test]
fn real_workbook_is_read_completely() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sp500_annual_1.xlsx");
    if !path.exists() {
        println!("SKIPPED: {} is not there", path.display());
        return;
    }
    let peek = peek_file(&path, 3, Limits::default(), parser()).unwrap();
    let head = &peek.tables[0];
    assert_eq!(head.rows.len(), 3);
    assert!(head.rows[0].cells.contains(&"reporting_year".to_owned()));
    let choice = TableChoice {
        sheet: head.sheet.clone(),
        header_row: head.rows[0].row,
        width: u32::try_from(head.rows[0].cells.len()).unwrap(),
        dialect: None,
    };
    let mut rows = read_rows(&path, &choice, Limits::default(), parser()).unwrap();
    assert_eq!(rows.total_rows(), Some(2_475));
    assert_eq!(rows.by_ref().map(Result::unwrap).count(), 2_475);
    assert_eq!(rows.records_seen(), Some(2_475));
}
