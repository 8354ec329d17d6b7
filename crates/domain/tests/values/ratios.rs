//! Ratios: their definitions, and values at and beyond the limits of their ranges.

use accunode_domain::{
    decimal::Decimal,
    fault::Fault,
    prediction::Kind,
    ratio::{Flag, IMPLAUSIBLE, MIN_PRESENT, Ratio, RatioUnit, Ratios, check, in_unit},
};

/// Name, minimum, maximum, whether it is a share, whether it is debt over something.
type Definition = (&'static str, f64, f64, bool, bool);

fn definitions(kind: Kind) -> Vec<Definition> {
    let all = kind.ratios().iter();
    all.map(|d| (d.name, d.min, d.max, d.is_share, d.debt_over))
        .collect()
}

#[test]
fn ratio_definitions_of_each_kind_are_as_documented() {
    assert_eq!(
        definitions(Kind::Annual),
        [
            ("long_term_debt_to_total_capital", 0.0, 2.0, true, true),
            ("total_debt_to_ebitda", 0.0, 50.0, false, true),
            ("net_income_margin", -1.0, 1.0, true, false),
            ("ebit_to_interest_expense", 0.0, 100.0, false, false),
            ("return_on_assets", -1.0, 1.0, true, false),
        ]
    );
    assert_eq!(
        definitions(Kind::Quarterly),
        [
            ("current_ratio", 0.0, 10.0, false, false),
            ("quick_ratio", 0.0, 10.0, false, false),
            ("debt_to_equity", 0.0, 5.0, false, true),
            ("inventory_turnover", 0.0, 50.0, false, false),
            ("receivables_turnover", 0.0, 50.0, false, false),
            ("working_capital_to_total_assets", -1.0, 1.0, true, false),
        ]
    );
    let turnovers: Vec<&str> = Kind::ALL
        .into_iter()
        .flat_map(Kind::ratios)
        .filter(|definition| definition.is_turnover())
        .map(|definition| definition.name)
        .collect();
    assert_eq!(turnovers, ["inventory_turnover", "receivables_turnover"]);
    let labels = Kind::ALL.into_iter().flat_map(Kind::ratios);
    assert!(
        labels
            .into_iter()
            .all(|definition| !definition.label.is_empty())
    );
    assert_eq!(RatioUnit::default(), RatioUnit::Fraction);
    assert_eq!((MIN_PRESENT, IMPLAUSIBLE), (3, 1e7));
}

/// The value that is stored in the column.
fn stored(ratio: &Ratio) -> Option<f64> {
    ratio.stored.as_ref().map(Decimal::to_f64)
}

/// Three valid ratios, so that the others may have any value.
fn annual(
    long_term_debt: &str,
    debt_to_ebitda: &str,
    unit: RatioUnit,
) -> Result<Ratios, Vec<Fault>> {
    let raw = [long_term_debt, debt_to_ebitda, "0.1", "5", "0.1"];
    check(Kind::Annual, unit, &raw.map(Some))
}

/// Parses a net income margin: a share from −1 to 1 that is not debt over something.
fn margin(text: &str, unit: RatioUnit) -> Ratio {
    let raw = ["0.3", "2", text, "5", "0.1"];
    let ratios = check(Kind::Annual, unit, &raw.map(Some)).unwrap();
    ratios.values()[2].clone()
}

/// Parses a debt to EBITDA: a multiple from 0 to 50, debt over something.
fn leverage(text: &str) -> Ratio {
    annual("0.3", text, RatioUnit::Fraction).unwrap().values()[1].clone()
}

#[test]
fn ratio_at_its_bound_is_not_clamped() {
    for (text, expected) in [("1", 1.0), ("-1", -1.0), ("0", 0.0)] {
        let ratio = margin(text, RatioUnit::Fraction);
        assert_eq!(
            (stored(&ratio), ratio.flag),
            (Some(expected), None),
            "{text}"
        );
    }
    let above = margin("1.0000001", RatioUnit::Fraction);
    assert_eq!(
        (stored(&above), above.flag),
        (Some(1.0), Some(Flag::ClampedHigh))
    );
    let below = margin("-1.0000001", RatioUnit::Fraction);
    assert_eq!(
        (stored(&below), below.flag),
        (Some(-1.0), Some(Flag::ClampedLow))
    );
    let zero = leverage("0");
    assert_eq!((stored(&zero), zero.flag), (Some(0.0), None));
    let negative = leverage("-0.0000001");
    assert_eq!(negative.flag, Some(Flag::NonPositiveDenominator));
    assert_eq!(stored(&negative), Some(50.0));
    // Below the minimum and not debt: clamped, with no further effect.
    let raw = ["0.3", "2", "0.1", "-5", "0.1"].map(Some);
    let coverage = check(Kind::Annual, RatioUnit::Fraction, &raw).unwrap();
    assert_eq!(stored(&coverage.values()[3]), Some(0.0));
    assert_eq!(coverage.values()[3].flag, Some(Flag::ClampedLow));
}

#[test]
fn ratio_beyond_ten_million_is_implausible() {
    for text in ["1e7", "10000000"] {
        assert_eq!(leverage(text).flag, Some(Flag::ClampedHigh), "{text}");
    }
    for text in ["10000001", "-10000001"] {
        let ratio = leverage(text);
        assert_eq!(ratio.flag, Some(Flag::Implausible), "{text}");
        assert_eq!(
            (ratio.scored, stored(&ratio), ratio.hint),
            (None, None, None)
        );
        assert_eq!(ratio.raw.as_deref(), Some(text));
    }
}

#[test]
fn stored_ratio_has_four_decimals_and_scored_ratio_is_rounded_once() {
    let ratio = margin("0.123456", RatioUnit::Fraction);
    assert_eq!(stored(&ratio), Some(0.1235));
    assert_eq!(ratio.scored, Some(0.123_456_f32));
    assert_eq!(ratio.raw.as_deref(), Some("0.123456"));
    let zero = margin("-0.0", RatioUnit::Fraction);
    assert_eq!(zero.scored.map(f32::to_bits), Some(0.0_f32.to_bits()));
    assert_eq!(stored(&zero).map(f64::to_bits), Some(0.0_f64.to_bits()));
}

#[test]
fn only_a_share_in_fractions_beyond_two_looks_like_percent() {
    let hint = |text, unit| margin(text, unit).hint;
    assert_eq!(hint("2", RatioUnit::Fraction), None);
    assert_eq!(
        hint("2.0001", RatioUnit::Fraction),
        Some(Flag::LooksLikePercent)
    );
    assert_eq!(
        hint("-2.0001", RatioUnit::Fraction),
        Some(Flag::LooksLikePercent)
    );
    assert_eq!(hint("250", RatioUnit::Percent), None);
    assert_eq!(leverage("30").hint, None);
}

#[test]
fn percent_unit_scales_shares_but_not_multiples() {
    for (text, fraction) in [("25.4", 0.254), ("2.54e1", 0.254), ("2540E-2", 0.254)] {
        assert_eq!(
            stored(&margin(text, RatioUnit::Percent)),
            Some(fraction),
            "{text}"
        );
    }
    let ratios = annual("25", "30", RatioUnit::Percent).unwrap();
    assert_eq!(stored(&ratios.values()[0]), Some(0.25));
    assert_eq!(stored(&ratios.values()[1]), Some(30.0));
    assert_eq!(
        (ratios.kind(), ratios.unit()),
        (Kind::Annual, RatioUnit::Percent)
    );
}

#[test]
fn ratio_text_that_is_no_number_is_refused_with_the_rule() {
    for unit in RatioUnit::ALL {
        for (text, rule) in [
            ("1,5", "is not a number; write it like 0.254"),
            ("12%", "is not a number; write it like 0.254"),
            ("infinity", "is not a number; write it like 0.254"),
            ("1e", "is not a number"),
            ("1e2e3", "is not a number"),
            ("--1", "is not a number"),
            ("1e999", "is too large for a number"),
        ] {
            let faults = annual(text, "2", unit).unwrap_err();
            assert_eq!(faults.len(), 1, "{text}");
            assert_eq!(faults[0].pointer, "/ratios/long_term_debt_to_total_capital");
            assert_eq!(faults[0].code, "not_a_number");
            assert!(faults[0].detail.contains(rule), "{}", faults[0].detail);
        }
    }
    assert_eq!(stored(&margin("+0.5", RatioUnit::Fraction)), Some(0.5));
}

#[test]
fn missing_markers_of_a_ratio_are_recognized() {
    for mark in ["N.A.", "null", "#N/A", "na", " - "] {
        let ratio = margin(mark, RatioUnit::Fraction);
        assert_eq!(ratio.flag, Some(Flag::Missing), "{mark:?}");
        assert_eq!(
            (stored(&ratio), ratio.raw, ratio.scored),
            (None, None, None)
        );
    }
}

#[test]
fn three_ratios_are_enough_and_two_are_not() {
    let three = [Some("0.3"), Some("2"), Some("0.1")];
    let ratios = check(Kind::Annual, RatioUnit::Fraction, &three).unwrap();
    assert_eq!(ratios.values().len(), 5);
    assert_eq!(
        ratios.flags(),
        [
            "ebit_to_interest_expense:missing",
            "return_on_assets:missing"
        ]
    );
    let two = [Some("0.3"), Some("2"), Some("1e8")];
    let faults = check(Kind::Annual, RatioUnit::Fraction, &two).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].detail.starts_with("2 of 5 "),
        "{}",
        faults[0].detail
    );
    // A fault hides that too few ratios remain: without it, there may be enough.
    let faulty = [Some("x"), Some("2"), Some("0.1")];
    let faults = check(Kind::Annual, RatioUnit::Fraction, &faulty).unwrap_err();
    assert_eq!((faults.len(), &*faults[0].code), (1, "not_a_number"));
}

