//! Backups: made while the program works, checked, and restored after everything is lost.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use accunode_tests::{Database, PASSWORD, TestUser};
use serde_json::{Value, json};

use crate::{
    killed::{ROWS, expected, file, processed, rows_in_the_file, until},
    running::{Serving, command, database_processes, folder, start},
};

/// Runs the program to its end.
pub(crate) fn run(data_dir: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Output {
    command(data_dir)
        .args(arguments)
        .envs(more.iter().copied())
        .output()
        .expect("it ends")
}

/// Returns the output of a run that must succeed.
#[track_caller]
pub(crate) fn succeed(output: &Output) -> String {
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{answer}{log}");
    answer
}

/// Returns the error output of a run that must fail.
#[track_caller]
pub(crate) fn fail(output: &Output) -> String {
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{log}");
    log
}

fn backup(data_dir: &Path, place: &Path) -> Output {
    run(data_dir, &["backup", text(place)], &[])
}

fn restore(data_dir: &Path, place: &Path) -> Output {
    run(data_dir, &["restore", text(place)], &[])
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn manifest(place: &Path) -> Value {
    let text = fs::read(place.join("manifest.json")).expect("a manifest");
    serde_json::from_slice(&text).expect("JSON")
}

/// Returns the device's code of the next step: the current one was used.
#[expect(
    clippy::disallowed_methods,
    reason = "the device has a clock of its own, as everyone's has"
)]
fn code(secret: &str, steps_ahead: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base32");
    let totp = totp_rs::Builder::new()
        .with_secret(secret)
        .build()
        .expect("a secret");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time");
    totp.generate(now.as_secs() + 30 * steps_ahead).to_string()
}

/// Creates a user with a second factor.
async fn with_second_factor(serving: &Serving, email: &str) -> (TestUser, String) {
    let user = serving.anonymous().register(email).await;
    let made = user.post_nothing("/me/mfa/totp").await.expect(201);
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let confirm = json!({ "code": code(&secret, 0) });
    let _ = user
        .post("/me/mfa/totp/confirm", &confirm)
        .await
        .expect(204);
    (user, secret)
}

async fn login(serving: &Serving, email: &str, secret: &str) -> TestUser {
    let anonymous = serving.anonymous();
    let body = json!({ "email": email, "password": PASSWORD });
    let half = anonymous.post("/auth/login", &body).await.expect(200);
    let body = json!({ "mfa_token": half["mfa_token"], "code": code(secret, 1) });
    let pair = anonymous.post("/auth/mfa", &body).await.expect(200);
    anonymous.with_token(pair["access_token"].as_str().expect("a token"))
}

/// Sends single writes, one after the other, until stopped; returns how many were
/// acknowledged.
fn write_on(user: &TestUser, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<usize> {
    let user = user.clone();
    tokio::spawn(async move {
        let mut written = 0;
        while !stop.load(Ordering::Relaxed) {
            let symbol = format!("W{written}");
            let _ = user
                .post("/companies", &json!({ "symbol": symbol }))
                .await
                .expect(201);
            written += 1;
        }
        written
    })
}

fn modes(folder: &Path, wrong: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let found = path.metadata().expect("there");
        if found.permissions().mode() & 0o077 != 0 {
            wrong.push(path.clone());
        }
        if found.is_dir() {
            modes(&path, wrong);
        }
    }
}

