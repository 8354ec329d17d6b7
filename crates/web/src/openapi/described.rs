//! Descriptions of fields and parameters that have the same meaning everywhere. A doc comment on a
//! field or parameter takes precedence.

use utoipa::openapi::{
    OpenApi, RefOr, Schema,
    path::Operation,
    schema::{ArrayItems, Object},
};

use super::operations_mut;

/// Names and their descriptions, ordered by name.
#[rustfmt::skip] // A line each: it is read as a table.
const WORDS: &[(&str, &str)] = &[
    ("accepted_at", "When it was accepted; null where it was not."),
    ("accepted_by", "The user who accepted it; null where none did."),
    ("annual", "Those from annual statements."),
    ("base", "The log-odds of the average company of the training; `base` and the contributions add up to the log-odds of the PD."),
    ("cancel_requested_at", "When its end was asked for; null where it was not."),
    ("code", "For programs; stable."),
    ("columns", "The columns that it is about."),
    ("comment", "What the user who signs it off says of it; null where that is nothing."),
    ("companies", "How many companies there are."),
    ("company_id", "The company."),
    ("company_name", "The company's name as of scoring or recording."),
    ("company_sector", "The company's sector as of scoring or recording."),
    ("completed_at", "When it ended; null while it has not."),
    ("country", "The country, ISO 3166 alpha-3."),
    ("created_at", "When it was made."),
    ("created_by", "The user who made it."),
    ("currency", "The currency of amounts, ISO 4217."),
    ("current_password", "The password as it is now."),
    ("data", "The items, in the order of the request or of the list."),
    ("definition", "The name and version of a definition of default, such as `crr_178@1`."),
    ("description", "A text for readers."),
    ("detail", "A message for users."),
    ("domain", "The domain of its e-mail addresses; null where it has none."),
    ("email", "The e-mail address, in lower case."),
    ("entity_id", "What it was about; null where that has no id."),
    ("entity_type", "The kind of what it was about, such as `company`."),
    ("error_count", "Rows that failed."),
    ("error_message", "Why it failed; null where it did not."),
    ("eta_seconds", "Seconds until its end, by its pace; null where that is not known."),
    ("event_type", "What happened, such as `company.created`."),
    ("exchange", "The exchange on which it is listed; null where it is none or not known."),
    ("expires_at", "When it ends by itself; null where it does not."),
    ("external_id", "What the sender calls it; unique within the owner."),
    ("figi", "The Financial Instrument Global Identifier, with its check digit."),
    ("first_name", "The first name; null where it is not known."),
    ("folder", "The folder of the model."),
    ("free_bytes", "Bytes that are free."),
    ("group", "What the companies of this group have in common; null where that is not known."),
    ("high", "Those with the risk level High."),
    ("high_risk_count", "Companies whose newest prediction is High."),
    ("id", "The id, which never changes."),
    ("include_system_outcomes", "Whether outcomes that everyone reads count beside those of the scope."),
    ("industry", "The industry; null where it is not known."),
    ("initial_auc", "The AUC at the time of development, which the present one is held against; null where none was given."),
    ("ip_address", "The address that the request came from; null where there was none."),
    ("is_active", "Whether it may be used."),
    ("isin", "The International Securities Identification Number, with its check digit."),
    ("join_token", "The secret by which users join the organization."),
    ("kind", "From which statements: `annual` or `quarterly`."),
    ("label", "The name for readers."),
    ("lag_months", "Months between the end of a reporting period and the day from which its prediction counts."),
    ("last_login", "When the user signed in last; null where they never did."),
    ("last_name", "The last name; null where it is not known."),
    ("last_prediction", "When the newest of them was made; null where there is none."),
    ("lei", "The Legal Entity Identifier, with its check digits."),
    ("low", "Those with the risk level Low."),
    ("mean_confidence", "The mean of their confidence, 0 to 1; null where there is none."),
    ("median_pd", "The median of their PDs, 0 to 1."),
    ("medium", "Those with the risk level Medium."),
    ("metadata", "What else is known of it."),
    ("mfa_token", "The login that waits for a second factor."),
    ("min_free_bytes", "Bytes that must be free."),
    ("model_version", "The version of the model."),
    ("name", "The name."),
    ("national_id", "The VAT or another national number."),
    ("note", "A remark for readers."),
    ("occurred_on", "The day on which it happened."),
    ("organization_id", "The organization; null where there is none."),
    ("original_filename", "The name of the file as it was sent."),
    ("password", "The password."),
    ("pd", "The probability of default within twelve months after the statement, in full precision."),
    ("phone", "The telephone number; null where it is not known."),
    ("predicted_at", "When it was scored."),
    ("prediction_id", "The prediction."),
    ("quarterly", "Those from quarterly statements."),
    ("ratio", "The name of the ratio."),
    ("reason", "Why."),
    ("reason_code", "Why, by the sender's own codes."),
    ("reasons", "What each ratio contributes to the log-odds of the PD, largest first."),
    ("recorded_at", "When it was recorded."),
    ("refresh_token", "The refresh token of the session, which is good once."),
    ("replaced_at", "When it was replaced."),
    ("reporting_quarter", "The quarter of the statement: `Q1` to `Q4`."),
    ("reporting_year", "The year of the statement, four digits."),
    ("request_id", "The id of the request, as in `X-Request-Id` and in the log."),
    ("row", "The row of the file; its first line is row 1."),
    ("rows_per_second", "The rows that are worked on in a second; null where that is not known."),
    ("scale", "The master scale by which PDs are graded."),
    ("scopes", "What the key may do."),
    ("sector", "The sector."),
    ("signed_off_at", "When it was signed off; null while it is not."),
    ("signed_off_by", "The user who signed it off, who is never the one who asked for it; null while no one has."),
    ("skipped_count", "Rows that were skipped."),
    ("started_at", "When work on it began; null while it has not."),
    ("status", "Where it stands."),
    ("success_count", "Rows that became predictions."),
    ("symbol", "The symbol by which its owner calls the company."),
    ("target_rate", "The default rate that the model was calibrated to; null where it is not known."),
    ("technical", "Whether it was a technical default, which the definition may leave out."),
    ("token", "The secret of the link that was sent."),
    ("token_type", "How the access token is sent: `Bearer`."),
    ("total", "How many there are in all."),
    ("total_predictions", "How many predictions this is about."),
    ("updated_at", "When it was changed last."),
    ("updated_count", "Rows that replaced a prediction."),
    ("user_agent", "The program that the request said that it came from; null where it said none."),
    ("user_id", "The user."),
    ("version", "The version."),
    ("waits_since", "Since when it waits."),
    ("withdrawn_at", "When it was withdrawn; null where it was not."),
    ("withdrawn_by", "The user who withdrew it; null where none did."),
    ("withdrawn_reason", "Why it was withdrawn; null where it was not."),
];

