//! Fields and parameters have one name for one thing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::openapi::openapi;

/// Superseded names, each with its replacement, which `docs/glossary.md` explains.
const SUPERSEDED: &[(&str, &str)] = &[
    ("at_most", "max"),
    ("bulk_job_id", "job_id"),
    ("bulk_upload_id", "job_id"),
    ("count", "total"),
    ("ended_at", "completed_at"),
    ("finished_at", "completed_at"),
    ("ip", "ip_address"),
    ("level", "access_level"),
    ("n", "total"),
];

/// The same for the beginnings of names.
const BEGINNINGS: &[(&str, &str)] = &[
    ("average_", "mean_"),
    ("avg_", "mean_"),
    ("maximum_", "max_"),
    ("n_", "…_count"),
    ("num_", "…_count"),
];

/// The columns of the specification. Every other probability of default is called `pd`.
const PROBABILITIES: [&str; 4] = [
    "ensemble_probability",
    "gbm_probability",
    "logistic_probability",
    "probability",
];

/// The name to use instead.
fn better(name: &str) -> Option<&'static str> {
    let superseded = SUPERSEDED.iter().find(|(old, _)| *old == name);
    let begins = BEGINNINGS.iter().find(|(old, _)| name.starts_with(old));
    let is_pd = name.contains("probability") && !PROBABILITIES.contains(&name);
    superseded
        .or(begins)
        .map(|(_, new)| *new)
        .or(is_pd.then_some("pd"))
}

/// Collects the names in a part of the document, each with one place where it occurs.
fn names(place: &str, part: &Value, found: &mut BTreeMap<String, String>) {
    match part {
        Value::Object(members) => {
            for name in members
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|properties| properties.keys())
            {
                found.insert(name.clone(), place.to_owned());
            }
            if let (Some(Value::String(name)), Some(_)) = (members.get("name"), members.get("in")) {
                found.insert(name.clone(), place.to_owned());
            }
            for (key, part) in members {
                names(&format!("{place}/{key}"), part, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|part| names(place, part, found)),
        _ => {}
    }
}

#[test]
fn equal_things_have_equal_names_in_the_api() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut found = BTreeMap::new();
    for part in ["paths", "components"] {
        names(part, &document[part], &mut found);
    }
    assert!(found.len() > 200, "{found:?}");
    let wrong: Vec<_> = found
        .iter()
        .filter_map(|(name, place)| Some(format!("{name} ({place}): write {}", better(name)?)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn second_name_for_one_thing_is_detected() {
    for (name, instead) in [
        ("avg_confidence", "mean_"),
        ("median_probability", "pd"),
        ("ip", "ip_address"),
        ("n", "total"),
    ] {
        assert_eq!(better(name), Some(instead), "{name}");
    }
    for name in ["gbm_probability", "mean_pd", "total_rows", "national_id"] {
        assert_eq!(better(name), None, "{name}");
    }
}