#[tokio::test]
async fn backup_under_load_is_restored_row_by_row_and_work_continues() {
    let (data, backups) = (folder(), folder());
    let place = backups.path().join("first");
    let first = start(data.path());
    let (ana, secret) = with_second_factor(&first, "ana@example.com").await;
    let ben = first.anonymous().register("ben@example.com").await;
    let fields = [("job_type", "annual"), ("on_conflict", "skip")];
    let job = ana.upload(("large.csv", file()), &fields).await.expect(202);
    let job = job["id"].as_str().expect("an id").to_owned();
    let _ = until(&ana, &job, |seen| processed(seen) > 0).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = write_on(&ben, stop.clone());

    let made = {
        let (data, place) = (data.path().to_owned(), place.clone());
        tokio::task::spawn_blocking(move || backup(&data, &place))
    };
    let answer = succeed(&made.await.expect("the backup"));
    assert!(answer.contains("backed up"), "{answer}");
    stop.store(true, Ordering::Relaxed);
    let written = writing.await.expect("the writes");

    let mut wrong = Vec::new();
    modes(backups.path(), &mut wrong);
    assert_eq!(wrong, Vec::<PathBuf>::new(), "for this user alone");
    assert!(
        succeed(&run(
            data.path(),
            &["backup", "--verify", text(&place)],
            &[]
        ))
        .contains("whole")
    );
    assert!(fail(&backup(data.path(), &place)).contains("choose another name"));

    // Everything is lost.
    first.kill();
    crate::running::eventually("the database server has ended with the program", || {
        database_processes(data.path()).is_empty()
    })
    .await;
    drop(data);
    let fresh = folder();
    let home = fresh.path().join("data");
    assert!(succeed(&restore(&home, &place)).contains("restored"));
    assert!(fail(&restore(&home, &place)).contains("is there already"));
    let mode = fs::metadata(home.join("secret.key"))
        .expect("the key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    // Nothing has used it yet: another backup contains the same, row by row.
    let again = backups.path().join("again");
    succeed(&backup(&home, &again));
    let (before, after) = (manifest(&place), manifest(&again));
    assert_eq!(before["inventory"]["tables"], after["inventory"]["tables"]);
    assert_eq!(
        before["inventory"]["objects"],
        after["inventory"]["objects"]
    );
    assert_eq!(before["migrations"], after["migrations"]);
    assert_eq!(before["secret_key"], after["secret_key"]);
    let upload = before["parts"]
        .as_object()
        .expect("parts")
        .keys()
        .find(|key| key.starts_with("files/"))
        .expect("the uploaded file")
        .clone();
    assert_eq!(before["parts"][&upload], after["parts"][&upload]);
    assert_eq!(before["faults"], json!([]));

    // Work can continue: the old password, the second factor, the upload.
    let second = start(&home);
    let ana = login(&second, "ana@example.com", &secret).await;
    let found = ana.get(&format!("/bulk-uploads/{job}")).await.expect(200);
    assert!(
        processed(&found) < ROWS,
        "the upload had ended before the backup: {found}"
    );
    let done = until(&ana, &job, |seen| {
        !matches!(seen["status"].as_str(), Some("pending" | "processing"))
    })
    .await;
    assert_eq!(done["status"], "completed", "{done}");
    let [success, skipped, error] = expected();
    for (count, rows) in [
        ("total_rows", ROWS),
        ("processed_rows", ROWS),
        ("success_count", success),
        ("skipped_count", skipped),
        ("error_count", error),
    ] {
        assert_eq!(done[count], rows, "{count}: {done}");
    }
    assert_eq!(rows_in_the_file(&ana, &job).await, success);
    let ben = second.anonymous().login("ben@example.com").await;
    let answer = ben.get_as("/companies", "text/csv").await;
    let kept = answer.text.lines().count() - 1;
    assert!(kept > 0 && kept <= written, "{kept} of {written}");
    let one_more = json!({ "symbol": format!("W{kept}") });
    let _ = ben.post("/companies", &one_more).await.expect(201);
    assert!(second.stop().success());
}

#[tokio::test]
async fn a_damaged_backup_is_named_and_nothing_is_restored() {
    let (data, backups) = (folder(), folder());
    let place = backups.path().join("one");
    let serving = start(data.path());
    let _ = serving.anonymous().register("ana@example.com").await;
    // The remains of an interrupted backup are not a backup, and do not prevent one.
    let half = backups.path().join("one.partial");
    fs::create_dir(&half).expect("made");
    fs::write(half.join("junk"), "half").expect("written");
    succeed(&backup(data.path(), &place));
    assert!(!half.exists() && !place.join("junk").exists());
    assert!(serving.stop().success());

    let fresh = folder();
    let refuse = |what: &str| {
        let home = fresh.path().join("data");
        let check = fail(&run(&home, &["backup", "--verify", text(&place)], &[]));
        assert!(check.contains(what), "{check}");
        let error = fail(&restore(&home, &place));
        assert!(error.contains(what), "{error}");
        assert!(!home.exists(), "nothing is made");
    };
    let dump = place.join("database.dump");
    let whole = fs::read(&dump).expect("a dump");
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    fs::write(&dump, flipped).expect("written");
    refuse("database.dump is damaged");
    fs::write(&dump, &whole[..middle]).expect("written");
    refuse("bytes instead of");
    fs::remove_file(&dump).expect("removed");
    refuse("database.dump is missing");
    fs::write(&dump, &whole).expect("written");
    fs::write(place.join("more"), "x").expect("written");
    refuse("more is not in the manifest");
    fs::remove_file(place.join("more")).expect("removed");
    let text = fs::read_to_string(place.join("manifest.json")).expect("a manifest");
    fs::write(
        place.join("manifest.json"),
        text.replacen("\"faults\"", "\"Faults\"", 1),
    )
    .expect("written");
    refuse("manifest.json");
    fs::remove_file(place.join("manifest.json")).expect("removed");
    refuse("is no backup");
    fs::write(place.join("manifest.json"), text).expect("written");
    succeed(&restore(&fresh.path().join("data"), &place));
}

#[tokio::test]
async fn backup_without_the_key_needs_the_key_for_restoring() {
    let (data, backups) = (folder(), folder());
    let place = backups.path().join("one");
    let serving = start(data.path());
    let (_, secret) = with_second_factor(&serving, "ana@example.com").await;
    succeed(&run(
        data.path(),
        &["backup", "--without-secret-key", text(&place)],
        &[],
    ));
    assert!(!place.join("secret.key").exists());
    assert!(serving.stop().success());

    let fresh = folder();
    let home = fresh.path().join("data");
    assert!(fail(&restore(&home, &place)).contains("does not hold the key"));
    fs::create_dir(&home).expect("made");
    fs::set_permissions(&home, fs::Permissions::from_mode(0o711)).expect("open");
    fs::write(home.join("secret.key"), "ab".repeat(32)).expect("written");
    assert!(fail(&restore(&home, &place)).contains("is not the key of this backup"));
    fs::copy(data.path().join("secret.key"), home.join("secret.key")).expect("copied");
    succeed(&restore(&home, &place));
    let serving = start(&home);
    let ana = login(&serving, "ana@example.com", &secret).await;
    assert_eq!(ana.get("/me").await.expect(200)["email"], "ana@example.com");
    assert!(serving.stop().success());
}

#[tokio::test]
async fn external_database_is_restored_into_an_empty_one() {
    let (data, backups) = (folder(), folder());
    let place = backups.path().join("one");
    let source = Database::create().await;
    let source = [("DATABASE_URL", source.url())];
    let mut program = command(data.path());
    program.envs(source);
    let serving = Serving::of(program);
    let ana = serving.anonymous().register("ana@example.com").await;
    let _ = ana
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    succeed(&run(data.path(), &["backup", text(&place)], &source));
    assert!(serving.stop().success());

    let target = Database::empty().await;
    let as_role = |role: &str| target.url().replacen("postgres@", &format!("{role}@"), 1);
    let (server, owner) = (as_role("accunode_server"), as_role("accunode_owner"));
    let target = [
        ("DATABASE_URL", server.as_str()),
        ("ACCUNODE_OWNER_DATABASE_URL", owner.as_str()),
    ];
    let fresh = folder();
    let home = fresh.path().join("data");
    succeed(&run(&home, &["restore", text(&place)], &target));
    assert!(fail(&run(&home, &["restore", text(&place)], &target)).contains("not empty"));
    assert!(!home.join("postgres").exists());
    let mut program = command(&home);
    program.envs(target);
    let serving = Serving::of(program);
    let ana = serving.anonymous().login("ana@example.com").await;
    let companies = ana.get("/companies").await.expect(200);
    assert_eq!(companies["data"][0]["symbol"], "ACME");
    assert!(serving.stop().success());
}

/// A small disk, if this user may create one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = folder();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg(self.0.path())
            .output();
    }
}

