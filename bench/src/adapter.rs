//! Reads through the adapter, as the use cases call it.

use std::{sync::Arc, time::Instant};

use accunode_domain::{
    access::Actor,
    id::PredictionId,
    page::{Cursor, Limit, Sort},
    prediction::Kind,
};
use accunode_ports::{
    Repositories,
    repositories::{Distribution, GroupBy, Headline, PredictionFilter},
};
use accunode_postgres::PgStore;
use anyhow::Context;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    options::Options,
    seed::{Numbered, SeedRows, TENANTS},
};

/// The number of tasks on our side and of clients on the other.
pub(crate) const CLIENTS: u64 = 8;
/// The number of rows of a page.
pub(crate) const PAGE: u32 = 20;

/// The kind of read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// The newest predictions.
    FirstPage,
    /// The page after 80 % of all rows.
    DeepPage,
    /// The predictions with the highest PD.
    Riskiest,
    /// One prediction.
    One,
    /// The dashboard's headline figures.
    Headline,
    /// Counts by sector and risk level.
    Distribution,
}

/// The result of a read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Predictions.
    Predictions(Vec<Uuid>),
    /// The headline figures.
    Headline(Headline),
    /// Counts.
    Distribution(Distribution),
}

/// The parameters with which all tasks read.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    store: Arc<PgStore>,
    users: Arc<[Actor]>,
    seed: SeedRows,
    long_ago: Cursor,
}

impl Reader {
    /// `long_ago` is the start of the deep page in microseconds since 1970.
    pub(crate) fn new(
        store: Arc<PgStore>,
        users: Arc<[Actor]>,
        seed: SeedRows,
        long_ago: i64,
    ) -> Self {
        let long_ago = Cursor {
            sort: Sort::CreatedAt,
            key: long_ago.to_string(),
            id: Uuid::nil(),
        };
        Self {
            store,
            users,
            seed,
            long_ago,
        }
    }

    /// Returns how often all tasks together execute this read in a second.
    pub(crate) async fn rate(&self, read: Read, options: &Options) -> anyhow::Result<f64> {
        let start = Instant::now();
        let end = start + options.window();
        let mut tasks = JoinSet::new();
        for task in 0..CLIENTS {
            let reader = self.clone();
            tasks.spawn(async move {
                let mut rng = Rng::new(task);
                let mut count = 0_u32;
                while Instant::now() < end {
                    reader.read(read, &mut rng).await?;
                    count += 1;
                }
                anyhow::Ok(count)
            });
        }
        let mut count = 0.0;
        while let Some(done) = tasks.join_next().await {
            count += f64::from(done??);
        }
        Ok(count / start.elapsed().as_secs_f64())
    }

    async fn read(&self, read: Read, rng: &mut Rng) -> anyhow::Result<Answer> {
        if read == Read::One {
            return self.one(1 + rng.below(self.seed.rows)).await;
        }
        self.of_tenant(read, 1 + rng.below(TENANTS)).await
    }

    /// Reads one prediction, as a user who may read it.
    pub(crate) async fn one(&self, prediction: u64) -> anyhow::Result<Answer> {
        // Every user may read the system's rows.
        let actor = self.user(self.seed.tenant_of(prediction).max(1))?;
        let id = PredictionId(Numbered::Prediction.id(prediction));
        let predictions = self.store.predictions();
        let found = predictions
            .find(&actor.scope(), Kind::Annual, id)
            .await?
            .with_context(|| format!("prediction {prediction} was not found"))?;
        Ok(Answer::Predictions(vec![found.id.0]))
    }

    /// Executes the read as the member of this tenant.
    pub(crate) async fn of_tenant(&self, read: Read, tenant: u64) -> anyhow::Result<Answer> {
        let scope = self.user(tenant)?.scope();
        let analytics = self.store.analytics();
        let (sort, after) = match read {
            Read::Headline => {
                let headline = analytics.headline(&scope, Kind::Annual, None).await?;
                return Ok(Answer::Headline(headline));
            }
            Read::Distribution => {
                let by = GroupBy::Sector;
                let counts = analytics
                    .risk_distribution(&scope, &scope, Kind::Annual, None, by)
                    .await?;
                return Ok(Answer::Distribution(counts));
            }
            Read::Riskiest => (Sort::Pd, None),
            Read::DeepPage => (Sort::CreatedAt, Some(self.long_ago.clone())),
            Read::FirstPage | Read::One => (Sort::CreatedAt, None),
        };
        let limit = Limit::new(PAGE).map_err(|fault| anyhow::anyhow!(fault.detail))?;
        let page = self
            .store
            .predictions()
            .list(
                &scope,
                Kind::Annual,
                &PredictionFilter::default(),
                sort,
                limit,
                after,
            )
            .await?;
        Ok(Answer::Predictions(
            page.rows.iter().map(|row| row.id.0).collect(),
        ))
    }

    fn user(&self, tenant: u64) -> anyhow::Result<&Actor> {
        let at = usize::try_from(tenant - 1)?;
        self.users.get(at).context("a tenant without a member")
    }
}

/// Pseudo-random numbers that are the same in every run (SplitMix64).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// Creates the numbers of one of several tasks.
    pub(crate) const fn new(task: u64) -> Self {
        Self(task.wrapping_mul(0x5851_f42d_4c95_7f2d))
    }

    /// Returns the next number.
    pub(crate) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 to `bound` − 1.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }
}
