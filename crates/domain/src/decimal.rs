//! Exact decimal numbers: the values of `DECIMAL` columns, and numbers as they were written.

use std::{fmt, str::FromStr};

use bigdecimal::{BigDecimal, RoundingMode, Signed, ToPrimitive, Zero, num_bigint::BigInt};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An exact decimal number.
///
/// Ratios and probabilities are stored with [`Decimal::PLACES`] decimals; texts that users
/// send keep every digit. Models compute with `f64`, to which [`Decimal::to_f64`] converts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(BigDecimal);

impl Decimal {
    /// The number of decimals with which a ratio, a probability or a confidence is stored.
    pub const PLACES: i64 = 4;
    /// The largest number of characters of a number as text.
    pub const MAX_LENGTH: usize = 100;
    /// Numbers beyond 10^±`MAX_EXPONENT` are refused.
    const MAX_EXPONENT: i64 = 400;

    /// Returns `value` with [`Self::PLACES`] decimals, rounding half-way cases away from
    /// zero. `value` is between −10^14 and 10^14, as every ratio and probability is.
    #[must_use]
    pub fn rounded(value: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "of the range above; beyond it the cast takes the nearest i64"
        )]
        let digits = (value * 1e4).round() as i64;
        Self(BigDecimal::new(digits.into(), Self::PLACES))
    }

    /// Wraps the value of a column.
    #[must_use]
    pub const fn from_stored(value: BigDecimal) -> Self {
        Self(value)
    }

    /// Returns the value for a column.
    #[must_use]
    pub fn into_stored(self) -> BigDecimal {
        self.0
    }

    /// Returns the nearest `f64`; infinite if there is none.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        let (digits, scale) = self.0.as_bigint_and_scale();
        // Both are exact, and a division is rounded once.
        let exact = |digits: i64| digits.unsigned_abs() <= 1 << 53 && (0..=22).contains(&scale);
        match digits.to_i64().filter(|digits| exact(*digits)) {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "checked above"
            )]
            Some(digits) => digits as f64 / 10_f64.powi(scale as i32),
            // `f64::from_str` rounds correctly, whatever the digits.
            None => self.0.to_scientific_notation().parse().unwrap_or(f64::NAN),
        }
    }

    /// Returns the number times 10^`places`: the decimal point is shifted, and no digit is
    /// lost or added.
    #[must_use]
    pub fn shifted(&self, places: i64) -> Self {
        let (digits, scale) = self.0.as_bigint_and_scale();
        let scale = scale.saturating_sub(places);
        Self(BigDecimal::new(digits.into_owned(), scale))
    }

    /// Returns the nearest whole number, rounding half-way cases away from zero, or `None`
    /// beyond the range of `i64`.
    #[must_use]
    pub fn to_whole(&self) -> Option<i64> {
        // A number of that magnitude is out of range; expanding its digits would be wasted
        // work.
        if self.0.order_of_magnitude() > 19 {
            return None;
        }
        self.0.with_scale_round(0, RoundingMode::HalfUp).to_i64()
    }

    /// Returns whether the number is above zero.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.0 > BigDecimal::zero()
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(BigInt::from(value).into())
    }
}

/// The error for a text that is not a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a decimal number like 0.254 of at most {} characters",
    Decimal::MAX_LENGTH
)]
pub struct NotDecimal;

impl FromStr for Decimal {
    type Err = NotDecimal;

    /// Reads digits with an optional sign, decimal point and exponent.
    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        let allowed = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
        if text.len() > Self::MAX_LENGTH || !text.bytes().all(allowed) {
            return Err(NotDecimal);
        }
        // `BigDecimal` also accepts forms such as `.-5`, which are not numbers.
        if text.parse::<f64>().is_err() {
            return Err(NotDecimal);
        }
        let value = BigDecimal::from_str(text).map_err(|_| NotDecimal)?;
        let (_, scale) = value.as_bigint_and_scale();
        if scale.unsigned_abs() > Self::MAX_EXPONENT.unsigned_abs() {
            return Err(NotDecimal);
        }
        Ok(Self(value))
    }
}

