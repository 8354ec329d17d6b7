//! Statistics of the database.

use accunode_ports::{
    monitoring::{IndexUse, JobFigures, ServerConnections, SlowQueries, SlowQuery, TableSize},
    repositories::Connections,
};

use super::Installation;
use crate::{Caller, Error};

/// The mean from which a statement counts as slow, in milliseconds, as specified.
const SLOW_MS: f64 = 1_000.0;
/// The largest number of statements returned.
const MOST: u32 = 10;

/// The connections of this process, and those of the server.
#[derive(Clone, Debug)]
pub struct PoolFigures {
    /// The connections of each pool.
    pub pools: Vec<Connections>,
    /// The connections as PostgreSQL reports them.
    pub server: ServerConnections,
}

impl Installation {
    /// Returns the service's slow statements.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin; `extension_missing` if the database
    /// does not collect statistics of statements.
    pub async fn slow_queries(&self, caller: &Caller) -> Result<Vec<SlowQuery>, Error> {
        allowed(caller)?;
        match self.ports.monitoring.slow_queries(SLOW_MS, MOST).await? {
            SlowQueries::Found(found) => Ok(found),
            SlowQueries::NotCollected => Err(Error::NotEquipped {
                code: crate::ErrorCode::ExtensionMissing,
                detail: "PostgreSQL does not add up its statements: start it with \
                         shared_preload_libraries = 'pg_stat_statements', and let a superuser \
                         say CREATE EXTENSION pg_stat_statements SCHEMA public in this database"
                    .to_owned(),
            }),
        }
    }

    /// Returns the indexes.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin.
    pub async fn indexes(&self, caller: &Caller) -> Result<Vec<IndexUse>, Error> {
        allowed(caller)?;
        Ok(self.ports.monitoring.indexes().await?)
    }

    /// Returns the tables.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin.
    pub async fn tables(&self, caller: &Caller) -> Result<Vec<TableSize>, Error> {
        allowed(caller)?;
        Ok(self.ports.monitoring.tables().await?)
    }

    /// Returns the connections.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin.
    pub async fn pools(&self, caller: &Caller) -> Result<PoolFigures, Error> {
        allowed(caller)?;
        Ok(PoolFigures {
            pools: self.ports.store.connections(),
            server: self.ports.monitoring.server_connections().await?,
        })
    }

    /// Returns figures of uploads and rescorings.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin.
    pub async fn jobs(&self, caller: &Caller) -> Result<JobFigures, Error> {
        allowed(caller)?;
        Ok(self.ports.monitoring.jobs().await?)
    }
}

fn allowed(caller: &Caller) -> Result<(), Error> {
    let allowed = caller.actor.operate_installation();
    allowed.map_err(|denial| Error::denied(denial, "installation"))
}
