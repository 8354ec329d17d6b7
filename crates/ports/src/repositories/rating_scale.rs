//! Master scales of owners. The shipped one is part of the program, and of every list that
//! asks for it.

use accunode_domain::{
    access::{Grant, Scope},
    id::RatingScaleId,
    page::{Cursor, Limit, Page},
    rating_scale::{RatingScale, ScaleFacts, ScaleStatus},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// The filter of a list of scales, applied in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScaleFilter {
    /// Only scales with this name, without its version.
    pub name: Option<String>,
    /// Only scales with this status.
    pub status: Option<ScaleStatus>,
    /// Whether the shipped scale follows the last one, if it matches the other filters.
    pub shipped: bool,
}

impl ScaleFilter {
    /// Returns the shipped scale, if the list contains it.
    #[must_use]
    pub fn shipped_scale(&self) -> Option<RatingScale> {
        let fits = |scale: &RatingScale| {
            self.name.as_ref().is_none_or(|name| *name == scale.name)
                && self.status.is_none_or(|status| status == scale.status)
        };
        Some(RatingScale::shipped()).filter(|scale| self.shipped && fits(scale))
    }
}

/// Reads scales: tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ScaleRepository: Send + Sync {
    /// Returns the scale with this id, among those that have a row.
    async fn find(
        &self,
        scope: &Scope,
        id: RatingScaleId,
    ) -> Result<Option<RatingScale>, RepositoryError>;
    /// Returns a page, newest first; the shipped scale is last.
    async fn list(
        &self,
        scope: &Scope,
        filter: &ScaleFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<RatingScale>, RepositoryError>;
}

/// Makes scales. A scale is never changed.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ScaleWriter: Send + Sync {
    /// Stores a scale of the grant's owner as a draft.
    ///
    /// # Errors
    /// `Conflict` on `ScaleExists`.
    async fn add(
        &self,
        grant: Grant,
        id: RatingScaleId,
        facts: &ScaleFacts,
    ) -> Result<RatingScale, RepositoryError>;
}
