//! DTOs of accounts and sessions.

use crate::http::body::RequestBody;
use crate::http::body::text;
use accunode_application::auth::{Me, Registration, SignedIn};
use accunode_domain::fault::Fault;
use accunode_domain::user::{Email, Password, Profile};
use accunode_domain::{
    organization::Membership,
    second_factor::CHALLENGE_LIFETIME,
    secret::Secret,
    session::ACCESS_TOKEN_SECONDS,
    user::{Role, User},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::RoleName;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(example = "ada@example.com", max_length = 255)]
    email: String,
    /// 10 to 128 characters, and not easily guessed.
    #[schema(example = "correct horse battery", format = Password, max_length = 128)]
    password: String,
    #[schema(example = "Ada", max_length = 100)]
    first_name: Option<String>,
    #[schema(example = "Lovelace", max_length = 100)]
    last_name: Option<String>,
    #[schema(example = "+44 20 7946 0000", max_length = 20)]
    phone: Option<String>,
}

impl RequestBody for NewAccount {
    fn check_parts(body: &Value) -> Vec<Fault> {
        account_faults(body)
    }
}

impl From<NewAccount> for Registration {
    fn from(body: NewAccount) -> Self {
        Self {
            email: body.email,
            password: body.password,
            first_name: body.first_name,
            last_name: body.last_name,
            phone: body.phone,
        }
    }
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[schema(example = "ada@example.com", max_length = 255)]
    pub(crate) email: String,
    #[schema(example = "correct horse battery", format = Password, max_length = 128)]
    pub(crate) password: String,
}

impl RequestBody for Login {}

/// The token of a mail, good once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailToken {
    #[schema(max_length = 512)]
    pub(crate) token: String,
}

impl RequestBody for MailToken {}

/// To whom a mail is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailRequest {
    #[schema(example = "ada@example.com", max_length = 255)]
    pub(crate) email: String,
}

impl RequestBody for MailRequest {}

/// A new password, by the token of a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordReset {
    #[schema(max_length = 512)]
    pub(crate) token: String,
    /// 10 to 128 characters, and not easily guessed.
    #[schema(example = "correct horse battery", format = Password, max_length = 128)]
    pub(crate) password: String,
}

impl RequestBody for PasswordReset {}

/// A user who proves their identity once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    #[schema(example = "correct horse battery", format = Password, max_length = 128)]
    pub(crate) password: String,
    /// A code of the device, or a recovery code; required if the user has a second factor.
    #[schema(example = "492039", max_length = 64)]
    pub(crate) code: Option<String>,
}

impl RequestBody for StepUp {}

/// A second factor, for a login that waits for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownFactor {
    #[schema(max_length = 512)]
    pub(crate) mfa_token: String,
    /// Of the device, or a recovery code.
    #[schema(example = "492039", max_length = 64)]
    pub(crate) code: String,
}

impl RequestBody for ShownFactor {}

/// A refresh token, good once (and for 10 seconds for the same pair again).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    #[schema(max_length = 512)]
    pub(crate) refresh_token: String,
}

impl RequestBody for Refresh {}

macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

secret_debug!(
    NewAccount,
    Login,
    StepUp,
    ShownFactor,
    LoginDto,
    FactorAskedDto,
    Refresh,
    MailToken,
    PasswordReset,
    TokensDto
);

/// An account as stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountDto {
    id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    /// The role as stored; see `effective_role` for the one that counts.
    #[schema(value_type = RoleName)]
    role: Role,
    organization_id: Option<Uuid>,
    /// Whether the e-mail address is known to be theirs.
    is_verified: bool,
    is_active: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    last_login: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<User> for AccountDto {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            email: user.email.as_str().to_owned(),
            first_name: user.profile.first_name,
            last_name: user.profile.last_name,
            phone: user.profile.phone,
            role: user.role,
            organization_id: user.organization.map(|id| id.0),
            is_verified: user.is_verified,
            is_active: user.is_active,
            last_login: user.last_login,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// Oneself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeDto {
    #[serde(flatten)]
    user: AccountDto,
    /// The role that counts: a tenant_admin of a child organization is its org_admin.
    #[schema(value_type = RoleName)]
    effective_role: Role,
    organization: Option<OwnOrganizationDto>,
    tenant: Option<TenantDto>,
}

