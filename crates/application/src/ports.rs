//! Everything outside that the use cases stand on.

use std::sync::Arc;

use accunode_domain::{prediction::Kind, ratio::Ratios, risk::ModelRef, secret::Secret};
use accunode_ports::{
    Store,
    budgets::{JobBudget, MinFree, RowBudget},
    cache::Cache,
    files::FileStore,
    limits::{Quota, RateLimiter},
    maintenance::Maintenance,
    meter::Meter,
    monitoring::Monitoring,
    repositories::JobQueue,
    scoring::{Scored, Scorer},
    second_factor::CodeDevice,
    sessions::SessionStore,
    system::{Clock, Disks, IdSource, PasswordHasher, Randomness},
    throttle::Throttle,
};

use accunode_tasks::Tasks;

use crate::{Error, Outbox, auth::KnownKeys, mail::MailQuotas};

/// What an operator decides about the use cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether strangers may make accounts.
    pub registration_open: bool,
    /// The largest upload, in bytes.
    pub max_upload_bytes: u64,
    /// How many rows of an upload are stored in one transaction.
    pub chunk_rows: usize,
    /// Where users reach the service, without a slash at its end: what links in mails
    /// begin with.
    pub public_url: String,
    /// What the jobs of one owner may add up to.
    pub job_budget: JobBudget,
    /// How many failed and skipped rows are kept.
    pub row_budget: RowBudget,
    /// Uploads are refused where a disk has less room than this.
    pub min_free_disk: MinFree,
    /// API keys that no one is known to have, from one address.
    pub unknown_keys: Quota,
    /// Mails that users can cause.
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

/// The owner key whose generation moves with that of every other: what is worked out over all
/// organizations belongs to it. No row has it (`Uuid::max`).
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
    /// A link of a mail: the page and the secret it needs, which stands behind `#` so
    /// that no server, proxy or log on the way sees it.
    #[must_use]
    pub fn link(&self, page: &str, secret: &Secret) -> String {
        format!(
            "{}/{page}#token={}",
            self.settings.public_url,
            secret.expose()
        )
    }

    /// Makes every cached figure of these owners unreachable, after a commit. A
    /// cache that is out of reach cannot answer either, so the change stands. It is done
    /// also where the caller is dropped meanwhile: a client that goes away must not leave
    /// figures behind that are older than the change.
    pub(crate) async fn forget_figures(&self, owners: &[uuid::Uuid]) {
        let (cache, owners) = (self.cache.clone(), owners.to_vec());
        let forgotten = self.tasks.background(async move {
            for owner in owners.into_iter().chain([EVERY_ORGANIZATION]) {
                if let Err(error) = cache.bump(owner).await {
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

    /// Scores off the threads that wait.
    pub(crate) async fn score(
        &self,
        kind: Kind,
        ratios: Vec<Ratios>,
        explain: bool,
    ) -> Result<Vec<Scored>, Error> {
        let scorer = self.scorer.clone();
        tokio::task::spawn_blocking(move || scorer.score(kind, &ratios, explain))
            .await
            .map_err(|panic| Error::Internal(Box::new(panic)))?
            .map_err(Error::from)
    }

    /// Scores once more what this model scored before.
    ///
    /// # Errors
    /// `model_unavailable` where its version is not served any more.
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
