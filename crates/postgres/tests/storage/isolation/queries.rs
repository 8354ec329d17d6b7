//! Every query that takes a scope, and rows of every owner to run it on.

use std::{collections::BTreeSet, fmt::Write as _};

use accunode_domain::{
    access::{AuditScope, Scope},
    default_definition::OwnDefinition,
    id::{
        CompanyId, DefaultDefinitionId, JobId, OrganizationId, OutcomeId, PredictionId,
        RatingScaleId, UserId, ValidationId,
    },
    job::Job,
    owner::Owner,
    page::{Limit, Sort},
    prediction::Kind,
    risk::ModelRef,
    validation::{BinEdges, MasterScale},
};
use accunode_ports::repositories::{
    AnalyticsRepository, AuditFilter, CompanyFilter, DefinitionFilter, GroupBy, JobFilter,
    ModelPredictions, OutcomeFilter, OwnData, PredictionFilter, Repositories, RowFilter,
    ScaleFilter, SnapshotFilter, TimelineFilter, UnitOfWork, ValidationFile, ValidationFilter,
};
use accunode_postgres::PgStore;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::places;
use crate::fixture::{Fixture, USERS, id};

/// Every query that takes a scope, by repository and method, in all its forms.
pub(super) const QUERIES: [&str; 56] = [
    "company.find",
    "company.list by created_at",
    "company.list by name",
    "company.list by symbol",
    "company.list by updated_at",
    "company.list by q",
    "company.count",
    "company.is_in_use",
    "prediction.find annual",
    "prediction.find quarterly",
    "prediction.list annual by created_at",
    "prediction.list annual by pd",
    "prediction.list annual by updated_at",
    "prediction.list quarterly by created_at",
    "prediction.list quarterly by pd",
    "prediction.list quarterly by updated_at",
    "prediction.count annual",
    "prediction.revisions",
    "prediction.timeline",
    "outcome.find",
    "outcome.list",
    "validation.find",
    "validation.list",
    "validation.part",
    "default_definition.find",
    "default_definition.named",
    "default_definition.list",
    "rating_scale.find",
    "rating_scale.list",
    "monitoring.counts",
    "monitoring.snapshots",
    "job.find",
    "job.list",
    "job.rows",
    "job.by_status",
    "audit.find",
    "audit.list",
    "organization.stats",
    "own_data.rows companies",
    "own_data.rows annual",
    "own_data.rows quarterly",
    "own_data.rows outcomes",
    "own_data.rows validations",
    "own_data.rows definitions",
    "own_data.rows scales",
    "own_data.rows snapshots",
    "own_data.rows uploads",
    "analytics.headline",
    "analytics.risk_distribution",
    "analytics.risk_distribution by organization",
    "analytics.model_agreement",
    "analytics.trend",
    "analytics.trend by sector",
    "analytics.grades",
    "analytics.grades off the buckets",
    "analytics.grades off the buckets by country",
];

/// Methods that take a scope but do not read by it: they write under a grant, as the actor of that
/// scope.
pub(super) const WRITES: [&str; 3] = [
    "company.find_or_add",
    "job.store_chunk",
    "job.store_outcomes",
];

/// Methods that read the single row of an owner, by a scope that the actor has narrowed to that
/// owner: the access matrix tests them for all users. Histories are those of one owner that the
/// scope must contain: tests of the API compare back-tests of every owner with an oracle. Cuts and
/// movers of monitoring have the conditions of its counts.
pub(super) const OF_ONE_OWNER: [&str; 4] = [
    "outcome.coverage",
    "mod.histories",
    "monitoring.cuts",
    "monitoring.movers",
];

/// One row of each kind of one owner, all with the owner's label.
pub(super) struct Cell {
    pub(super) label: String,
    pub(super) owner: Owner,
    pub(super) creator: UserId,
    pub(super) company: CompanyId,
    pub(super) annual: PredictionId,
    pub(super) quarterly: PredictionId,
    pub(super) outcome: OutcomeId,
    pub(super) job: Job,
    pub(super) event: Uuid,
}

pub(super) struct Rows {
    pub(super) cells: Vec<Cell>,
    /// A system company on which every owner has a prediction.
    pub(super) shared: CompanyId,
}

