//! The program and the limits of parser processes.

use std::path::PathBuf;

use accunode_ports::repositories::JOBS_AT_ONCE;

/// The program and the limits of parser processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParserSettings {
    /// The program. It must call [`crate::run_parser_if_asked`] before anything else.
    pub program: PathBuf,
    /// The largest number that run at a time: [`JOBS_AT_ONCE`] for the jobs of the worker,
    /// the others, and at least one, for uploads that are being checked.
    pub at_once: usize,
    /// The memory limit of each, in bytes.
    pub memory_bytes: u64,
    /// The limit of processor time for a whole file, in seconds; the check of an upload has
    /// a quarter.
    pub cpu_seconds: u64,
}

impl ParserSettings {
    /// The first argument that makes a program a parser process.
    pub const SUBCOMMAND: &'static str = "parse-upload";

    /// Uses another program.
    #[must_use]
    pub fn of_program(program: PathBuf) -> Self {
        Self {
            program,
            at_once: JOBS_AT_ONCE + 1,
            memory_bytes: 88 << 20,
            cpu_seconds: 120,
        }
    }

    /// Uses the running program.
    ///
    /// On Linux that is the very file that is running, even if another version was
    /// installed in its place meanwhile.
    ///
    /// # Errors
    /// If the system does not report the path of the running program.
    pub fn of_this_program() -> std::io::Result<Self> {
        let program = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            std::env::current_exe()?
        };
        Ok(Self::of_program(program))
    }
}
