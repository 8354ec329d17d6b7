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
    /// less ([`Self::cpu_seconds_of_check`]).
    pub cpu_seconds: u64,
}

impl ParserSettings {
    /// The first argument that makes a program a parser process.
    pub const SUBCOMMAND: &'static str = "parse-upload";

    /// Returns the limit of processor time for the check of an upload of this many bytes, in
    /// seconds: at most a quarter of that for the whole file, and for a small file a third of this
    /// and one for each 2 MiB, because others wait for the check.
    #[must_use]
    pub fn cpu_seconds_of_check(&self, size: u64) -> u64 {
        let most = (self.cpu_seconds / 4).max(1);
        most.min(most.div_ceil(3) + (size >> 21))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_of_a_small_file_has_less_time() {
        let settings = ParserSettings::of_program("parser".into());
        let sizes = [0, 15 << 20, 40 << 20, 512 << 20];
        let seconds = sizes.map(|size| settings.cpu_seconds_of_check(size));
        assert_eq!(seconds, [10, 17, 30, 30]);
        let least = ParserSettings {
            cpu_seconds: 1,
            ..settings
        };
        assert_eq!(least.cpu_seconds_of_check(0), 1);
    }
}