impl Rows {
    /// The owner whose report has this id, which is also the id of the owner's outcome.
    fn labelled(&self, id: Uuid) -> Option<String> {
        let cell = self.cells.iter().find(|cell| cell.outcome.0 == id);
        cell.map(|cell| cell.label.clone())
    }
}

/// The target of a query: the pool, or a unit of work of a user.
pub(super) struct QueryTarget<'a> {
    pub(super) reads: &'a dyn Repositories,
    /// Whether analytics are queried, which is possible only on the pool.
    pub(super) analytics: bool,
}

impl<'a> QueryTarget<'a> {
    pub(super) fn of_pool(store: &'a PgStore) -> Self {
        Self {
            reads: store,
            analytics: true,
        }
    }

    pub(super) fn of_unit(unit: &'a dyn UnitOfWork) -> Self {
        Self {
            reads: unit.reads(),
            analytics: false,
        }
    }
}

pub(super) fn owners() -> Vec<(String, Owner, &'static str)> {
    let users = USERS.map(|(name, ..)| {
        let label = format!("P{}", name.to_uppercase());
        (label, Owner::User(UserId(id(name))), name)
    });
    let places = [("A", "m1"), ("B", "mB"), ("R", "tR"), ("Z", "tZ")].map(|(name, creator)| {
        let owner = Owner::Organization(OrganizationId(id(name)));
        (format!("O{name}"), owner, creator)
    });
    let system = [("SYS".to_owned(), Owner::System, "sa")];
    users.into_iter().chain(places).chain(system).collect()
}

