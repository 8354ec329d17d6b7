//! Reads uploads and their rows.

use accunode_domain::{
    id::{JobId, OrganizationId},
    job::{Job, RowOutcome},
    page::{Cursor, Limit, Page},
};
use accunode_ports::repositories::{JobFilter, RowFilter};

use super::BulkUploads;
use crate::{Caller, Error};

/// The filter of a list of uploads.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListJobs {
    pub filter: JobFilter,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

/// The selection of an upload's rows.
#[derive(Clone, Copy, Debug)]
pub struct ListRows {
    /// The filter by outcome, and the row to start after.
    pub filter: RowFilter,
    /// The largest number of rows.
    pub limit: u32,
}

impl BulkUploads {
    /// Returns a page of the uploads that the caller can read, newest first.
    ///
    /// # Errors
    /// `outside_scope`.
    pub async fn list(&self, caller: &Caller, query: ListJobs) -> Result<Page<Job>, Error> {
        let scope = caller
            .actor
            .narrowed(None, query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        Ok(self
            .ports
            .store
            .jobs()
            .list(&scope, &query.filter, query.limit, query.after)
            .await?)
    }

    /// Returns one upload.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read it.
    pub async fn get(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let (job, _) = caller.read_row(&self.ports, id).await?;
        Ok(job)
    }

    /// Returns the outcomes of an upload's rows, in the file's order.
    ///
    /// # Errors
    /// `NotFound` for an upload the caller cannot read.
    pub async fn rows(
        &self,
        caller: &Caller,
        job: &Job,
        query: ListRows,
    ) -> Result<Vec<RowOutcome>, Error> {
        let scope = caller.scope_of_row(job, job.id)?;
        Ok(self
            .ports
            .store
            .jobs()
            .rows(&scope, job, query.filter, query.limit)
            .await?)
    }

    /// Waits until an upload may have changed.
    pub async fn wait_for_change(&self, id: JobId) {
        self.ports.queue.wait_for_change(id).await;
    }
}
