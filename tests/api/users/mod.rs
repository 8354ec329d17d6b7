//! `/users`.

mod at_once;
mod changes;
mod deadlocks;
mod directory;
mod forgetting;
mod roles;
