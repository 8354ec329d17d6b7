//! Reads one row of an owner by its id.
//!
//! This module is the only one that uses break-glass, so that a row of another user is never
//! returned before the read is in the audit log.

use accunode_domain::{
    access::{Reading, Scope},
    audit::{AuditAction, AuditEvent},
    company::Company,
    default_definition::DefaultDefinition,
    id::{
        CompanyId, DefaultDefinitionId, JobId, OutcomeId, PredictionId, RatingScaleId, ValidationId,
    },
    job::Job,
    outcome::Outcome,
    owner::Owner,
    prediction::{Kind, Prediction},
    rating_scale::RatingScale,
    validation::ValidationReport,
};
use accunode_ports::{RepositoryError, repositories::Repositories};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::{Caller, Error, Ports, predictions::entity};

type Found<'a, Row> = BoxFuture<'a, Result<Option<Row>, RepositoryError>>;

/// A row that belongs to an owner and is read by its id.
pub(crate) trait OwnedRow: Sized {
    /// What names one row.
    type Key: Copy;
    /// What a row is called in messages to users.
    const NOUN: &'static str;
    /// The event of the audit log for a read by break-glass.
    const BREAK_GLASS: &'static str;

    /// The id in a key.
    fn id(key: Self::Key) -> Uuid;
    /// The type of entity in the audit log.
    fn entity(key: Self::Key) -> &'static str;
    /// The owner of the row.
    fn owner(&self) -> Owner;
    /// Finds a row in a scope.
    fn find<'a>(store: &'a dyn Repositories, scope: &'a Scope, key: Self::Key) -> Found<'a, Self>;
}

macro_rules! owned_row {
    ($row:ty, $id:ty, $repository:ident, $noun:literal, $event:literal, $entity:literal) => {
        impl OwnedRow for $row {
            type Key = $id;
            const NOUN: &'static str = $noun;
            const BREAK_GLASS: &'static str = concat!($event, ".break_glass");

            fn id(key: $id) -> Uuid {
                key.0
            }

            fn entity(_: $id) -> &'static str {
                $entity
            }

            fn owner(&self) -> Owner {
                self.owner
            }

            fn find<'a>(
                store: &'a dyn Repositories,
                scope: &'a Scope,
                key: $id,
            ) -> Found<'a, Self> {
                store.$repository().find(scope, key)
            }
        }
    };
}

owned_row!(
    Company, CompanyId, companies, "company", "company", "company"
);
owned_row!(
    Outcome, OutcomeId, outcomes, "outcome", "outcome", "outcome"
);
owned_row!(Job, JobId, jobs, "upload", "bulk_upload", "bulk_upload_job");
owned_row!(
    RatingScale,
    RatingScaleId,
    scales,
    "rating scale",
    "rating_scale",
    "rating_scale"
);
owned_row!(
    DefaultDefinition,
    DefaultDefinitionId,
    definitions,
    "default definition",
    "default_definition",
    "default_definition"
);
owned_row!(
    ValidationReport,
    ValidationId,
    validations,
    "validation",
    "validation",
    "validation_report"
);

impl OwnedRow for Prediction {
    type Key = (Kind, PredictionId);
    const NOUN: &'static str = "prediction";
    const BREAK_GLASS: &'static str = "prediction.break_glass";

    fn id((_, id): Self::Key) -> Uuid {
        id.0
    }

    fn entity((kind, _): Self::Key) -> &'static str {
        entity(kind)
    }

    fn owner(&self) -> Owner {
        self.owner
    }

    fn find<'a>(
        store: &'a dyn Repositories,
        scope: &'a Scope,
        (kind, id): Self::Key,
    ) -> Found<'a, Self> {
        store.predictions().find(scope, kind, id)
    }
}

impl Caller {
    /// Returns a row, and the scope in which it was read. If a super_admin reads another user's
    /// personal row, this is written to the audit log before they receive it, and the scope
    /// contains that row.
    ///
    /// # Errors
    /// `NotFound` for a row that the caller cannot read.
    pub(crate) async fn read_row<Row: OwnedRow>(
        &self,
        ports: &Ports,
        key: Row::Key,
    ) -> Result<(Row, Scope), Error> {
        let scope = self.actor.scope();
        if let Some(row) = Row::find(&*ports.store, &scope, key).await? {
            return Ok((row, scope));
        }
        let missing = || Error::not_found(Row::NOUN);
        let scope = self.actor.scope_with_break_glass(Row::id(key));
        let scope = scope.map_err(|_| missing())?;
        let row = Row::find(&*ports.store, &scope, key).await?;
        let row = row.ok_or_else(missing)?;
        if self.actor.read(row.owner()).map_err(|_| missing())? == Reading::BreakGlass {
            let event = AuditEvent {
                entity_id: Some(Row::id(key)),
                ..AuditEvent::new(Row::BREAK_GLASS, Row::entity(key), AuditAction::Read)
            };
            self.record(ports, event).await?;
        }
        Ok((row, scope))
    }

    /// Returns the scope in which a row that [`Caller::read_row`] returned can be read again, with
    /// what belongs to it.
    ///
    /// # Errors
    /// `NotFound` for a row that the caller cannot read.
    pub(crate) fn scope_of_row<Row: OwnedRow>(
        &self,
        row: &Row,
        key: Row::Key,
    ) -> Result<Scope, Error> {
        let scope = match self.actor.read(row.owner()) {
            Ok(Reading::Open) => Ok(self.actor.scope()),
            Ok(Reading::BreakGlass) => self.actor.scope_with_break_glass(Row::id(key)),
            Err(denial) => Err(denial),
        };
        scope.map_err(|_| Error::not_found(Row::NOUN))
    }
}
