//! Files to which no upload refers are removed, and no others.

use std::{
    fs::{File, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use accunode_application::bulk_uploads::SweptFiles;
use accunode_tests::Service;

use crate::support::{file_of, submit};

/// Returns the files of the store, by name.
fn stored(service: &Service) -> Vec<PathBuf> {
    let folder = service.folder().join("files/uploads");
    let entries = std::fs::read_dir(folder).expect("the store").flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Makes a file look as if it had been written two days ago.
fn age(file: &Path) {
    let file = File::options().write(true).open(file).expect("a file");
    let written = file.metadata().and_then(|found| found.modified());
    let written = written.expect("a time");
    file.set_modified(written - Duration::from_secs(2 * 86_400))
        .expect("aged");
}

#[tokio::test]
async fn only_old_files_without_an_upload_are_removed() {
    let service = Service::start().await;
    let sweep = || async { service.wired().application.bulk_uploads.sweep_files().await };
    let orphan = service
        .folder()
        .join("files/uploads/00000000-0000-7000-8000-000000000001");
    std::fs::write(&orphan, "a").expect("written");
    age(&orphan);
    // A database without any upload is new or the wrong one.
    assert_eq!(sweep().await.expect("swept"), SweptFiles::default());

    for user in ["ana", "ben"] {
        let user = service.user(user).await;
        let job = submit(&user, "a.csv", file_of(["A"]), &[]).await;
        service.finished(&user, &job).await;
    }
    let kept: Vec<_> = stored(&service)
        .into_iter()
        .filter(|file| *file != orphan)
        .collect();
    assert_eq!(kept.len(), 2);
    for file in &kept {
        let mode = file.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        age(file);
    }
    // One that is being received, one that was never received completely, one that will
    // have its upload in a moment.
    let young = service.folder().join("files/uploads/young#1");
    let unfinished = service.folder().join("files/uploads/old#1");
    let waiting = service.folder().join("files/uploads/waiting");
    for file in [&young, &unfinished, &waiting] {
        std::fs::write(file, "a").expect("written");
    }
    age(&unfinished);

    let swept = sweep().await.expect("swept");
    assert_eq!((swept.orphans, swept.unfinished), (1, 1));
    let mut expected = [kept, vec![young, waiting]].concat();
    expected.sort();
    assert_eq!(stored(&service), expected);
    assert_eq!(sweep().await.expect("swept"), SweptFiles::default());
}

#[tokio::test]
async fn orphans_are_removed_at_start() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let job = submit(&ana, "a.csv", file_of(["A"]), &[]).await;
    service.finished(&ana, &job).await;
    // Another process with the same database and the same folder.
    let orphan = service.folder().join("files/uploads/orphan");
    std::fs::write(&orphan, "a").expect("written");
    age(&orphan);
    // A file that was being received when its process was killed, however recently: its
    // lock is not held any more. Another one is still being received.
    let killed = service.folder().join("files/uploads/killed#2");
    let coming = service.folder().join("files/uploads/coming#2");
    std::fs::write(&killed, "a").expect("written");
    let alive = File::create(&coming).expect("a file");
    alive.lock().expect("its lock");
    let url = format!("file://{}", service.folder().join("files").display());
    let options = accunode_tests::ServiceOptions::default().with("files_url", &url);
    let _second = service.beside(options).await;
    while orphan.exists() || killed.exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(coming.exists(), "a file that came in was removed");
    assert_eq!(stored(&service).len(), 2);
}

#[tokio::test]
async fn file_store_is_private_to_the_service() {
    let service = Service::start().await;
    let folder = service.folder().join("files/uploads");
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("opened");
    // The state after an update from a version that left it open.
    let url = format!("file://{}", service.folder().join("files").display());
    let options = accunode_tests::ServiceOptions::default().with("files_url", &url);
    let _second = service.beside(options).await;
    let mode = folder.metadata().expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
