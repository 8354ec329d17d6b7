//! Texts that users type, faults, and pages of lists.

use accunode_domain::{
    fault::{Fault, shorten},
    page::{Limit, Sort},
    text::clean_text,
};

#[test]
fn text_is_trimmed_and_limited_in_length() {
    assert_eq!(clean_text("/n", " a b ", 3), Ok("a b".to_owned()));
    let code = |value: &str| clean_text("/n", value, 3).unwrap_err().code;
    assert_eq!(code(" "), "required");
    assert_eq!(code("abcd"), "too_long");
    assert_eq!(code("a\tb"), "control_character");
    let fault = clean_text("/name", "abcd", 3).unwrap_err();
    assert_eq!(fault.pointer, "/name");
    assert!(
        fault.detail.contains("has 4 characters"),
        "{}",
        fault.detail
    );
}

#[test]
fn long_value_is_shortened_in_messages() {
    let forty = "ł".repeat(40);
    assert_eq!(shorten(&forty), forty);
    assert_eq!(shorten(&format!("{forty}x")), format!("{forty}…"));
}

#[test]
fn fault_pointer_is_prefixed_by_its_parent() {
    let fault = Fault::new("/name", "required", "must not be empty").under("/items/6");
    assert_eq!(fault.pointer, "/items/6/name");
    assert_eq!(
        (&*fault.code, &*fault.detail),
        ("required", "must not be empty")
    );
}

#[test]
fn page_limit_is_1_to_1000_and_defaults_to_20() {
    assert_eq!(Limit::default().get(), 20);
    for good in [1, 1_000] {
        assert_eq!(Limit::new(good).unwrap().get(), good);
    }
    for bad in [0, 1_001] {
        let fault = Limit::new(bad).unwrap_err();
        assert_eq!((&*fault.pointer, &*fault.code), ("/limit", "out_of_range"));
        assert!(fault.detail.contains(&bad.to_string()));
    }
    assert_eq!(Sort::default(), Sort::CreatedAt);
}