/// What the access rules know of one's organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnOrganization)]
pub(crate) struct OwnOrganizationDto {
    id: Uuid,
    /// The root it belongs to; null for a root.
    parent_id: Option<Uuid>,
    /// Members of an inactive organization can do nothing but leave.
    is_active: bool,
    /// Whether system rows are hidden from its members.
    hide_system_data: bool,
    /// Whether its members must show a second factor.
    require_second_factor: bool,
}

/// A tenant: a root organization and its children.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantDto {
    /// The root organization.
    id: Uuid,
}

impl From<Me> for MeDto {
    fn from(me: Me) -> Self {
        let root = |m: &Membership| TenantDto {
            id: m.parent.unwrap_or(m.organization).0,
        };
        Self {
            effective_role: me.actor.role(),
            tenant: me.membership.as_ref().map(root),
            organization: me.membership.map(|m| OwnOrganizationDto {
                id: m.organization.0,
                parent_id: m.parent.map(|id| id.0),
                is_active: m.is_active,
                hide_system_data: m.hide_system_data,
                require_second_factor: m.require_second_factor,
            }),
            user: me.user.into(),
        }
    }
}

/// A session's tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensDto {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// For `/auth/refresh`, once.
    refresh_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that the access token lives.
    #[schema(example = 900)]
    expires_in: i64,
    user: MeDto,
}

/// What a right password is answered with.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = LoginAnswer)]
pub(crate) enum LoginDto {
    #[expect(
        dead_code,
        reason = "`session::answer` writes it; here it is a part of the schema"
    )]
    Tokens(Box<TokensDto>),
    SecondFactor(FactorAskedDto),
}

/// A login that waits for a second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactorAsked)]
pub(crate) struct FactorAskedDto {
    /// For `/auth/mfa`.
    mfa_token: String,
    /// Seconds that it waits.
    #[schema(example = 300)]
    expires_in: i64,
}

impl From<Secret> for FactorAskedDto {
    fn from(token: Secret) -> Self {
        Self {
            mfa_token: token.expose().to_owned(),
            expires_in: CHALLENGE_LIFETIME.whole_seconds(),
        }
    }
}

/// The session of a browser (`X-AccuNode-Client: browser`). Its tokens are in cookies that no
/// script can read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BrowserSession)]
pub(crate) struct BrowserSessionDto {
    /// Seconds until it has to be refreshed.
    #[schema(example = 900)]
    expires_in: i64,
    user: MeDto,
}

impl From<SignedIn> for BrowserSessionDto {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            expires_in: ACCESS_TOKEN_SECONDS,
            user: signed_in.me.into(),
        }
    }
}

impl From<SignedIn> for TokensDto {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            access_token: signed_in.tokens.access,
            refresh_token: signed_in.tokens.refresh,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_SECONDS,
            user: signed_in.me.into(),
        }
    }
}

/// Returns the faults of those parts of a new account that have the right form.
pub(crate) fn account_faults(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let email = text(body, "email").map(|email| Email::parse("/email", email));
    let known = Email::from_stored(String::new());
    if let Some(password) = text(body, "password") {
        let email = email
            .as_ref()
            .and_then(|email| email.as_ref().ok())
            .unwrap_or(&known);
        faults.extend(Password::new("/password", password, email).err());
    }
    faults.extend(email.and_then(Result::err));
    faults.extend(profile_faults(body));
    faults
}

/// Returns the faults of those parts of a user's names and telephone number that have the right
/// form.
pub(crate) fn profile_faults(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let [first, last, phone] = ["first_name", "last_name", "phone"].map(|name| text(body, name));
    Profile::parse(first, last, phone, &mut faults);
    faults
}
