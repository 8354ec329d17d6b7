//! A working folder, and the program.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

/// A folder that contains everything the program can use.
pub(crate) struct WorkingFolder(TempDir);

impl WorkingFolder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Returns the names of all files and folders.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    pub(crate) fn score(&self, arguments: &[&str]) -> Output {
        self.score_with(arguments, &[])
    }

    /// Runs any command of the program.
    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Output {
        self.run_with(command, arguments, &[])
    }

    pub(crate) fn score_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        self.run_with("score", arguments, environment)
    }

    fn run_with(&self, command: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_accunode"))
            .arg(command)
            .args(arguments)
            .env_clear()
            .env("HOME", self.0.path())
            // There is no server at this address: a command that needs a database would
            // fail.
            .env("DATABASE_URL", "postgres://none@127.0.0.1:1/none")
            .envs(environment.iter().copied())
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }
}

/// Returns the rows of a successful run, by column.
pub(crate) fn answer(output: &Output) -> Vec<BTreeMap<String, String>> {
    assert!(output.status.success(), "{}", stderr(output));
    let mut reader = csv::Reader::from_reader(&*output.stdout);
    reader.deserialize().map(Result::unwrap).collect()
}

/// Returns the messages of the program on standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns a file of the data that tests may use if it exists beside the project.
pub(crate) fn shared(name: &str) -> Option<String> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let path = root.join("../shared/data").join(name);
    path.is_file().then(|| path.to_str().unwrap().to_owned())
}
