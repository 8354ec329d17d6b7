//! A parser process for programs that embed this crate without the `accunode` program, and
//! for this crate's tests: `ParserSettings::of_program` of this program.

use std::process::ExitCode;

fn main() -> ExitCode {
    accunode_files::run_parser_if_asked().unwrap_or(ExitCode::from(2))
}
