//! The whole service over HTTP. The modules mirror the paths of the API; `conventions`
//! tests rules of all operations, and `access` tests who may do what.

#![expect(clippy::disallowed_methods, reason = "tests wait for what they spawn")]
#![expect(clippy::expect_used, reason = "the helpers belong to the tests alone")]

mod access;
mod admin;
mod analytics;
mod api_keys;
mod audit_logs;
mod auth;
mod budgets;
mod bulk_uploads;
mod companies;
mod conventions;
mod default_definitions;
mod edges;
mod fairness;
mod invitations;
mod maintenance;
mod me;
mod models;
mod offline;
mod operations;
mod organizations;
mod outcomes;
mod own_data;
mod pages;
mod permissions;
mod pooler;
mod predictions;
mod rating_scales;
mod redactions;
mod replica;
mod rescorings;
mod support;
mod users;
mod validations;
