//! Reads the revisions of a prediction.

use accunode_domain::{
    id::PredictionId,
    page::Limit,
    prediction::{Kind, Revision},
};

use super::Predictions;
use crate::{Caller, Error};

/// A page of a prediction's revisions, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Revisions {
    /// The revisions.
    pub rows: Vec<Revision>,
    /// The version of the last one, if there are older ones.
    pub next: Option<i64>,
}

impl Predictions {
    /// Returns the revisions of a prediction, newest first. Break-glass applies as for the
    /// prediction itself.
    ///
    /// # Errors
    /// `NotFound` for a prediction that the caller cannot read.
    #[tracing::instrument(name = "predictions.revisions", level = "debug", skip_all)]
    pub async fn revisions(
        &self,
        caller: &Caller,
        kind: Kind,
        id: PredictionId,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Revisions, Error> {
        let (_, scope) = self.find(caller, kind, id).await?;
        // One row more than requested shows whether there are older ones.
        let mut rows = self
            .ports
            .store
            .predictions()
            .revisions(&scope, kind, id, after, limit.get() + 1)
            .await?;
        let asked = limit.get() as usize;
        let more = rows.len() > asked;
        rows.truncate(asked);
        let next = more.then(|| rows.last().map(|row| row.version)).flatten();
        Ok(Revisions { rows, next })
    }
}
