//! `/auth/*` and `/me`.

mod approvals;
mod audit;
mod browser;
mod invitations;
mod limits;
mod mails;
mod passwords;
mod redis;
mod registration;
mod second_factor;
mod serving_lock;
mod sessions;
mod step_up;
mod throttling;
mod timing;
