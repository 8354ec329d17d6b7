//! The sections of a run. Each is written into the document when it ends.

use clap::ValueEnum;

/// A part of a run that is measured, and written, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// The models alone.
    Scoring,
    /// Lists, one row and dashboards against `pgbench`.
    Reads,
    /// The same over HTTP.
    Http,
    /// An upload against `\copy`.
    Bulk,
    /// The program's memory, and the time until it serves.
    Program,
    /// One user who has every row.
    OneOwner,
    /// Others beside a user who asks for as much as they may.
    Fairness,
    /// A back-test of every prediction of an owner, and an upload of outcomes.
    Backtest,
}

impl Section {
    /// Every section, in the order in which they are measured and written.
    pub(crate) const ALL: [Self; 8] = [
        Self::Scoring,
        Self::Reads,
        Self::Http,
        Self::Bulk,
        Self::Program,
        Self::OneOwner,
        Self::Fairness,
        Self::Backtest,
    ];

    /// Returns whether it takes minutes by itself, and is measured only where it is asked for.
    pub(crate) const fn is_heavy(self) -> bool {
        matches!(self, Self::OneOwner | Self::Fairness | Self::Backtest)
    }

    /// The heading in the document.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Scoring => "Scoring",
            Self::Reads => "Reads",
            Self::Http => "HTTP",
            Self::Bulk => "Bulk upload",
            Self::Program => "The program",
            Self::OneOwner => "One owner of all rows",
            Self::Fairness => "Beside a busy tenant",
            Self::Backtest => "Back-tests",
        }
    }
}