fn meaning(name: &str) -> Option<&'static str> {
    // All names for the row of a file have the same description.
    let name = if name == "bulk_row" { "row" } else { name };
    let found = WORDS.binary_search_by(|(word, _)| (*word).cmp(name));
    found.ok().map(|at| WORDS[at].1)
}

/// Adds a description to every field and parameter that has none.
pub(super) fn describe(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            describe_parameters(operation);
        }
    }
    if let Some(components) = &mut document.components {
        components.schemas.values_mut().for_each(describe_schema);
    }
}

fn describe_parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.description.as_deref().is_none_or(str::is_empty)
        {
            parameter.description = meaning(&parameter.name).map(str::to_owned);
        }
    }
}

fn describe_schema(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => describe_object(object),
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                describe_schema(items);
            }
        }
        RefOr::T(Schema::OneOf(one)) => one.items.iter_mut().for_each(describe_schema),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(describe_schema),
        RefOr::T(Schema::AnyOf(any)) => any.items.iter_mut().for_each(describe_schema),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

fn describe_object(object: &mut Object) {
    for (name, property) in &mut object.properties {
        describe_schema(property);
        let Some(meaning) = meaning(name) else {
            continue;
        };
        let description = match property {
            RefOr::T(Schema::Object(object)) => &mut object.description,
            RefOr::T(Schema::Array(array)) => &mut array.description,
            RefOr::T(Schema::OneOf(one)) => &mut one.description,
            RefOr::T(Schema::AllOf(all)) => &mut all.description,
            RefOr::T(Schema::AnyOf(any)) => &mut any.description,
            RefOr::T(_) | RefOr::Ref(_) => continue,
        };
        if description.as_deref().is_none_or(str::is_empty) {
            *description = Some(meaning.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::openapi::openapi;

    #[test]
    fn shared_descriptions_are_unique_and_sorted() {
        assert!(WORDS.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    /// Collects the names of fields without a description; a reference has the description of its
    /// target.
    fn undescribed(place: &str, schema: &Value, found: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{name}");
            let refers = ["oneOf", "allOf"].iter().any(|keyword| {
                let parts = property[keyword].as_array();
                parts.is_some_and(|parts| parts.iter().any(|part| part.get("$ref").is_some()))
            });
            let is_described = property["description"]
                .as_str()
                .is_some_and(|d| !d.is_empty());
            if !is_described && !refers && property.get("$ref").is_none() {
                found.push(place.clone());
            }
            undescribed(&place, property, found);
        }
        for keyword in ["allOf", "oneOf", "anyOf"] {
            for part in schema[keyword].as_array().into_iter().flatten() {
                undescribed(place, part, found);
            }
        }
        if schema["items"].is_object() {
            undescribed(place, &schema["items"], found);
        }
    }

    #[test]
    fn every_field_and_parameter_has_a_description() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut found = Vec::new();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            undescribed(name, schema, &mut found);
        }
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    if !parameter["description"].is_string() {
                        found.push(format!("{method} {path}: {}", parameter["name"]));
                    }
                }
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    }
}
