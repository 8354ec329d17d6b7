//! The program itself, on its embedded database.

use std::path::Path;
use std::process::{Command, Output};

use crate::kit::{folder, processes};

fn accunode(data_dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_accunode"))
        .args(arguments)
        .env_clear()
        .env("ACCUNODE_DATA_DIR", data_dir)
        .env("ACCUNODE_POSTGRES_SETTINGS_FSYNC", "off")
        .env("ACCUNODE_POSTGRES_SETTINGS_SHARED_BUFFERS", "16MB")
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("it runs")
}

/// Returns the output of a successful run.
fn answer(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{problems}");
    stdout
}

#[test]
fn schema_migrates_up_and_down_and_no_process_remains() {
    let data = folder();
    let before = accunode(data.path(), &["migrate", "status"]);
    assert!(!before.status.success());
    assert!(String::from_utf8_lossy(&before.stdout).contains("missing m"));

    assert!(answer(&accunode(data.path(), &["migrate", "up"])).contains("applied m"));
    assert_eq!(
        answer(&accunode(data.path(), &["migrate", "up"])),
        "nothing to do\n"
    );
    assert!(!answer(&accunode(data.path(), &["migrate", "status"])).contains("missing"));
    assert!(answer(&accunode(data.path(), &["migrate", "down"])).contains("took back m"));
    assert_eq!(processes(&data.path().join("postgres")), Vec::<i32>::new());
}

#[test]
fn private_umask_does_not_keep_the_database_account_out() {
    let data = folder();
    let output = Command::new("/bin/sh")
        .args(["-c", "umask 077; exec \"$0\" migrate up"])
        .arg(env!("CARGO_BIN_EXE_accunode"))
        .env_clear()
        .env("ACCUNODE_DATA_DIR", data.path().join("data"))
        .env("ACCUNODE_POSTGRES_SETTINGS_FSYNC", "off")
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("it runs");
    assert!(answer(&output).contains("applied m"));
}

#[test]
fn maintenance_migrates_a_new_database_first() {
    let data = folder();
    let output = answer(&accunode(
        data.path(),
        &["maintain", "audit-partitions", "--ahead", "7"],
    ));
    assert!(
        output.starts_with("made ") && output != "made 0 partitions\n",
        "{output}"
    );
    assert_eq!(
        answer(&accunode(data.path(), &["maintain", "fold-rollups"])),
        "merged 0 changes\n"
    );
    answer(&accunode(data.path(), &["maintain", "rebuild-rollups"]));
}

#[test]
fn invalid_settings_end_the_program_before_anything_is_created() {
    let data = folder();
    let output = accunode(
        data.path(),
        &["config", "--set", "listen=nowhere", "--set", "workers=0"],
    );
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("listen = \"nowhere\"") && stderr.contains("workers = \"0\""),
        "{stderr}"
    );
    assert!(!data.path().join("postgres").exists());
}

#[test]
fn the_configuration_is_printed() {
    let data = folder();
    let output = answer(&accunode(data.path(), &["config"]));
    assert!(output.contains("listen = \"127.0.0.1:8080\""), "{output}");
    assert!(output.contains("shared_buffers = \"16MB\""), "{output}");
}
