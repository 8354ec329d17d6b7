//! Scores several companies in one request; each succeeds or fails independently.

use accunode_domain::fault::Fault;

use super::{CreatePrediction, CreatedPrediction, Predictions};
use crate::{Caller, Error, Replayable};

/// The largest number of items in one request.
pub const MAX_BATCH: usize = 100;

impl Predictions {
    /// Scores and stores items one after the other, in their order: a later item sees what
    /// an earlier one stored.
    ///
    /// # Errors
    /// Only if there are none or too many. A fault of an item is reported in its place.
    #[tracing::instrument(name = "predictions.batch", level = "debug", skip_all)]
    pub async fn batch(
        &self,
        caller: &Caller,
        items: &[CreatePrediction],
    ) -> Result<Vec<Result<CreatedPrediction, Error>>, Error> {
        if items.is_empty() || items.len() > MAX_BATCH {
            return Err(Error::invalid(Fault::new(
                "/items",
                "out_of_range",
                format!("has {} items; 1 to {MAX_BATCH} are allowed", items.len()),
            )));
        }
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.push(match self.create(caller, item, None).await {
                Ok(Replayable::Fresh(created)) => Ok(created),
                // Without a key nothing is replayed.
                Ok(Replayable::Replayed(_)) => {
                    Err(Error::Internal("a replay without a key".into()))
                }
                Err(error) => Err(error),
            });
        }
        Ok(results)
    }
}
