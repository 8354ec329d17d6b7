//! `accunode serve --ephemeral`: a service for the tests of programs that use the API.
//!
//! It has a database, files and a port of its own, an administrator, no limits, and cheap
//! hashes of passwords. Once it is ready, it prints one line of JSON that describes it.
//! Each line of JSON on standard input puts its clock forward. When it ends, nothing is
//! left behind.

use std::{
    fs::{self, File},
    io::{self, BufRead},
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
};

use accunode_application::{Application, auth::Registration};
use accunode_domain::audit::RequestContext;
use accunode_local::{AdvancingClock, SystemRandomness};
use accunode_ports::system::Randomness;
use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;

use super::{
    front, print_line,
    serve::{self, Duties},
};
use crate::{
    config::{Config, Sources},
    telemetry,
};

/// The prefix of the folders of such services, in the folder of temporary files.
const FOLDER: &str = "accunode-ephemeral-";
/// The lock file in its folder, held while the service lives.
const LOCK: &str = "lock";
/// The longest line that is read from standard input, in bytes.
const LONGEST_LINE: u64 = 4096;

/// The address of the administrator of an ephemeral service.
const ADMINISTRATOR: &str = "administrator@example.com";

/// The settings that differ from an ordinary service. Settings on the command line
/// (`--set`, `--log`) take precedence.
const SETTINGS: &[(&str, &str)] = &[
    ("limits.admin", "0"),
    ("limits.auth", "0"),
    ("limits.read", "0"),
    ("limits.score", "0"),
    ("limits.unknown_keys", "0"),
    ("limits.upload", "0"),
    ("limits.write", "0"),
    ("log", "warn"),
    ("min_free_disk", "0"),
    ("password_hashing.iterations", "1"),
    ("password_hashing.memory_kib", "64"),
    ("postgres.settings.fsync", "off"),
    ("postgres.settings.full_page_writes", "off"),
    ("postgres.settings.synchronous_commit", "off"),
];

/// Serves until this process is asked to end. Settings of the environment and of files are
/// ignored: a test must not use a real database by mistake.
///
/// # Errors
/// As [`serve::run`], and if `data_dir` or a database is given on the command line.
pub fn run(given: &Sources) -> anyhow::Result<()> {
    for (key, _) in &given.flags {
        if [
            "data_dir",
            "database_url",
            "direct_database_url",
            "owner_database_url",
            "read_database_url",
            "files_url",
        ]
        .contains(&key.as_str())
        {
            bail!("an ephemeral service has data of its own: leave {key} out");
        }
    }
    remove_leftovers(&std::env::temp_dir());
    let folder = Folder::make()?;
    let address = given
        .flags
        .iter()
        .rfind(|(key, _)| key == "listen")
        .map_or(Ok(SocketAddr::from(([127, 0, 0, 1], 0))), |(_, text)| {
            text.parse()
                .with_context(|| format!("listen {text:?} is not an address and a port"))
        })?;
    let listener = front::bind(address)?;

    let mut sources = given.without_settings();
    let own = SETTINGS.iter().copied();
    sources
        .flags
        .extend(own.map(|(key, value)| (key.into(), value.into())));
    sources.flags.extend(given.flags.iter().cloned());
    let listen = listener.local_addr()?.to_string();
    let data_dir = folder.data_dir()?;
    sources.flags.extend([
        ("listen".to_owned(), listen),
        ("data_dir".to_owned(), data_dir),
    ]);
    let config = Config::load(&sources)?;
    let _telemetry = telemetry::init(&config)?;
    let ephemeral = Ephemeral {
        clock: AdvancingClock::default(),
        password: password(),
        mail: config.data_dir.join("mail"),
    };
    let duties = Duties {
        api: true,
        worker: true,
    };
    serve::run_on(&config, duties, Some(listener), Some(ephemeral))
}

/// The additional parts of an ephemeral service.
#[derive(Debug)]
pub(super) struct Ephemeral {
    pub(super) clock: AdvancingClock,
    password: String,
    /// The folder that mails are written to.
    mail: PathBuf,
}

