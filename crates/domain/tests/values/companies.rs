//! Companies: symbols, descriptions, snapshots in predictions, and owners.

use accunode_domain::{
    Timestamp,
    company::{Company, CompanyDraft, CompanyProfile, CompanySnapshot, Symbol, UNKNOWN_SECTOR},
    id::{CompanyId, OrganizationId, UserId},
    identifier::Identifiers,
    owner::{AccessLevel, Owner},
};
use uuid::Uuid;

fn draft() -> CompanyDraft {
    CompanyDraft {
        symbol: "ACME".to_owned(),
        ..CompanyDraft::default()
    }
}

fn codes(draft: &CompanyDraft) -> Vec<(String, String)> {
    let faults = draft.check().unwrap_err();
    faults.into_iter().map(|f| (f.pointer, f.code)).collect()
}

fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[test]
fn symbol_is_upper_cased_and_allows_market_characters() {
    let symbol = Symbol::parse("/symbol", " brk.b ").unwrap();
    assert_eq!(symbol.as_str(), "BRK.B");
    for good in [
        "A",
        "0005",
        "A-B",
        "A/B",
        "A_B",
        "A&B",
        "^GSPC",
        "EUR=X",
        "NASDAQGS:AAPL",
        "AAPL US EQUITY",
        "529900T8BM49AURSDO55",
        &"A".repeat(32),
    ] {
        assert!(Symbol::parse("/symbol", good).is_ok(), "{good}");
    }
    for bad in ["A  B", "A*B", "A,B", "A\0B", "-", &"A".repeat(33)] {
        let fault = Symbol::parse("/company/symbol", bad).unwrap_err();
        assert_eq!(fault.pointer, "/company/symbol");
        assert_eq!(fault.code, "invalid_symbol", "{bad:?}");
    }
    let empty = Symbol::parse("/symbol", "  ").unwrap_err();
    assert_eq!(empty.code, "required");
    let stored = Symbol::from_stored("as stored".to_owned());
    assert_eq!(stored.as_str(), "as stored");
}

#[test]
fn company_description_is_trimmed_and_stored_in_full() {
    let full = CompanyDraft {
        name: Some(" Acme Corporation ".to_owned()),
        sector: Some("Industrials".to_owned()),
        industry: Some("Machinery".to_owned()),
        market_cap: Some("1000000.5".parse().unwrap()),
        country: Some(" pol ".to_owned()),
        currency: Some("pln".to_owned()),
        exchange: Some("WSE".to_owned()),
        identifiers: Identifiers {
            isin: Some(" us0378331005".to_owned()),
            national_id: Some("PL 856-734-62-15".to_owned()),
            ..Identifiers::default()
        },
        ..CompanyDraft::of_symbol("acme")
    };
    let profile = full.check().unwrap();
    assert_eq!(
        profile,
        CompanyProfile {
            name: "Acme Corporation".to_owned(),
            sector: "Industrials".to_owned(),
            industry: Some("Machinery".to_owned()),
            market_cap: Some(1_000_001),
            country: "POL".to_owned(),
            currency: "PLN".to_owned(),
            exchange: Some("WSE".to_owned()),
            identifiers: Identifiers {
                isin: Some("US0378331005".to_owned()),
                national_id: Some("PL8567346215".to_owned()),
                ..Identifiers::default()
            },
            ..CompanyDraft::of_symbol("ACME").check().unwrap()
        }
    );
}

#[test]
fn missing_and_blank_fields_have_the_documented_defaults() {
    let blank = CompanyDraft {
        name: Some("  ".to_owned()),
        country: Some(" ".to_owned()),
        ..draft()
    };
    let profile = blank.check().unwrap();
    assert_eq!(profile.name, "ACME");
    assert_eq!(profile.sector, UNKNOWN_SECTOR);
    assert_eq!(profile.country, "USA");
    assert_eq!(profile.currency, "USD");
    assert_eq!(profile.market_cap, None);
}

#[test]
fn country_and_currency_codes_have_three_ascii_letters() {
    for bad in ["PL", "POLA", "P0L", "łłł", "P L"] {
        let country = CompanyDraft {
            country: Some(bad.to_owned()),
            ..draft()
        };
        assert_eq!(codes(&country), one("/country", "invalid_code"), "{bad}");
        let currency = CompanyDraft {
            currency: Some(bad.to_owned()),
            ..draft()
        };
        assert_eq!(codes(&currency), one("/currency", "invalid_code"), "{bad}");
    }
}

#[test]
fn market_cap_is_above_zero_and_below_nine_quintillion() {
    let cap = |value: &str| CompanyDraft {
        market_cap: Some(value.parse().unwrap()),
        ..draft()
    };
    assert_eq!(cap("0.4").check().unwrap().market_cap, Some(1));
    assert_eq!(cap("2.5").check().unwrap().market_cap, Some(3));
    assert!(cap("8.999e18").check().is_ok());
    // Above 2^53, where floats skip integers.
    assert_eq!(
        cap("9007199254740993").check().unwrap().market_cap,
        Some(9_007_199_254_740_993)
    );
    for bad in ["0", "-1", "9.0e18", "1e300"] {
        assert_eq!(
            codes(&cap(bad)),
            one("/market_cap", "out_of_range"),
            "{bad}"
        );
    }
}

#[test]
fn company_snapshot_has_id_symbol_name_and_sector() {
    let company = Company {
        id: CompanyId(Uuid::from_u128(1)),
        profile: draft().check().unwrap(),
        owner: Owner::System,
        created_by: UserId(Uuid::from_u128(2)),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        row_version: 1,
    };
    let expected = CompanySnapshot {
        id: company.id,
        symbol: company.profile.symbol.clone(),
        name: "ACME".to_owned(),
        sector: UNKNOWN_SECTOR.to_owned(),
    };
    assert_eq!(company.snapshot(), expected);
}

#[test]
fn an_owner_has_one_key_one_level_and_at_most_one_organization() {
    let user = UserId(Uuid::from_u128(7));
    let bank = OrganizationId(Uuid::from_u128(8));
    let expected = [
        (Owner::System, Uuid::nil(), AccessLevel::System, None),
        (
            Owner::Organization(bank),
            bank.0,
            AccessLevel::Organization,
            Some(bank),
        ),
        (Owner::User(user), user.0, AccessLevel::Personal, None),
    ];
    for (owner, key, level, organization) in expected {
        assert_eq!(owner.key(), key);
        assert_eq!(owner.level(), level);
        assert_eq!(owner.organization(), organization);
        assert_eq!(Owner::of_row(level, organization, user), Some(owner));
        let contradiction = organization.map_or(Some(bank), |_| None);
        assert_eq!(Owner::of_row(level, contradiction, user), None);
    }
}
