//! The destination of a command's result.

use std::{
    fs::Permissions,
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tempfile::NamedTempFile;

/// The remedy for commands that have this option.
pub(super) const FORCE: &str = "--force replaces it";

/// Standard output, or a file that gets its name only when it is complete.
pub(super) enum Output {
    Standard,
    File {
        written: BufWriter<NamedTempFile>,
        name: PathBuf,
        force: bool,
    },
}

impl Output {
    /// Opens the output with this name; without a name, and for `-`, standard output. It is never
    /// the input, and replaces an existing file only if `force` is set; `remedy` is the advice
    /// otherwise.
    pub(super) fn of(
        name: Option<&Path>,
        force: bool,
        remedy: &str,
        input: &Path,
    ) -> anyhow::Result<Self> {
        let Some(name) = name.filter(|name| *name != Path::new("-")) else {
            return Ok(Self::Standard);
        };
        if let (Ok(a), Ok(b)) = (name.canonicalize(), input.canonicalize())
            && a == b
        {
            anyhow::bail!("{} is the input; name another output", name.display());
        }
        if name.exists() && !force {
            anyhow::bail!("{} exists; {remedy}", name.display());
        }
        let folder = name
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let written = tempfile::Builder::new()
            .prefix(".accunode-")
            // The permissions of any new file, from which the umask is subtracted.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .with_context(|| format!("cannot write {}", name.display()))?;
        Ok(Self::File {
            written: BufWriter::new(written),
            name: name.to_owned(),
            force,
        })
    }

    pub(super) fn writer(&mut self) -> Box<dyn Write + '_> {
        match self {
            Self::Standard => Box::new(io::stdout().lock()),
            Self::File { written, .. } => Box::new(written),
        }
    }

    /// Gives a complete file its final name.
    pub(super) fn keep(self) -> anyhow::Result<()> {
        let Self::File {
            written,
            name,
            force,
        } = self
        else {
            return Ok(());
        };
        let unwritable = || format!("cannot write {}", name.display());
        let file = written
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .with_context(unwritable)?;
        file.as_file().sync_all().with_context(unwritable)?;
        let kept = if force {
            file.persist(&name)
        } else {
            file.persist_noclobber(&name)
        };
        kept.map(|_| ()).with_context(unwritable)
    }
}
