//! The rules from the texts as sent to the values that are scored and stored.

use super::{Flag, Ratio, RatioDefinition, RatioUnit, Ratios};
use crate::{
    decimal::Decimal,
    fault::{Fault, shorten},
    prediction::Kind,
};

/// The smallest number of present ratios for a prediction.
pub const MIN_PRESENT: usize = 3;
/// Values beyond this, in either direction, are placeholders, not measurements.
pub const IMPLAUSIBLE: f64 = 1e7;

/// Applies the rules to the ratios of one company and period, given as decimal text in the
/// order of [`Kind::ratios`]; `None` and the usual placeholders (`NA`, `n.a.`, `-` and so on)
/// are missing.
///
/// # Errors
/// Every fault, with pointers `/ratios/<name>`: `not_a_number`; or `too_few_ratios` at
/// `/ratios` if fewer than [`MIN_PRESENT`] are present.
pub fn check(kind: Kind, unit: RatioUnit, raw: &[Option<&str>]) -> Result<Ratios, Vec<Fault>> {
    let mut faults = Vec::new();
    let values: Vec<Ratio> = kind
        .ratios()
        .iter()
        .enumerate()
        .map(|(at, definition)| {
            let text = raw.get(at).copied().flatten();
            apply(definition, unit, text).unwrap_or_else(|fault| {
                faults.push(fault);
                missing(None)
            })
        })
        .collect();
    let present = values.iter().filter(|ratio| ratio.scored.is_some()).count();
    if faults.is_empty() && present < MIN_PRESENT {
        faults.push(Fault::new(
            "/ratios",
            "too_few_ratios",
            format!(
                "{present} of {} ratios are present; at least {MIN_PRESENT} are needed for a prediction",
                values.len()
            ),
        ));
    }
    if faults.is_empty() {
        Ok(Ratios { kind, unit, values })
    } else {
        Err(faults)
    }
}

impl Ratios {
    /// Returns the same ratios for a model that does not accept gaps.
    ///
    /// # Errors
    /// `missing_not_accepted` for each ratio without a value, with the pointer
    /// `/ratios/<name>`.
    pub fn without_gaps(self) -> Result<Self, Vec<Fault>> {
        let faults: Vec<Fault> = self
            .iter()
            .filter(|(_, ratio)| ratio.scored.is_none())
            .map(|(definition, ratio)| {
                let what = match ratio.flag {
                    Some(Flag::Implausible) => "is too large to be true and counts as missing",
                    _ => "is missing",
                };
                Fault::new(
                    format!("/ratios/{}", definition.name),
                    "missing_not_accepted",
                    format!("{} {what}; the model needs every ratio", definition.name),
                )
            })
            .collect();
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(faults)
        }
    }
}

fn missing(raw: Option<String>) -> Ratio {
    Ratio {
        raw,
        scored: None,
        stored: None,
        flag: Some(Flag::Missing),
        hint: None,
    }
}

/// Returns whether a text is a placeholder for a missing value.
fn is_missing(text: &str) -> bool {
    const MARKS: [&str; 9] = ["", "na", "n/a", "#n/a", "nm", "nan", "-", "n.a.", "null"];
    text.len() <= 4 && MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(text))
}

fn apply(
    definition: &RatioDefinition,
    unit: RatioUnit,
    text: Option<&str>,
) -> Result<Ratio, Fault> {
    let text = text.unwrap_or_default().trim();
    if is_missing(text) {
        return Ok(missing(None));
    }
    let value = number(definition, unit, text)?;
    let raw = Some(text.to_owned());
    let flag = flag_of(definition, value);
    let kept = match flag {
        Some(Flag::Implausible) => {
            return Ok(Ratio {
                raw,
                scored: None,
                stored: None,
                flag,
                hint: None,
            });
        }
        Some(Flag::NonPositiveDenominator | Flag::ClampedHigh) => definition.max,
        Some(Flag::ClampedLow) => definition.min,
        _ => value,
    };
    // −0.0 equals 0.0 but has other bits. Only one is used, so that scores are reproducible to
    // the bit.
    let kept = if kept == 0.0 { 0.0 } else { kept };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the models are f32; this is the one place that rounds"
    )]
    let scored = kept as f32;
    let hint = (definition.is_share && unit == RatioUnit::Fraction && value.abs() > 2.0)
        .then_some(Flag::LooksLikePercent);
    Ok(Ratio {
        raw,
        scored: Some(scored),
        stored: Some(Decimal::rounded(kept)),
        flag,
        hint,
    })
}

