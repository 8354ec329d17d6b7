//! Named values that programs keep with an organization. The service stores and returns them and
//! acts on none of them: whatever it acts on has a field of its own.

use serde_json::{Map, Value};

use crate::fault::{Fault, shorten};

/// Values by name: strings, numbers, `true` and `false`.
pub type Settings = Map<String, Value>;

/// The most values that an organization can have.
pub const MAX_SETTINGS: usize = 64;
/// The greatest length of a name, in characters.
pub const MAX_SETTING_NAME: usize = 64;
/// The greatest length of a string value, in characters.
pub const MAX_SETTING_TEXT: usize = 500;
/// The largest number, 2^53: larger ones lose digits in most readers of JSON.
const LARGEST_NUMBER: f64 = 9_007_199_254_740_992.0;
/// The greatest size of all values together as JSON, in bytes.
pub const MAX_SETTINGS_BYTES: usize = 8_192;

/// Checks each value and all of them together.
///
/// # Errors
/// All faults together: `invalid_name`, `wrong_type`, `too_long`, `control_character`,
/// `out_of_range`, `too_many_fields`, `too_large`.
pub(super) fn check(settings: &Settings) -> Result<Settings, Vec<Fault>> {
    let mut faults: Vec<Fault> = settings
        .iter()
        .filter_map(|(name, value)| fault_of(name, value))
        .collect();
    if settings.len() > MAX_SETTINGS {
        faults.push(Fault::new(
            "/settings",
            "too_many_fields",
            format!("has more than {MAX_SETTINGS} fields"),
        ));
    }
    let bytes = serde_json::to_string(settings).map_or(usize::MAX, |text| text.len());
    if faults.is_empty() && bytes > MAX_SETTINGS_BYTES {
        faults.push(Fault::new(
            "/settings",
            "too_large",
            format!("is {bytes} bytes of JSON; at most {MAX_SETTINGS_BYTES} are kept"),
        ));
    }
    if faults.is_empty() {
        Ok(settings.clone())
    } else {
        Err(faults)
    }
}

fn fault_of(name: &str, value: &Value) -> Option<Fault> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let fault = |code, detail: String| {
        let pointer = name.replace('~', "~0").replace('/', "~1");
        Some(Fault::new(format!("/settings/{pointer}"), code, detail))
    };
    if !(1..=MAX_SETTING_NAME).contains(&name.len()) || !name.chars().all(is_plain) {
        return fault(
            "invalid_name",
            format!(
                "{:?} is no name of 1 to {MAX_SETTING_NAME} letters, digits and _ . -",
                shorten(name)
            ),
        );
    }
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|n| n.abs() > LARGEST_NUMBER) => {
            fault(
                "out_of_range",
                format!("{number} is beyond 2^53 and would be rounded; send it as a text"),
            )
        }
        Value::Number(_) | Value::Bool(_) => None,
        Value::String(text) if text.chars().count() > MAX_SETTING_TEXT => fault(
            "too_long",
            format!("has more than {MAX_SETTING_TEXT} characters"),
        ),
        Value::String(text) => text.chars().any(char::is_control).then(|| {
            Fault::new(
                format!("/settings/{name}"),
                "control_character",
                "contains a control character; leave it out",
            )
        }),
        _ => fault(
            "wrong_type",
            "must be a text, a number, true or false".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(settings: &Value) -> Vec<String> {
        let faults = check(settings.as_object().unwrap()).err();
        let faults = faults.unwrap_or_default().into_iter();
        faults
            .map(|f| format!("{} {}", f.pointer, f.code))
            .collect()
    }

    #[test]
    fn settings_accept_texts_numbers_and_booleans() {
        let settings = json!({ "theme": "dark", "reports.day": 1, "erp-sync": true });
        assert_eq!(codes(&settings), Vec::<String>::new());
    }

    #[test]
    fn setting_that_is_no_plain_value_is_refused_by_pointer() {
        let settings = json!({
            "a b": 1, "list": [1], "nothing": null, "long": "x".repeat(501), "nul": "a\0b",
            "number": 123_456_789_012_345_678_u64,
        });
        let expected = [
            "/settings/a b invalid_name",
            "/settings/list wrong_type",
            "/settings/long too_long",
            "/settings/nothing wrong_type",
            "/settings/nul control_character",
            "/settings/number out_of_range",
        ];
        let mut found = codes(&settings);
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn count_and_size_of_settings_are_limited() {
        let many: Settings = (0..=MAX_SETTINGS)
            .map(|n| (format!("n{n}"), json!(1)))
            .collect();
        assert_eq!(codes(&many.into()), ["/settings too_many_fields"]);
        let large: Settings = (0..20)
            .map(|n| (format!("n{n}"), json!("x".repeat(MAX_SETTING_TEXT))))
            .collect();
        assert_eq!(codes(&large.into()), ["/settings too_large"]);
    }
}
