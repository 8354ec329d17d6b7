//! Parser processes: their limits, and their ends.
#![expect(clippy::unwrap_used, reason = "helpers of tests, too")]

use std::{
    fs::Permissions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use accunode_files::{FileSettings, Limits, Location, ObjectFileStore, ParserSettings};
use accunode_ports::files::{FileStore, OpenError, Peek, TableChoice};
use flate2::{Compression, write::GzEncoder};
use futures::StreamExt;
use tempfile::TempDir;
use uuid::Uuid;
use zip::{ZipWriter, write::SimpleFileOptions};

/// The first frame of a parser, as `printf` writes it.
const HELLO: &str = r"printf '\001\021\000\000\000accunode-parser 2'";

fn parser() -> ParserSettings {
    ParserSettings::of_program(env!("CARGO_BIN_EXE_accunode-parser").into())
}

struct Store {
    folder: TempDir,
    store: ObjectFileStore,
}

impl Store {
    fn new(parser: ParserSettings, limits: Limits) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), parser, limits)
    }

    fn in_folder(folder: TempDir, parser: ParserSettings, limits: Limits) -> Self {
        let store = ObjectFileStore::open(&FileSettings {
            location: Location::Folder(folder.path().join("files")),
            spool: folder.path().join("spool"),
            limits,
            parser,
        })
        .unwrap();
        Self { folder, store }
    }

    /// Returns a store whose files are read by a script in its folder.
    fn read_by(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        let text = format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display());
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let parser = ParserSettings {
            cpu_seconds: 1,
            ..ParserSettings::of_program(path)
        };
        Self::in_folder(folder, parser, Limits::default())
    }

    async fn keep(&self, bytes: &[u8]) -> String {
        let bytes = bytes.to_vec().into();
        let stream = futures::stream::once(async { Ok(bytes) }).boxed();
        let file = self
            .store
            .receive(Uuid::from_u128(7), stream, u64::MAX)
            .await;
        file.unwrap().key
    }

    async fn peek(&self, bytes: &[u8], name: &str) -> Result<Peek, OpenError> {
        let key = self.keep(bytes).await;
        self.store.peek(&key, name, 1).await
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn fault(result: Result<Peek, OpenError>) -> (String, String) {
    match result {
        Err(OpenError::Unreadable(fault)) => (fault.code, fault.detail),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn parser_that_cannot_start_is_not_a_fault_of_the_file() {
    for program in ["/nowhere/accunode", "/bin/true", "/bin/false", "/bin/echo"] {
        let store = Store::new(
            ParserSettings::of_program(program.into()),
            Limits::default(),
        );
        let result = store.peek(b"a\n1\n", "a.csv").await;
        assert!(
            matches!(result, Err(OpenError::Port(_))),
            "{program}: {result:?}"
        );
    }
}

#[tokio::test]
async fn parser_that_dies_is_a_fault_of_the_file() {
    for (signal, words) in [
        ("ABRT", "memory"),
        ("XCPU", "processor time"),
        ("KILL", "limits of its reader"),
        ("SEGV", "limits of its reader"),
    ] {
        let store = Store::read_by(&format!("{HELLO}\nkill -{signal} $$\n/bin/sleep 100"));
        let (code, detail) = fault(store.peek(b"a\n1\n", "a.csv").await);
        assert_eq!(code, "file_too_complex", "{signal}");
        assert!(detail.contains(words), "{signal}: {detail}");
        assert!(detail.contains("CSV"), "{signal}: {detail}");
    }
    // The machine stops the service: the file may be fine.
    let store = Store::read_by(&format!("{HELLO}\nkill -TERM $$\n/bin/sleep 100"));
    let result = store.peek(b"a\n1\n", "a.csv").await;
    assert!(matches!(result, Err(OpenError::Port(_))), "{result:?}");
}

#[tokio::test]
async fn invalid_parser_output_is_a_malformed_file() {
    for script in [
        r"printf '\003\377\377\377\377'",
        r"printf '\004\000\000\000\000'",
        r"printf '\001\021\000\000\000accunode-parser 2'",
        "echo some other text that is long enough",
    ] {
        let store = Store::read_by(&format!("{HELLO}\n{script}\nexec /bin/sleep 100"));
        let (code, detail) = fault(store.peek(b"a\n1\n", "a.csv").await);
        assert_eq!(code, "malformed_file", "{script}: {detail}");
    }
}

#[tokio::test]
async fn silent_parser_is_killed() {
    let store = Store::read_by(&format!("echo $$ > pid\n{HELLO}\nexec /bin/sleep 1000"));
    let (code, detail) = fault(store.peek(b"a\n1\n", "a.csv").await);
    assert_eq!(code, "file_too_complex");
    assert!(detail.contains("too long"), "{detail}");
    gone(&store.file("pid")).await;
}

#[tokio::test]
async fn parser_ends_when_its_caller_is_dropped() {
    let store = Store::read_by(&format!("echo $$ > pid\n{HELLO}\nexec /bin/sleep 1000"));
    let key = store.keep(b"a\n1\n").await;
    let mut peek = store.store.peek(&key, "a.csv", 1);
    // Wait until it has begun.
    while !std::fs::read_to_string(store.file("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
        let waited = tokio::time::timeout(Duration::from_millis(10), &mut peek).await;
        assert!(waited.is_err(), "{waited:?}");
    }
    drop(peek);
    gone(&store.file("pid")).await;
}

/// Waits until the process has ended whose id is in a file.
async fn gone(pid: &Path) {
    let pid = std::fs::read_to_string(pid).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    while process.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Returns a workbook with these shared strings.
fn workbook(strings: &str) -> Vec<u8> {
    let kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships><Relationship Id=\"r1\" Type=\"{kinds}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        ("xl/_rels/workbook.xml.rels", relation("worksheet", "s.xml")),
        (
            "xl/workbook.xml",
            "<workbook><sheets><sheet name=\"s\" r:id=\"r1\"/></sheets></workbook>".to_owned(),
        ),
        (
            "xl/s.xml",
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row></sheetData></worksheet>"
                .to_owned(),
        ),
        ("xl/sharedStrings.xml", strings.to_owned()),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn parser_over_the_memory_limit_ends_without_the_service() {
    // As if the limits on a file's content had been forgotten.
    let limits = Limits {
        shared_strings: u64::MAX,
        shared_strings_bytes: u64::MAX,
        inflated_ratio: u64::MAX,
        ..Limits::default()
    };
    let store = Store::new(parser(), limits);
    let strings = format!("<sst>{}</sst>", "<si><t>text</t></si>".repeat(4_000_000));
    let (code, detail) = fault(store.peek(&workbook(&strings), "a.xlsx").await);
    assert_eq!(code, "file_too_complex", "{detail}");
    assert!(detail.contains("88 MiB of memory"), "{detail}");
    // Counts that a file states about itself allocate no memory.
    let strings = "<sst uniqueCount=\"300000000000000000\"><si><t>Symbol</t></si></sst>";
    let peek = store.peek(&workbook(strings), "a.xlsx").await.unwrap();
    let [table] = peek.tables.as_slice() else {
        panic!("{peek:?}");
    };
    assert_eq!(table.sheet.as_deref(), Some("s"));
    assert_eq!(table.rows.len(), 1);
    assert_eq!(table.rows[0].cells, ["Symbol"]);
}

#[tokio::test]
async fn parser_over_the_processor_time_limit_ends() {
    let limits = Limits {
        inflated_bytes: u64::MAX,
        inflated_ratio: u64::MAX,
        ..Limits::default()
    };
    let parser = ParserSettings {
        cpu_seconds: 1,
        ..parser()
    };
    let store = Store::new(parser, limits);
    let mut member = GzEncoder::new(Vec::new(), Compression::fast());
    member.write_all(&vec![b'\n'; 8 << 20]).unwrap();
    let bomb = member.finish().unwrap().repeat(500);
    let (code, detail) = fault(store.peek(&bomb, "a.csv.gz").await);
    assert_eq!(code, "file_too_complex");
    assert!(detail.contains("1 s of processor time"), "{detail}");
}

/// Returns the /proc folders of this process's children that read uploads.
#[cfg(target_os = "linux")]
fn running() -> Vec<PathBuf> {
    let this = format!("\nPPid:\t{}\n", std::process::id());
    let is_ours = |path: &PathBuf| {
        std::fs::read_to_string(path.join("status")).is_ok_and(|status| status.contains(&this))
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.map(|entry| entry.path()).filter(is_ours).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn parser_has_no_environment_and_cannot_open_files() {
    let store = Store::new(parser(), Limits::default());
    // More than the pipe and the batches hold: it waits for its reader.
    let text = format!("a\n{}", "some text\n".repeat(400_000));
    let key = store.keep(text.as_bytes()).await;
    let reader = store
        .store
        .open_rows(&key, "a.csv", &TableChoice::default(), 0)
        .await
        .unwrap();
    let running = running();
    let [process] = running.as_slice() else {
        panic!("{running:?}");
    };
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    for (name, soft) in [
        ("Max cpu time", 120),
        ("Max file size", 0),
        ("Max data size", 88 << 20),
        ("Max core file size", 0),
        ("Max processes", 0),
        ("Max open files", 5),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let found = line.trim_start_matches(name).split_whitespace().next();
        assert_eq!(found, Some(soft.to_string().as_str()), "{limits}");
    }
    assert!(
        !limits.contains("Max address space         unlimited"),
        "{limits}"
    );
    assert_eq!(std::fs::read(process.join("environ")).unwrap(), b"");
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(status.contains("Threads:\t1"), "{status}");
    // Standard input, output and error, and the copies of the former two.
    let open = std::fs::read_dir(process.join("fd")).unwrap().count();
    assert_eq!(open, 5);

    let process = process.clone();
    drop(reader);
    while process.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn number_of_concurrent_parsers_is_limited() {
    let store = Store::read_by(&format!(
        "echo $$ >> pids\n{HELLO}\nwhile [ ! -e go ]; do /bin/sleep 0.02; done"
    ));
    let key = store.keep(b"a\n1\n").await;
    let peeks = (0..6).map(|_| store.store.peek(&key, "a.csv", 1));
    let peeks = futures::future::join_all(peeks);
    let watch = async {
        let started = || {
            std::fs::read_to_string(store.file("pids"))
                .unwrap_or_default()
                .lines()
                .count()
        };
        while started() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // A third one would have started by now.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let most = started();
        std::fs::write(store.file("go"), "").unwrap();
        most
    };
    let (_, most) = futures::join!(peeks, watch);
    assert_eq!(most, 2);
}