/// Returns the flag of a value, in fractions, that cannot be stored unchanged; `None`
/// otherwise.
pub(crate) fn flag_of(definition: &RatioDefinition, value: f64) -> Option<Flag> {
    if value.abs() > IMPLAUSIBLE {
        Some(Flag::Implausible)
    } else if definition.debt_over && value < 0.0 {
        Some(Flag::NonPositiveDenominator)
    } else if value < definition.min {
        Some(Flag::ClampedLow)
    } else if value > definition.max {
        Some(Flag::ClampedHigh)
    } else {
        None
    }
}

/// Returns the number of a text, in fractions. Percent is a shift of the decimal point in the
/// text, not a division: 25.4 and 0.254 give the same bits.
fn number(definition: &RatioDefinition, unit: RatioUnit, text: &str) -> Result<f64, Fault> {
    let fault = |rule: &str| {
        Fault::new(
            format!("/ratios/{}", definition.name),
            "not_a_number",
            format!("{:?} {rule}", shorten(text)),
        )
    };
    if text.len() > Decimal::MAX_LENGTH {
        let most = Decimal::MAX_LENGTH;
        return Err(fault(&format!("has more than {most} characters")));
    }
    // `f64::from_str` also accepts "inf" and "infinity".
    if !text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
    {
        return Err(fault(
            "is not a number; write it like 0.254, without thousands separators or units",
        ));
    }
    let is_percent = definition.is_share && unit == RatioUnit::Percent;
    let in_percent = is_percent.then(|| text.parse::<Decimal>());
    let value = match in_percent {
        Some(Ok(number)) => number.shifted(-2).to_f64(),
        // The same number in fractions; or a number with an exponent that no ratio has, which
        // is zero or too large in either unit.
        _ => text.parse().map_err(|_| fault("is not a number"))?,
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err(fault("is too large for a number"))
    }
}

