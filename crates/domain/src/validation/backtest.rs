//! A back-test of one or more windows, as it is kept and printed.

use serde::Serialize;
use time::Date;

use super::{
    calibration::long_run_average,
    discrimination::{Auc, pooled_auc},
    report::{Figures, Reference},
    sample::{Basis, Window, add_months},
    scale::MasterScale,
    tally::Tally,
    verdict::Verdict,
};

/// What a back-test was asked for. All of it stands in the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// The first days of the windows, in order.
    pub first_days: Vec<String>,
    /// Which predictions count.
    pub basis: Basis,
    /// How many months after its period a statement is available; for the basis `period`.
    pub lag_months: u8,
    /// What a default is, such as `crr_178@1`.
    pub definition: String,
    /// What the model learned as a default.
    pub label: String,
    /// The scale that the grades are of.
    pub scale: String,
    /// What was known then, RFC 3339; `None` where outcomes carry no such times.
    pub as_of: Option<String>,
    /// Until when outcomes are complete.
    pub complete_through: String,
    /// What the figures are compared with.
    pub reference: Reference,
}

/// The figures of one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowFigures {
    /// D0.
    pub first_day: String,
    /// D0 plus twelve months.
    pub last_day: String,
    /// Everything else.
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

/// What several windows say together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// Each window's default rate.
    pub rates: Vec<WindowRate>,
    /// Whether windows overlap: then one default counts more than once, and there are rates
    /// and no tests.
    pub overlapping: bool,
    /// The simple mean of the rates.
    pub long_run_average: Option<f64>,
    /// One AUC over all windows; `None` where they overlap.
    pub pooled_auc: Option<Auc>,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtest {
    /// The form of this report.
    pub format: u32,
    /// What a reader has to know first.
    pub notes: Vec<String>,
    /// What was asked for.
    pub parameters: Parameters,
    /// Each window; empty where windows overlap.
    pub windows: Vec<WindowFigures>,
    /// All windows.
    pub series: Series,
    /// The SHA-256 of the sample's file, in hexadecimal.
    pub sample_sha256: String,
}

impl Backtest {
    /// The report of windows, in order, and who was seen in each.
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
            figures: tally.figures(scale, &parameters.reference),
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

    /// The worst verdict of its windows; undetermined where there is none.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::worst(self.windows.iter().map(|w| w.figures.verdicts.overall))
    }

    /// Whether no window has any company in its sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.rates.iter().all(|rate| rate.companies == 0)
    }
}

/// The first days from `from` to `to`, so many months apart (at least 1). At most `most`.
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
