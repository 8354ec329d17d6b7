//! The caller's own account.

pub(crate) mod dto;
mod export;
mod get;
mod mfa;
mod password;
mod permissions;
mod remove;
mod sessions;
mod update;

use accunode_domain::access::KeyScope;
use accunode_ports::workload::Work;

use crate::http::{
    policy::{Keys, Policy, StepUp},
    route::{Route, route},
};

const ONE: &str = "/me";
const EXPORT: &str = "/me/export";
const PASSWORD: &str = "/me/password";
const PERMISSIONS: &str = "/me/permissions";
const SESSIONS: &str = "/me/sessions";
const SESSION: &str = "/me/sessions/{id}";
const SECOND_FACTOR: &str = "/me/mfa";
const TOTP: &str = "/me/mfa/totp";
const CONFIRM_TOTP: &str = "/me/mfa/totp/confirm";

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = account();
    routes.extend(sessions());
    routes.extend(second_factor());
    routes
}

fn account() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    vec![
        route!(
            get::get,
            read.keys(Keys::Any)
                .without_second_factor(
                    "the caller's own account, and that a second factor is demanded"
                )
                .for_inactive("the caller's own account, and that the organization is inactive")
        )
        .versioned(),
        route!(
            update::update,
            Policy::write(KeyScope::Admin)
                .keys(Keys::Never)
                .step_up(StepUp::Never(
                    "the caller's own names and telephone number: nothing comes in by them"
                ))
                .for_inactive("the caller's own account")
        )
        .versioned(),
        route!(
            remove::remove,
            Policy::sensitive().for_inactive("everyone may leave")
        )
        .versioned(),
        route!(
            export::export,
            read.keys(Keys::Never)
                .step_up(StepUp::Always)
                .work(Work::Export)
        ),
        route!(
            password::change,
            Policy::sensitive()
                .step_up(StepUp::Never("it asks for the present password itself"))
                .without_second_factor(
                    "whose password is known elsewhere must be able to change it"
                )
        ),
        route!(permissions::permissions, read.keys(Keys::Any)),
    ]
}

fn sessions() -> Vec<Route> {
    let ends = "it only ends sessions of the caller's own account";
    vec![
        route!(
            sessions::list,
            Policy::read(KeyScope::Read)
                .keys(Keys::Never)
                .without_second_factor("where the caller's own account is signed in")
        ),
        route!(
            sessions::end_others,
            Policy::sensitive().without_second_factor(ends)
        ),
        route!(
            sessions::end,
            Policy::sensitive()
                .step_up(StepUp::When("it is another session than the one that asks"))
                .without_second_factor(ends)
        ),
    ]
}

fn second_factor() -> Vec<Route> {
    let enrols = Policy::sensitive().without_second_factor("it is how a second factor is enrolled");
    vec![
        route!(
            mfa::state,
            Policy::read(KeyScope::Read)
                .keys(Keys::Never)
                .without_second_factor(
                    "where the enrolment of the caller's own second factor stands"
                )
        ),
        route!(mfa::enrol, enrols),
        route!(mfa::confirm, enrols),
        route!(mfa::remove, Policy::sensitive()),
    ]
}
