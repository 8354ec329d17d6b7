//! Bodies that are designed to exhaust the program: each is rejected with little memory, while
//! other requests are served.

mod corpus;

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use accunode_tests::TestUser;

use self::corpus::{Hostile, corpus};
use crate::running::{Serving, command, folder};

/// The most memory that the program may use, whatever is sent to it.
const MOST_MEMORY: u64 = 400_000_000;
/// The number of copies of each body that are sent concurrently.
const COPIES: usize = 4;
/// The largest answer to a rejected body, which may have two million bytes.
const MOST_ANSWERED: usize = 256 << 10;

/// The peak memory of a process, in bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: u64 = kilobytes.and_then(|n| n.parse().ok()).expect("a number");
    kilobytes << 10
}

async fn attack(sender: &TestUser, hostile: &Hostile) {
    let copies = (0..COPIES).map(|_| sender.post_raw(hostile.path, hostile.body.clone()));
    for answer in futures::future::join_all(copies).await {
        let status = answer.status.as_u16();
        let shown: String = answer.text.chars().take(300).collect();
        let name = hostile.name;
        let is_refused = answer.text.contains("/docs/errors#");
        // An item of a list with an invalid form fails alone.
        let is_item = status == 200 && is_refused && hostile.expected.contains(&422);
        assert!(
            is_item || hostile.expected.contains(&status),
            "{name}: {status}, expected {:?}: {shown}",
            hostile.expected
        );
        if status >= 400 {
            let _ = answer.problem(status);
        }
        if status >= 400 || is_item {
            assert!(
                answer.bytes.len() < MOST_ANSWERED,
                "{name}: {}",
                answer.bytes.len()
            );
        }
        let more = answer.text.contains(r#""more_errors":true"#);
        assert_eq!(more, hostile.has_more, "{name}: {shown}");
    }
}

#[tokio::test]
async fn hostile_bodies_use_little_memory_and_delay_no_other_requests() {
    // Created first, since it takes time, in which connections would time out.
    let corpus = corpus();
    let data = folder();
    let mut command = command(data.path());
    // All copies are processed concurrently: they must be read, and not refused for their number.
    command.env("ACCUNODE_AT_ONCE_BATCH", "0");
    let serving = Serving::of(command);
    let pid = serving.pid();
    let eve = serving.anonymous().register("eve@example.com").await;
    let ana = serving.anonymous().register("ana@example.com").await;

    let (is_over, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    let others = async {
        while !is_over.load(Ordering::Relaxed) {
            let _ = ana.get("/me").await.expect(200);
            let _ = ana.get("/companies").await.expect(200);
            served.fetch_add(1, Ordering::Relaxed);
        }
    };
    let attacks = async {
        for hostile in corpus {
            let before = served.load(Ordering::Relaxed);
            attack(&eve, &hostile).await;
            let peak = peak_memory(pid);
            let name = hostile.name;
            println!(
                "{name}: peak {} MB, others served {} times meanwhile",
                peak / 1_000_000,
                served.load(Ordering::Relaxed) - before
            );
            assert!(peak < MOST_MEMORY, "{name}: {} MB", peak / 1_000_000);
        }
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(others, attacks);
    assert!(served.load(Ordering::Relaxed) > 0);
    // The same process still answers.
    assert_eq!(serving.pid(), pid);
    let _ = serving.anonymous().get("//health/ready").await.expect(200);
    let (status, log) = serving.stop_with_log();
    assert!(status.success(), "{status}");
    assert!(!log.contains("panic"), "{log}");
}
