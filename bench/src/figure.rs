//! The measured figures.

/// The unit of a figure, and how its numbers are formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Rows a second.
    Rows,
    /// Transactions (reads, requests) a second.
    Transactions,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds of processor time for each row.
    Processor,
    /// MiB.
    Memory,
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Rows | Self::Transactions => thousands(value),
            Self::Processor => format!("{value:.1}"),
            Self::Milliseconds if value < 10.0 => format!("{value:.2}"),
            Self::Milliseconds | Self::Memory => format!("{value:.0}"),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows/s",
            Self::Transactions => "tps",
            Self::Milliseconds => "ms",
            Self::Processor => "µs/row",
            Self::Memory => "MiB",
        }
    }
}

/// Measurements of the same figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Adds a measurement.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// Returns the median; of an even number the lower of the two.
    pub(crate) fn median(&self) -> Option<f64> {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied()
    }

    /// Returns the value that this percentage of measurements does not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        self.0
            .get((self.0.len() * percent / 100).min(last))
            .copied()
    }

    fn write(&self, unit: Unit) -> String {
        let Some(median) = self.median() else {
            return "–".to_owned();
        };
        let name = unit.name();
        let text = format!("{} {name}", unit.write(median));
        match (self.0.first(), self.0.last()) {
            (Some(least), Some(most)) if least < most => {
                format!("{text} ({}–{})", unit.write(*least), unit.write(*most))
            }
            _ => text,
        }
    }
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// The name of the figure.
    pub(crate) name: String,
    /// The unit.
    pub(crate) unit: Unit,
    /// AccuNode's measurements.
    pub(crate) ours: Samples,
    /// The reference's measurements; empty if there is none.
    pub(crate) reference: Samples,
    /// How it was measured.
    pub(crate) how: String,
}

impl Figure {
    /// Returns AccuNode's rate divided by the reference's.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let reference = self.reference.median().filter(|value| *value > 0.0)?;
        Some(self.ours.median()? / reference)
    }

    /// Returns a line of a Markdown table.
    pub(crate) fn line(&self) -> String {
        let ratio = match self.ratio() {
            Some(ratio) if ratio >= 10.0 => format!("{ratio:.0} ×"),
            Some(ratio) => format!("{ratio:.2} ×"),
            None => "–".to_owned(),
        };
        format!(
            "| {} | {} | {} | {ratio} | {} |",
            self.name,
            self.ours.write(self.unit),
            self.reference.write(self.unit),
            self.how
        )
    }
}

/// Formats `1234567.8` as `1,234,568`; with a decimal if it is small.
pub(crate) fn thousands(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        let mut samples = Samples::default();
        values.iter().for_each(|value| samples.add(*value));
        samples
    }

    #[test]
    fn median_is_the_middle_sample_in_any_order() {
        assert_eq!(samples(&[9.0, 1.0, 5.0]).median(), Some(5.0));
        assert_eq!(samples(&[9.0, 1.0]).median(), Some(1.0));
        assert_eq!(samples(&[]).median(), None);
    }

    #[test]
    fn figure_line_shows_both_sides_spread_and_ratio_of_medians() {
        let figure = Figure {
            name: "load".to_owned(),
            unit: Unit::Rows,
            ours: samples(&[24_000.0, 25_000.0, 26_000.0]),
            reference: samples(&[50_000.0]),
            how: "so".to_owned(),
        };
        assert_eq!(
            figure.line(),
            "| load | 25,000 rows/s (24,000–26,000) | 50,000 rows/s | 0.50 × | so |"
        );
    }

    #[test]
    fn figure_without_reference_has_no_ratio() {
        let figure = Figure {
            name: "memory".to_owned(),
            unit: Unit::Memory,
            ours: samples(&[41.4]),
            reference: Samples::default(),
            how: "so".to_owned(),
        };
        assert_eq!(figure.line(), "| memory | 41 MiB | – | – | so |");
    }

    #[test]
    fn thousands_are_grouped_by_three_digits() {
        assert_eq!(thousands(1_234_567.8), "1,234,568");
        assert_eq!(thousands(999.6), "1,000");
        assert_eq!(thousands(123.0), "123");
        assert_eq!(thousands(7.25), "7.2");
    }
}