#[test]
fn a_ratio_can_have_a_flag_and_a_hint() {
    let ratios = annual("250", "2", RatioUnit::Fraction).unwrap();
    let name = "long_term_debt_to_total_capital";
    assert_eq!(
        ratios.flags(),
        [
            format!("{name}:clamped_high"),
            format!("{name}:looks_like_percent")
        ]
    );
    let gaps = check(
        Kind::Annual,
        RatioUnit::Fraction,
        &["0.3", "2", "0.1", "5", ""].map(Some),
    );
    let faults = gaps.unwrap().without_gaps().unwrap_err();
    assert!(
        faults[0].detail.contains("is missing"),
        "{}",
        faults[0].detail
    );
}

#[test]
fn unit_conversion_scales_only_shares() {
    let raw = ["25.4", "2.5", "1e2", "3e-4", "5e0"].map(|text| Some(text.to_owned()));
    let texts = |from, to| -> Vec<String> {
        let shifted = in_unit(Kind::Annual, &raw, from, to);
        shifted.into_iter().flatten().collect()
    };
    use RatioUnit::{Fraction, Percent};
    assert_eq!(
        texts(Percent, Fraction),
        ["0.254", "2.5", "1", "3e-4", "0.05"]
    );
    assert_eq!(
        texts(Fraction, Percent),
        ["254e1", "2.5", "1e4", "3e-4", "5e2"]
    );
    for same in RatioUnit::ALL {
        assert_eq!(in_unit(Kind::Annual, &raw, same, same), raw);
    }
    let gap = [None, Some("2".to_owned())];
    assert_eq!(in_unit(Kind::Annual, &gap, Percent, Fraction), gap);
}
