//! Every list of the ports, as a caller reads it.

use accunode_domain::{
    Timestamp,
    access::Actor,
    company::Symbol,
    id::{CompanyId, JobId, OrganizationId, PredictionId},
    job::{Rescoring, RowStatus},
    owner::AccessLevel,
    page::{Cursor, Limit, Sort},
    prediction::{Kind, ReportingYear},
    risk::{ModelRef, RiskLevel},
    validation::MasterScale,
};
use accunode_ports::repositories::{
    AuditFilter, CompanyFilter, DefinitionFilter, JobFilter, OrganizationFilter, OutcomeFilter,
    OwnData, PredictionFilter, Repositories, RowFilter, ScaleFilter, SnapshotFilter,
    TimelineFilter, ToRescore, UserFilter, ValidationFilter,
};
use accunode_postgres::PgStore;
use futures::future::LocalBoxFuture;
use uuid::Uuid;

use super::{PAGE, seed, user_id};

type Read = for<'a> fn(&'a PgStore, &'a Actor) -> LocalBoxFuture<'a, ()>;

/// A list, and how a caller reads it.
pub(super) struct List {
    /// The name of the list in these tests.
    pub(super) name: &'static str,
    /// The method of the ports.
    pub(super) of: &'static str,
    /// The largest number of rows that it reads of each owner.
    pub(super) page: u64,
    read: Read,
}

impl List {
    pub(super) async fn read(&self, store: &PgStore, actor: &Actor) {
        (self.read)(store, actor).await;
    }
}

/// Methods that return rows and need no plan.
pub(super) const EXEMPT: [(&str, &str); 14] = [
    (
        "CompanyWriter::rows_on",
        "counts of what stands on one company, by its id",
    ),
    (
        "AnalyticsRepository::grades",
        "sums over rollups or predictions, not rows",
    ),
    (
        "AnalyticsRepository::model_agreement",
        "sums over rollups, not rows",
    ),
    ("AnalyticsRepository::trend", "sums over rollups, not rows"),
    (
        "MonitoringRepository::counts",
        "counts over the predictions of one owner, not rows",
    ),
    (
        "MonitoringRepository::movers",
        "the largest differences of all companies of two periods of one owner",
    ),
    (
        "JobRepository::by_status",
        "a count over the jobs of the scope",
    ),
    (
        "OrganizationRepository::stats",
        "counts for the organizations of a page",
    ),
    (
        "JobQueue::files_without_job",
        "by the names of files that are given, each looked up by its key",
    ),
    (
        "JobQueue::open_jobs",
        "a count over the jobs that wait or are worked on",
    ),
    (
        "OutcomeWriter::lock_timeline",
        "the outcomes of one company and owner",
    ),
    ("UserWriter::lock_for_update", "by primary key"),
    (
        "ValidationRepository::part",
        "one part of one file, by primary key",
    ),
    (
        "AuthRepository::children",
        "the children of one organization",
    ),
];

const fn list(name: &'static str, of: &'static str, read: Read) -> List {
    List {
        name,
        of,
        page: PAGE,
        read,
    }
}

/// Returns a position in the middle of a list.
fn middle(sort: Sort) -> Option<Cursor> {
    Some(Cursor {
        sort,
        key: match sort {
            Sort::CreatedAt => seed::MIDDLE_MICROS.to_string(),
            Sort::Pd => "0.5".to_owned(),
            Sort::Name | Sort::Symbol => "N".to_owned(),
            // All rows of the seeds were changed today, after this.
            Sort::UpdatedAt => seed::MIDDLE_MICROS.to_string(),
        },
        id: Uuid::max(),
    })
}

macro_rules! read {
    (|$store:ident, $actor:ident| $body:expr) => {{
        fn read<'a>($store: &'a PgStore, $actor: &'a Actor) -> LocalBoxFuture<'a, ()> {
            Box::pin(async move { $body })
        }
        read
    }};
}

async fn companies(store: &PgStore, actor: &Actor, sort: Sort, after: Option<Cursor>) {
    let (scope, filter) = (actor.scope(), CompanyFilter::default());
    let companies = store.companies();
    companies
        .list(&scope, &filter, sort, Limit::default(), after)
        .await
        .unwrap();
}

