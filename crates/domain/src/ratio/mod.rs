//! Financial ratios: their names and ranges, and the treatment of values that are missing,
//! out of range or impossible.
//!
//! Firms in distress have values outside every range, and they are the ones that matter, so
//! no value is lost without a flag: the raw text is kept, the stored value is brought into
//! range, and a flag reports it.

mod rules;
mod turnover_check;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

pub(crate) use rules::flag_of;
pub use rules::{IMPLAUSIBLE, MIN_PRESENT, check, in_unit};
pub use turnover_check::TurnoverCheck;

use crate::{decimal::Decimal, fault::text_enum, prediction::Kind};

/// One input of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioDefinition {
    /// The name in the API, in files and in the database.
    pub name: &'static str,
    /// The name for readers.
    pub label: &'static str,
    /// The lowest value stored.
    pub min: f64,
    /// The highest value stored.
    pub max: f64,
    /// Whether it is a share (0.254 = 25.4 %) and not a multiple.
    pub is_share: bool,
    /// Whether its numerator is debt, which is never negative: a negative value then means
    /// that the denominator is not positive.
    pub debt_over: bool,
}

impl RatioDefinition {
    /// Returns whether it divides twelve months of flow by a stock.
    #[must_use]
    pub fn is_turnover(&self) -> bool {
        self.name.ends_with("_turnover")
    }
}

const fn share(name: &'static str, label: &'static str, min: f64, max: f64) -> RatioDefinition {
    RatioDefinition {
        name,
        label,
        min,
        max,
        is_share: true,
        debt_over: false,
    }
}

const fn multiple(name: &'static str, label: &'static str, min: f64, max: f64) -> RatioDefinition {
    RatioDefinition {
        name,
        label,
        min,
        max,
        is_share: false,
        debt_over: false,
    }
}

const fn debt(definition: RatioDefinition) -> RatioDefinition {
    RatioDefinition {
        debt_over: true,
        ..definition
    }
}

static ANNUAL: [RatioDefinition; 5] = [
    debt(share(
        "long_term_debt_to_total_capital",
        "Long-term debt / total capital",
        0.0,
        2.0,
    )),
    debt(multiple(
        "total_debt_to_ebitda",
        "Total debt / EBITDA",
        0.0,
        50.0,
    )),
    share("net_income_margin", "Net income margin", -1.0, 1.0),
    multiple(
        "ebit_to_interest_expense",
        "EBIT / interest expense",
        0.0,
        100.0,
    ),
    share("return_on_assets", "Return on assets", -1.0, 1.0),
];

static QUARTERLY: [RatioDefinition; 6] = [
    multiple("current_ratio", "Current ratio", 0.0, 10.0),
    multiple("quick_ratio", "Quick ratio", 0.0, 10.0),
    debt(multiple("debt_to_equity", "Debt / equity", 0.0, 5.0)),
    multiple(
        "inventory_turnover",
        "Inventory turnover (trailing twelve months)",
        0.0,
        50.0,
    ),
    multiple(
        "receivables_turnover",
        "Receivables turnover (trailing twelve months)",
        0.0,
        50.0,
    ),
    share(
        "working_capital_to_total_assets",
        "Working capital / total assets",
        -1.0,
        1.0,
    ),
];

impl Kind {
    /// Returns the ratios of this kind of prediction, in the order of the models' inputs.
    #[must_use]
    pub fn ratios(self) -> &'static [RatioDefinition] {
        match self {
            Self::Annual => &ANNUAL,
            Self::Quarterly => &QUARTERLY,
        }
    }
}

/// The unit in which shares were sent.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RatioUnit {
    /// Fractions: 0.254.
    #[default]
    Fraction,
    /// Percent: 25.4.
    Percent,
}

text_enum!(RatioUnit);

/// What was done to a ratio before it was stored and scored.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Flag {
    /// No value was given.
    Missing,
    /// Debt over a denominator that is not positive: the worst bound is used.
    NonPositiveDenominator,
    /// Below its range: the lower bound is used.
    ClampedLow,
    /// Above its range: the upper bound is used.
    ClampedHigh,
    /// Beyond ±1e7, as the placeholders of data vendors are: treated as missing.
    Implausible,
    /// A share above 2: it looks like percent.
    LooksLikePercent,
}

text_enum!(Flag);

/// One ratio after its rules were applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// The value as it was sent, in the unit it was sent; `None` where missing.
    pub raw: Option<String>,
    /// The model's input: after unit and rules, rounded once to f32; `None` is missing.
    pub scored: Option<f32>,
    /// The value of the database column: the same value with 4 decimals.
    pub stored: Option<Decimal>,
    /// What was done to it, if anything.
    pub flag: Option<Flag>,
    /// A hint in addition to the flag, for single requests.
    pub hint: Option<Flag>,
}

/// The checked ratios of one company and period: the only input that a model accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratios {
    pub(crate) kind: Kind,
    pub(crate) unit: RatioUnit,
    pub(crate) values: Vec<Ratio>,
}

impl Ratios {
    /// The kind of prediction for which they are.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The unit in which `raw` was sent.
    #[must_use]
    pub fn unit(&self) -> RatioUnit {
        self.unit
    }

    /// The ratios, in the order of [`Kind::ratios`].
    #[must_use]
    pub fn values(&self) -> &[Ratio] {
        &self.values
    }

    /// Iterates over definitions and values together.
    pub fn iter(&self) -> impl Iterator<Item = (&'static RatioDefinition, &Ratio)> {
        self.kind.ratios().iter().zip(&self.values)
    }

    /// Returns the flags as they are stored and shown: `total_debt_to_ebitda:clamped_high`.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        self.iter()
            .flat_map(|(definition, ratio)| {
                ratio
                    .flag
                    .iter()
                    .chain(&ratio.hint)
                    .map(move |flag| format!("{}:{flag}", definition.name))
            })
            .collect()
    }
}
