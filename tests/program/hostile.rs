//! Malicious files: the program rejects them and continues to serve, within a memory limit, and
//! nothing of them remains.

use std::{
    collections::HashSet,
    fs::Permissions,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use accunode_tests::{Answer, TestUser};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::running::{PROGRAM, Serving, command, eventually, folder, start};

/// The memory limit of the program and its children in total, in bytes: three parser processes of
/// 88 MiB, and what is left for the program with its database.
const MEMORY: u64 = 400_000_000;

const HEADER: &str = "company_symbol,reporting_year,long_term_debt_to_total_capital,\
    total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets\n";

/// The files of `tests/hostile`, each with the code of its rejection, `202` if it is harmless, or
/// `*` if it only must cause no damage.
fn corpus() -> Vec<(String, String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    let expected = std::fs::read_to_string(folder.join("expected.tsv")).expect("the list");
    expected
        .lines()
        .map(|line| {
            let (name, code) = line.split_once('\t').expect("a name and a code");
            let bytes = std::fs::read(folder.join(name)).expect(name);
            (name.to_owned(), code.to_owned(), bytes)
        })
        .collect()
}

/// The memory of a process and all its descendants, in bytes. Shared memory is counted
/// proportionally, and so once.
fn memory_of(root: u32) -> u64 {
    let mut family = HashSet::from([root]);
    let mut others: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, number(&entry.path().join("status"), "PPid:")?))
        })
        .filter_map(|(pid, parent)| Some((pid, u32::try_from(parent).ok()?)))
        .collect();
    loop {
        let before = family.len();
        others.retain(|(pid, parent)| {
            let is_ours = family.contains(parent);
            if is_ours {
                family.insert(*pid);
            }
            !is_ours
        });
        if family.len() == before {
            break;
        }
    }
    family
        .iter()
        .filter_map(|pid| {
            let process = PathBuf::from(format!("/proc/{pid}"));
            // A process of another user does not reveal its shared memory.
            number(&process.join("smaps_rollup"), "Pss:")
                .or_else(|| number(&process.join("status"), "VmRSS:"))
        })
        .sum::<u64>()
        * 1_024
}

