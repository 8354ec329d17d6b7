//! Bodies whose items succeed or fail independently, also if the form of one is invalid.

use accunode_domain::fault::{Fault, Faults};
use serde_json::Value;

use super::{Compiled, RequestBody, check_parts, deserialize, json, visible};
use crate::http::problem::Problem;

/// A body that is an object with a list `items`.
pub(crate) trait ItemsBody: RequestBody {
    /// The type of its items.
    type Item: RequestBody;
}

/// One item after every check of its form.
#[derive(Debug)]
pub(crate) struct ParsedItem<T> {
    /// The parsed item, or everything that is wrong with its form.
    pub(crate) value: Result<T, Problem>,
    /// The item as it was sent, for its fingerprint.
    pub(crate) raw: Value,
}

/// Parses the items of a body.
///
/// # Errors
/// Those of a body if it is invalid outside of its items, or if not all faults are listed,
/// because then the state of the other items is unknown.
pub(crate) fn parse<T: ItemsBody>(bytes: &[u8]) -> Result<Vec<ParsedItem<T::Item>>, Problem> {
    let schema = Compiled::of::<T>()?;
    let (mut raw, mut faults) = json::parse(bytes, &schema.shape)?;
    schema.check(&raw, &mut faults);
    faults.extend(visible::check(&raw));
    let of_body = faults.listed().iter().any(|fault| split(fault).is_none());
    if of_body || faults.has_more() {
        return Err(Problem::faults(faults));
    }
    let Value::Array(items) = raw["items"].take() else {
        return Err(Problem::fault("/items", "required", "`items` is missing"));
    };
    let mut found = vec![Faults::new(); items.len()];
    for (at, fault) in faults.listed().iter().filter_map(split) {
        if let Some(faults) = found.get_mut(at) {
            faults.push(fault);
        }
    }
    let item = |(raw, faults)| ParsedItem {
        value: one(&raw, faults),
        raw,
    };
    Ok(items.into_iter().zip(found).map(item).collect())
}

fn one<T: RequestBody>(raw: &Value, mut faults: Faults) -> Result<T, Problem> {
    if faults.is_empty() {
        return deserialize(raw);
    }
    check_parts::<T>(raw, &mut faults);
    Err(Problem::faults(faults))
}

/// Returns the index of the item that a fault concerns, and the fault relative to the item.
fn split(fault: &Fault) -> Option<(usize, Fault)> {
    let rest = fault.pointer.strip_prefix("/items/")?;
    let (at, within) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let fault = Fault {
        pointer: within.to_owned(),
        ..fault.clone()
    };
    Some((at.parse().ok()?, fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::predictions::dto::Batch;

    #[test]
    fn invalid_item_fails_alone() {
        let sound = r#"{"company": {"symbol": "A"}, "reporting_year": 2024, "ratios": {}}"#;
        let wrong = r#"{"company": {"symbol": ""}, "reporting_year": "2024", "ratios": {"quick_ratio": "x"}}"#;
        let text = format!(r#"{{"items": [{sound}, {wrong}, 7, {sound}]}}"#);
        let items = parse::<Batch>(text.as_bytes()).unwrap();
        let faults = |at: usize| -> Vec<String> {
            let problem = items[at].value.as_ref().unwrap_err();
            let document = serde_json::to_value(problem.document(None)).unwrap();
            let errors: Vec<Fault> = serde_json::from_value(document["errors"].clone()).unwrap();
            errors
                .into_iter()
                .map(|f| format!("{} {}", f.pointer, f.code))
                .collect()
        };
        assert!(items[0].value.is_ok() && items[3].value.is_ok());
        assert_eq!(
            faults(1),
            [
                "/ratios/quick_ratio not_a_number",
                "/company/symbol required"
            ]
        );
        assert_eq!(faults(2), [" wrong_type"]);
        assert_eq!(items[1].raw["reporting_year"], "2024");
    }

    #[test]
    fn fault_outside_of_the_items_refuses_the_body() {
        for text in [r#"{"items": [], "x": 1}"#, "{}", r#"{"items": 5}"#, "[]"] {
            let problem = parse::<Batch>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.status(), 422, "{text}");
        }
    }

    #[test]
    fn too_many_faults_refuse_the_whole_body() {
        let text = format!(r#"{{"items": [{}]}}"#, vec!["7"; 100].join(","));
        assert_eq!(parse::<Batch>(text.as_bytes()).unwrap().len(), 100);
        let item = r#"{"a": 1, "b": 2}"#;
        let text = format!(r#"{{"items": [{}]}}"#, vec![item; 60].join(","));
        assert_eq!(parse::<Batch>(text.as_bytes()).unwrap_err().status(), 422);
    }
}
