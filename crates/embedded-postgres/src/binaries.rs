//! Finds the PostgreSQL installations of the machine, and chooses one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::EmbeddedError;
use super::identity::Identity;

/// The oldest major version whose features the schema uses.
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installation {
    pub(super) bin_dir: PathBuf,
    pub(super) major: u32,
    /// The version that the program reports, such as `15.18`.
    pub(super) version: String,
}

/// Returns the usable installations, best first.
pub(super) fn installations(
    configured: Option<&Path>,
    identity: &Identity,
) -> Result<Vec<Installation>, EmbeddedError> {
    if let Some(folder) = configured {
        let problem = |problem: String| EmbeddedError::BinDir {
            path: folder.to_path_buf(),
            problem,
        };
        let found = Installation::at(folder, identity)
            .ok_or_else(|| problem("holds no initdb and postgres that run".into()))?;
        if found.major < OLDEST {
            return Err(problem(format!(
                "holds PostgreSQL {}: {OLDEST} or newer is needed",
                found.version
            )));
        }
        return Ok(vec![found]);
    }

    let (usable, older): (Vec<_>, Vec<_>) = candidates()
        .iter()
        .filter_map(|folder| Installation::at(folder, identity))
        .partition(|found| found.major >= OLDEST);
    if usable.is_empty() {
        return Err(EmbeddedError::NotInstalled {
            oldest: OLDEST,
            older: older
                .first()
                .map(|found| {
                    format!(
                        " ({} holds {}, which is too old)",
                        found.bin_dir.display(),
                        found.version
                    )
                })
                .unwrap_or_default(),
        });
    }
    Ok(usable)
}

impl Installation {
    /// Returns the installation in `folder`, if both programs are there and run.
    fn at(folder: &Path, identity: &Identity) -> Option<Self> {
        // Symbolic links (Homebrew, Debian's alternatives) hide the location of the
        // libraries.
        let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
        let bin_dir = postgres.parent()?.to_path_buf();
        if !bin_dir.join("initdb").is_file() {
            return None;
        }
        let output = identity
            .command(&postgres, Path::new("/"))
            .arg("--version")
            .output()
            .ok()?;
        let (major, version) = parse_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self {
            bin_dir,
            major,
            version,
        })
    }

    /// Returns the first one that fits a data folder created by `recorded`; any, for a new
    /// one.
    pub(super) fn choose(
        found: Vec<Self>,
        recorded: Option<u32>,
        data: &Path,
    ) -> Result<Self, EmbeddedError> {
        let mut available: Vec<String> = found.iter().map(|one| one.version.clone()).collect();
        available.dedup();
        let mut fitting = found
            .into_iter()
            .filter(|one| recorded.is_none_or(|major| one.major == major));
        fitting
            .next()
            .ok_or_else(|| EmbeddedError::VersionMismatch {
                data: data.to_path_buf(),
                recorded: recorded.unwrap_or_default(),
                available: available.join(", "),
            })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    /// Returns whether the server can load `name`: naming a missing library would prevent
    /// its start.
    pub(super) fn has_library(&self, name: &str) -> bool {
        let prefix = self.bin_dir.parent().unwrap_or(&self.bin_dir);
        let mut folders = vec![
            prefix.join("lib"),
            prefix.join("lib/postgresql"),
            prefix.join("lib64"),
            prefix.join("lib64/pgsql"),
            // Alpine: /usr/libexec/postgresql16 beside /usr/lib/postgresql16
            Path::new("/usr/lib").join(prefix.file_name().unwrap_or_default()),
            Path::new("/usr/lib").join(self.bin_dir.file_name().unwrap_or_default()),
        ];
        folders.push(prefix.join(format!("lib/postgresql{}", self.major)));
        folders.iter().any(|folder| {
            ["so", "dylib"]
                .iter()
                .any(|end| folder.join(format!("{name}.{end}")).is_file())
        })
    }
}

/// Returns a client program such as `pg_dump`, for a server of this major version: of the
/// same version if it is installed, otherwise of the lowest newer one.
#[must_use]
pub fn client_program(configured: Option<&Path>, name: &str, major: u32) -> Option<PathBuf> {
    let folders = configured.map_or_else(candidates, |folder| vec![folder.to_path_buf()]);
    folders
        .iter()
        .filter_map(|folder| {
            // Debian's wrappers in /usr/bin choose a version by their own rules.
            let program = fs::canonicalize(folder.join(name)).ok()?;
            if program.file_name()? != name {
                return None;
            }
            let output = std::process::Command::new(&program)
                .arg("--version")
                .env("LC_ALL", "C")
                .output()
                .ok()?;
            let (found, _) = parse_version(&String::from_utf8_lossy(&output.stdout))?;
            (found >= major).then_some((found, program))
        })
        .min_by_key(|(found, _)| *found)
        .map(|(_, program)| program)
}

