//! Predictions, annual and quarterly under one path each.

pub(crate) mod batch;
pub(crate) mod create;
pub(crate) mod dto;
pub(crate) mod explanation;
pub(crate) mod get;
mod items;
pub(crate) mod list;
pub(crate) mod outcome;
pub(crate) mod remove;
pub(crate) mod reproduce;
pub(crate) mod request;
pub(crate) mod revisions;
pub(crate) mod score;
pub(crate) mod update;
