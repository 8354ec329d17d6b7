//! What was acknowledged, what failed, and what a caller could not see.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The figures of one phase: a part is killed and started again in it.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    pub(super) name: String,
    pub(super) acknowledged: u64,
    /// Requests that were not served, by their status; `no answer` for a lost connection.
    pub(super) failed: BTreeMap<String, u64>,
    /// The longest time in which no request was served.
    pub(super) longest_gap: Duration,
    last: Instant,
}

impl Phase {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            acknowledged: 0,
            failed: BTreeMap::new(),
            longest_gap: Duration::ZERO,
            last: Instant::now(),
        }
    }
}

/// An upload that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) rows: usize,
}

#[derive(Debug)]
struct Entries {
    phase: Phase,
    companies: Vec<String>,
    uploads: Vec<Upload>,
    /// Reads after a change of the same user.
    own_reads: u64,
    stale: Vec<String>,
}

/// The ledger, shared by all clients.
#[derive(Clone, Debug)]
pub(super) struct Ledger(Arc<Mutex<Entries>>);

/// The contents of the ledger at the end.
#[derive(Clone, Debug)]
pub(super) struct Contents {
    pub(super) companies: Vec<String>,
    pub(super) uploads: Vec<Upload>,
    pub(super) own_reads: u64,
    pub(super) stale: Vec<String>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Entries {
            phase: Phase::named("nothing"),
            companies: Vec::new(),
            uploads: Vec::new(),
            own_reads: 0,
            stale: Vec::new(),
        })))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a phase, and returns the figures of the one before.
    pub(super) fn begin(&self, name: &str) -> Phase {
        let mut entries = self.entries();
        let mut before = std::mem::replace(&mut entries.phase, Phase::named(name));
        before.longest_gap = before.longest_gap.max(before.last.elapsed());
        before
    }

    /// Records that a request was served.
    pub(super) fn served(&self) {
        let phase = &mut self.entries().phase;
        phase.acknowledged += 1;
        phase.longest_gap = phase.longest_gap.max(phase.last.elapsed());
        phase.last = Instant::now();
    }

    /// Records that a request was not served.
    pub(super) fn failed(&self, how: String) {
        *self.entries().phase.failed.entry(how).or_default() += 1;
    }

    pub(super) fn created(&self, company: &str) {
        self.entries().companies.push(company.to_owned());
    }

    pub(super) fn accepted(&self, upload: Upload) {
        self.entries().uploads.push(upload);
    }

    /// Records a read by the user who made the change, and whether it showed the change.
    pub(super) fn read_own(&self, saw: bool, what: impl FnOnce() -> String) {
        let mut entries = self.entries();
        entries.own_reads += 1;
        if !saw {
            let what = format!("{} ({})", what(), entries.phase.name);
            entries.stale.push(what);
        }
    }

    pub(super) fn contents(&self) -> Contents {
        let entries = self.entries();
        Contents {
            companies: entries.companies.clone(),
            uploads: entries.uploads.clone(),
            own_reads: entries.own_reads,
            stale: entries.stale.clone(),
        }
    }
}
