//! Redactions of values that differ from run to run, for snapshots.

use insta::{Settings, dynamic_redaction};

/// Snapshots without ids, times and hashes; a redacted value must be present and of its
/// kind.
pub(crate) fn redacted(check: impl FnOnce()) {
    let mut settings = Settings::clone_current();
    settings.set_sort_maps(true);
    for selector in [
        ".id",
        ".company_id",
        ".created_by",
        ".existing_id",
        ".request_id",
        ".data[].id",
    ] {
        settings.add_redaction(
            selector,
            dynamic_redaction(|value, path| {
                let text = value
                    .as_str()
                    .unwrap_or_else(|| panic!("{path} is no text"));
                assert!(
                    text.parse::<uuid::Uuid>().is_ok(),
                    "{path}: {text:?} is no id"
                );
                "[id]"
            }),
        );
    }
    for selector in [".created_at", ".updated_at", ".predicted_at"] {
        settings.add_redaction(
            selector,
            dynamic_redaction(|value, path| {
                let text = value
                    .as_str()
                    .unwrap_or_else(|| panic!("{path} is no text"));
                assert!(
                    text.ends_with('Z') && text.contains('T'),
                    "{path}: {text:?} is no UTC time"
                );
                "[time]"
            }),
        );
    }
    settings.add_redaction(
        ".model.sha256",
        dynamic_redaction(|value, path| {
            assert_eq!(value.as_str().map(str::len), Some(64), "{path}");
            "[sha256]"
        }),
    );
    settings.bind(check);
}
