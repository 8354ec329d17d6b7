//! DTOs of API keys.

use crate::http::body::RequestBody;
use accunode_application::api_keys::{NewKey, Revealed};
use accunode_domain::{
    access::KeyScope, api_key::ApiKey, id::OrganizationId, timestamp::parse_timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::KeyScopeName;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// At most 100 characters.
    #[schema(example = "nightly upload", max_length = 100)]
    name: String,
    /// The scopes of the key: each only restricts the rights of its owner.
    #[schema(value_type = Vec<KeyScopeName>, example = json!(["read", "upload"]), max_items = 20)]
    scopes: Vec<KeyScope>,
    /// Cut down to this organization: no personal rows, no other organization's.
    organization_id: Option<Uuid>,
    /// When it ends by itself, at the latest in the year 9998; it does not without.
    #[serde(default, deserialize_with = "time_or_null")]
    expires_at: Option<OffsetDateTime>,
}

impl RequestBody for NewApiKey {}

/// Reads a time within the limits of the domain, or null.
fn time_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse_timestamp("", &text))
        .transpose()
        .map_err(|fault| D::Error::custom(fault.detail))
}

impl From<NewApiKey> for NewKey {
    fn from(body: NewApiKey) -> Self {
        Self {
            name: body.name,
            scopes: body.scopes,
            organization: body.organization_id.map(OrganizationId),
            expires_at: body.expires_at,
        }
    }
}

/// How a key is rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the present secret stays good: 0 to 604800 (7 days), a day by default.
    #[schema(example = 86400, minimum = 0, maximum = 604800)]
    pub(crate) overlap_seconds: Option<i64>,
}

impl RequestBody for Rotation {}

/// An API key. Its secret is not stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyDto {
    id: Uuid,
    /// Its owner.
    owner_id: Uuid,
    #[schema(example = "nightly upload")]
    name: String,
    /// How its secret begins, to tell keys apart.
    #[schema(example = "ak_1f8a03c2")]
    prefix: String,
    #[schema(value_type = Vec<KeyScopeName>)]
    scopes: Vec<KeyScope>,
    organization_id: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    /// To within a minute.
    #[serde(with = "time::serde::rfc3339::option")]
    last_used_at: Option<OffsetDateTime>,
    /// Until when the secret before the last rotation is good.
    #[serde(with = "time::serde::rfc3339::option")]
    previous_secret_until: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl ApiKeyDto {
    /// The columns of an export.
    pub(crate) const COLUMNS: &[&str] = &[
        "id",
        "owner_id",
        "name",
        "prefix",
        "scopes",
        "organization_id",
        "expires_at",
        "last_used_at",
        "previous_secret_until",
        "created_at",
    ];
}

impl From<ApiKey> for ApiKeyDto {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.0,
            owner_id: key.owner.0,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            organization_id: key.organization.map(|id| id.0),
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            previous_secret_until: key.previous_until,
            created_at: key.created_at,
        }
    }
}

/// A key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = RevealedApiKey)]
pub(crate) struct RevealedApiKeyDto {
    #[serde(flatten)]
    key: ApiKeyDto,
    /// For `Authorization: Bearer`. It is not stored.
    #[schema(example = "ak_1f8a03c2…")]
    secret: String,
}

impl std::fmt::Debug for RevealedApiKeyDto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevealedApiKeyDto")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl From<Revealed> for RevealedApiKeyDto {
    fn from(revealed: Revealed) -> Self {
        Self {
            key: revealed.key.into(),
            secret: revealed.secret.expose().to_owned(),
        }
    }
}
