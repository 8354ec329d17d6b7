//! How parser processes are started, and what they may take.

use std::path::PathBuf;

use accunode_ports::repositories::JOBS_AT_ONCE;

/// How parser processes are started, and what they may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParserSettings {
    /// The program. It must call [`crate::run_parser_if_asked`] first of all.
    pub program: PathBuf,
    /// How many run at a time at most: [`JOBS_AT_ONCE`] for the jobs of the worker, the
    /// others, and at least one, for uploads that are being checked.
    pub at_once: usize,
    /// Bytes of memory that each may take.
    pub memory_bytes: u64,
    /// Seconds of processor time for a whole file; the check of an upload has a quarter.
    pub cpu_seconds: u64,
}

impl ParserSettings {
    /// The first argument by which a program knows that it is to be a parser.
    pub const SUBCOMMAND: &'static str = "parse-upload";

    /// Starts another program.
    #[must_use]
    pub fn of_program(program: PathBuf) -> Self {
        Self {
            program,
            at_once: JOBS_AT_ONCE + 2,
            memory_bytes: 96 << 20,
            cpu_seconds: 120,
        }
    }

    /// Starts the running program once more.
    ///
    /// On Linux that is the very file that is running, even where another version was
    /// installed in its place meanwhile.
    ///
    /// # Errors
    /// Where the system does not tell which program is running.
    pub fn of_this_program() -> std::io::Result<Self> {
        let program = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            std::env::current_exe()?
        };
        Ok(Self::of_program(program))
    }
}
