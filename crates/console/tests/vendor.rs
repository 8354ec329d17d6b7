//! The libraries of the console are exactly those in `vendor.lock.json`.

#![expect(clippy::expect_used, reason = "the helpers belong to the tests alone")]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use sha2::{Digest, Sha256};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn lock() -> Value {
    let text = fs::read_to_string(folder().join("vendor.lock.json")).expect("the lock file");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn vendored_files_match_the_lock_file() {
    let lock = lock();
    let mut named = BTreeSet::new();
    for package in lock["packages"].as_array().expect("packages") {
        for file in package["files"].as_array().expect("files") {
            let name = file["path"].as_str().expect("a path");
            let bytes = fs::read(folder().join("assets/vendor").join(name)).expect(name);
            assert_eq!(
                file["sha256"],
                hex::encode(Sha256::digest(&bytes)),
                "{name}"
            );
            if let Some(entry) = file["from"]
                .as_str()
                .and_then(|from| from.strip_prefix('@'))
            {
                let bytes = fs::read(folder().join(entry)).expect(entry);
                let hash = hex::encode(Sha256::digest(&bytes));
                assert_eq!(file["entry_sha256"], hash, "run scripts/vendor.sh: {entry}");
            }
            named.insert(name.to_owned());
        }
    }
    let there: BTreeSet<String> = fs::read_dir(folder().join("assets/vendor"))
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let unnamed: Vec<_> = there.difference(&named).collect();
    assert!(unnamed.is_empty(), "not in vendor.lock.json: {unnamed:?}");
}

#[test]
fn every_vendored_library_has_version_source_and_licence() {
    let licences = fs::read_to_string(folder().join("LICENSES-vendor.txt")).expect("licences");
    for package in lock()["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        assert!(package["version"].is_string(), "{name}");
        assert!(
            package["integrity"]
                .as_str()
                .is_some_and(|hash| hash.starts_with("sha512-")),
            "{name}"
        );
        let licence = package["licence"].as_str().expect("a licence");
        assert!(
            ["MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "0BSD"].contains(&licence),
            "{name}: {licence}"
        );
        assert!(
            licences.contains(&format!("== {name} ")),
            "{name}: its licence is not kept"
        );
    }
}
