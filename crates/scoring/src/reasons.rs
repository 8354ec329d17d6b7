//! Describes reasons in words: the effect of each ratio on the risk, for readers of balance
//! sheets.

use accunode_domain::{
    ratio::{Flag, Ratio, RatioDefinition, Ratios},
    risk::Reason,
};

/// Below this a contribution is negligible (half a percent of the odds).
const NOTHING: f64 = 0.005;
/// Below this it is slight (10 % of the odds).
const SLIGHT: f64 = 0.1;
/// From here on it is strong (65 % of the odds).
const STRONG: f64 = 0.5;

/// Returns one reason for each ratio, the largest contribution first.
pub(crate) fn reasons(ratios: &Ratios, contributions: &[f64]) -> Vec<Reason> {
    let largest = contributions.iter().copied().fold(0.0, f64::max);
    let smallest = contributions.iter().copied().fold(0.0, f64::min);
    let mut reasons: Vec<Reason> = ratios
        .iter()
        .zip(contributions)
        .map(|((definition, ratio), &contribution)| {
            let most = contribution == largest || contribution == smallest;
            Reason {
                ratio: definition.name.to_owned(),
                value: ratio.scored.map(shortest),
                contribution,
                rank: 0,
                text: text(definition, ratio, Effect { contribution, most }),
            }
        })
        .collect();
    // The sort is stable: equal contributions keep the order of the inputs.
    reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    for (rank, reason) in (1..).zip(&mut reasons) {
        reason.rank = rank;
    }
    reasons
}

#[derive(Clone, Copy)]
struct Effect {
    contribution: f64,
    /// Whether no other ratio moves the risk further in its direction.
    most: bool,
}

impl std::fmt::Display for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.contribution.abs();
        if size < NOTHING {
            return f.write_str("neither raises nor lowers the risk");
        }
        let verb = if self.contribution > 0.0 {
            "raises"
        } else {
            "lowers"
        };
        let how = match size {
            _ if size < SLIGHT => " slightly",
            _ if self.most => " most",
            _ if size >= STRONG => " strongly",
            _ => "",
        };
        write!(f, "{verb} the risk{how}")
    }
}

fn text(definition: &RatioDefinition, ratio: &Ratio, effect: Effect) -> String {
    let label = definition.label;
    let Some(scored) = ratio.scored else {
        let why = match ratio.flag {
            Some(Flag::Implausible) => {
                "was sent as a number too large to be true and counts as missing"
            }
            _ => "was not given",
        };
        // The ratio is compared with that of a typical company, which is better or worse.
        let effect = Effect {
            most: false,
            ..effect
        };
        return if effect.contribution.abs() < NOTHING {
            format!("{label} {why}; it {effect}.")
        } else {
            format!("{label} {why}; taken as neutral it {effect} against a typical company.")
        };
    };
    let value = shown(definition, f64::from(scored));
    match ratio.flag {
        Some(Flag::NonPositiveDenominator) => {
            let denominator = denominator(label);
            format!(
                "{label}: {denominator} is not positive, which {effect}; the worst value, {value}, stands for the ratio."
            )
        }
        Some(Flag::ClampedHigh) => {
            format!("{label} is above the model's range, counts as {value} and {effect}.")
        }
        Some(Flag::ClampedLow) => {
            format!("{label} is below the model's range, counts as {value} and {effect}.")
        }
        _ => format!("{label} of {value} {effect}."),
    }
}

/// "Total debt / EBITDA" → "EBITDA"
fn denominator(label: &str) -> &str {
    label.split_once(" / ").map_or(label, |(_, below)| below)
}

/// Formats shares in percent with one decimal, multiples with up to two.
fn shown(definition: &RatioDefinition, value: f64) -> String {
    let (number, decimals, unit) = if definition.is_share {
        (value * 100.0, 1, "%")
    } else {
        (value, 2, "")
    };
    let text = format!("{number:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    format!("{text}{unit}")
}

/// Returns the f64 that is written like the f32: 0.1 and not 0.10000000149.
fn shortest(value: f32) -> f64 {
    value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(value))
}

#[cfg(test)]
mod tests {
    use accunode_domain::{
        prediction::Kind,
        ratio::{RatioUnit, check},
    };

    use super::*;

    fn texts(raw: [&str; 5], contributions: [f64; 5]) -> Vec<String> {
        let ratios = check(Kind::Annual, RatioUnit::Fraction, &raw.map(Some)).unwrap();
        reasons(&ratios, &contributions)
            .into_iter()
            .map(|reason| reason.text)
            .collect()
    }

    #[test]
    fn reasons_are_sentences_sorted_by_size() {
        assert_eq!(
            texts(
                ["0.3", "7.2", "-0.1234", "5", ""],
                [0.05, 0.9, -0.2, -0.7, 0.0]
            ),
            [
                "Total debt / EBITDA of 7.2 raises the risk most.",
                "EBIT / interest expense of 5 lowers the risk most.",
                "Net income margin of -12.3% lowers the risk.",
                "Long-term debt / total capital of 30% raises the risk slightly.",
                "Return on assets was not given; it neither raises nor lowers the risk.",
            ]
        );
    }

    #[test]
    fn reason_mentions_changes_to_its_ratio() {
        assert_eq!(
            texts(["-1", "99", "-3", "1e8", "NA"], [0.8, 0.7, 0.6, -0.3, 0.11]),
            [
                "Long-term debt / total capital: total capital is not positive, which raises the risk most; the worst value, 200%, stands for the ratio.",
                "Total debt / EBITDA is above the model's range, counts as 50 and raises the risk strongly.",
                "Net income margin is below the model's range, counts as -100% and raises the risk strongly.",
                "EBIT / interest expense was sent as a number too large to be true and counts as missing; taken as neutral it lowers the risk against a typical company.",
                "Return on assets was not given; taken as neutral it raises the risk against a typical company.",
            ]
        );
    }

    #[test]
    fn reason_values_are_the_scored_ones_and_ranks_start_at_one() {
        let raw = [Some("0.1"), Some("1"), Some("0.2"), Some("3"), None];
        let ratios = check(Kind::Annual, RatioUnit::Fraction, &raw).unwrap();
        let reasons = reasons(&ratios, &[0.1, -0.2, 0.3, -0.4, 0.0]);
        assert_eq!(
            reasons.iter().map(|r| r.rank).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5]
        );
        assert_eq!(reasons[3].value, Some(0.1));
        assert_eq!(reasons[4].value, None);
    }
}
