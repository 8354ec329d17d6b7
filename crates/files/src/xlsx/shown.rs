//! Number formats: how a workbook displays a stored number.

/// How a number is displayed, as far as that changes its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a number.
    #[default]
    Number,
    /// As a hundred times its value, with a percent sign.
    Percent,
    /// As a number with a percent sign that is only text: 5.2 as `5.2%`.
    PercentSign,
    /// As a number with the sign of another unit, which its format adds as text: `45 bp`.
    Unit(&'static str),
    /// With leading zeros, up to this number of digits.
    Padded(u8),
    /// The same with a text before or after it, as in `0000".HK"`.
    Code {
        digits: u8,
        before: Literal,
        behind: Literal,
    },
    /// As a date, a time of day, or both.
    Date,
    /// As a duration.
    Duration,
}

/// A short text in a number format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Literal {
    length: u8,
    bytes: [u8; 8],
}

impl Literal {
    /// Returns `None` if it is too long or contains other characters than ASCII.
    fn of(text: &str) -> Option<Self> {
        let mut literal = Self {
            length: u8::try_from(text.len()).ok()?,
            ..Self::default()
        };
        let room = literal.bytes.get_mut(..text.len())?;
        text.is_ascii()
            .then(|| room.copy_from_slice(text.as_bytes()))?;
        Some(literal)
    }

    fn text(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length));
        bytes
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl Shown {
    /// Returns the meaning of a built-in format.
    pub(super) const fn built_in(id: u32) -> Self {
        match id {
            9 | 10 => Self::Percent,
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Self::Date,
            46 => Self::Duration,
            _ => Self::Number,
        }
    }

    /// Returns the meaning of a format code. Only the section of positive numbers is read.
    pub(super) fn of_code(code: &str) -> Self {
        let mut plain = String::new();
        let (mut before, mut behind) = (String::new(), String::new());
        let mut is_duration = false;
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            match c {
                ';' => break,
                '"' => {
                    let text = chars.by_ref().take_while(|c| *c != '"');
                    if plain.is_empty() {
                        &mut before
                    } else {
                        &mut behind
                    }
                    .extend(text);
                }
                // The next character is literal.
                '\\' => if plain.is_empty() {
                    &mut before
                } else {
                    &mut behind
                }
                .extend(chars.next()),
                // The next character only takes up space.
                '_' | '*' => drop(chars.next()),
                '[' => {
                    let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    let inside = inside.to_ascii_lowercase();
                    is_duration |= !inside.is_empty()
                        && inside.chars().all(|c| matches!(c, 'h' | 'm' | 's'))
                        && inside.chars().all(|c| inside.starts_with(c));
                }
                c => plain.push(c.to_ascii_lowercase()),
            }
        }
        let plain = plain.trim();
        if is_duration {
            Self::Duration
        } else if plain.contains('%') {
            Self::Percent
        } else if let Some(unit) = unit(plain, &behind) {
            Self::Unit(unit)
        } else if plain.starts_with("general") || plain.contains('@') {
            Self::Number
        } else if plain
            .chars()
            .any(|c| matches!(c, 'y' | 'm' | 'd' | 'h' | 's'))
        {
            Self::Date
        } else if !plain.is_empty() && plain.chars().all(|c| c == '0') {
            let digits = u8::try_from(plain.len()).unwrap_or(u8::MAX);
            match (Literal::of(&before), Literal::of(&behind)) {
                (Some(before), Some(behind))
                    if before.length + behind.length > 0
                        && (digits > 1 || behind.text().starts_with('.')) =>
                {
                    Self::Code {
                        digits,
                        before,
                        behind,
                    }
                }
                _ if behind == "%" => Self::PercentSign,
                _ if digits > 1 => Self::Padded(digits),
                _ => Self::Number,
            }
        } else if behind.trim() == "%" {
            Self::PercentSign
        } else {
            Self::Number
        }
    }

    /// Returns a number as it is displayed, with all stored digits.
    pub(super) fn text(self, n: f64, is_1904: bool) -> String {
        match self {
            Self::Number => number(n),
            Self::Percent => percent(n),
            Self::Padded(digits) if n >= 0.0 && n.fract() == 0.0 && n < 1e15 => {
                format!("{:0>width$}", number(n), width = usize::from(digits))
            }
            Self::Code {
                digits,
                before,
                behind,
            } if n >= 0.0 && n.fract() == 0.0 && n < 1e15 => {
                let (before, behind) = (before.text(), behind.text());
                let width = usize::from(digits);
                format!("{before}{:0>width$}{behind}", number(n))
            }
            Self::Padded(_) | Self::Code { .. } => number(n),
            Self::PercentSign => format!("{}%", number(n)),
            Self::Unit(unit) => format!("{} {unit}", number(n)),
            Self::Date => date_time(n, is_1904),
            Self::Duration => duration(n),
        }
    }
}

