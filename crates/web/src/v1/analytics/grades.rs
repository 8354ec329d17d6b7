//! The number of predictions of each group with each grade.

use accunode_application::analytics::{GradedGroup, Grades, GradesQuery};
use accunode_domain::{
    prediction::{Kind, ReportingYear},
    validation::Grade,
};
use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{dashboard::ScopeQuery, trend::OptionalGrouping};
use crate::http::{
    call::Authenticated,
    enums::KindName,
    problem::Answer,
    query::{Text, query},
};

/// The greatest length of a scale's name or id; a UUID has 36 characters.
pub(super) const LONGEST_SCALE: usize = 40;

query! {
    /// The predictions that are counted, their scale, and their grouping.
    pub(crate) struct GradeQuery {
        /// The kind of prediction
        kind: Kind = Kind::Annual,
        /// All years by default
        reporting_year: Option<ReportingYear>,
        /// The master scale: `accunode-17@1`, or the id of one that the caller can read; by default the shipped one
        scale: Option<Text<LONGEST_SCALE>>,
        /// The grouping of predictions
        group_by: OptionalGrouping = OptionalGrouping(None),
        ; scope: ScopeQuery,
    }
}

/// How many predictions of each group have each grade of a master scale.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeDistribution)]
pub(crate) struct GradeDistributionDto {
    #[schema(value_type = KindName)]
    kind: Kind,
    /// Name and version of the scale.
    #[schema(example = "accunode-17@1")]
    scale: String,
    /// In the order of their names.
    data: Vec<GradedGroupDto>,
}

/// The grades of one group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradedGroup)]
pub(crate) struct GradedGroupDto {
    /// Null where nothing is grouped.
    #[schema(example = "Industrials")]
    group: Option<String>,
    /// Which organization, by `group_by=organization`: two may have the same name.
    id: Option<Uuid>,
    total_predictions: u64,
    /// Of PDs with 12 decimals.
    mean_pd: f64,
    /// The coefficient of variation of the grades' shares: 0 where all grades have as many.
    variation: Option<f64>,
    /// The Herfindahl index of the ECB's instructions (2.5.5.3): 0 if all grades have the same
    /// number, 1 if one grade has all.
    herfindahl: Option<f64>,
    /// Every grade of the scale, best first.
    grades: Vec<GradeCountDto>,
}

/// How many predictions have one grade.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeCount)]
pub(crate) struct GradeCountDto {
    /// The grade's code.
    #[schema(example = "10")]
    grade: String,
    total_predictions: u64,
    /// Their share of the group, 0 to 1.
    #[schema(example = 0.125)]
    share: f64,
    /// Of PDs with 12 decimals; null where there is none.
    mean_pd: Option<f64>,
}

impl GradedGroupDto {
    fn of(group: GradedGroup, scale: &[Grade]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 predictions")]
        let share = |count: u64| count as f64 / group.count as f64;
        let grades = scale.iter().zip(&group.grades);
        let (name, organization) = match group.group {
            Some(group) => (Some(group.name), group.organization),
            None => (None, None),
        };
        Self {
            group: name,
            id: organization.map(|id| id.0),
            total_predictions: group.count,
            mean_pd: group.mean_pd,
            variation: group.concentration.map(|found| found.variation),
            herfindahl: group.concentration.map(|found| found.herfindahl),
            grades: grades
                .map(|(grade, (n, mean_pd))| GradeCountDto {
                    grade: grade.code.clone(),
                    total_predictions: *n,
                    share: share(*n),
                    mean_pd: *mean_pd,
                })
                .collect(),
        }
    }
}

impl GradeDistributionDto {
    fn of(kind: Kind, grades: Grades) -> Self {
        let scale = grades.scale.grades.grades();
        let groups = grades.groups.into_iter();
        Self {
            kind,
            data: groups
                .map(|group| GradedGroupDto::of(group, scale))
                .collect(),
            scale: grades.scale.name,
        }
    }
}

/// The number of predictions of each group with each grade, and their concentration
///
/// From the sums of the dashboards, if the scale's bounds are edges of their buckets, as those of
/// the shipped scale are.
#[utoipa::path(
    get,
    path = super::GRADES,
    tag = "Analytics",
    operation_id = "get_grades",
    params(GradeQuery),
    responses(
        (status = 200, description = "Counts by group and grade", body = GradeDistributionDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn grades(call: Authenticated) -> Answer {
    let query: GradeQuery = call.query()?;
    let kind = query.kind;
    let query = GradesQuery {
        kind,
        scope: query.scope.scope(),
        year: query.reporting_year,
        group_by: query.group_by.0,
        scale: query.scale.map(|scale| scale.0),
    };
    let analytics = &call.application.analytics;
    let grades = analytics.grades(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(GradeDistributionDto::of(kind, grades)))
}