/// Writes digits, with an exponent only where digits would have to be added: `25.40`, `3e2`.
/// The text reads as the same number with the same digits.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, scale) = self.0.as_bigint_and_scale();
        // The form of stored values, of which an upload writes hundreds of thousands.
        if let Some(digits) = digits.to_i64().filter(|_| scale == Self::PLACES) {
            let sign = if digits < 0 { "-" } else { "" };
            let digits = digits.unsigned_abs();
            return write!(f, "{sign}{}.{:04}", digits / 10_000, digits % 10_000);
        }
        match usize::try_from(scale) {
            Ok(0) => write!(f, "{digits}"),
            Ok(places) if places <= Self::MAX_LENGTH => {
                let sign = if digits.is_negative() { "-" } else { "" };
                let digits = format!("{:0>width$}", digits.magnitude(), width = places + 1);
                let (whole, part) = digits.split_at(digits.len() - places);
                write!(f, "{sign}{whole}.{part}")
            }
            _ => write!(f, "{digits}e{}", scale.saturating_neg()),
        }
    }
}

/// Serializes as a number: whole numbers exactly, others as the nearest `f64`.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.is_integer().then(|| self.to_whole()).flatten() {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(self.to_f64()),
        }
    }
}

/// Deserializes from a number: whole numbers exactly, others by their shortest text.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl de::Visitor<'_> for Number {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Decimal, E> {
                Ok(value.into())
            }

            fn visit_u64<E>(self, value: u64) -> Result<Decimal, E> {
                Ok(Decimal(BigInt::from(value).into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Decimal, E> {
                format!("{value:e}").parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn rounding_gives_four_decimals_half_away_from_zero() {
        let text = |value| Decimal::rounded(value).to_string();
        assert_eq!(text(0.25), "0.2500");
        assert_eq!(text(-0.000_05), "-0.0001");
        assert_eq!(text(50.0), "50.0000");
    }

    #[test]
    fn a_shift_moves_the_point_and_keeps_the_digits() {
        assert_eq!(decimal("25.40").shifted(-2).to_string(), "0.2540");
        assert_eq!(decimal("0.2540").shifted(2).to_string(), "25.40");
        assert_eq!(decimal("3").shifted(2).to_string(), "3e2");
        assert_eq!(decimal("0.0").shifted(2).shifted(-2).to_string(), "0.0");
        assert_eq!(decimal("-0.5").shifted(-2).to_string(), "-0.005");
        let digits = "0.12345678901234567890123456789";
        assert_eq!(decimal(digits).shifted(2).shifted(-2).to_string(), digits);
    }

    #[test]
    fn whole_numbers_are_exact_beyond_what_a_float_holds() {
        assert_eq!(
            decimal("9007199254740993").to_whole(),
            Some(9_007_199_254_740_993)
        );
        assert_eq!(decimal("0.5").to_whole(), Some(1));
        assert_eq!(decimal("1e30").to_whole(), None);
        let json = "9007199254740993";
        let read: Decimal = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn text_that_is_not_a_decimal_is_refused() {
        for text in [
            "",
            ".",
            "e5",
            "1e",
            "1,5",
            "inf",
            "0x10",
            "1e99999999999999999999",
        ] {
            assert_eq!(text.parse::<Decimal>(), Err(NotDecimal), "{text:?}");
        }
        assert!("1".repeat(101).parse::<Decimal>().is_err());
    }

    proptest! {
        #[test]
        fn rounded_numbers_round_trip_through_text(digits in -2_000_000_i64..2_000_000) {
            let written = Decimal::rounded(digits as f64 / 1e4).to_string();
            prop_assert_eq!(&written, &format!("{:.4}", digits as f64 / 1e4).replace("-0.0000", "0.0000"));
            prop_assert_eq!(decimal(&written), Decimal::rounded(digits as f64 / 1e4));
        }

        #[test]
        fn nearest_float_equals_the_parsed_float(text in "[-+]?[0-9]{1,20}(\\.[0-9]{0,20})?(e[-+]?[0-9]{1,2})?") {
            let read: f64 = text.parse().unwrap();
            prop_assert_eq!(decimal(&text).to_f64(), read);
        }
    }
}
