//! Operation `list_monitoring_snapshots`.

use accunode_application::monitoring::ListSnapshots;
use accunode_domain::{
    id::OrganizationId, owner::AccessLevel, page::Sort, prediction::Period, validation::Stability,
};
use accunode_ports::repositories::SnapshotFilter;

use super::{LONGEST_VERSION, dto::SnapshotDto};
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, Orders, Paging, Slice, Start},
    problem::Answer,
    query::{Text, query},
};

#[derive(Debug)]
pub(crate) struct SnapshotOrders;

impl Orders for SnapshotOrders {
    const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
}

query! {
    /// Which snapshots are listed.
    pub(crate) struct SnapshotQuery {
        /// Only those of this version of the model
        version: Option<Text<LONGEST_VERSION>>,
        /// Only those of this reporting period
        period: Option<Period>,
        /// Only those with this verdict
        verdict: Option<Stability>,
        /// Whose predictions: by default `organization` for administrators of one, else `personal`
        access_level: Option<AccessLevel>,
        /// The organization, by default the caller's own
        organization_id: Option<OrganizationId>,
        ; page: Paging<SnapshotOrders>,
    }
}

impl SnapshotQuery {
    fn command(self, model: String, Start { limit, after }: Start) -> ListSnapshots {
        ListSnapshots {
            filter: SnapshotFilter {
                model,
                version: self.version.map(|version| version.0),
                period: self.period,
                verdict: self.verdict,
            },
            access_level: self.access_level,
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// What nightly monitoring counted, period by period
///
/// The newest first: one snapshot for each version, period and baseline, which is made anew each
/// night and changes where predictions did.
#[utoipa::path(
    get,
    path = super::super::SNAPSHOTS,
    tag = "Models",
    operation_id = "list_monitoring_snapshots",
    params(("name" = String, Path), SnapshotQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<SnapshotDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`, `role_forbidden`"),
    )
)]
pub(crate) async fn snapshots(call: Authenticated) -> Answer {
    let query: SnapshotQuery = call.query()?;
    let name: String = call.name("name")?;
    let columns = Columns::of(SnapshotDto::COLUMNS);
    list::answer(
        &call,
        "monitoring_snapshot",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(name.clone(), start);
            async move {
                let page = app.monitoring.snapshots(&caller, &command).await?;
                Ok(Slice::of(page, SnapshotDto::from))
            }
        },
    )
    .await
}
