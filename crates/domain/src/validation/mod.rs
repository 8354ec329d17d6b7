//! Validation of probabilities of default: predictions compared with what happened.
//!
//! The module is pure arithmetic over counts and observations, without a clock or a database; the
//! same rows in any order give the same figures. Sources: the ECB's instructions for reporting the
//! validation results of internal models (2019), BCBS working paper 14, EBA/GL/2017/16.
//!
//! Start with [`Window::observe`] (which companies are in a back-test, and what happened to them)
//! and [`Figures::of`] (every figure of a report). `docs/validation.md` explains the figures.
//!
//! ```
//! use accunode_domain::validation::{PdGroup, Portfolio, auc, shift};
//!
//! let groups = [(0.004, 400, 1), (0.012, 300, 4), (0.035, 200, 9), (0.1, 100, 14)];
//! let portfolio = Portfolio::of_groups(groups.map(|(pd, companies, defaults)| PdGroup {
//!     pd,
//!     companies,
//!     defaults,
//! }));
//! // 28 defaults where 22.2 were expected: a target rate of 1.5 % becomes 1.9 %.
//! let target = shift(&portfolio).unwrap().target_rate(0.015);
//! assert!((target - 0.019_146_680_3).abs() < 1e-9);
//! assert!((auc(&portfolio).unwrap().auc - 0.827_013_521_5).abs() < 1e-9);
//! ```

mod backtest;
mod bins;
mod calibration;
mod discrimination;
mod markdown;
mod migration;
mod monitoring;
mod portfolio;
mod recalibration;
mod report;
mod request;
mod sample;
mod scale;
pub mod special;
mod stability;
mod sum;
mod survival;
mod tally;
mod transitions;
mod verdict;

#[cfg(test)]
mod tests;

pub use backtest::{Backtest, Parameters, Series, WindowFigures, WindowRate, first_days};
pub use bins::{BinEdges, HALF_STEP, InputBins, MOST_BINS, ScoreBins, TrainingBins};
pub use calibration::{
    Brier, BrierParts, ExitTreatments, GradeCounts, HosmerLemeshow, Jeffreys, asset_correlation,
    brier, brier_parts, correlated_tail, exit_treatments, holm, hosmer_lemeshow, long_run_average,
};
pub use discrimination::{
    Auc, AucChange, PairedAuc, PairedRow, auc, auc_change, paired_auc, pooled_auc, roc_curve,
};
pub use markdown::markdown;
pub use migration::{Bandwidths, CellTest, End, FURTHER_COLUMNS, MigrationMatrix};
pub use monitoring::{
    Baseline, BinCounts, BinKind, BinShift, FigureShift, MOST_MOVERS, MOST_PERIODS,
    MonitoredPredictions, MonitoringSnapshot, Mover, PeriodCounts, PeriodShift, SnapshotFigure,
    SnapshotFigures,
};
pub use portfolio::{PdGroup, Portfolio};
pub use recalibration::{CalibrationLine, Estimate, Shift, calibration_line, shift};
pub use report::{
    Calibration, DiscriminatoryPower, Figures, GradeStability, GradeTest, PdTest,
    PredictiveAbility, Reference, Verdicts,
};
pub use request::{
    BacktestDraft, BacktestRequest, LONGEST_COMMENT, LONGEST_LAG, MOST_WINDOWS, ModelFacts,
    RequestFault, SignOff, ValidationReport, ValidationResult, check_sign_off,
};
pub use sample::{
    Basis, DeletedPrediction, EndState, Event, Exclusion, KnownEvent, Observation,
    PredictionVersion, SampleCounts, Window, add_months,
};
pub use scale::{
    FEWEST_GRADES, Grade, LONGEST_CODE, LONGEST_LABEL, MOST_GRADES, MasterScale, PdRange,
};
pub use stability::{
    Concentration, Psi, Stability, concentration, concentration_change, critical_psi, psi,
};
pub use survival::{
    Bootstrap, Spell, Transitions, Watched, aalen_johansen, aalen_johansen_of_windows, bootstrap,
    kaplan_meier,
};
pub use tally::Tally;
pub use transitions::{
    LONGEST_HORIZON, MOST_SPELLS, TransitionDraft, TransitionFigures, TransitionMethod,
    TransitionRow, TransitionTally, TransitionWindows,
};
pub use verdict::{Verdict, VerdictRule};
