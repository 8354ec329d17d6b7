//! The key that encrypts secrets in the database: configured, or a file of the data folder
//! that is created at the first start.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use accunode_local::SealingKey;
use accunode_ports::system::Randomness;
use anyhow::{Context, bail};

use crate::config::Config;

/// The file's name in the data folder.
const FILE: &str = "secret.key";

/// Returns the keys: the first encrypts, all of them decrypt.
///
/// # Errors
/// If the file cannot be read or created, or contains no key.
pub fn sealing_keys(
    config: &Config,
    randomness: &dyn Randomness,
) -> anyhow::Result<Vec<SealingKey>> {
    if let Some(keys) = &config.secret_key {
        return Ok(keys.expose().iter().copied().map(SealingKey::new).collect());
    }
    if config.redis_servers.is_some() {
        tracing::warn!(
            "several processes need one secret_key between them; without it each has its own, and second factors work on one of them only"
        );
    }
    let path = config.data_dir.join(FILE);
    let key = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(&path, randomness).with_context(|| format!("cannot make {}", path.display()))?;
            fs::read_to_string(&path)
        }
        read => read,
    };
    let key = key.with_context(|| format!("cannot read {}", path.display()))?;
    let mut bits = [0; 32];
    if hex::decode_to_slice(key.trim(), &mut bits).is_err() {
        bail!("{} must hold 64 hexadecimal digits", path.display());
    }
    Ok(vec![SealingKey::new(bits)])
}

/// Writes a new key, readable for the service's user only. Of several concurrent calls one
/// succeeds, and a partial key is never visible.
fn make(path: &Path, randomness: &dyn Randomness) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(hex::encode(&randomness.bits()[..8]));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{}", hex::encode(randomness.bits()))?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use accunode_local::SystemRandomness;

    use super::*;
    use crate::config::Sources;

    fn config(folder: &Path, more: &[(&str, &str)]) -> Config {
        let mut sources = Sources::default();
        let folder = folder.to_str().expect("UTF-8").to_owned();
        sources.flags.push(("data_dir".to_owned(), folder));
        for (name, value) in more {
            sources
                .flags
                .push(((*name).to_owned(), (*value).to_owned()));
        }
        Config::load(&sources).expect("a right configuration")
    }

    #[test]
    fn sealing_key_is_created_once_and_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let config = config(&data, &[]);
        let keys: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| sealing_keys(&config, &SystemRandomness)))
                .collect();
            all.into_iter()
                .map(|one| one.join().expect("no panic").expect("a key"))
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        let mode = fs::metadata(data.join(FILE))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(&data).expect("a folder").count(),
            1,
            "no drafts"
        );
    }

    #[test]
    fn configured_sealing_key_overrides_the_file_and_is_hidden() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("{},{}", "ab".repeat(32), "cd".repeat(32));
        let config = config(folder.path(), &[("secret_key", &text)]);
        let keys = sealing_keys(&config, &SystemRandomness).expect("keys");
        assert_eq!(
            keys,
            [SealingKey::new([0xab; 32]), SealingKey::new([0xcd; 32])]
        );
        assert!(!folder.path().join(FILE).exists());
        let shown = format!("{config:?}{}", config.to_toml().expect("printable"));
        assert!(
            !shown.contains("abab") && !shown.contains("cdcd"),
            "{shown}"
        );
    }

    #[test]
    fn sealing_file_without_a_key_is_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), "no key").expect("written");
        let error = sealing_keys(&config(folder.path(), &[]), &SystemRandomness);
        assert!(
            error
                .expect_err("no key")
                .to_string()
                .contains("64 hexadecimal")
        );
    }
}