async fn predictions(
    store: &PgStore,
    actor: &Actor,
    kind: Kind,
    sort: Sort,
    after: Option<Cursor>,
) {
    let (scope, filter) = (actor.scope(), PredictionFilter::default());
    let predictions = store.predictions();
    predictions
        .list(&scope, kind, &filter, sort, Limit::default(), after)
        .await
        .unwrap();
}

/// Reads the newest rows that match a filter.
async fn filtered(store: &PgStore, actor: &Actor, kind: Kind, filter: PredictionFilter) {
    let (scope, page) = (actor.scope(), Limit::default());
    let predictions = store.predictions();
    predictions
        .list(&scope, kind, &filter, Sort::CreatedAt, page, None)
        .await
        .unwrap();
}

/// A filter that matches one row.
fn of_symbol() -> PredictionFilter {
    PredictionFilter {
        symbol: Some(Symbol::from_stored("S77".to_owned())),
        ..PredictionFilter::default()
    }
}

/// A filter that matches no row.
fn of_year() -> PredictionFilter {
    PredictionFilter {
        year: ReportingYear::parse("", "1999").ok(),
        ..PredictionFilter::default()
    }
}

/// A filter that matches no row.
fn of_high_risk() -> PredictionFilter {
    PredictionFilter {
        risk_levels: vec![RiskLevel::High],
        ..PredictionFilter::default()
    }
}

async fn rows(store: &PgStore, actor: &Actor, status: Option<RowStatus>) {
    let scope = actor.scope();
    let job = store.jobs().find(&scope, JobId(seed::JOB)).await.unwrap();
    if let Some(job) = job {
        let filter = RowFilter { status, after: 40 };
        store.jobs().rows(&scope, &job, filter, 20).await.unwrap();
    }
}

async fn own(store: &PgStore, actor: &Actor, kind: OwnData) {
    let scope = actor.scope();
    store
        .own_data()
        .rows(&scope, actor.user(), kind, None)
        .await
        .unwrap();
}

async fn outcomes(store: &PgStore, actor: &Actor, company: bool, after: Option<Cursor>) {
    let filter = OutcomeFilter {
        company: company.then_some(CompanyId(seed::COMPANY)),
        ..OutcomeFilter::default()
    };
    let outcomes = store.outcomes();
    outcomes
        .list(&actor.scope(), &filter, Limit::default(), after)
        .await
        .unwrap();
}

async fn validations(store: &PgStore, actor: &Actor, after: Option<Cursor>) {
    let filter = ValidationFilter::default();
    let validations = store.validations();
    validations
        .list(&actor.scope(), &filter, Limit::default(), after)
        .await
        .unwrap();
}

async fn scales(store: &PgStore, actor: &Actor, after: Option<Cursor>) {
    let filter = ScaleFilter::default();
    let scales = store.scales();
    scales
        .list(&actor.scope(), &filter, Limit::default(), after)
        .await
        .unwrap();
}

async fn definitions(store: &PgStore, actor: &Actor, after: Option<Cursor>) {
    let filter = DefinitionFilter::default();
    let definitions = store.definitions();
    definitions
        .list(&actor.scope(), &filter, Limit::default(), after)
        .await
        .unwrap();
}

async fn snapshots(store: &PgStore, actor: &Actor, after: Option<Cursor>) {
    let filter = SnapshotFilter {
        model: "m".to_owned(),
        version: None,
        period: None,
        verdict: None,
    };
    let (scope, _) = actor.monitor(None, None).unwrap();
    let monitoring = store.monitoring();
    monitoring
        .snapshots(&scope, &filter, Limit::default(), after)
        .await
        .unwrap();
}

fn organization(actor: &Actor) -> OrganizationId {
    actor.organization().unwrap_or(OrganizationId(user_id("B")))
}

