//! `/dashboard` and `/analytics/*`

mod figures;
mod plain;
mod trend;
