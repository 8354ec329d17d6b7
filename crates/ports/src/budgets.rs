//! Limits on what one owner may store and queue, so that no owner uses up the resources
//! that all owners share.
//!
//! The owner is the user or the organization to which the rows belong
//! ([`accunode_domain::owner::Owner`]); the rows of the system count as those of one owner.

/// The limits on the totals of one owner's uploads and rescorings. A total may equal its
/// limit; 0 means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobBudget {
    /// Stored jobs, each with its file if it has one.
    pub jobs: u32,
    /// The bytes of the stored files.
    pub file_bytes: u64,
    /// Jobs that have not ended: waiting or running.
    pub open_jobs: u32,
}

/// The number of failed and skipped rows that are stored, to be listed and corrected. Rows
/// beyond it are counted exactly but not stored. 0 means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowBudget {
    /// The limit for one job.
    pub per_job: u32,
    /// The limit for all jobs of one owner.
    pub per_owner: u32,
}

/// The budget of an owner that a change would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetKind {
    /// [`JobBudget::jobs`].
    Jobs,
    /// [`JobBudget::file_bytes`].
    FileBytes,
    /// [`JobBudget::open_jobs`].
    OpenJobs,
}

/// A change that would exceed a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The budget.
    pub budget: BudgetKind,
    /// The limit.
    pub limit: u64,
    /// The current use by the owner.
    pub used: u64,
    /// What the change would add.
    pub wanted: u64,
}

/// The totals of one owner's jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobUsage {
    /// Stored jobs.
    pub jobs: u64,
    /// The bytes of the stored files.
    pub file_bytes: u64,
    /// Jobs that have not ended.
    pub open_jobs: u64,
}

impl JobBudget {
    /// Checks whether one more job, with a file of `bytes`, fits.
    ///
    /// # Errors
    /// The first budget that it would exceed.
    pub fn admit(&self, usage: JobUsage, bytes: u64) -> Result<(), Exceeded> {
        let checks = [
            (
                BudgetKind::OpenJobs,
                u64::from(self.open_jobs),
                usage.open_jobs,
                1,
            ),
            (BudgetKind::Jobs, u64::from(self.jobs), usage.jobs, 1),
            (
                BudgetKind::FileBytes,
                self.file_bytes,
                usage.file_bytes,
                bytes,
            ),
        ];
        for (budget, limit, used, wanted) in checks {
            if limit > 0 && used.saturating_add(wanted) > limit {
                return Err(Exceeded {
                    budget,
                    limit,
                    used,
                    wanted,
                });
            }
        }
        Ok(())
    }
}

impl RowBudget {
    /// Returns how many more rows may be stored, if the job has `job` and its owner `owner`
    /// already.
    #[must_use]
    pub fn left(&self, job: u64, owner: u64) -> u64 {
        let left = |limit: u32, used: u64| match limit {
            0 => u64::MAX,
            limit => u64::from(limit).saturating_sub(used),
        };
        left(self.per_job, job).min(left(self.per_owner, owner))
    }
}

/// The minimum of free space on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinFree {
    /// This number of bytes; 0 disables the check.
    Bytes(u64),
    /// This percentage of the disk, 0 to 100.
    Percent(u8),
}

impl MinFree {
    /// Returns the minimum in bytes, for a disk of `total` bytes.
    #[must_use]
    pub fn bytes(self, total: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            // Dividing first avoids an overflow.
            Self::Percent(percent) => total / 100 * u64::from(percent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: JobBudget = JobBudget {
        jobs: 3,
        file_bytes: 100,
        open_jobs: 2,
    };

    #[test]
    fn budget_admits_up_to_its_limit_and_names_the_exceeded_one() {
        let usage = JobUsage {
            jobs: 2,
            file_bytes: 60,
            open_jobs: 1,
        };
        assert_eq!(BUDGET.admit(usage, 40), Ok(()));
        let exceeded = BUDGET.admit(usage, 41).unwrap_err();
        assert_eq!(exceeded.budget, BudgetKind::FileBytes);
        assert_eq!(
            (exceeded.limit, exceeded.used, exceeded.wanted),
            (100, 60, 41)
        );
        let full = JobUsage { jobs: 3, ..usage };
        assert_eq!(BUDGET.admit(full, 0).unwrap_err().budget, BudgetKind::Jobs);
        let busy = JobUsage {
            open_jobs: 2,
            ..usage
        };
        assert_eq!(
            BUDGET.admit(busy, 0).unwrap_err().budget,
            BudgetKind::OpenJobs
        );
        assert_eq!(JobBudget::default().admit(full, u64::MAX), Ok(()));
    }

    #[test]
    fn smaller_of_two_row_budgets_applies() {
        let budget = RowBudget {
            per_job: 10,
            per_owner: 100,
        };
        assert_eq!(budget.left(4, 50), 6);
        assert_eq!(budget.left(4, 97), 3);
        assert_eq!(budget.left(11, 0), 0);
        assert_eq!(RowBudget::default().left(11, 1_000), u64::MAX);
    }
}
