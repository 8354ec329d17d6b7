//! Computed lifetimes and limits, as numbers, so that an arithmetic error becomes visible.

use accunode_domain::{api_key, idempotency, invitation, second_factor, session, user_token};
use time::Duration;
use user_token::TokenPurpose;

#[test]
fn lifetimes_and_limits_have_the_documented_sizes() {
    assert_eq!(session::ACCESS_TOKEN_SECONDS, 900);
    assert_eq!(session::REFRESH_TOKEN_SECONDS, 2_592_000);
    assert_eq!(session::SESSION_SECONDS, 7_776_000);
    assert_eq!(session::CONFIRMATION_SECONDS, 900);
    assert_eq!(session::LAST_SEEN_SECONDS, 60);
    assert_eq!(api_key::OVERLAP_SECONDS, 86_400);
    assert_eq!(api_key::LONGEST_OVERLAP_SECONDS, 604_800);
    assert_eq!(api_key::LAST_USED_SECONDS, 60);
    assert_eq!(idempotency::KEPT_HOURS, 24);
    assert_eq!(invitation::VALID_DAYS, 7);
    assert_eq!(second_factor::CHALLENGE_LIFETIME, Duration::minutes(5));
    assert_eq!(user_token::MAIL_PAUSE, Duration::minutes(1));
}

#[test]
fn mailed_token_has_the_kind_and_lifetime_of_its_purpose() {
    assert_eq!(TokenPurpose::VerifyEmail.kind(), "ev");
    assert_eq!(TokenPurpose::ResetPassword.kind(), "pr");
    assert_eq!(TokenPurpose::VerifyEmail.lifetime(), Duration::days(2));
    assert_eq!(TokenPurpose::ResetPassword.lifetime(), Duration::hours(1));
}