/// Returns the unit that a format adds to its digits as text.
fn unit(plain: &str, behind: &str) -> Option<&'static str> {
    let has_digits = plain.contains(['0', '#']);
    match behind.trim().to_lowercase().as_str() {
        "‰" if has_digits => Some("‰"),
        "bp" | "bps" | "bp." | "bps." | "basis points" if has_digits => Some("bp"),
        _ => (has_digits && plain.contains('‰')).then_some("‰"),
    }
}

/// Returns the shortest decimal of this number: `25.4`, `2024`, `1e-300`.
pub(super) fn number(n: f64) -> String {
    match n.abs() {
        0.0 => "0".to_owned(),
        1e-7..1e21 => n.to_string(),
        _ => format!("{n:e}"),
    }
}

/// Returns a hundred times the number, with its decimal point moved: nothing is rounded.
fn percent(n: f64) -> String {
    let scientific = format!("{n:e}");
    let (Some((mantissa, exponent)), false) = (scientific.split_once('e'), n == 0.0) else {
        return "0%".to_owned();
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let Ok(exponent) = exponent.parse::<i32>() else {
        return number(n);
    };
    // The number of digits before the point.
    let before = exponent + 3;
    let shifted = match usize::try_from(before) {
        Ok(before @ 1..=22) if before >= digits.len() => {
            format!("{digits}{}", "0".repeat(before - digits.len()))
        }
        Ok(before @ 1..=22) => {
            let (whole, fraction) = digits.split_at(before);
            format!("{whole}.{fraction}")
        }
        _ if (-6..=0).contains(&before) => {
            format!("0.{}{digits}", "0".repeat(before.unsigned_abs() as usize))
        }
        _ => format!("{mantissa}e{}", exponent + 2),
    };
    format!("{sign}{shifted}%")
}

/// Returns a date, a time of day or both in ISO 8601.
fn date_time(serial: f64, is_1904: bool) -> String {
    let is_date = (1.0..2_958_466.0).contains(&serial) || is_1904 && serial == 0.0;
    if !is_date {
        // A time of day, or a date beyond all calendars.
        return duration(serial);
    }
    let days = serial.floor() as i64;
    // The last fraction of a second belongs to its day: the end of a period is often stored so.
    let seconds = ((serial - serial.floor()) * 86_400.0).round() as u32;
    let seconds = seconds.min(86_399);
    let date = match days {
        days if is_1904 => civil(days - 24_107),
        // The calendar of spreadsheets contains a 29 February 1900.
        60 => "1900-02-29".to_owned(),
        days @ ..60 => civil(days - 25_568),
        days => civil(days - 25_569),
    };
    if seconds == 0 {
        return date;
    }
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{date}T{hour:02}:{minute:02}:{second:02}")
}

/// Returns the date that is this number of days after 1970-01-01.
fn civil(days: i64) -> String {
    // Eras of 400 years begin on 1 March.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns a duration in hours, minutes and seconds.
fn duration(serial: f64) -> String {
    if !(0.0..1e9).contains(&serial) {
        return number(serial);
    }
    let seconds = (serial * 86_400.0).round() as u64;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_format_determines_the_displayed_kind() {
        for (code, expected) in [
            ("General", Shown::Number),
            ("0.00", Shown::Number),
            ("#,##0.0\"x\"", Shown::Number),
            ("0.0\"%\"", Shown::PercentSign),
            ("0.0\\%", Shown::PercentSign),
            ("0\\%", Shown::PercentSign),
            ("0.0%", Shown::Percent),
            ("0\" bp\"", Shown::Unit("bp")),
            ("#,##0\\ \"bps\"", Shown::Unit("bp")),
            ("0.0\"‰\"", Shown::Unit("‰")),
            ("[Red]0.0%;(0.0%)", Shown::Percent),
            ("_(* #,##0_);_(* (#,##0)", Shown::Number),
            ("\"year\" 0", Shown::Number),
            ("000000", Shown::Padded(6)),
            ("0", Shown::Number),
            ("@", Shown::Number),
            ("dd.mm.yyyy", Shown::Date),
            ("[$-409]d\\-mmm\\-yy;@", Shown::Date),
            ("h:mm AM/PM", Shown::Date),
            ("[h]:mm:ss", Shown::Duration),
            ("[mm]:ss", Shown::Duration),
            ("0.00E+00", Shown::Number),
            ("", Shown::Number),
            ("\"", Shown::Number),
        ] {
            assert_eq!(Shown::of_code(code), expected, "{code}");
        }
    }

    #[test]
    fn percentages_keep_all_their_digits() {
        for (n, expected) in [
            (0.412, "41.2%"),
            (-0.027, "-2.7%"),
            (0.07, "7%"),
            (1.0, "100%"),
            (0.0, "0%"),
            (-0.0, "0%"),
            (12.5, "1250%"),
            (0.000_001_25, "0.000125%"),
            (0.123_456_789_012_345_6, "12.34567890123456%"),
            (1e-300, "1e-298%"),
            (1e300, "1e302%"),
        ] {
            assert_eq!(Shown::Percent.text(n, false), expected);
        }
    }

    #[test]
    fn number_format_keeps_its_literal_text() {
        for (code, n, expected) in [
            ("0000\".HK\"", 5.0, "0005.HK"),
            ("0000\".HK\"", 1000.0, "1000.HK"),
            ("0\".HK\"", 5.0, "5.HK"),
            ("\"C\"000", 7.0, "C007"),
            ("0000\".HK\"", 7.5, "7.5"),
            ("0.0\"%\"", 5.2, "5.2%"),
            ("0\" bp\"", 45.0, "45 bp"),
            ("0\"x\"", 7.0, "7"),
        ] {
            assert_eq!(Shown::of_code(code).text(n, false), expected, "{code}");
        }
    }

    #[test]
    fn zero_padded_format_pads_whole_numbers_only() {
        for (n, expected) in [
            (973.0, "000973"),
            (1_234_567.0, "1234567"),
            (1.5, "1.5"),
            (-3.0, "-3"),
        ] {
            assert_eq!(Shown::Padded(6).text(n, false), expected);
        }
    }

    #[test]
    fn numbers_are_formatted_as_short_as_possible() {
        for (n, expected) in [
            (25.4, "25.4"),
            (-0.0, "0"),
            (100_000_000.0, "100000000"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e300, "1e300"),
            (-2.5e-8, "-2.5e-8"),
        ] {
            assert_eq!(number(n), expected);
        }
    }

    #[test]
    fn dates_of_both_calendars_are_converted() {
        for (serial, is_1904, expected) in [
            (1.0, false, "1900-01-01"),
            (59.0, false, "1900-02-28"),
            (60.0, false, "1900-02-29"),
            (61.0, false, "1900-03-01"),
            (2_024.0, false, "1905-07-16"),
            (45_351.0, false, "2024-02-29"),
            (45_657.0, false, "2024-12-31"),
            (44_195.0, true, "2024-12-31"),
            (0.0, true, "1904-01-01"),
            (45_943.5, false, "2025-10-13T12:00:00"),
            // The end of a day, to a millisecond.
            (45_657.999_999_988, false, "2024-12-31T23:59:59"),
            (45_942.999_999_9, false, "2025-10-12T23:59:59"),
            (2_958_465.0, false, "9999-12-31"),
            (0.5, false, "12:00:00"),
            (-1.0, false, "-1"),
        ] {
            assert_eq!(Shown::Date.text(serial, is_1904), expected, "{serial}");
        }
        assert_eq!(Shown::Duration.text(1.25, false), "30:00:00");
    }
}
