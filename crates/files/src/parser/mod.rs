//! The parser process: a child of the service reads untrusted files.
//!
//! A library that reads a hostile file can allocate all memory, compute for ever, panic or
//! worse. So a file is read by a separate process (the same program, started with
//! [`ParserSettings::SUBCOMMAND`]), which limits itself before it looks at the file
//! (`sandbox`), gets the file as its standard input, and sends rows as frames through a
//! pipe (`frame`). It has access to nothing else: no environment, no other file, no socket.
//! Its output is checked as if it had been taken over. If the process exceeds its limits,
//! the file is at fault (`file_too_complex`); if it cannot be started, the file is not.
//! limits is the file's fault (`file_too_complex`); one that cannot be started is not.

mod child;
mod frame;
mod pipe;
mod process;
mod request;
mod sandbox;
mod settings;

#[cfg(any(test, feature = "fuzzing"))]
mod rehearsal;
#[cfg(test)]
mod tests;

pub use child::run_parser_if_asked;
pub(crate) use process::{Input, Listener, Process};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use rehearsal::rehearse;
pub(crate) use request::Request;
pub use settings::ParserSettings;