/// Returns folders that may contain the programs: PATH, then the folders of each system's
/// packages, the lowest supported version first (the closest to the one that the tests
/// use), and last those that `scripts/bring-postgres.sh` unpacks into the user's cache.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    folders.extend(by_version(&[
        ("/usr/lib/postgresql".into(), "bin"),
        ("/usr/libexec".into(), ""),
        ("/usr".into(), "bin"),
        ("/opt/homebrew/opt".into(), "bin"),
        ("/usr/local/opt".into(), "bin"),
        ("/Applications/Postgres.app/Contents/Versions".into(), "bin"),
    ]));
    folders.extend(
        [
            "/opt/homebrew/opt/postgresql/bin",
            "/usr/local/pgsql/bin",
            "/usr/bin",
            "/usr/local/bin",
        ]
        .map(PathBuf::from),
    );
    if let Some(cache) = user_cache() {
        folders.extend(by_version(&[(cache.join("accunode/postgresql"), "bin")]));
    }
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| folder.is_absolute() && seen.insert(folder.clone()));
    folders
}

/// Returns the folders below these roots whose names are those of a version, the lowest version
/// first. The second part is where a version's folder contains its programs.
fn by_version(roots: &[(PathBuf, &str)]) -> impl Iterator<Item = PathBuf> {
    let mut numbered: Vec<(u32, PathBuf)> = roots
        .iter()
        .flat_map(|(root, tail)| {
            let entries = fs::read_dir(root).into_iter().flatten().flatten();
            entries.filter_map(move |entry| {
                let major = major_of_folder(&entry.file_name())?;
                Some((major, entry.path().join(tail)))
            })
        })
        .collect();
    numbered.sort();
    numbered.into_iter().map(|(_, folder)| folder)
}

fn user_cache() -> Option<PathBuf> {
    let folder = |name| env::var_os(name).filter(|value| !value.is_empty());
    folder("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| folder("HOME").map(|home| Path::new(&home).join(".cache")))
}

/// Parses `15`, `postgresql@15`, `postgresql15`, `pgsql-15`.
fn major_of_folder(name: &OsStr) -> Option<u32> {
    let name = name.to_str()?;
    let number = ["postgresql@", "postgresql", "pgsql-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    number.parse().ok()
}

/// Parses `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `… 19beta2`, `… 20devel`.
fn parse_version(text: &str) -> Option<(u32, String)> {
    let version = text
        .split_once("(PostgreSQL) ")?
        .1
        .split_whitespace()
        .next()?;
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    Some((version[..end].parse().ok()?, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(version: &str) -> Installation {
        let (major, version) = parse_version(&format!("postgres (PostgreSQL) {version}\n"))
            .expect("a version that PostgreSQL prints");
        Installation {
            bin_dir: format!("/pg/{major}/bin").into(),
            major,
            version,
        }
    }

    #[test]
    fn postgres_version_output_is_parsed() {
        assert_eq!(installation("15.18 (Debian 15.18-0+deb12u1)").major, 15);
        assert_eq!(installation("19beta2").major, 19);
        assert_eq!(installation("20devel").version, "20devel");
        assert_eq!(parse_version("bash: postgres: command not found"), None);
    }

    #[test]
    fn version_is_read_from_the_folder_names_of_packages() {
        for name in ["15", "postgresql@15", "postgresql15", "pgsql-15"] {
            assert_eq!(major_of_folder(OsStr::new(name)), Some(15), "{name}");
        }
        assert_eq!(major_of_folder(OsStr::new("postgresql-common")), None);
    }

    #[test]
    fn installation_matches_the_version_of_the_data_folder() {
        let found = vec![installation("15.18"), installation("17.2")];
        let chosen = Installation::choose(found.clone(), Some(17), Path::new("/d"));
        assert_eq!(chosen.expect("17 is there").major, 17);
        let chosen = Installation::choose(found, None, Path::new("/d"));
        assert_eq!(chosen.expect("any will do").major, 15);
    }

    #[test]
    fn missing_version_of_a_data_folder_is_reported() {
        let error = Installation::choose(vec![installation("17.2")], Some(15), Path::new("/d"))
            .expect_err("15 is not there")
            .to_string();
        assert!(
            error.contains("/d was made by PostgreSQL 15") && error.contains("has 17.2"),
            "{error}"
        );
    }
}