/// Creates a cell for every owner, with direct access to the database.
pub(super) async fn fill(fixture: &Fixture) -> Rows {
    let shared = Uuid::from_u128(0xffff);
    let mut sql = format!(
        "INSERT INTO companies (id, symbol, name, sector, access_level, created_by) \
         VALUES ('{shared}', 'SHARED', 'Everyone', 'S', 'system', '{}');",
        id("sa")
    );
    let mut at = 0x1_0000_u128;
    let mut next = || {
        at += 1;
        Uuid::from_u128(at)
    };
    let mut ids = Vec::new();
    let scale = serde_json::to_string(&off_buckets()).unwrap();
    for (label, owner, creator) in owners() {
        let [company, annual, quarterly, other, outcome, job, event] =
            std::array::from_fn(|_| next());
        let whose = format!(
            "'{}', {}, '{}'",
            owner.level(),
            owner
                .organization()
                .map_or("NULL".to_owned(), |id| format!("'{id}'")),
            id(creator)
        );
        let code = definition_code(owner);
        let values = "0.1, 'High', 0.9, now(), 'm', '1', repeat('a', 64)";
        let _ = write!(
            sql,
            "INSERT INTO companies (id, symbol, name, sector, access_level, organization_id, created_by) \
               VALUES ('{company}', '{label}', 'Fence {label}', '{label}', {whose}); \
             INSERT INTO annual_predictions (id, company_id, company_symbol, company_name, company_sector, \
               reporting_year, probability, pd, risk_level, confidence, predicted_at, model_name, \
               model_version, model_sha256, access_level, organization_id, created_by) \
               VALUES ('{annual}', '{company}', '{label}', 'N', '{label}', '2024', 0.1, {values}, {whose}), \
                      ('{other}', '{shared}', 'SHARED', 'N', '{label}', '2024', 0.1, {values}, {whose}); \
             UPDATE annual_predictions SET pd = 0.2, model_version = '2' WHERE id = '{annual}'; \
             INSERT INTO quarterly_predictions (id, company_id, company_symbol, company_name, company_sector, \
               reporting_year, reporting_quarter, ensemble_probability, logistic_probability, gbm_probability, \
               pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256, \
               access_level, organization_id, created_by) \
               VALUES ('{quarterly}', '{company}', '{label}', 'N', '{label}', '2024', 'Q2', 0.1, 0.1, 0.1, {values}, {whose}); \
             INSERT INTO outcomes (id, company_id, company_symbol, company_name, company_sector, definition, \
               event, occurred_on, access_level, organization_id, created_by) \
               VALUES ('{outcome}', '{company}', '{label}', 'N', '{label}', 'crr_178@1', 'default', '2024-05-31', {whose}); \
             INSERT INTO validation_reports (id, kind, request, access_level, organization_id, created_by) \
               VALUES ('{outcome}', 'annual', '{{\"kind\": \"annual\", \"first_days\": [\"2024-12-31\"], \
                 \"basis\": \"recorded\", \"lag_months\": 6, \"definition\": \"crr_178@1\", \
                 \"label\": \"crr_178@1\", \"as_of\": \"2026-01-01T00:00:00Z\", \
                 \"complete_through\": \"2025-12-31\", \"include_system_outcomes\": false, \
                 \"initial_auc\": null, \"target_rate\": null}}', {whose}); \
             INSERT INTO default_definitions (id, code, version, name, basis, access_level, organization_id, created_by) \
               VALUES ('{outcome}', '{code}', 1, 'fence', 'other', {whose}); \
             INSERT INTO rating_scales (id, name, version, grades, on_buckets, access_level, organization_id, created_by) \
               VALUES ('{outcome}', 'fence', 1, '{scale}', false, {whose}); \
             INSERT INTO monitoring_snapshots (id, kind, model_name, model_version, model_sha256, period, baseline, \
               total, out_of_scope, inputs, score, verdict, access_level, organization_id, created_by) \
               SELECT '{outcome}', 'annual', 'm', '1', repeat('a', 64), '2024', 'training', 1, 0, '[]', \
                 '{{\"counts\": {{\"bins\": [1], \"at_min\": 0, \"at_max\": 0, \"missing\": 0}}, \
                 \"verdict\": \"undetermined\"}}', 'undetermined', w.level, w.organization::uuid, \
                 CASE w.level WHEN 'personal' THEN w.creator::uuid END \
                 FROM (VALUES ({whose})) w (level, organization, creator); \
             INSERT INTO validation_files (report_id, name, part, content) VALUES ('{outcome}', 'report.md', 0, 'x'); \
             INSERT INTO bulk_upload_jobs (id, filename, original_filename, file_size, job_type, status, \
               completed_at, total_rows, processed_rows, error_count, access_level, organization_id, created_by) \
               VALUES ('{job}', 'f', '{label}', 1, 'annual', 'completed', now(), 1, 1, 1, {whose}); \
             INSERT INTO bulk_upload_rows (job_id, row_number, status, code, problem, source, owner_key) \
               VALUES ('{job}', 2, 'error', 'required', \
                 '[{{\"pointer\": \"x\", \"code\": \"required\", \"detail\": \"{label}\"}}]', '{label}', '{}'); \
             INSERT INTO audit_logs (id, event_type, entity_type, user_id, organization_id, action) \
               VALUES ('{event}', '{label}', 'fence', '{}', {}, 'READ');",
            owner.key(),
            id(creator),
            owner
                .organization()
                .map_or("NULL".to_owned(), |id| format!("'{id}'")),
        );
        ids.push((
            label, owner, creator, company, annual, quarterly, outcome, job, event,
        ));
    }
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&fixture.superuser)
        .await
        .unwrap();
    let mut cells = Vec::new();
    for (label, owner, creator, company, annual, quarterly, outcome, job, event) in ids {
        let scope = fixture.actor(creator).await.scope();
        let job = fixture.store.jobs().find(&scope, JobId(job)).await.unwrap();
        cells.push(Cell {
            label,
            owner,
            creator: UserId(id(creator)),
            company: CompanyId(company),
            annual: PredictionId(annual),
            quarterly: PredictionId(quarterly),
            outcome: OutcomeId(outcome),
            job: job.unwrap(),
            event,
        });
    }
    Rows {
        cells,
        shared: CompanyId(shared),
    }
}

pub(super) fn all() -> Limit {
    Limit::new(Limit::MAX).unwrap()
}

