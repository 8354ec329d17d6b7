//! Company outcomes and their coverage.

mod coverage;
mod get;
mod list;
mod record;
mod withdraw;

use std::sync::Arc;

use accunode_domain::outcome::TimelineFault;

pub use coverage::SetCoverage;
pub use list::ListOutcomes;
pub use record::{OutcomeCompany, RecordOutcome};

use crate::{Error, ErrorCode, Ports};

/// Outcomes of companies.
#[derive(Clone, Debug)]
pub struct Outcomes {
    pub(crate) ports: Arc<Ports>,
}

/// Maps a fault in the order of a company's outcomes.
fn out_of_turn(fault: TimelineFault) -> Error {
    let (code, detail) = match fault {
        TimelineFault::AlreadyInDefault(since, day) => (
            ErrorCode::AlreadyInDefault,
            format!(
                "a default on {day} would follow the one on {since} without a cure between them; \
                 record the cure, or withdraw one of the defaults"
            ),
        ),
        TimelineFault::NotInDefault(day) => (
            ErrorCode::NotInDefault,
            format!(
                "the cure on {day} would end no default; record the default, or withdraw the cure"
            ),
        ),
    };
    Error::Conflict {
        code,
        detail,
        existing: None,
    }
}
