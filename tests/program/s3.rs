//! Files and backups in a bucket: the program with an object store of this process.

use std::{fs, path::Path, process::Command};

use accunode_tests::ObjectStore;
use serde_json::Value;

use crate::{
    backups::{fail, run, succeed},
    killed::until,
    running::{Serving, command, folder},
};

fn start() -> ObjectStore {
    ObjectStore::start().expect("an object store")
}

fn manifest(store: &ObjectStore, backup: &str) -> Value {
    let text = fs::read(store.path(backup).join("manifest.json")).expect("a manifest");
    serde_json::from_slice(&text).expect("JSON")
}

/// Returns a command of the program with its files in this bucket.
fn in_bucket(store: &ObjectStore, data: &Path, files: &str) -> Command {
    let mut program = command(data);
    program
        .envs(store.settings("FILES"))
        .env("ACCUNODE_FILES_URL", format!("s3://bank/{files}"));
    program
}

fn ask(mut program: Command, arguments: &[&str]) -> std::process::Output {
    program.args(arguments).output().expect("it ends")
}

#[tokio::test]
async fn files_and_backups_in_a_bucket_are_restored() {
    let (store, data) = (start(), folder());
    let program = |data: &Path, files: &str| in_bucket(&store, data, files);
    let serving = Serving::of(program(data.path(), "files"));
    let ana = serving.anonymous().register("ana@example.com").await;
    let ready = ana.get("//health/ready").await;
    assert_eq!(ready.status.as_u16(), 200, "{}", ready.text);
    let rows = "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,\
                total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets\n\
                ACME,Energy,2024,0.4,2.5,0.03,6.1,0.05\n\
                BETA,Energy,24,0.4,2.5,0.03,6.1,0.05\n";
    let job = ana
        .upload(("two.csv", rows.into()), &[("job_type", "annual")])
        .await
        .expect(202);
    let job = job["id"].as_str().expect("an id").to_owned();
    let done = until(&ana, &job, |seen| seen["status"] == "completed").await;
    assert_eq!(done["success_count"], 1, "{done}");
    assert_eq!(done["error_count"], 1, "{done}");
    assert!(!data.path().join("files").exists(), "nothing lies here");
    let uploads = fs::read_dir(store.path("files/uploads")).expect("uploads");
    assert_eq!(uploads.count(), 1);

    // While it serves; nothing is overwritten, and the whole prefix is checked.
    let backup = ["backup", "s3://bank/backups/1"];
    let output = succeed(&ask(program(data.path(), "files"), &backup));
    assert!(output.contains("1 uploaded files"), "{output}");
    let refused = fail(&ask(program(data.path(), "files"), &backup));
    assert!(refused.contains("choose another name"), "{refused}");
    let verify = ["backup", "--verify", "s3://bank/backups/1"];
    assert!(succeed(&ask(program(data.path(), "files"), &verify)).contains("whole"));
    assert!(!store.path("backups/1/partial").exists());
    serving.kill();

    // Into another data folder, with the files at another prefix of the bucket.
    let fresh = folder();
    let home = fresh.path().join("data");
    let restore = ["restore", "s3://bank/backups/1"];
    assert!(succeed(&ask(program(&home, "again"), &restore)).contains("restored"));
    let again = ["backup", "s3://bank/backups/2"];
    succeed(&ask(program(&home, "again"), &again));
    let (before, after) = (manifest(&store, "backups/1"), manifest(&store, "backups/2"));
    assert_eq!(before["inventory"]["tables"], after["inventory"]["tables"]);
    let serving = Serving::of(program(&home, "again"));
    let ana = serving.anonymous().login("ana@example.com").await;
    let found = ana.get(&format!("/bulk-uploads/{job}")).await.expect(200);
    assert_eq!(found["success_count"], 1, "{found}");
    // A deletion also deletes in the bucket.
    let path = format!("/bulk-uploads/{job}");
    let _ = ana.delete(&path).await.expect(204);
    let uploads = fs::read_dir(store.path("again/uploads"));
    assert_eq!(uploads.map_or(0, Iterator::count), 0);
    assert!(serving.stop().success());
}

#[tokio::test]
async fn damaged_or_interrupted_bucket_backup_is_named() {
    let (store, data) = (start(), folder());
    let serving = crate::running::start(data.path());
    let _ = serving.anonymous().register("ana@example.com").await;
    let settings = store.settings("BACKUPS");
    let more: Vec<_> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let place = "s3://bank/backups/1";
    let backup = |more: &[(&str, &str)]| run(data.path(), &["backup", place], more);

    // Another process's unfinished backup is not changed, and does not count as a backup.
    fs::create_dir_all(store.path("backups/1")).expect("a place");
    fs::write(store.path("backups/1/partial"), "…").expect("a mark");
    assert!(fail(&backup(&more)).contains("was interrupted there"));
    let fresh = folder();
    let home = fresh.path().join("data");
    let restore = || run(&home, &["restore", place], &more);
    assert!(fail(&restore()).contains("was interrupted"));
    fs::remove_dir_all(store.path("backups")).expect("removed");

    // Without the key, or with a wrong one, nothing is found, and no secret is revealed.
    let mut wrong = more.clone();
    wrong[3].1 = "another-secret-of-the-tests";
    let error = fail(&backup(&wrong));
    assert!(
        error.contains("cannot look into s3://bank/backups/1"),
        "{error}"
    );
    assert!(
        !error.contains(ObjectStore::SECRET) && !error.contains(wrong[3].1),
        "{error}"
    );

    succeed(&backup(&more));
    assert!(serving.stop().success());
    let dump = store.path("backups/1/database.dump");
    let mut bytes = fs::read(&dump).expect("a dump");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&dump, bytes).expect("damaged");
    let error = fail(&restore());
    assert!(error.contains("database.dump is damaged"), "{error}");
    assert!(!home.join("postgres").exists());
}

/// All settings exist, and contradictory ones are refused by name.
#[tokio::test]
async fn object_store_settings_are_validated_and_secrets_hidden() {
    let data = folder();
    let more = [
        ("ACCUNODE_FILES_URL", "s3://bank/files"),
        ("ACCUNODE_FILES_ACCESS_KEY_ID", ObjectStore::KEY),
        ("ACCUNODE_FILES_SECRET_ACCESS_KEY", ObjectStore::SECRET),
    ];
    let shown = succeed(&run(data.path(), &["config"], &more));
    assert!(
        shown.contains(ObjectStore::KEY) && !shown.contains(ObjectStore::SECRET),
        "{shown}"
    );
    let refused = fail(&run(data.path(), &["config"], &more[..2]));
    assert!(
        refused.contains("files.access_key_id")
            && refused.contains("needs files.secret_access_key"),
        "{refused}"
    );
    let refused = fail(&run(
        data.path(),
        &["config"],
        &[("ACCUNODE_BACKUPS_ENDPOINT", "minio:9000/x")],
    ));
    assert!(refused.contains("backups.endpoint"), "{refused}");
}
