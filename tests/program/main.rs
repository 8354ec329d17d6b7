//! The program as it is built, on its own embedded database.

#![expect(clippy::expect_used, reason = "the helpers belong to the tests alone")]

mod command_line;
mod hostile;
mod killed;
mod running;
mod secrets;
