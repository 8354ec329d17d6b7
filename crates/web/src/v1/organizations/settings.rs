//! Values that programs keep with an organization, in bodies.

use std::borrow::Cow;

use accunode_domain::organization::{MAX_SETTING_TEXT, MAX_SETTINGS, Settings};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{SchemaType, Type},
    },
};

/// Values by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct SettingsMap(pub(crate) Settings);

impl PartialSchema for SettingsMap {
    fn schema() -> RefOr<Schema> {
        let value = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([
                Type::String,
                Type::Number,
                Type::Boolean,
            ]))
            .max_length(Some(MAX_SETTING_TEXT));
        ObjectBuilder::new()
            .description(Some(
                "Values that programs keep with the organization, by names of 1 to 64 letters, \
                 digits and `_ . -`: texts, numbers, true or false, 8,192 bytes in all. The service \
                 acts on none of them, and every member reads them: keep no secrets here.",
            ))
            .additional_properties(Some(Schema::from(value)))
            .max_properties(Some(MAX_SETTINGS))
            .examples([json!({ "reports.language": "en", "erp-sync": true })])
            .into()
    }
}

impl ToSchema for SettingsMap {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("OrganizationSettings")
    }
}
