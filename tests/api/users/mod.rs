//! `/users`.

mod at_once;
mod changes;
mod directory;
mod forgetting;
mod roles;
