//! `accunode upload`: a file is sent to a running server, and the program waits for it.

use std::{
    path::Path,
    process::{Output, Stdio},
};

use accunode_tests::Serving;
use serde_json::json;

use crate::running::{command, folder, start};

const HEADER: &str = "company_symbol,company_name,reporting_year,long_term_debt_to_total_capital,\
    total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";

fn line(symbol: &str, debt: &str) -> String {
    format!("{symbol},{symbol} Zakłady,2024,0.25,{debt},0.08,6.4,0.05")
}

/// The program with a key in its environment, its output and its status.
struct Sender<'a> {
    data: &'a Path,
    serving: &'a Serving,
    key: String,
}

impl Sender<'_> {
    fn send(&self, arguments: &[&str], stdin: Option<&Path>) -> (Option<i32>, String) {
        let mut program = command(self.data);
        program
            .args(["upload", "--kind", "annual", "--url", self.serving.base()])
            .args(arguments)
            .env("ACCUNODE_API_KEY", &self.key)
            .stdin(match stdin {
                Some(path) => Stdio::from(std::fs::File::open(path).expect("a file")),
                None => Stdio::null(),
            });
        let Output { status, stderr, .. } = program.output().expect("it ends");
        (status.code(), String::from_utf8_lossy(&stderr).into_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upload_command_waits_and_its_exit_status_shows_the_outcome() {
    let data = folder();
    let serving = start(data.path());
    let ana = serving.anonymous().register("ana@example.com").await;
    let key = json!({ "name": "upload", "scopes": ["read", "upload"] });
    let key = ana.post("/api-keys", &key).await.expect(201);
    let sender = Sender {
        data: data.path(),
        serving: &serving,
        key: key["secret"].as_str().expect("a secret").to_owned(),
    };
    let write = |name: &str, lines: &[String]| {
        let path = data.path().join(name);
        let text = format!("{HEADER}\n{}\n", lines.join("\n"));
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a name").to_owned()
    };

    let sound = write("sound.tsv", &[line("A", "2.0"), line("B", "3.0")]);
    let (status, output) = sender.send(&[&sound], None);
    assert_eq!(status, Some(0), "{output}");
    assert!(
        output.contains("2 stored, 0 updated, 0 skipped, 0 failed"),
        "{output}"
    );

    // Rows that fail: status 0, and 3 if requested; they are stored for correction.
    let mixed = write("mixed.csv", &[line("C", "2.0"), line("D", "many")]);
    let rows = data.path().join("failed.csv");
    let rows_name = rows.to_str().expect("a name");
    let failing = ["--failed-rows", rows_name, "--fail-on-errors"];
    let (status, output) = sender.send(&[&[mixed.as_str()], &failing[..]].concat(), None);
    assert_eq!(status, Some(3), "{output}");
    assert!(
        output.contains("1 stored, 0 updated, 0 skipped, 1 failed"),
        "{output}"
    );
    let failed = std::fs::read_to_string(&rows).expect("the rows that failed");
    assert!(
        failed.starts_with('\u{feff}') && failed.contains("Zakłady"),
        "{failed}"
    );

    // An existing file is not overwritten, and then nothing is sent.
    let (status, output) = sender.send(
        &[&[sound.as_str(), "--force"], &failing[..2]].concat(),
        None,
    );
    assert_eq!(status, Some(1), "{output}");
    assert!(output.contains("failed.csv exists"), "{output}");
    let (status, output) = sender.send(&[&mixed, "--failed-rows", &mixed], None);
    assert_eq!(status, Some(1), "{output}");

    // Corrected, from standard input.
    std::fs::write(&rows, failed.replace("many", "2.5")).expect("mended");
    let (status, output) = sender.send(&["-", "--fail-on-errors"], Some(&rows));
    assert_eq!(status, Some(0), "{output}");

    // The reason for refusing the whole file is worded for the command line.
    let shares: Vec<String> = ["E", "F", "G", "H", "I", "J"]
        .map(|s| line(s, "2.0"))
        .into();
    let shares = write("shares.csv", &shares);
    let (status, output) = sender.send(&[&shares, "--ratio-unit", "percent"], None);
    assert_eq!(status, Some(1), "{output}");
    assert!(output.contains("--ratio-unit fraction"), "{output}");
    let lacking = data.path().join("lacking.csv");
    std::fs::write(&lacking, "symbol,year\nA,2024\n").expect("written");
    let (status, output) = sender.send(&[lacking.to_str().expect("a name")], None);
    assert_eq!(status, Some(1), "{output}");
    assert_eq!(output.matches("it lacks").count(), 1, "{output}");
    assert!(serving.stop().success());
}
