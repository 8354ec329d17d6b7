//! A back-test of one or more windows, as it is stored and printed.

use serde::Serialize;
use time::Date;

use super::{
    calibration::long_run_average,
    discrimination::{Auc, pooled_auc},
    report::{Figures, Reference},
    sample::{Basis, Window, add_months},
    scale::MasterScale,
    tally::Tally,
    verdict::{Verdict, VerdictRule},
};

/// The parameters of a back-test. The report contains all of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// The first days of the windows, in order.
    pub first_days: Vec<String>,
    /// Which predictions are used.
    pub basis: Basis,
    /// How many months after its period a statement is available; for the basis `period`.
    pub lag_months: u8,
    /// The definition of default, such as `crr_178@1`.
    pub definition: String,
    /// The definition of default that the model was trained with.
    pub label: String,
    /// The name of the scale that defines the grades.
    pub scale: String,
    /// The time up to which data were known, RFC 3339; `None` if outcomes have no such
    /// times.
    pub as_of: Option<String>,
    /// The day through which outcomes are complete.
    pub complete_through: String,
    /// The reference values for comparisons.
    pub reference: Reference,
    /// The limits by which verdicts are given.
    pub verdict_rule: VerdictRule,
}

/// The figures of one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowFigures {
    /// D0.
    pub first_day: String,
    /// D0 plus twelve months.
    pub last_day: String,
    /// The figures of this window.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The default rate of one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowRate {
    /// D0.
    pub first_day: String,
    /// N.
    pub companies: u64,
    /// D.
    pub defaults: u64,
    /// D/N.
    pub rate: Option<f64>,
}

/// The figures over several windows together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// The default rate of each window.
    pub rates: Vec<WindowRate>,
    /// Whether windows overlap: then one default counts more than once, and the report has
    /// rates but no tests.
    pub overlapping: bool,
    /// The simple mean of the rates.
    pub long_run_average: Option<f64>,
    /// One AUC over all windows; `None` if they overlap.
    pub pooled_auc: Option<Auc>,
}

/// The report of a back-test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtest {
    /// The version of the report's format.
    pub format: u32,
    /// Notes that a reader must know first.
    pub notes: Vec<String>,
    /// The parameters of the back-test.
    pub parameters: Parameters,
    /// The figures of each window; empty if windows overlap.
    pub windows: Vec<WindowFigures>,
    /// The figures over all windows.
    pub series: Series,
    /// The SHA-256 of the sample's file, in hexadecimal.
    pub sample_sha256: String,
}

impl Backtest {
    /// Creates the report of windows, in order, and the counts of companies in each.
    #[must_use]
    pub fn of(
        parameters: Parameters,
        scale: &MasterScale,
        windows: Vec<(Window, Tally)>,
        sample_sha256: String,
    ) -> Self {
        let overlapping = windows
            .windows(2)
            .any(|pair| pair[1].0.first_day < pair[0].0.last_day());
        let counts = windows.iter().map(|(window, tally)| {
            let (companies, defaults) = (tally.sample().sample, tally.sample().defaults);
            WindowRate {
                first_day: window.first_day.to_string(),
                companies,
                defaults,
                rate: (companies > 0).then(|| defaults as f64 / companies as f64),
            }
        });
        let rates: Vec<WindowRate> = counts.collect();
        let counts: Vec<_> = rates.iter().map(|w| (w.companies, w.defaults)).collect();
        let pooled = !overlapping && windows.len() > 1;
        let series = Series {
            rates,
            overlapping,
            long_run_average: long_run_average(&counts),
            pooled_auc: if pooled {
                let years: Vec<_> = windows.iter().map(|(_, tally)| tally.portfolio()).collect();
                pooled_auc(&years)
            } else {
                None
            },
        };
        let tested = if overlapping { Vec::new() } else { windows };
        let figures = tested.into_iter().map(|(window, tally)| WindowFigures {
            first_day: window.first_day.to_string(),
            last_day: window.last_day().to_string(),
            figures: tally.figures(scale, &parameters.reference, &parameters.verdict_rule),
        });
        let figures: Vec<_> = figures.collect();
        Self {
            format: 1,
            notes: notes(&parameters, overlapping),
            windows: figures,
            parameters,
            series,
            sample_sha256,
        }
    }

    /// Returns the worst verdict of the windows; undetermined if there is none.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::worst(self.windows.iter().map(|w| w.figures.verdicts.overall))
    }

    /// Returns whether no window has any company in its sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.rates.iter().all(|rate| rate.companies == 0)
    }
}

/// Returns the first days from `from` to `to`, `step` months apart (at least 1). At most
/// `most`.
#[must_use]
pub fn first_days(from: Date, to: Date, step: u8, most: usize) -> Vec<Date> {
    let later = |i: usize| {
        let months = i32::from(step.max(1)) * i32::try_from(i).unwrap_or(i32::MAX / 256);
        add_months(from, months)
    };
    (0..most).map(later).take_while(|day| *day <= to).collect()
}

fn notes(parameters: &Parameters, overlapping: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let Parameters {
        definition, label, ..
    } = parameters;
    if definition != label {
        notes.push(format!(
            "Defaults are those of {definition}, and the model learned {label}: δ measures the \
             difference of the definitions, too."
        ));
    }
    if parameters.basis == Basis::Period {
        notes.push(
            "Hindsight: statements were scored by today's model, which may have learned from \
             these years. This alone is no reason to promote a model."
                .to_owned(),
        );
    }
    if overlapping {
        notes.push(
            "Windows overlap, so that one default counts more than once: there are rates and \
             no tests."
                .to_owned(),
        );
    }
    notes.push(
        "A test that rejects nothing does not say that the PDs are right. Defaults depend on \
         each other: see the p-values under correlation."
            .to_owned(),
    );
    notes
}
