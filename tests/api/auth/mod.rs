//! `/auth/*` and `/me`.

mod audit;
mod limits;
mod registration;
mod sessions;
mod step_up;
