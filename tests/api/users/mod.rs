//! `/users`.

mod changes;
mod directory;
mod forgetting;
mod roles;
