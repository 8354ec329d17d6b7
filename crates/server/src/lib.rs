//! The AccuNode binary as a library, so that tests can run the whole service in process.
//!
//! - `backup`: what a backup is, and how it is checked
//! - `cli` and `commands`: what can be said on the command line, and what it does
//! - `config`: the one configuration struct, from defaults, file, environment and flags
//! - `database`: which database, as which roles, and getting it ready
//! - `descriptors`: how many files and sockets the process may have open
//! - `disks`: the free space of the filesystems on which something is kept
//! - `models`: which models score, as configured
//! - `sealing`: the key that seals secrets in the database
//! - `service`: the wiring; `shared`: sessions, cache and limits, here or in Redis; `single`
//!   `upkeep` and `wal_files` go on beside it; `probes`: what readiness looks at
//! - `scrape`: the figures for Prometheus
//! - `telemetry`: log lines; `otlp`: what is sent to an OpenTelemetry collector
//!
//! Start with `main.rs`, which is short, and `commands::with_database`.

pub mod backup;
pub mod cli;
pub mod commands;
pub mod config;
pub mod database;
pub mod descriptors;
pub mod disks;
pub mod models;
pub mod otlp;
mod probes;
mod scrape;
pub mod sealing;
pub mod service;
pub mod shared;
pub mod single;
pub mod telemetry;
pub mod upkeep;
pub mod wal_files;