/// Returns the same texts in another unit: shares get their decimal point shifted, so that no
/// digit is lost and the scored bits stay the same. A text that is not a decimal number stays
/// as it is.
#[must_use]
pub fn in_unit(
    kind: Kind,
    raw: &[Option<String>],
    from: RatioUnit,
    to: RatioUnit,
) -> Vec<Option<String>> {
    let shift = match (from, to) {
        (RatioUnit::Percent, RatioUnit::Fraction) => -2,
        (RatioUnit::Fraction, RatioUnit::Percent) => 2,
        _ => 0,
    };
    let shifted = |text: &String| match text.parse::<Decimal>() {
        Ok(number) => number.shifted(shift).to_string(),
        Err(_) => text.clone(),
    };
    kind.ratios()
        .iter()
        .zip(raw)
        .map(|(definition, text)| match text {
            Some(text) if definition.is_share && shift != 0 => Some(shifted(text)),
            other => other.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn annual(raw: [&str; 5], unit: RatioUnit) -> Result<Ratios, Vec<Fault>> {
        check(Kind::Annual, unit, &raw.map(Some))
    }

    #[test]
    fn negative_debt_ratios_become_the_worst_bound_and_never_zero() {
        let ratios = annual(["-0.1", "-3", "0.1", "5", "0.1"], RatioUnit::Fraction).unwrap();
        let stored: Vec<_> = ratios
            .values()
            .iter()
            .map(|r| r.stored.as_ref().unwrap().to_f64())
            .collect();
        assert_eq!(stored, [2.0, 50.0, 0.1, 5.0, 0.1]);
        assert_eq!(
            ratios.flags(),
            [
                "long_term_debt_to_total_capital:non_positive_denominator",
                "total_debt_to_ebitda:non_positive_denominator"
            ]
        );
    }

    #[test]
    fn out_of_range_is_clamped_and_sentinels_are_implausible() {
        let ratios = annual(["0.3", "99", "-1.5", "-2", "1e8"], RatioUnit::Fraction).unwrap();
        let flags: Vec<_> = ratios.values().iter().map(|r| r.flag).collect();
        assert_eq!(
            flags,
            [
                None,
                Some(Flag::ClampedHigh),
                Some(Flag::ClampedLow),
                Some(Flag::ClampedLow),
                Some(Flag::Implausible)
            ]
        );
        assert_eq!(
            ratios.values()[4].raw.as_deref(),
            Some("1e8"),
            "the raw text is kept"
        );
    }

    #[test]
    fn every_missing_marker_is_missing() {
        for mark in ["", " ", "NA", "n/a", "NM", "NaN", "-", "n.a.", "null"] {
            let ratios = annual(["0.3", "1", "0.1", "5", mark], RatioUnit::Fraction).unwrap();
            assert_eq!(ratios.values()[4].flag, Some(Flag::Missing), "{mark:?}");
        }
    }

    #[test]
    fn fewer_than_three_present_ratios_are_an_error() {
        let faults = annual(["0.3", "1", "NA", "-", ""], RatioUnit::Fraction).unwrap_err();
        assert_eq!(
            (faults[0].pointer.as_str(), faults[0].code.as_str()),
            ("/ratios", "too_few_ratios")
        );
    }

    #[test]
    fn model_without_gaps_reports_every_missing_ratio() {
        let gaps = annual(["0.3", "NA", "0.1", "5", "1e8"], RatioUnit::Fraction).unwrap();
        let faults = gaps.without_gaps().unwrap_err();
        let codes: Vec<_> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
        assert_eq!(
            codes,
            [
                ("/ratios/total_debt_to_ebitda", "missing_not_accepted"),
                ("/ratios/return_on_assets", "missing_not_accepted")
            ]
        );
        assert!(faults[1].detail.contains("too large to be true"));
        let full = annual(["0.3", "1", "0.1", "5", "0.1"], RatioUnit::Fraction).unwrap();
        assert_eq!(full.clone().without_gaps(), Ok(full));
    }

    #[test]
    fn every_ratio_that_is_not_a_number_is_reported() {
        let faults =
            annual(["abc", "1,5", "inf", "1e309", "0.1"], RatioUnit::Fraction).unwrap_err();
        assert_eq!(faults.len(), 4);
        assert!(faults.iter().all(|f| f.code == "not_a_number"));
        assert!(faults[1].detail.contains("1,5"));
    }

    #[test]
    fn share_above_two_is_hinted_as_percent() {
        let ratios = annual(["25.4", "1", "0.1", "5", "0.1"], RatioUnit::Fraction).unwrap();
        assert!(
            ratios
                .flags()
                .contains(&"long_term_debt_to_total_capital:looks_like_percent".to_owned())
        );
    }

    proptest! {
        #[test]
        fn percent_and_fraction_of_one_number_score_to_equal_bits(n in -9_999_i64..9_999, decimals in 0_u32..6) {
            let percent = decimal(n, decimals);
            let fraction = decimal(n, decimals + 2);
            let a = annual([&percent, "1", &percent, "5", &percent], RatioUnit::Percent).unwrap();
            let b = annual([&fraction, "1", &fraction, "5", &fraction], RatioUnit::Fraction).unwrap();
            for (a, b) in a.values().iter().zip(b.values()) {
                prop_assert_eq!(a.scored.map(f32::to_bits), b.scored.map(f32::to_bits));
            }
        }

        #[test]
        fn unit_conversion_scores_to_equal_bits_and_round_trips(n in -9_999_i64..9_999, decimals in 0_u32..6) {
            let sent = vec![Some(decimal(n, decimals)); 5];
            let percent = in_unit(Kind::Annual, &sent, RatioUnit::Fraction, RatioUnit::Percent);
            let back = in_unit(Kind::Annual, &percent, RatioUnit::Percent, RatioUnit::Fraction);
            prop_assert_eq!(&back, &sent);
            let bits = |raw: &[Option<String>], unit| {
                let raw: Vec<_> = raw.iter().map(Option::as_deref).collect();
                let ratios = check(Kind::Annual, unit, &raw).unwrap();
                ratios.values().iter().map(|r| r.scored.map(f32::to_bits)).collect::<Vec<_>>()
            };
            prop_assert_eq!(bits(&sent, RatioUnit::Fraction), bits(&percent, RatioUnit::Percent));
        }

        #[test]
        fn any_ratio_text_is_refused_or_stored_within_its_range(raw in proptest::collection::vec("[-+0-9.eE]{0,8}|[a-z]{0,3}", 5)) {
            let raw: Vec<_> = raw.iter().map(|r| Some(r.as_str())).collect();
            if let Ok(ratios) = check(Kind::Annual, RatioUnit::Fraction, &raw) {
                for (definition, ratio) in ratios.iter() {
                    if let Some(value) = &ratio.stored {
                        prop_assert!((definition.min..=definition.max).contains(&value.to_f64()));
                    }
                    prop_assert_eq!(ratio.stored.is_some(), ratio.scored.is_some());
                }
            }
        }
    }

    fn decimal(n: i64, decimals: u32) -> String {
        let text = format!("{:0>width$}", n.abs(), width = decimals as usize + 1);
        let (whole, part) = text.split_at(text.len() - decimals as usize);
        let point = if part.is_empty() { "" } else { "." };
        format!("{}{whole}{point}{part}", if n < 0 { "-" } else { "" })
    }
}
