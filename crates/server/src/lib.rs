//! The AccuNode binary as a library, so that tests can run the whole service in process.
//!
//! - `backup`: the format of a backup, and how it is checked
//! - `cli` and `commands`: the command line, and its commands
//! - `config`: the one configuration struct, from defaults, file, environment and flags
//! - `database`: the database, its roles, and its preparation
//! - `descriptors`: the limit of files and sockets that the process may have open
//! - `disks`: the free space of the filesystems on which data are stored
//! - `models`: which models score, as configured
//! - `sealing`: the key that encrypts secrets in the database
//! - `service`: the wiring; `shared`: sessions, cache and limits, in the process or in
//!   Redis; `serving_lock`: the lock by which processes share a database; `upkeep` and `wal_files`
//!   run beside it; `probes`: the readiness checks;
//!   `replica`: the comparison of the read replica with the primary
//! - `scrape`: the metrics for Prometheus
//! - `telemetry`: log lines; `otlp`: traces and logs for an OpenTelemetry collector
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
mod replica;
mod scrape;
pub mod sealing;
pub mod service;
pub mod serving_lock;
pub mod shared;
pub mod telemetry;
pub mod upkeep;
pub mod wal_files;