pub(super) const LISTS: &[List] = &[
    list(
        "company list, newest",
        "CompanyRepository::list",
        read!(|s, a| companies(s, a, Sort::CreatedAt, None).await),
    ),
    list(
        "company list, newest, next page",
        "CompanyRepository::list",
        read!(|s, a| companies(s, a, Sort::CreatedAt, middle(Sort::CreatedAt)).await),
    ),
    list(
        "company list by name",
        "CompanyRepository::list",
        read!(|s, a| companies(s, a, Sort::Name, middle(Sort::Name)).await),
    ),
    list(
        "company list by symbol",
        "CompanyRepository::list",
        read!(|s, a| companies(s, a, Sort::Symbol, None).await),
    ),
    list(
        "company list by change",
        "CompanyRepository::list",
        read!(|s, a| companies(s, a, Sort::UpdatedAt, None).await),
    ),
    list(
        "company list by change, next page",
        "CompanyRepository::list",
        read!(|s, a| companies(s, a, Sort::UpdatedAt, middle(Sort::UpdatedAt)).await),
    ),
    list(
        "annual list by change",
        "PredictionRepository::list",
        read!(|s, a| {
            predictions(s, a, Kind::Annual, Sort::UpdatedAt, middle(Sort::UpdatedAt)).await;
        }),
    ),
    list(
        "quarterly list by change",
        "PredictionRepository::list",
        read!(|s, a| predictions(s, a, Kind::Quarterly, Sort::UpdatedAt, None).await),
    ),
    list(
        "annual list of what a job changed",
        "PredictionRepository::list",
        read!(|s, a| {
            let filter = PredictionFilter {
                changed_by_job: Some(JobId(seed::JOB)),
                ..PredictionFilter::default()
            };
            let (sort, limit) = (Sort::UpdatedAt, Limit::default());
            s.predictions()
                .list(&a.scope(), Kind::Annual, &filter, sort, limit, None)
                .await
                .unwrap();
        }),
    ),
    List {
        name: "company list by q",
        of: "CompanyRepository::list",
        // All similar rows, however many.
        page: 1_000_000,
        read: read!(|s, a| {
            let filter = CompanyFilter {
                q: Some("zephyr 77".to_owned()),
                ..CompanyFilter::default()
            };
            s.companies()
                .list(&a.scope(), &filter, Sort::CreatedAt, Limit::default(), None)
                .await
                .unwrap();
        }),
    },
    list(
        "outcome list, newest",
        "OutcomeRepository::list",
        read!(|s, a| outcomes(s, a, false, None).await),
    ),
    list(
        "outcome list, newest, next page",
        "OutcomeRepository::list",
        read!(|s, a| outcomes(s, a, false, middle(Sort::CreatedAt)).await),
    ),
    list(
        "outcome list of a company",
        "OutcomeRepository::list",
        read!(|s, a| outcomes(s, a, true, None).await),
    ),
    list(
        "validation list, newest",
        "ValidationRepository::list",
        read!(|s, a| validations(s, a, None).await),
    ),
    list(
        "validation list, newest, next page",
        "ValidationRepository::list",
        read!(|s, a| validations(s, a, middle(Sort::CreatedAt)).await),
    ),
    list(
        "snapshot list, newest",
        "MonitoringRepository::snapshots",
        read!(|s, a| snapshots(s, a, None).await),
    ),
    list(
        "snapshot list, newest, next page",
        "MonitoringRepository::snapshots",
        read!(|s, a| snapshots(s, a, middle(Sort::CreatedAt)).await),
    ),
    list(
        "definition list, newest",
        "DefinitionRepository::list",
        read!(|s, a| definitions(s, a, None).await),
    ),
    list(
        "definition list, newest, next page",
        "DefinitionRepository::list",
        read!(|s, a| definitions(s, a, middle(Sort::CreatedAt)).await),
    ),
    list(
        "scale list, newest",
        "ScaleRepository::list",
        read!(|s, a| scales(s, a, None).await),
    ),
    list(
        "scale list, newest, next page",
        "ScaleRepository::list",
        read!(|s, a| scales(s, a, middle(Sort::CreatedAt)).await),
    ),
    list(
        "annual list of two grades, riskiest first",
        "PredictionRepository::list",
        read!(|s, a| {
            let filter = PredictionFilter {
                pd_ranges: MasterScale::standard().pd_ranges(&[9, 11]),
                ..PredictionFilter::default()
            };
            s.predictions()
                .list(
                    &a.scope(),
                    Kind::Annual,
                    &filter,
                    Sort::Pd,
                    Limit::default(),
                    None,
                )
                .await
                .unwrap();
        }),
    ),
    list(
        "annual list, newest",
        "PredictionRepository::list",
        read!(|s, a| predictions(s, a, Kind::Annual, Sort::CreatedAt, None).await),
    ),
    list(
        "annual list, newest, next page",
        "PredictionRepository::list",
        read!(
            |s, a| predictions(s, a, Kind::Annual, Sort::CreatedAt, middle(Sort::CreatedAt)).await
        ),
    ),
    list(
        "annual list, riskiest",
        "PredictionRepository::list",
        read!(|s, a| predictions(s, a, Kind::Annual, Sort::Pd, middle(Sort::Pd)).await),
    ),
    list(
        "annual list of a symbol",
        "PredictionRepository::list",
        read!(|s, a| filtered(s, a, Kind::Annual, of_symbol()).await),
    ),
    list(
        "annual list of a year",
        "PredictionRepository::list",
        read!(|s, a| filtered(s, a, Kind::Annual, of_year()).await),
    ),
    list(
        "annual list of high risk",
        "PredictionRepository::list",
        read!(|s, a| filtered(s, a, Kind::Annual, of_high_risk()).await),
    ),
    list(
        "quarterly list of a symbol",
        "PredictionRepository::list",
        read!(|s, a| filtered(s, a, Kind::Quarterly, of_symbol()).await),
    ),
    list(
        "quarterly list of a year",
        "PredictionRepository::list",
        read!(|s, a| filtered(s, a, Kind::Quarterly, of_year()).await),
    ),
    list(
        "quarterly list of high risk",
        "PredictionRepository::list",
        read!(|s, a| filtered(s, a, Kind::Quarterly, of_high_risk()).await),
    ),
    list(
        "quarterly list, newest",
        "PredictionRepository::list",
        read!(|s, a| predictions(s, a, Kind::Quarterly, Sort::CreatedAt, None).await),
    ),
    list(
        "quarterly list, newest, next page",
        "PredictionRepository::list",
        read!(|s, a| predictions(
            s,
            a,
            Kind::Quarterly,
            Sort::CreatedAt,
            middle(Sort::CreatedAt)
        )
        .await),
    ),
    list(
        "quarterly list, riskiest",
        "PredictionRepository::list",
        read!(|s, a| predictions(s, a, Kind::Quarterly, Sort::Pd, None).await),
    ),
    list(
        "revisions",
        "PredictionRepository::revisions",
        read!(|s, a| {
            s.predictions()
                .revisions(
                    &a.scope(),
                    Kind::Annual,
                    PredictionId(seed::REVISED),
                    None,
                    20,
                )
                .await
                .unwrap();
        }),
    ),
    list(
        "timeline",
        "PredictionRepository::timeline",
        read!(|s, a| {
            let filter = TimelineFilter::default();
            s.predictions()
                .timeline(
                    &a.scope(),
                    seed::COMPANY.into(),
                    &filter,
                    Limit::default(),
                    None,
                )
                .await
                .unwrap();
        }),
    ),
    list(
        "job list",
        "JobRepository::list",
        read!(|s, a| {
            s.jobs()
                .list(
                    &a.scope(),
                    &JobFilter::default(),
                    Limit::default(),
                    middle(Sort::CreatedAt),
                )
                .await
                .unwrap();
        }),
    ),
    list(
        "rows of a job",
        "JobRepository::rows",
        read!(|s, a| rows(s, a, None).await),
    ),
    list(
        "ok rows of a job",
        "JobRepository::rows",
        read!(|s, a| rows(s, a, Some(RowStatus::Ok)).await),
    ),
    list(
        "predictions to rescore",
        "JobRepository::to_rescore",
        read!(|s, a| {
            let wanted = ToRescore {
                grant: a.create(Some(AccessLevel::Personal), None).unwrap(),
                kind: Kind::Annual,
                rescoring: Rescoring {
                    model: ModelRef {
                        name: "another".to_owned(),
                        version: "9".to_owned(),
                        sha256: "f".repeat(64),
                    },
                    only_from: None,
                },
                until: Timestamp::from_unix_timestamp(4_000_000_000).unwrap(),
            };
            s.jobs().to_rescore(&wanted, None, 20).await.unwrap();
        }),
    ),
    list(
        "audit log",
        "AuditLogRepository::list",
        read!(|s, a| {
            let events = a.audit_log(None).unwrap();
            s.audit_log()
                .list(&events, &AuditFilter::default(), Limit::default(), None)
                .await
                .unwrap();
        }),
    ),
    list(
        "own audit log",
        "AuditLogRepository::list",
        read!(|s, a| {
            let events = a.own_audit_log().unwrap();
            s.audit_log()
                .list(
                    &events,
                    &AuditFilter::default(),
                    Limit::default(),
                    middle(Sort::CreatedAt),
                )
                .await
                .unwrap();
        }),
    ),
    list(
        "people",
        "UserRepository::list",
        read!(|s, a| {
            // A user has no directory: no query is made then.
            if let Ok(directory) = a.directory(None) {
                s.users()
                    .list(&directory, &UserFilter::default(), Limit::default(), None)
                    .await
                    .unwrap();
            } else {
                s.users().by_email(a.email()).await.unwrap();
            }
        }),
    ),
    list(
        "organizations, newest",
        "OrganizationRepository::list",
        read!(|s, a| {
            let filter = OrganizationFilter::default();
            if let Ok(among) = a.list_organizations(None) {
                for sort in [Sort::CreatedAt, Sort::Name] {
                    s.organizations()
                        .list(&among, &filter, sort, Limit::default(), None)
                        .await
                        .unwrap();
                }
            } else {
                s.organizations().find(organization(a)).await.unwrap();
            }
        }),
    ),
    list(
        "API keys",
        "ApiKeyRepository::list",
        read!(|s, a| {
            let whose = a.key_directory(None).unwrap();
            s.api_keys()
                .list(&whose, Limit::default(), None)
                .await
                .unwrap();
        }),
    ),
    list(
        "invitations",
        "InvitationRepository::list",
        read!(|s, a| {
            s.invitations()
                .list(organization(a), Limit::default(), None)
                .await
                .unwrap();
        }),
    ),
    List {
        name: "second factors that wait",
        of: "SecondFactorRepository::waiting",
        // The rows of a hundred members are cheaper to sort than to read by the index.
        page: 2 * PAGE,
        read: read!(|s, a| {
            // A user who approves nothing makes no query.
            if let Ok(approvals) = a.approvals(organization(a)) {
                for after in [None, middle(Sort::CreatedAt)] {
                    s.second_factors()
                        .waiting(&approvals, Limit::default(), after)
                        .await
                        .unwrap();
                }
            } else {
                s.second_factors().find(a.user()).await.unwrap();
            }
        }),
    },
    list(
        "who approves a second factor",
        "SecondFactorRepository::approvers",
        read!(|s, a| {
            s.second_factors().approvers(a.user()).await.unwrap();
        }),
    ),
    list(
        "allowed e-mails",
        "JoinTokenRepository::allowed_emails",
        read!(|s, a| {
            s.join_tokens()
                .allowed_emails(organization(a), Limit::default(), None)
                .await
                .unwrap();
        }),
    ),
    own_rows(
        "own companies",
        read!(|s, a| own(s, a, OwnData::Companies).await),
    ),
    own_rows(
        "own annual predictions",
        read!(|s, a| own(s, a, OwnData::AnnualPredictions).await),
    ),
    own_rows(
        "own quarterly predictions",
        read!(|s, a| own(s, a, OwnData::QuarterlyPredictions).await),
    ),
    own_rows(
        "own uploads",
        read!(|s, a| own(s, a, OwnData::BulkUploads).await),
    ),
    own_rows(
        "own API keys",
        read!(|s, a| own(s, a, OwnData::ApiKeys).await),
    ),
    own_rows(
        "own audit events",
        read!(|s, a| own(s, a, OwnData::AuditEvents).await),
    ),
];

/// A page of a user's own data has 500 rows.
const fn own_rows(name: &'static str, read: Read) -> List {
    List {
        name,
        of: "OwnDataRepository::rows",
        page: 501,
        read,
    }
}
