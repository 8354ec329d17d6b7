//! The files of a report: its sample, and the report itself.

use accunode_domain::{access::Scope, id::ValidationId, validation::ValidationReport};
use accunode_ports::repositories::ValidationFile;
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};

use super::{Parts, Validations};
use crate::{Caller, Error, ErrorCode};

impl Validations {
    /// Returns a file of a report, a part at a time.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read the report; `not_finished`.
    #[tracing::instrument(name = "validations.file", level = "debug", skip_all)]
    pub async fn file(
        &self,
        caller: &Caller,
        id: ValidationId,
        file: ValidationFile,
    ) -> Result<(ValidationReport, BoxStream<'static, Result<Bytes, Error>>), Error> {
        let (report, scope) = self.found(caller, id).await?;
        if report.result.is_none() {
            return Err(not_finished());
        }
        let this = self.clone();
        let parts = futures::stream::try_unfold(0, move |part| {
            let (this, scope) = (this.clone(), scope.clone());
            async move {
                let bytes = this.part(&scope, id, file, part).await?;
                Ok(bytes.map(|bytes| (bytes, part + 1)))
            }
        });
        Ok((report, parts.boxed()))
    }

    async fn part(
        &self,
        scope: &Scope,
        id: ValidationId,
        file: ValidationFile,
        part: u32,
    ) -> Result<Option<Bytes>, Error> {
        let validations = self.ports.store.validations();
        let Some(part) = validations.part(scope, id, file, part).await? else {
            return Ok(None);
        };
        let bytes = Parts::read(&part).map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Some(bytes.into()))
    }
}

pub(super) fn not_finished() -> Error {
    Error::Conflict {
        code: ErrorCode::NotFinished,
        detail: "this report is not completed; its `status` says where it stands, and its `error` \
                 why it failed"
            .to_owned(),
        existing: None,
    }
}
