//! Registration, sign-in and the tokens of sessions.

pub(crate) mod dto;
mod forgot_password;
mod join;
mod login;
mod logout;
mod mfa;
mod refresh;
mod register;
mod reset_password;
pub(crate) mod session;
mod step_up;
mod verify_email;

use accunode_ports::limits::LimitClass;

use crate::http::{
    policy::{Policy, StepUp},
    route::{Route, route},
};

const REGISTER: &str = "/auth/register";
const LOGIN: &str = "/auth/login";
const SECOND_FACTOR: &str = "/auth/mfa";
const REFRESH: &str = "/auth/refresh";
const LOGOUT: &str = "/auth/logout";
const STEP_UP: &str = "/auth/step-up";
const VERIFY_EMAIL: &str = "/auth/verify-email";
const RESEND: &str = "/auth/verify-email/resend";
const FORGOT_PASSWORD: &str = "/auth/password/forgot";
const RESET_PASSWORD: &str = "/auth/password/reset";
const JOIN: &str = "/auth/join";

pub(crate) fn routes() -> Vec<Route> {
    let mails = Policy::public("it tells nothing and mails the address itself");
    let by_mail = Policy::public("it needs the token of a mail");
    let signed_in = Policy::sensitive().limit(LimitClass::Auth);
    vec![
        route!(
            register::register,
            Policy::public("the account is yet to be made")
        ),
        route!(login::login, Policy::public("it starts a session")),
        route!(
            mfa::mfa,
            Policy::public("it starts a session; the token of the login is needed")
        ),
        route!(
            refresh::refresh,
            Policy::public("it needs the refresh token")
        ),
        route!(verify_email::verify_email, by_mail),
        route!(verify_email::resend, mails),
        route!(forgot_password::forgot_password, mails),
        route!(reset_password::reset_password, by_mail),
        route!(join::join, signed_in),
        route!(
            logout::logout,
            signed_in
                .step_up(StepUp::Never("it only ends the session that asks"))
                .without_second_factor("it only ends the session that asks")
                .for_inactive("everyone may sign out")
        ),
        route!(
            step_up::step_up,
            signed_in
                .step_up(StepUp::Never(
                    "it is how the proof is given, and asks for the password itself"
                ))
                .without_second_factor("enrolling a second factor needs a recent proof")
        ),
    ]
}
