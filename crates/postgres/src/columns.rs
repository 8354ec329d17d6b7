//! Rows that are read by the position of their columns: frequent reads must not look up thirty
//! names in each row, nor make arbitrary-precision numbers of four digits.

use sea_orm::entity::prelude::BigDecimal;
use sqlx::{Decode, Postgres, Row, ValueRef, error::BoxDynError, postgres::PgRow};

/// The columns of a row, one after the other, in the order in which they were selected.
#[derive(Debug)]
pub(crate) struct Columns<'r> {
    row: &'r PgRow,
    at: usize,
}

impl<'r> Columns<'r> {
    /// Starts at the first column.
    pub(crate) const fn of(row: &'r PgRow) -> Self {
        Self { row, at: 0 }
    }

    /// Returns the next column. Its type is the one that the entity declares; a test compares
    /// those with the database, so it is not checked in every row.
    pub(crate) fn next<T: Decode<'r, Postgres>>(&mut self) -> Result<T, sqlx::Error> {
        let at = self.at;
        self.at += 1;
        self.row.try_get_unchecked(at)
    }

    /// Returns the next column, a NUMERIC.
    pub(crate) fn numeric(&mut self) -> Result<BigDecimal, sqlx::Error> {
        self.optional_numeric()?
            .ok_or_else(|| self.broken("NULL where a number is always stored".into()))
    }

    /// Returns the next column, a NUMERIC or NULL.
    pub(crate) fn optional_numeric(&mut self) -> Result<Option<BigDecimal>, sqlx::Error> {
        let value = self.row.try_get_raw(self.at)?;
        self.at += 1;
        if value.is_null() {
            return Ok(None);
        }
        let bytes = value.as_bytes().map_err(|cause| self.broken(cause))?;
        if let Some(number) = short_numeric(bytes) {
            return Ok(Some(number));
        }
        <BigDecimal as Decode<'_, Postgres>>::decode(value)
            .map(Some)
            .map_err(|cause| self.broken(cause))
    }

    /// Returns the next `count` columns, each a NUMERIC or NULL.
    pub(crate) fn numerics(
        &mut self,
        count: usize,
    ) -> Result<Vec<Option<BigDecimal>>, sqlx::Error> {
        (0..count).map(|_| self.optional_numeric()).collect()
    }

    /// Skips a column.
    pub(crate) const fn skip(&mut self) {
        self.at += 1;
    }

    /// Returns the next column, a JSONB, as its text.
    pub(crate) fn json(&mut self) -> Result<&'r [u8], sqlx::Error> {
        let bytes: &[u8] = self.next()?;
        match bytes.split_first() {
            Some((1, text)) => Ok(text),
            _ => Err(self.broken("a JSONB of an unknown version".into())),
        }
    }

    fn broken(&self, source: BoxDynError) -> sqlx::Error {
        sqlx::Error::ColumnDecode {
            index: (self.at.saturating_sub(1)).to_string(),
            source,
        }
    }
}

/// Reads a number of at most 16 digits from PostgreSQL's binary form: the number of digits of base
/// 10,000, the weight of the first, the sign, the number of displayed decimals, and the digits.
/// The decimals are in groups of four, as sqlx makes them.
fn short_numeric(bytes: &[u8]) -> Option<BigDecimal> {
    const NEGATIVE: u16 = 0x4000;
    let mut words = bytes
        .chunks_exact(2)
        .map(|two| u16::from_be_bytes([two[0], two[1]]));
    let digits = words.next()?;
    let weight = words.next()?.cast_signed();
    let sign = words.next()?;
    let _shown = words.next()?;
    if digits > 4 || words.len() != usize::from(digits) || !(sign == 0 || sign == NEGATIVE) {
        return None;
    }
    if digits == 0 {
        return Some(BigDecimal::from(0_u64));
    }
    let whole = words.fold(0_i64, |whole, digit| whole * 10_000 + i64::from(digit));
    let signed = if sign == NEGATIVE { -whole } else { whole };
    let scale = (i64::from(digits) - i64::from(weight) - 1) * 4;
    Some(BigDecimal::new(signed.into(), scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the form in which PostgreSQL sends a number.
    fn binary(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let count = u16::try_from(digits.len()).unwrap();
        [count, weight.cast_unsigned(), sign, 4]
            .into_iter()
            .chain(digits.iter().copied())
            .flat_map(u16::to_be_bytes)
            .collect()
    }

    #[test]
    fn short_numeric_values_are_decoded() {
        for (weight, sign, digits, expected) in [
            (0, 0, &[][..], "0"),
            (-1, 0, &[6200], "0.6200"),
            (0, 0, &[7, 4000], "7.4000"),
            (0, 0x4000, &[12, 5], "-12.0005"),
            (1, 0, &[3, 0, 1], "30000.0001"),
            (0, 0, &[8], "8"),
        ] {
            let number = short_numeric(&binary(weight, sign, digits)).unwrap();
            assert_eq!(number.to_string(), expected);
        }
    }

    #[test]
    fn long_or_special_numeric_values_are_left_to_the_driver() {
        assert_eq!(short_numeric(&binary(4, 0, &[1, 2, 3, 4, 5])), None);
        assert_eq!(short_numeric(&binary(0, 0xc000, &[])), None);
        assert_eq!(short_numeric(&[0, 1]), None);
    }
}
