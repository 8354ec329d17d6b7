use serde_json::json;

use super::*;

fn shape() -> Shape {
    let document = json!({ "components": { "schemas": {
        "Whole": {
            "type": "object",
            "properties": {
                "a": { "type": "array", "maxItems": 6, "items": { "type": ["number", "string", "boolean", "null"], "maxLength": 10 } },
                "b": { "$ref": "#/components/schemas/Part" },
                "seconds": { "type": ["integer", "null"], "format": "int64" },
                "small": { "type": "integer", "format": "int32" },
                "name": { "type": "string", "maxLength": 10 },
            },
            "additionalProperties": false,
        },
        "Part": {
            "type": "object",
            "maxProperties": 3,
            "additionalProperties": { "oneOf": [{ "type": "null" }, { "type": "number" }] },
        },
    } } });
    Shape::of(&document, "Whole")
}

fn read(text: &str) -> Result<(Value, Faults), Problem> {
    parse(text.as_bytes(), &shape())
}

fn document(text: &str) -> Value {
    serde_json::to_value(read(text).unwrap_err().document(None)).unwrap()
}

fn faults(text: &str) -> Vec<String> {
    let (_, faults) = read(text).unwrap();
    faults
        .listed()
        .iter()
        .map(|fault| format!("{} {}", fault.pointer, fault.code))
        .collect()
}

#[test]
fn byte_order_mark_before_a_body_is_ignored() {
    assert_eq!(read("\u{feff}{\"name\": \"x\"}").unwrap().0["name"], "x");
    assert!(read("{\u{feff}}").is_err());
}

#[test]
fn json_values_equal_those_of_serde_json() {
    let text =
        r#"{"a": [1, -2, 3.5, true, null, "x"], "b": {"c": 12345678901234567890}, "seconds": 5}"#;
    let (value, faults) = read(text).unwrap();
    assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
    assert!(faults.is_empty());
}

#[test]
fn number_out_of_range_is_found_at_any_position() {
    for text in [
        "1e309",
        "{\"a\": [0, 1e309]}",
        "{\"a\":\n 1e309\n}",
        "{\"a\":[\n1e309 ]}",
        "{\"b\": {\"c\": 1e309}}",
    ] {
        assert_eq!(
            document(text)["detail"],
            "1e309 is too large for a number",
            "{text}"
        );
    }
}

#[test]
fn field_names_are_escaped_in_json_pointers() {
    let document = document(r#"{"b": {"c/d~e": -1e400}}"#);
    assert_eq!(document["errors"][0]["pointer"], "/b/c~1d~0e");
}

#[test]
fn deeply_nested_json_is_refused_or_skipped() {
    let text = "[".repeat(100_000);
    assert_eq!(read(&text).unwrap_err().status(), StatusCode::BAD_REQUEST);
    // An unexpected part is skipped, however deeply it is nested.
    let text = format!("{{\"x\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(faults(&text), ["/x unknown_field"]);
}

#[test]
fn float_without_fraction_is_read_as_an_integer() {
    let (value, _) = read(r#"{"seconds": 3600.0, "small": -1e3}"#).unwrap();
    assert_eq!(value, json!({ "seconds": 3600, "small": -1000 }));
    // The schema check reports that it is not an integer.
    let (value, _) = read(r#"{"seconds": 3600.5}"#).unwrap();
    assert_eq!(value["seconds"], 3600.5);
}

#[test]
fn integer_beyond_the_range_of_its_field_is_refused() {
    for number in [
        "9223372036854775808",
        "1e300",
        "-9223372036854775809",
        "1e19",
    ] {
        let text = format!("{{\"seconds\": {number}}}");
        assert_eq!(faults(&text), ["/seconds out_of_range"], "{number}");
    }
    assert_eq!(faults(r#"{"small": 2147483648}"#), ["/small out_of_range"]);
}

#[test]
fn lengths_are_checked_before_contents() {
    let text = format!("{{\"name\": \"{}\"}}", "\\u0041".repeat(100_000));
    assert_eq!(faults(&text), ["/name too_long"]);
    let (value, _) = read(&text).unwrap();
    assert!(value["name"].as_str().unwrap().len() < 100);
    let items = vec!["1"; 1_000_000].join(",");
    let document = document(&format!("{{\"a\": [{items}]}}"));
    assert_eq!(document["status"], 422);
    assert_eq!(document["code"], "out_of_range");
    assert_eq!(document["errors"][0]["pointer"], "/a");
    assert_eq!(
        faults(r#"{"b": {"c": 1, "d": 2, "e": 3, "f": 4}}"#),
        ["/b too_many_fields"]
    );
}

#[test]
fn unexpected_values_are_not_kept_in_memory() {
    let large = format!("[{}]", vec!["{\"x\": [1, 2]}"; 10_000].join(","));
    let text = format!("{{\"name\": {large}, \"unknown\": {large}, \"seconds\": {{\"a\": 1}}}}");
    let (value, _) = read(&text).unwrap();
    assert_eq!(value, json!({ "name": [], "seconds": {} }));
}

#[test]
fn parsing_stops_after_the_maximum_number_of_faults() {
    let twice = vec!["\"name\": \"x\""; 150_000].join(",");
    let unknown: Vec<String> = (0..150_000).map(|n| format!("\"k{n}\": {n}")).collect();
    for (members, code) in [
        (twice, "duplicate_field"),
        (unknown.join(","), "unknown_field"),
    ] {
        let document = document(&format!("{{{members}}}"));
        assert_eq!(document["status"], 422);
        assert_eq!(document["code"], code);
        assert_eq!(document["errors"].as_array().unwrap().len(), 100);
        assert_eq!(document["more_errors"], true);
    }
}

#[test]
fn long_field_name_is_truncated_in_faults() {
    let name = "n".repeat(1 << 20);
    for text in [
        format!("{{\"{name}\": 1}}"),
        format!("{{\"b\": {{\"{name}\": 1}}}}"),
    ] {
        let found = faults(&text);
        assert!(found[0].ends_with("… unknown_field"), "{}", found.len());
        assert!(found[0].len() < 100);
    }
}

#[test]
fn malformed_json_is_reported_with_pointer_and_remedy() {
    for (text, pointer, remedy) in [
        (r#"{"a": [1, NaN]}"#, "/a/1", "null"),
        (r#"{"b": {"c": 1, "d": -Infinity}}"#, "/b/d", "null"),
        (r#"{"b": {"c": nan}}"#, "/b/c", "null"),
        (r#"{"b": {"c": None}}"#, "/b/c", "null"),
        (r#"{"a": [True]}"#, "/a/0", "true and false"),
        (r#"{"name": 'x'}"#, "/name", "double quotation marks"),
        (r#"{"b": {"c": 1,,}}"#, "/b", ""),
        (r#"{"seconds": 1"#, "", ""),
    ] {
        let document = document(text);
        assert_eq!(document["status"], 400, "{text}");
        assert_eq!(document["code"], "malformed_json", "{text}");
        assert_eq!(document["errors"][0]["pointer"], pointer, "{text}");
        let detail = document["detail"].as_str().unwrap();
        assert!(
            detail.contains(remedy) && detail.contains(pointer),
            "{text}: {detail}"
        );
    }
}
