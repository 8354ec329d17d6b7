//! Version 1 of the API, a folder for each resource, a file for each verb.

pub(crate) mod admin;
pub(crate) mod analytics;
pub(crate) mod api_keys;
pub(crate) mod audit_logs;
pub(crate) mod auth;
pub(crate) mod bulk_uploads;
pub(crate) mod companies;
pub(crate) mod invitations;
pub(crate) mod me;
pub(crate) mod models;
pub(crate) mod organizations;
pub(crate) mod permissions;
pub(crate) mod predictions;
pub(crate) mod rescorings;
pub(crate) mod users;

use actix_web::web::{ServiceConfig, delete, get, patch, post, put, resource};

/// Under which every path of this version stands.
pub(crate) const BASE: &str = "/api/v1";

/// Every route below [`BASE`].
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/auth/register").route(post().to(auth::register::register)))
        .service(resource("/auth/login").route(post().to(auth::login::login)))
        .service(resource("/auth/refresh").route(post().to(auth::refresh::refresh)))
        .service(resource("/auth/logout").route(post().to(auth::logout::logout)))
        .service(resource("/auth/step-up").route(post().to(auth::step_up::step_up)))
        .service(resource("/auth/verify-email").route(post().to(auth::verify_email::verify_email)))
        .service(resource("/auth/verify-email/resend").route(post().to(auth::verify_email::resend)))
        .service(
            resource("/auth/password/forgot")
                .route(post().to(auth::forgot_password::forgot_password)),
        )
        .service(
            resource("/auth/password/reset").route(post().to(auth::reset_password::reset_password)),
        )
        .service(
            resource("/me")
                .route(get().to(me::me))
                .route(patch().to(me::update::update))
                .route(delete().to(me::remove::remove)),
        )
        .service(resource("/auth/mfa").route(post().to(auth::mfa::mfa)))
        .service(
            resource("/me/mfa/totp")
                .route(post().to(me::mfa::enrol))
                .route(delete().to(me::mfa::remove)),
        )
        .service(resource("/me/mfa/totp/confirm").route(post().to(me::mfa::confirm)))
        .service(resource("/me/mfa").route(get().to(me::mfa::state)))
        .service(resource("/users/{id}/mfa").route(delete().to(users::mfa::remove)))
        .service(resource("/users/{id}/mfa/approval").route(post().to(users::approvals::decide)))
        .service(
            resource("/organizations/{id}/second-factor-enrolments")
                .route(get().to(users::approvals::list)),
        )
        .service(resource("/me/export").route(get().to(me::export::export)))
        .service(resource("/me/password").route(post().to(me::password::change)))
        .service(
            resource("/me/sessions")
                .route(get().to(me::sessions::list))
                .route(delete().to(me::sessions::end_others)),
        )
        .service(resource("/me/sessions/{id}").route(delete().to(me::sessions::end)))
        .service(resource("/auth/accept-invitation").route(post().to(invitations::accept::accept)))
        .service(
            resource("/users")
                .route(get().to(users::list::list))
                .route(post().to(invitations::invite::invite)),
        )
        .service(
            resource("/users/{id}")
                .route(get().to(users::get::get))
                .route(patch().to(users::update::update))
                .route(delete().to(users::remove::remove)),
        )
        .service(resource("/users/{id}/role").route(put().to(users::set_role::set_role)))
        .service(
            resource("/users/{id}/sessions")
                .route(get().to(users::sessions::list))
                .route(delete().to(users::sessions::end)),
        )
        .service(
            resource("/users/{id}/password-reset").route(post().to(users::password_reset::reset)),
        )
        .service(
            resource("/organizations/{id}/invitations").route(get().to(invitations::list::list)),
        )
        .service(
            resource("/organizations/{id}/invitations/{invitation_id}")
                .route(delete().to(invitations::withdraw::withdraw)),
        )
        .configure(organization_routes)
        .service(
            resource("/api-keys")
                .route(get().to(api_keys::list::list))
                .route(post().to(api_keys::create::create)),
        )
        .service(resource("/api-keys/{id}").route(delete().to(api_keys::revoke::revoke)))
        .service(resource("/api-keys/{id}/rotate").route(post().to(api_keys::rotate::rotate)))
        .service(
            resource("/companies")
                .route(get().to(companies::list::list))
                .route(post().to(companies::create::create)),
        )
        .service(
            resource("/companies/{id}")
                .route(get().to(companies::get::get))
                .route(patch().to(companies::update::update))
                .route(delete().to(companies::remove::remove)),
        )
        .service(
            resource("/companies/{id}/predictions").route(get().to(companies::timeline::timeline)),
        )
        .service(
            resource("/predictions/{kind:annual|quarterly}")
                .route(get().to(predictions::list::list))
                .route(post().to(predictions::create::create)),
        )
        .service(
            resource("/predictions/{kind:annual|quarterly}/score")
                .route(post().to(predictions::score::score)),
        )
        .service(
            resource("/predictions/{kind:annual|quarterly}/batch")
                .route(post().to(predictions::batch::batch)),
        )
        .service(
            resource("/predictions/{kind:annual|quarterly}/{id}")
                .route(get().to(predictions::get::get))
                .route(patch().to(predictions::update::update))
                .route(delete().to(predictions::remove::remove)),
        )
        .service(
            resource("/predictions/{kind:annual|quarterly}/{id}/explanation")
                .route(get().to(predictions::explanation::explanation)),
        )
        .service(
            resource("/predictions/{kind:annual|quarterly}/{id}/revisions")
                .route(get().to(predictions::revisions::revisions)),
        )
        .service(
            resource("/predictions/{kind:annual|quarterly}/{id}/reproduce")
                .route(post().to(predictions::reproduce::reproduce)),
        )
        .service(
            resource("/bulk-uploads")
                .route(get().to(bulk_uploads::list::list))
                .route(post().to(bulk_uploads::submit::submit)),
        )
        .service(
            resource("/bulk-uploads/templates/{kind:annual|quarterly}.csv")
                .route(get().to(bulk_uploads::template::csv)),
        )
        .service(
            resource("/bulk-uploads/templates/{kind:annual|quarterly}.xlsx")
                .route(get().to(bulk_uploads::template::xlsx)),
        )
        .service(
            resource("/bulk-uploads/{id}")
                .route(get().to(bulk_uploads::get::get))
                .route(delete().to(bulk_uploads::remove::remove)),
        )
        .service(resource("/bulk-uploads/{id}/retry").route(post().to(bulk_uploads::retry::retry)))
        .service(resource("/bulk-uploads/{id}/rows").route(get().to(bulk_uploads::rows::rows)))
        .service(
            resource("/bulk-uploads/{id}/events").route(get().to(bulk_uploads::events::events)),
        )
        .service(
            resource("/bulk-uploads/{id}/cancel").route(post().to(bulk_uploads::cancel::cancel)),
        )
        .service(resource("/rescorings").route(post().to(rescorings::create::create)))
        .service(resource("/rescorings/{id}").route(get().to(rescorings::get::get)))
        .service(resource("/dashboard").route(get().to(analytics::dashboard::dashboard)))
        .service(
            resource("/analytics/risk-distribution")
                .route(get().to(analytics::risk_distribution::risk_distribution)),
        )
        .service(
            resource("/analytics/model-agreement")
                .route(get().to(analytics::model_agreement::model_agreement)),
        )
        .service(resource("/analytics/trend").route(get().to(analytics::trend::trend)))
        .service(resource("/admin/stats").route(get().to(admin::stats::stats)))
        .service(resource("/audit-logs").route(get().to(audit_logs::list::list)))
        .service(resource("/audit-logs/{id}").route(get().to(audit_logs::get::get)))
        .service(resource("/models").route(get().to(models::list::list)))
        .service(resource("/models/{name}").route(get().to(models::get::get)))
        .service(
            resource("/models/{name}/versions/{version}").route(get().to(models::get::version)),
        );
}

fn organization_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/me/permissions").route(get().to(permissions::permissions)))
        .service(resource("/auth/join").route(post().to(auth::join::join)))
        .service(
            resource("/organizations/{id}/join-token")
                .route(put().to(organizations::join_token::put))
                .route(delete().to(organizations::join_token::remove)),
        )
        .service(
            resource("/organizations/{id}/allowed-emails")
                .route(get().to(organizations::allowed_emails::list))
                .route(post().to(organizations::allowed_emails::add)),
        )
        .service(
            resource("/organizations/{id}/allowed-emails/{email}")
                .route(delete().to(organizations::allowed_emails::remove)),
        )
        .service(
            resource("/organizations")
                .route(get().to(organizations::list::list))
                .route(post().to(organizations::create::create)),
        )
        .service(
            resource("/organizations/{id}")
                .route(get().to(organizations::get::get))
                .route(patch().to(organizations::update::update))
                .route(delete().to(organizations::remove::remove)),
        )
        .service(
            resource("/organizations/{id}/stats").route(get().to(organizations::stats::stats)),
        );
}
