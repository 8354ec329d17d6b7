//! Differences between the tables of annual and quarterly predictions; all SQL is shared.

use accunode_domain::prediction::Kind;

/// The names of one kind's tables and columns.
pub(crate) trait KindSchema {
    /// The table of predictions.
    fn table(self) -> &'static str;
    /// The table of revisions.
    fn revisions(self) -> &'static str;
    /// The table of the owners that predictions had before they were raised.
    fn owners(self) -> &'static str;
    /// The rollup with its deltas merged.
    fn rollup(self) -> &'static str;
    /// The deltas that are not merged into the rollup yet.
    fn rollup_delta(self) -> &'static str;
    /// The unique constraint over owner, company and period.
    fn unique(self) -> &'static str;
    /// The columns of a period, in the order of the unique key.
    fn period(self) -> &'static [&'static str];
    /// The columns of the four-decimal probabilities, the PD first.
    fn probabilities(self) -> &'static [&'static str];
    /// The ratios' columns, in the order of the models' inputs.
    fn ratio_columns(self) -> Vec<&'static str>;
    /// The temporary table that a chunk of an upload is copied into.
    fn staging(self) -> &'static str;
    /// The temporary table that a chunk of a rescoring is copied into.
    fn rescored(self) -> &'static str;
}

impl KindSchema for Kind {
    fn table(self) -> &'static str {
        match self {
            Self::Annual => "annual_predictions",
            Self::Quarterly => "quarterly_predictions",
        }
    }

    fn revisions(self) -> &'static str {
        match self {
            Self::Annual => "annual_prediction_revisions",
            Self::Quarterly => "quarterly_prediction_revisions",
        }
    }

    fn owners(self) -> &'static str {
        match self {
            Self::Annual => "annual_prediction_owners",
            Self::Quarterly => "quarterly_prediction_owners",
        }
    }

    fn rollup(self) -> &'static str {
        match self {
            Self::Annual => "annual_prediction_rollup_live",
            Self::Quarterly => "quarterly_prediction_rollup_live",
        }
    }

    fn rollup_delta(self) -> &'static str {
        match self {
            Self::Annual => "annual_prediction_rollup_delta",
            Self::Quarterly => "quarterly_prediction_rollup_delta",
        }
    }

    fn unique(self) -> &'static str {
        match self {
            Self::Annual => "unique_annual_prediction",
            Self::Quarterly => "unique_quarterly_prediction",
        }
    }

    fn period(self) -> &'static [&'static str] {
        match self {
            Self::Annual => &["reporting_year"],
            Self::Quarterly => &["reporting_year", "reporting_quarter"],
        }
    }

    fn probabilities(self) -> &'static [&'static str] {
        match self {
            Self::Annual => &["probability"],
            Self::Quarterly => &[
                "ensemble_probability",
                "logistic_probability",
                "gbm_probability",
            ],
        }
    }

    fn ratio_columns(self) -> Vec<&'static str> {
        self.ratios().iter().map(|ratio| ratio.name).collect()
    }

    fn rescored(self) -> &'static str {
        match self {
            Self::Annual => "accunode_annual_rescored",
            Self::Quarterly => "accunode_quarterly_rescored",
        }
    }

    fn staging(self) -> &'static str {
        match self {
            Self::Annual => "accunode_annual_staging",
            Self::Quarterly => "accunode_quarterly_staging",
        }
    }
}
