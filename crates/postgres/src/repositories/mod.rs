//! One file for each repository of the ports, implemented on [`crate::db::Db`].

mod analytics;
mod api_key;
mod audit;
pub(crate) mod company;
mod idempotency;
mod invitation;
pub(crate) mod job;
mod joining;
mod organization;
mod own_data;
mod person;
mod prediction;
mod rescoring;
mod revision;
pub(crate) mod said;
mod second_factor;
pub(crate) mod user;
mod user_token;