/// Runs a query and returns the labels of the rows that it shows, or how many it counts. `None` if
/// it cannot run on this target.
pub(super) async fn ask(
    query: &str,
    on: &QueryTarget<'_>,
    rows: &Rows,
    scope: &Scope,
    events: &AuditScope,
) -> Option<BTreeSet<String>> {
    let mut seen = BTreeSet::new();
    let (method, form) = query.split_once(' ').unwrap_or((query, ""));
    let kind = if form.starts_with("quarterly") {
        Kind::Quarterly
    } else {
        Kind::Annual
    };
    match method {
        "company.list" => {
            let filter = CompanyFilter {
                q: (form == "by q").then(|| "Fence".to_owned()),
                ..CompanyFilter::default()
            };
            let sort = match form {
                "by name" => Sort::Name,
                "by symbol" => Sort::Symbol,
                "by updated_at" => Sort::UpdatedAt,
                _ => Sort::CreatedAt,
            };
            let page = on
                .reads
                .companies()
                .list(scope, &filter, sort, all(), None)
                .await;
            for company in page.unwrap().rows {
                seen.insert(company.profile.symbol.as_str().to_owned());
            }
            seen.remove("SHARED");
        }
        "prediction.list" => {
            let sort = if form.ends_with("by pd") {
                Sort::Pd
            } else if form.ends_with("by updated_at") {
                Sort::UpdatedAt
            } else {
                Sort::CreatedAt
            };
            let filter = PredictionFilter::default();
            let page = on
                .reads
                .predictions()
                .list(scope, kind, &filter, sort, all(), None)
                .await;
            seen.extend(page.unwrap().rows.into_iter().map(|row| row.company.sector));
        }
        "company.count" => {
            for cell in &rows.cells {
                let filter = CompanyFilter {
                    sector: Some(cell.label.clone()),
                    ..CompanyFilter::default()
                };
                let counted = on.reads.companies().count(scope, &filter, 1_000).await;
                if counted.unwrap() == 1 {
                    seen.insert(cell.label.clone());
                }
            }
        }
        "prediction.count" => {
            for cell in &rows.cells {
                let filter = PredictionFilter {
                    sector: Some(cell.label.clone()),
                    ..PredictionFilter::default()
                };
                let predictions = on.reads.predictions();
                let counted = predictions.count(scope, kind, &filter, 1_000).await;
                if counted.unwrap() > 0 {
                    seen.insert(cell.label.clone());
                }
            }
        }
        "prediction.timeline" => {
            let filter = TimelineFilter::default();
            let part = on
                .reads
                .predictions()
                .timeline(scope, rows.shared, &filter, all(), None)
                .await;
            let rows_found = part.unwrap().predictions.into_iter();
            seen.extend(rows_found.map(|row| row.company.sector));
        }
        "outcome.list" => {
            let filter = OutcomeFilter::default();
            let page = on.reads.outcomes().list(scope, &filter, all(), None).await;
            let rows_found = page.unwrap().rows.into_iter();
            seen.extend(rows_found.map(|outcome| outcome.company.sector));
        }
        "validation.list" => {
            let filter = ValidationFilter::default();
            let page = on
                .reads
                .validations()
                .list(scope, &filter, all(), None)
                .await;
            let rows_found = page.unwrap().rows.into_iter().map(|report| report.id.0);
            seen.extend(rows_found.filter_map(|id| rows.labelled(id)));
        }
        "default_definition.list" => {
            let filter = DefinitionFilter::default();
            let definitions = on.reads.definitions();
            let page = definitions.list(scope, &filter, all(), None).await;
            let rows_found = page.unwrap().rows.into_iter().map(|found| found.id.0);
            seen.extend(rows_found.filter_map(|id| rows.labelled(id)));
        }
        "rating_scale.list" => {
            let filter = ScaleFilter::default();
            let page = on.reads.scales().list(scope, &filter, all(), None).await;
            let rows_found = page.unwrap().rows.into_iter().map(|scale| scale.id.0);
            seen.extend(rows_found.filter_map(|id| rows.labelled(id)));
        }
        "monitoring.snapshots" => {
            let filter = SnapshotFilter {
                model: "m".to_owned(),
                version: None,
                period: None,
                verdict: None,
            };
            let monitoring = on.reads.monitoring();
            let page = monitoring.snapshots(scope, &filter, all(), None).await;
            let rows_found = page.unwrap().rows.into_iter().map(|one| one.id.0);
            seen.extend(rows_found.filter_map(|id| rows.labelled(id)));
        }
        "monitoring.counts" => {
            let model = ModelRef {
                name: "m".to_owned(),
                version: "2".to_owned(),
                sha256: "a".repeat(64),
            };
            let of = ModelPredictions {
                kind: Kind::Annual,
                model: &model,
            };
            let edges = BinEdges {
                inputs: vec![vec![]; 5],
                pd: vec![0.15],
            };
            let counted = on.reads.monitoring().counts(scope, of, None, &edges).await;
            let counted = counted.unwrap();
            let sum: u64 = counted.iter().map(|period| period.inputs[0].missing).sum();
            seen.insert(sum.to_string());
        }
        "job.list" => {
            let page = on
                .reads
                .jobs()
                .list(scope, &JobFilter::default(), all(), None)
                .await;
            seen.extend(
                page.unwrap()
                    .rows
                    .into_iter()
                    .map(|job| job.original_filename),
            );
        }
        "audit.list" => {
            let filter = AuditFilter {
                entity_type: Some("fence".to_owned()),
                ..AuditFilter::default()
            };
            let page = on
                .reads
                .audit_log()
                .list(events, &filter, all(), None)
                .await;
            seen.extend(page.unwrap().rows.into_iter().map(|event| event.event_type));
        }
        "own_data.rows" => {
            let (kind, label) = match form {
                "companies" => (OwnData::Companies, "symbol"),
                "annual" => (OwnData::AnnualPredictions, "company_sector"),
                "quarterly" => (OwnData::QuarterlyPredictions, "company_sector"),
                "outcomes" => (OwnData::Outcomes, "company_sector"),
                "validations" => (OwnData::ValidationReports, "id"),
                "definitions" => (OwnData::DefaultDefinitions, "id"),
                "scales" => (OwnData::RatingScales, "id"),
                "snapshots" => (OwnData::MonitoringSnapshots, "id"),
                _ => (OwnData::BulkUploads, "original_filename"),
            };
            let user = scope.user().unwrap();
            let own = on
                .reads
                .own_data()
                .rows(scope, user, kind, None)
                .await
                .unwrap();
            let labels = own.rows.iter().map(|row| row[label].as_str().unwrap());
            seen.extend(labels.map(|label| {
                let id = label.parse().ok();
                id.and_then(|id| rows.labelled(id))
                    .unwrap_or_else(|| label.to_owned())
            }));
            seen.remove("SHARED");
        }
        "job.by_status" => {
            let counted = on.reads.jobs().by_status(scope).await.unwrap();
            let sum: u64 = counted.iter().map(|(_, n)| n).sum();
            seen.insert(sum.to_string());
        }
        "organization.stats" => {
            let places: Vec<&Cell> = places(rows).collect();
            let ids: Vec<_> = places
                .iter()
                .filter_map(|cell| cell.owner.organization())
                .collect();
            let stats = on.reads.organizations().stats(scope, &ids).await.unwrap();
            for (cell, stats) in places.iter().zip(stats) {
                let predictions = stats.annual_predictions + stats.quarterly_predictions;
                match (stats.companies, predictions, stats.jobs) {
                    (0, 0, 0) => {}
                    (1, 3, 1) => {
                        seen.insert(cell.label.clone());
                    }
                    _ => panic!("{}: {stats:?}", cell.label),
                }
            }
        }
        method if method.starts_with("analytics.") => {
            if !on.analytics {
                return None;
            }
            seen.insert(figure(query, on.reads.analytics(), scope).await);
        }
        _ => {
            for cell in &rows.cells {
                if shows(query, kind, on, cell, scope, events).await {
                    seen.insert(cell.label.clone());
                }
            }
        }
    }
    Some(seen)
}

