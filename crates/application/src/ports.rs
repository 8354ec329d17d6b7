//! The ports on which the use cases depend.

use std::sync::Arc;

use accunode_domain::{
    id::UserId, prediction::Kind, ratio::Ratios, risk::ModelRef, secret::Secret,
};
use accunode_ports::{
    Store,
    budgets::{JobBudget, MinFree, RowBudget},
    cache::Cache,
    files::FileStore,
    limits::{Quota, RateLimiter},
    maintenance::Maintenance,
    meter::Meter,
    monitoring::Monitoring,
    recent_writes::{MOST_BEHIND, RecentWrites},
    repositories::JobQueue,
    scoring::{Scored, Scorer},
    second_factor::CodeDevice,
    sessions::SessionStore,
    system::{Clock, Disks, IdSource, PasswordHasher, Randomness},
    throttle::Throttle,
};

use accunode_tasks::{Tasks, compute};

use crate::{Error, Outbox, auth::KnownKeys, mail::MailQuotas};

/// The largest number of rows that are scored without waiting for a turn; with their reasons they
/// take some milliseconds.
const FEW_ROWS: usize = 20;

/// The operator's settings of the use cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether anyone may register an account.
    pub registration_open: bool,
    /// The largest upload, in bytes.
    pub max_upload_bytes: u64,
    /// The number of rows of an upload that are stored in one transaction.
    pub chunk_rows: usize,
    /// The public URL of the service, without a trailing slash: links in mails begin with it.
    pub public_url: String,
    /// The limits on the totals of one owner's jobs.
    pub job_budget: JobBudget,
    /// The limits on failed and skipped rows that are stored.
    pub row_budget: RowBudget,
    /// The free space below which uploads are refused.
    pub min_free_disk: MinFree,
    /// The limit on unknown API keys from one address.
    pub unknown_keys: Quota,
    /// The limits on mails that users can cause.
    pub mails: MailQuotas,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registration_open: true,
            max_upload_bytes: 512 * 1024 * 1024,
            chunk_rows: 5_000,
            public_url: "http://127.0.0.1:8080".to_owned(),
            job_budget: JobBudget {
                jobs: 2_000,
                file_bytes: 20 << 30,
                open_jobs: 50,
            },
            row_budget: RowBudget {
                per_job: 100_000,
                per_owner: 1_000_000,
            },
            min_free_disk: MinFree::Bytes(1 << 30),
            unknown_keys: Quota::per_minute(60),
            mails: MailQuotas::default(),
        }
    }
}

/// The owner key whose generation changes with that of every other: figures over all
/// organizations belong to it. No row has it (`Uuid::max`).
pub(crate) const EVERY_ORGANIZATION: uuid::Uuid = uuid::Uuid::max();

/// The ports, wired by the server or by a test.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the traits")]
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub sessions: Arc<dyn SessionStore>,
    pub throttle: Arc<dyn Throttle>,
    pub limiter: Arc<dyn RateLimiter>,
    pub disks: Arc<dyn Disks>,
    pub known_keys: KnownKeys,
    pub cache: Arc<dyn Cache>,
    /// Only where reads may go to a replica.
    pub recent_writes: Option<Arc<dyn RecentWrites>>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub codes: Arc<dyn CodeDevice>,
    pub scorer: Arc<dyn Scorer>,
    pub files: Arc<dyn FileStore>,
    pub queue: Arc<dyn JobQueue>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub randomness: Arc<dyn Randomness>,
    pub mail: Outbox,
    pub meter: Arc<dyn Meter>,
    pub maintenance: Arc<dyn Maintenance>,
    pub monitoring: Arc<dyn Monitoring>,
    pub tasks: Tasks,
    pub settings: Settings,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Ports {
    /// Returns a link for a mail: the page and its secret, which is placed behind `#` so that
    /// no server, proxy or log on the way sees it.
    #[must_use]
    pub fn link(&self, page: &str, secret: &Secret) -> String {
        format!(
            "{}/{page}#token={}",
            self.settings.public_url,
            secret.expose()
        )
    }

    /// Notes that this user has changed something, or is about to, so that their reads do not miss
    /// it. Costs nothing without a replica. Returns false if it could not be noted.
    pub async fn note_write(&self, user: UserId) -> bool {
        let Some(recent_writes) = &self.recent_writes else {
            return true;
        };
        let noted = recent_writes.note(user).await;
        if let Err(error) = &noted {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a change could not be noted, so its user may read from the replica too early"
            );
        }
        noted.is_ok()
    }

    /// As [`Ports::note_write`]. If it cannot be noted, waits until every replica that is used has
    /// what was committed before.
    pub async fn note_write_or_wait(&self, user: UserId) {
        if !self.note_write(user).await {
            tokio::time::sleep(MOST_BEHIND).await;
        }
    }

    /// Makes every cached figure of these owners unreachable, after a commit. If the cache is
    /// unreachable, it cannot return stale figures either, so the change stands. This runs to
    /// its end even if the caller is dropped: a client that disconnects must not leave
    /// figures behind that are older than the change.
    pub(crate) async fn invalidate_cached_stats(&self, owners: &[uuid::Uuid]) {
        let (cache, owners) = (self.cache.clone(), owners.to_vec());
        let forgotten = self.tasks.background(async move {
            for owner in owners.into_iter().chain([EVERY_ORGANIZATION]) {
                if let Err(error) = cache.invalidate(owner).await {
                    tracing::warn!(%owner, error = &error as &dyn std::error::Error, "cached figures could not be discarded");
                }
            }
        });
        if let Err(error) = forgotten.await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cached figures could not be discarded"
            );
        }
    }

    /// Scores on a thread that may block; many rows when it is their turn.
    pub(crate) async fn score(
        &self,
        kind: Kind,
        ratios: Vec<Ratios>,
        explain: bool,
    ) -> Result<Vec<Scored>, Error> {
        let scorer = self.scorer.clone();
        let few = ratios.len() <= FEW_ROWS;
        let score = move || scorer.score(kind, &ratios, explain);
        let scored = if few {
            tokio::task::spawn_blocking(score).await
        } else {
            compute(score).await
        };
        scored
            .map_err(|panic| Error::Internal(Box::new(panic)))?
            .map_err(Error::from)
    }

    /// Scores again with the model version that scored before.
    ///
    /// # Errors
    /// `model_unavailable` if that version is not served any more.
    pub(crate) async fn score_by(
        &self,
        model: ModelRef,
        ratios: Ratios,
        explain: bool,
    ) -> Result<Scored, Error> {
        let (scorer, kind) = (self.scorer.clone(), ratios.kind());
        tokio::task::spawn_blocking(move || scorer.score_by(&model, kind, &[ratios], explain))
            .await
            .map_err(|panic| Error::Internal(Box::new(panic)))??
            .pop()
            .ok_or_else(|| Error::Internal("the model answered nothing".into()))
    }
}
