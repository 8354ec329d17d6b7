//! Organizations: their descriptions, and when one is empty.

use accunode_domain::organization::{
    JoinPolicy, MAX_DESCRIPTION, OrganizationDraft, OrganizationProfile, OrganizationStats,
    SizeCategory,
};

use crate::host;

fn draft() -> OrganizationDraft {
    OrganizationDraft {
        name: "Bank".to_owned(),
        ..OrganizationDraft::default()
    }
}

fn with_domain(domain: &str) -> OrganizationDraft {
    OrganizationDraft {
        domain: Some(domain.to_owned()),
        ..draft()
    }
}

#[test]
fn a_domain_is_made_of_dotted_labels_within_100_bytes() {
    for good in ["a.b", "x-y.example", &host(100)] {
        let profile = with_domain(good).check().unwrap();
        assert_eq!(profile.domain.as_deref(), Some(good));
    }
    for bad in [
        "",
        "example",
        "example.",
        ".example",
        "a..b",
        "-a.com",
        "a-.com",
        "a_b.com",
        &host(101),
    ] {
        let faults = with_domain(bad).check().unwrap_err();
        assert_eq!(faults.len(), 1, "{bad:?}");
        assert_eq!(faults[0].pointer, "/domain");
        assert_eq!(faults[0].code, "invalid_domain");
    }
}

#[test]
fn organization_description_keeps_its_lines_within_the_limit() {
    let described = |text: &str| OrganizationDraft {
        description: Some(text.to_owned()),
        ..draft()
    };
    let kept = described(" one\n\ttwo\rthree\r\nfour ").check().unwrap();
    assert_eq!(kept.description.as_deref(), Some("one\n\ttwo\rthree\nfour"));
    assert_eq!(MAX_DESCRIPTION, 2_000);
    assert!(described(&"d".repeat(MAX_DESCRIPTION)).check().is_ok());
    let fault = &described(&"d".repeat(MAX_DESCRIPTION + 1))
        .check()
        .unwrap_err()[0];
    assert_eq!(
        (&*fault.pointer, &*fault.code),
        ("/description", "too_long")
    );
}

#[test]
fn profile_converted_to_a_draft_is_valid_and_equal() {
    let profile = OrganizationProfile {
        name: "Bank".to_owned(),
        domain: Some("bank.example".to_owned()),
        description: Some("One.\nTwo.".to_owned()),
        industry: Some("Banking".to_owned()),
        size_category: Some(SizeCategory::Large),
        settings: [("theme".to_owned(), "dark".into())].into_iter().collect(),
    };
    let again = OrganizationDraft::from(profile.clone()).check();
    assert_eq!(again, Ok(profile));
}

#[test]
fn join_policy_defaults_to_closed() {
    assert_eq!(JoinPolicy::default(), JoinPolicy::Closed);
}

#[test]
fn organization_with_any_counted_row_is_not_empty() {
    let empty = OrganizationStats::default();
    assert!(empty.is_empty());
    for filled in [
        OrganizationStats { users: 1, ..empty },
        OrganizationStats {
            companies: 1,
            ..empty
        },
        OrganizationStats { jobs: 1, ..empty },
        OrganizationStats {
            children: 1,
            ..empty
        },
    ] {
        assert!(!filled.is_empty(), "{filled:?}");
    }
}
