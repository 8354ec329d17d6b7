//! The input file of a command.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use tempfile::TempPath;

/// A file on disk, or standard input in a temporary file, because a table is read twice.
pub(super) enum Input {
    /// A file given by name.
    Named(PathBuf),
    /// Standard input.
    Standard(TempPath),
}

impl Input {
    /// Opens the input with this name; `-` is standard input, whose format follows from its
    /// first bytes.
    pub(super) fn of(name: &Path) -> anyhow::Result<Self> {
        if name != Path::new("-") {
            return Ok(Self::Named(name.to_owned()));
        }
        let mut head = Vec::new();
        let mut input = io::stdin().lock();
        (&mut input)
            .take(4)
            .read_to_end(&mut head)
            .context("cannot read standard input")?;
        let suffix = match head.as_slice() {
            [b'P', b'K', ..] => ".xlsx",
            [0x1f, 0x8b, ..] => ".csv.gz",
            _ => ".csv",
        };
        let spool = tempfile::Builder::new()
            .suffix(suffix)
            .tempfile()
            .context("cannot keep standard input in a temporary file")?;
        let (mut file, path): (File, TempPath) = spool.into_parts();
        file.write_all(&head)
            .and_then(|()| io::copy(&mut input, &mut file).map(|_| ()))
            .context("cannot keep standard input in a temporary file")?;
        Ok(Self::Standard(path))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Standard(path) => path,
        }
    }

    /// Returns the name under which it is sent; its extension determines the format.
    pub(super) fn file_name(&self) -> Option<String> {
        let name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
        match self {
            Self::Named(path) => name(path),
            Self::Standard(path) => {
                let spool = name(path)?;
                let (_, ending) = spool.trim_start_matches('.').split_once('.')?;
                Some(format!("standard-input.{ending}"))
            }
        }
    }

    /// Returns its name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Named(path) => path.display().to_string(),
            Self::Standard(_) => "standard input".to_owned(),
        }
    }
}