/// Whether a query about one row shows this one.
pub(super) async fn shows(
    query: &str,
    kind: Kind,
    on: &QueryTarget<'_>,
    cell: &Cell,
    scope: &Scope,
    events: &AuditScope,
) -> bool {
    let prediction = match kind {
        Kind::Annual => cell.annual,
        Kind::Quarterly => cell.quarterly,
    };
    match query.split(' ').next().unwrap() {
        "company.find" => on
            .reads
            .companies()
            .find(scope, cell.company)
            .await
            .unwrap()
            .is_some(),
        "company.is_in_use" => on
            .reads
            .companies()
            .is_in_use(scope, cell.company)
            .await
            .unwrap(),
        "prediction.find" => {
            let found = on.reads.predictions().find(scope, kind, prediction).await;
            found.unwrap().is_some()
        }
        "prediction.revisions" => {
            let before = on
                .reads
                .predictions()
                .revisions(scope, kind, prediction, None, 10)
                .await;
            !before.unwrap().is_empty()
        }
        "outcome.find" => on
            .reads
            .outcomes()
            .find(scope, cell.outcome)
            .await
            .unwrap()
            .is_some(),
        "validation.find" => on
            .reads
            .validations()
            .find(scope, ValidationId(cell.outcome.0))
            .await
            .unwrap()
            .is_some(),
        "validation.part" => on
            .reads
            .validations()
            .part(
                scope,
                ValidationId(cell.outcome.0),
                ValidationFile::Markdown,
                0,
            )
            .await
            .unwrap()
            .is_some(),
        "default_definition.find" => on
            .reads
            .definitions()
            .find(scope, DefaultDefinitionId(cell.outcome.0))
            .await
            .unwrap()
            .is_some(),
        "default_definition.named" => {
            let name = OwnDefinition::new(definition_code(cell.owner), 1).unwrap();
            let definitions = on.reads.definitions();
            let found = definitions.named(scope, cell.owner, name).await.unwrap();
            found.is_some_and(|found| found.id.0 == cell.outcome.0)
        }
        "rating_scale.find" => on
            .reads
            .scales()
            .find(scope, RatingScaleId(cell.outcome.0))
            .await
            .unwrap()
            .is_some(),
        "job.find" => on
            .reads
            .jobs()
            .find(scope, cell.job.id)
            .await
            .unwrap()
            .is_some(),
        "job.rows" => {
            let outcomes = on
                .reads
                .jobs()
                .rows(scope, &cell.job, RowFilter::default(), 10)
                .await;
            !outcomes.unwrap().is_empty()
        }
        "audit.find" => on
            .reads
            .audit_log()
            .find(events, cell.event)
            .await
            .unwrap()
            .is_some(),
        other => panic!("{other} stands in the table, and no one asks it"),
    }
}

