//! PostgreSQL's own programs for dumping and restoring a database.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use accunode_migration::OWNER_ROLE;
use anyhow::{Context, bail};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::process::{Child, Command};
use url::Url;

use crate::config::SecretUrl;
use accunode_embedded_postgres::client_program;

/// The parameters of a URL that libpq knows, and the driver's names for them.
const KNOWN: [(&str, &str); 14] = [
    ("host", "host"),
    ("hostaddr", "hostaddr"),
    ("port", "port"),
    ("user", "user"),
    ("dbname", "dbname"),
    ("sslmode", "sslmode"),
    ("ssl-mode", "sslmode"),
    ("sslrootcert", "sslrootcert"),
    ("ssl-root-cert", "sslrootcert"),
    ("ssl-ca", "sslrootcert"),
    ("sslcert", "sslcert"),
    ("ssl-cert", "sslcert"),
    ("sslkey", "sslkey"),
    ("ssl-key", "sslkey"),
];

/// The largest number of bytes of a failed program's output that is reported.
const LONGEST_COMPLAINT: usize = 4000;

/// One of PostgreSQL's programs, ready to connect as the owner of the tables.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    path: PathBuf,
    url: String,
    password: Option<String>,
}

impl Program {
    /// Finds a program that is compatible with a server of this major version.
    ///
    /// # Errors
    /// If none is installed.
    pub fn find(
        name: &'static str,
        bin_dir: Option<&Path>,
        major: u32,
        url: &SecretUrl,
    ) -> anyhow::Result<Self> {
        let Some(path) = client_program(bin_dir, name, major) else {
            bail!(
                "no {name} of PostgreSQL {major} or newer was found: install it (Debian, Ubuntu: apt-get \
                 install postgresql-client; Fedora: dnf install postgresql), or set postgres.bin_dir to its folder"
            );
        };
        let (url, password) = without_password(url)?;
        Ok(Self {
            name,
            path,
            url,
            password,
        })
    }

    /// Returns a command whose last argument, the database, is still to be added. Arguments
    /// are visible in the list of processes, so the password is passed in the environment.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(["--no-password", "--dbname", &self.url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password);
        }
        command
    }

    /// As [`Self::command`], with the role that owns the tables.
    #[must_use]
    pub fn owner_command(&self) -> Command {
        let mut command = self.command();
        command.args(["--role", OWNER_ROLE]);
        command
    }

    /// Starts a command.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(&self, command: &mut Command) -> anyhow::Result<Child> {
        command
            .spawn()
            .with_context(|| format!("cannot start {}", self.path.display()))
    }

    /// Waits for the program to end.
    ///
    /// # Errors
    /// The program's error output, if it failed.
    pub async fn finish(&self, child: Child) -> anyhow::Result<()> {
        let output = child
            .wait_with_output()
            .await
            .with_context(|| format!("cannot wait for {}", self.name))?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let end = stderr
            .char_indices()
            .rev()
            .take(LONGEST_COMPLAINT)
            .last()
            .map_or(0, |(at, _)| at);
        bail!(
            "{} failed ({}): {}",
            self.name,
            output.status,
            stderr[end..].trim()
        )
    }
}

/// Returns the URL in libpq's form, and the password separately.
fn without_password(url: &SecretUrl) -> anyhow::Result<(String, Option<String>)> {
    let mut url = Url::parse(url.expose()).context("the database's URL")?;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut password = url
        .password()
        .map(|text| percent_decode_str(text).decode_utf8().map(Into::into))
        .transpose()
        .context("the database's password is no text")?;
    let mut known = Vec::new();
    for (name, value) in pairs {
        if name == "password" {
            password = Some(value);
        } else if let Some((_, name)) = KNOWN.iter().find(|(ours, _)| *ours == name) {
            known.push((*name, value));
        }
    }
    // This cannot fail, because a URL of a database has a host part.
    let _ = url.set_password(None);
    url.set_query(None);
    if !known.is_empty() {
        // Encoded by hand, because libpq does not decode a plus sign.
        let query: Vec<String> = known
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        url.set_query(Some(&query.join("&")));
    }
    Ok((url.into(), password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_the_url_without_its_password() {
        let of = |text: &str| {
            let url = SecretUrl::parse(text).expect("a URL");
            without_password(&url).expect("readable")
        };
        let (url, password) = of(
            "postgres://own:p%40%2Bss%25@db:5433/x?ssl-mode=verify-full&sslrootcert=/a b/c.pem&options[role]=o&statement-cache-capacity=1",
        );
        assert_eq!(
            url,
            "postgres://own@db:5433/x?sslmode=verify%2Dfull&sslrootcert=%2Fa%20b%2Fc%2Epem"
        );
        assert_eq!(password.as_deref(), Some("p@+ss%"));
        let (url, password) = of("postgres://accunode_owner@%2Frun%2Fpg:5432/accunode");
        assert_eq!(url, "postgres://accunode_owner@%2Frun%2Fpg:5432/accunode");
        assert_eq!(password, None);
    }
}