impl Ephemeral {
    /// Creates the administrator, prints the description, and reads commands.
    pub(super) async fn begin(
        &self,
        application: &Application,
        address: SocketAddr,
    ) -> anyhow::Result<()> {
        let form = Registration {
            email: ADMINISTRATOR.to_owned(),
            password: self.password.clone(),
            ..Registration::default()
        };
        let context = RequestContext {
            request_id: "ephemeral".to_owned(),
            ..RequestContext::default()
        };
        application
            .auth
            .create_admin(&form, &context)
            .await
            .context("the administrator cannot be made")?;
        let url = format!("http://{address}");
        print_line(serde_json::to_string(&Ready {
            url: &url,
            api: &format!("{url}/api/v1"),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION"),
            mail: &self.mail,
            administrator: Account {
                email: ADMINISTRATOR,
                password: &self.password,
            },
        })?)?;
        let clock = self.clock.clone();
        // A thread is used, because reading standard input cannot be interrupted: the
        // process ends without waiting for it.
        thread::Builder::new()
            .name("commands".to_owned())
            .spawn(move || answer_commands(&mut io::stdin().lock(), &clock))
            .context("cannot read standard input")?;
        Ok(())
    }
}

/// The description that is printed once the service is ready.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    url: &'a str,
    api: &'a str,
    pid: u32,
    version: &'a str,
    mail: &'a Path,
    administrator: Account<'a>,
}

#[derive(Debug, Serialize)]
struct Account<'a> {
    email: &'a str,
    password: &'a str,
}

/// A command on standard input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputCommand {
    /// The number of seconds by which the clock is put forward.
    advance_seconds: u32,
}

/// Answers each line with one of its own, until the input ends.
fn answer_commands(lines: &mut impl BufRead, clock: &AdvancingClock) {
    loop {
        let mut line = String::new();
        match io::Read::take(&mut *lines, LONGEST_LINE).read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.trim().is_empty() => {}
            Ok(_) => {
                if print_line(answer(&line, clock)).is_err() {
                    return;
                }
            }
        }
    }
}

fn answer(line: &str, clock: &AdvancingClock) -> serde_json::Value {
    let advanced = serde_json::from_str(line)
        .map_err(|error| format!(r#"{error}; write {{"advance_seconds": 3600}}"#))
        .and_then(|command: InputCommand| {
            clock
                .advance(command.advance_seconds)
                .map_err(|error| error.to_string())
        });
    let result = advanced.and_then(|now| now.format(&Rfc3339).map_err(|error| error.to_string()));
    match result {
        Ok(now) => serde_json::json!({ "now": now }),
        Err(error) => serde_json::json!({ "error": error }),
    }
}

fn password() -> String {
    hex::encode(SystemRandomness.bits())
}

/// The folder of one service, removed with this value.
#[derive(Debug)]
struct Folder {
    folder: TempDir,
    _lock: File,
}

impl Folder {
    fn make() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(FOLDER)
            .tempdir()
            .context("cannot make a folder for temporary data")?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    fn data_dir(&self) -> anyhow::Result<String> {
        let path: PathBuf = self.folder.path().join("data");
        path.into_os_string()
            .into_string()
            .map_err(|path| anyhow!("{} is not UTF-8", path.display()))
    }
}

/// Removes the folders of services that were killed.
fn remove_leftovers(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(FOLDER);
        let lock = File::open(entry.path().join(LOCK));
        if is_ours && lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            // Another service may remove it at the same time, and it may belong to another
            // user.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_is_advanced_by_lines_and_invalid_lines_are_answered() {
        let clock = AdvancingClock::default();
        let before = answer(r#"{"advance_seconds": 0}"#, &clock);
        let after = answer(r#"{"advance_seconds": 86400}"#, &clock);
        let day =
            |answer: &serde_json::Value| answer["now"].as_str().map(|now| now[..10].to_owned());
        assert!(day(&before) < day(&after), "{before} {after}");
        for line in [
            "x",
            "{}",
            r#"{"advance_seconds": -1}"#,
            r#"{"advance_seconds": 4294967295}"#,
        ] {
            let response = answer(line, &clock);
            assert!(response["error"].is_string(), "{line}: {response}");
        }
        assert_eq!(
            day(&answer(r#"{"advance_seconds": 0}"#, &clock)),
            day(&after)
        );
    }

    #[test]
    fn only_folders_of_killed_ephemeral_services_are_removed() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = |name: &str| {
            let path = temporary.path().join(name);
            fs::create_dir(&path).expect("made");
            File::create(path.join(LOCK)).expect("a lock")
        };
        let (_dead, alive, _other) = (
            folder("accunode-ephemeral-1"),
            folder("accunode-ephemeral-2"),
            folder("mine"),
        );
        alive.lock().expect("locked");
        remove_leftovers(temporary.path());
        let is_there = |name: &str| temporary.path().join(name).exists();
        assert!(!is_there("accunode-ephemeral-1"));
        assert!(is_there("accunode-ephemeral-2") && is_there("mine"));
    }
}