#[tokio::test]
async fn full_disk_during_backup_is_reported_and_leaves_nothing() {
    let Some(disk) = SmallDisk::mount("64k") else {
        eprintln!("skipped: this user may not mount a small disk");
        return;
    };
    let data = folder();
    let serving = start(data.path());
    let _ = serving.anonymous().register("ana@example.com").await;
    let error = fail(&backup(data.path(), &disk.0.path().join("one")));
    assert!(error.contains("is full, and there is no backup"), "{error}");
    assert_eq!(fs::read_dir(disk.0.path()).expect("a folder").count(), 0);
    assert!(serving.stop().success());
}

#[tokio::test]
async fn backup_needs_a_database_and_a_valid_destination() {
    let (data, backups) = (folder(), folder());
    let error = fail(&backup(data.path(), &backups.path().join("one")));
    assert!(error.contains("there is no database"), "{error}");
    assert!(!data.path().join("postgres").exists());
    for wrong in ["s3://bucket", "https://x/y"] {
        let error = fail(&run(data.path(), &["backup", wrong], &[]));
        assert!(
            error.contains("DESTINATION") && !error.contains("database"),
            "{error}"
        );
    }
    let error = fail(&restore(data.path(), &backups.path().join("none")));
    assert!(error.contains("there is no folder"), "{error}");
}