fn number(file: &Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Measures the memory of a program repeatedly.
struct Watch {
    most: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn start(pid: u32) -> Self {
        let (most, is_over) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let thread = std::thread::spawn({
            let (most, is_over) = (most.clone(), is_over.clone());
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    most.fetch_max(memory_of(pid), Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        });
        Self {
            most,
            is_over,
            thread,
        }
    }

    /// Returns the maximum.
    fn end(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watch");
        self.most.load(Ordering::Relaxed)
    }
}

/// Counts the files in the store.
fn stored(data: &Path) -> usize {
    std::fs::read_dir(data.join("files/uploads")).map_or(0, Iterator::count)
}

async fn send(user: &TestUser, name: &str, bytes: Vec<u8>) -> Answer {
    let fields = [
        ("job_type", "annual"),
        ("on_conflict", "skip"),
        ("force", "true"),
    ];
    user.upload((name, bytes), &fields).await
}

async fn ended(user: &TestUser, answer: &Answer) -> Value {
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    loop {
        let job = user.get(&format!("/bulk-uploads/{id}")).await.expect(200);
        if !matches!(job["status"].as_str(), Some("pending" | "processing")) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Checks that an answer matches the list, or that its job ends as expected.
async fn check(eve: &TestUser, name: &str, code: &str, bytes: Vec<u8>) -> Option<String> {
    let answer = send(eve, name, bytes).await;
    if answer.status.as_u16() == 202 {
        let job = ended(eve, &answer).await;
        let id = job["id"].as_str().expect("an id");
        let _ = eve.delete(&format!("/bulk-uploads/{id}")).await;
        let is_known = job["status"] == "completed"
            || (job["status"] == "failed" && job["error_code"].is_string());
        return (!is_known || !["202", "*"].contains(&code)).then(|| format!("{name}: {job}"));
    }
    let refused = answer.status.is_client_error() && answer.status.as_u16() != 429;
    let found = answer.json()["errors"][0]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (!refused || (code != "*" && code != found)).then(|| format!("{name}: {}", answer.text))
}

#[tokio::test]
async fn hostile_files_neither_stop_the_program_nor_fill_its_memory() {
    let data = folder();
    let serving = start(data.path());
    let eve = serving.anonymous().register("eve@example.com").await;
    let ana = serving.anonymous().register("ana@example.com").await;
    let watch = Watch::start(serving.pid());

    let sent = Arc::new(AtomicBool::new(false));
    let others = tokio::spawn({
        let (ana, sent) = (ana.clone(), sent.clone());
        async move {
            let mut served = 0;
            while !sent.load(Ordering::Relaxed) {
                let _ = ana.get("/me").await.expect(200);
                served += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            served
        }
    });
    let mut wrong = Vec::new();
    let files = corpus();
    assert!(files.len() > 60, "{}", files.len());
    // Several at the same time, so that parser processes run concurrently.
    for batch in files.chunks(6) {
        let checks = batch
            .iter()
            .map(|(name, code, bytes)| check(&eve, name, code, bytes.clone()));
        wrong.extend(
            futures::future::join_all(checks)
                .await
                .into_iter()
                .flatten(),
        );
    }
    sent.store(true, Ordering::Relaxed);
    let served = others.await.expect("the other user");
    let most = watch.end();
    println!(
        "at most {} MiB, {served} requests of another user",
        most >> 20
    );

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(most < MEMORY, "{} MB", most / 1_000_000);
    assert!(served > 0);
    // Bytes that are not HTTP.
    let mut socket = TcpStream::connect(serving.address()).expect("a connection");
    socket
        .write_all(b"\x16\x03\x01 garbage / HTTP/9.9\r\n\x00: \r\n\r\n")
        .expect("sent");
    let _ = socket.read_to_end(&mut Vec::new());
    // The program still works for other users, and kept nothing.
    let good = format!("{HEADER}ACME,2024,0.2,2,0.1,6,0.05\n");
    let answer = send(&ana, "good.csv", good.into_bytes()).await;
    assert_eq!(ended(&ana, &answer).await["success_count"], 1);
    assert_eq!(stored(data.path()), 1, "only the last file has an upload");
    let (status, log) = serving.stop_with_log();
    assert!(status.success(), "{log}");
    let errors: Vec<_> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// A parser that works for `real` requests and hangs in all others, after writing its process id.
fn hanging_parser(folder: &Path, real: &str) -> PathBuf {
    let path = folder.join("parser");
    let hello = r"printf '\001\021\000\000\000accunode-parser 2'";
    // The third argument says whether to read the beginning of a file or all of it.
    let script = format!(
        "#!/bin/sh\ncase $3 in {real}) exec {PROGRAM} \"$@\";; esac\n{hello}\n\
         echo $$ > {0}/pid.new\nmv {0}/pid.new {0}/pid\nexec /bin/sleep 1000\n",
        folder.display()
    );
    std::fs::write(&path, script).expect("written");
    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a program");
    path
}

async fn kill_parser(folder: &Path) {
    let pid = folder.join("pid");
    eventually("the parser has started", || pid.exists()).await;
    let id = std::fs::read_to_string(&pid).expect("its id");
    kill(
        Pid::from_raw(id.trim().parse().expect("a number")),
        Signal::SIGKILL,
    )
    .expect("killed");
}

#[tokio::test]
async fn an_upload_whose_parser_is_killed_is_refused_and_leaves_no_file() {
    let (data, scripts) = (folder(), folder());
    let mut command = command(data.path());
    command.env(
        "ACCUNODE_PARSER_PROGRAM",
        hanging_parser(scripts.path(), "none"),
    );
    let serving = Serving::of(command);
    let ana = serving.anonymous().register("ana@example.com").await;
    let good = format!("{HEADER}ACME,2024,0.2,2,0.1,6,0.05\n");
    let (answer, ()) = futures::join!(
        send(&ana, "a.csv", good.into_bytes()),
        kill_parser(scripts.path())
    );
    assert_eq!(answer.problem(422), "file_too_complex");
    let detail = answer.json()["errors"][0]["detail"].to_string();
    assert!(detail.contains("CSV"), "{detail}");
    assert_eq!(stored(data.path()), 0);
    let jobs = ana.get("/bulk-uploads").await.expect(200);
    assert_eq!(jobs["data"], serde_json::json!([]));
    assert!(serving.stop().success());
}

#[tokio::test]
async fn job_whose_parser_is_killed_fails_once_with_the_reason() {
    let (data, scripts) = (folder(), folder());
    let mut command = command(data.path());
    command.env(
        "ACCUNODE_PARSER_PROGRAM",
        hanging_parser(scripts.path(), "peek"),
    );
    let serving = Serving::of(command);
    let ana = serving.anonymous().register("ana@example.com").await;
    let good = format!("{HEADER}ACME,2024,0.2,2,0.1,6,0.05\n");
    let answer = send(&ana, "a.csv", good.into_bytes()).await;
    let (job, ()) = futures::join!(ended(&ana, &answer), kill_parser(scripts.path()));
    assert_eq!(job["status"], "failed", "{job}");
    assert_eq!(job["error_code"], "file_too_complex", "{job}");
    assert!(serving.stop().success());
}
