//! The built program, on its own embedded database.

#![expect(clippy::disallowed_methods, reason = "tests wait for what they spawn")]
#![expect(clippy::expect_used, reason = "the helpers belong to the tests alone")]

mod backups;
mod command_line;
mod dialects;
mod ephemeral;
mod faults;
mod hostile;
mod hostile_bodies;
mod killed;
mod recovery;
mod restarts;
mod running;
mod s3;
mod secrets;
mod starting;
mod statements;
mod stopping;
mod uploading;
mod watched;