/// Returns a figure as the number of owners whose rows it counts.
pub(super) async fn figure(query: &str, on: &dyn AnalyticsRepository, scope: &Scope) -> String {
    let owners = match query {
        "analytics.headline" => {
            let annual = on.headline(scope, Kind::Annual, None).await.unwrap();
            let quarterly = on.headline(scope, Kind::Quarterly, None).await.unwrap();
            assert_eq!(annual.high_risk_count, annual.total_predictions);
            assert_eq!(annual.total_predictions, 2 * quarterly.total_predictions);
            quarterly.total_predictions
        }
        "analytics.risk_distribution" | "analytics.risk_distribution by organization" => {
            let by = match query.ends_with("organization") {
                true => GroupBy::Organization,
                false => GroupBy::Sector,
            };
            let groups = on
                .risk_distribution(scope, scope, Kind::Annual, None, by)
                .await;
            let sum: i64 = groups.unwrap().iter().map(|group| group.count).sum();
            sum / 2
        }
        "analytics.model_agreement" => {
            let quarters = on.model_agreement(scope, None).await.unwrap();
            quarters.iter().map(|quarter| quarter.count).sum()
        }
        "analytics.trend" | "analytics.trend by sector" => {
            let by = query.ends_with("sector").then_some(GroupBy::Sector);
            let points = on.trend(scope, scope, Kind::Quarterly, by).await.unwrap();
            points.iter().map(|point| point.count).sum()
        }
        "analytics.grades" => graded(on, scope, None, MasterScale::standard()).await,
        "analytics.grades off the buckets" => {
            graded(on, scope, Some(GroupBy::Organization), &off_buckets()).await
        }
        "analytics.grades off the buckets by country" => {
            graded(on, scope, Some(GroupBy::Country), &off_buckets()).await
        }
        other => panic!("{other} stands in the table, and no one asks it"),
    };
    u64::try_from(owners).unwrap().to_string()
}

/// The codes of definitions of everyone begin with `system_`, and no others.
const fn definition_code(owner: Owner) -> &'static str {
    match owner {
        Owner::System => "system_fence",
        _ => "fence",
    }
}

/// A scale whose grades do not align with the buckets.
fn off_buckets() -> MasterScale {
    let mut grades = MasterScale::shipped().grades().to_vec();
    grades[9].pd_to = 0.02;
    grades[10].pd_from = 0.02;
    let scale = MasterScale::new(grades).unwrap();
    assert!(!scale.is_on_buckets());
    scale
}

async fn graded(
    on: &dyn AnalyticsRepository,
    scope: &Scope,
    by: Option<GroupBy>,
    scale: &MasterScale,
) -> i64 {
    let counts = on
        .grades(scope, scope, Kind::Quarterly, None, by, scale)
        .await;
    let sum: u64 = counts.unwrap().iter().map(|count| count.count).sum();
    i64::try_from(sum).unwrap()
}
