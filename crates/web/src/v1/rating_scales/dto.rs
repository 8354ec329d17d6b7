//! DTOs of master scales.

use accunode_domain::{
    owner::AccessLevel,
    rating_scale::{RatingScale, ScaleStatus},
    validation::Grade,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::{AccessLevelName, ScaleStatusName};

/// A grade of a scale: PDs from `pd_from` on, below `pd_to`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grade)]
pub(crate) struct GradeDto {
    /// A short name, unique within the scale.
    #[schema(example = "10")]
    code: String,
    label: Option<String>,
    /// The lowest PD; 0 for the first grade.
    #[schema(example = 0.0)]
    pd_from: f64,
    /// The first PD that is too high; 1 for the last grade, which has 1 as well.
    #[schema(example = 0.001)]
    pd_to: f64,
}

impl From<&Grade> for GradeDto {
    fn from(grade: &Grade) -> Self {
        Self {
            code: grade.code.clone(),
            label: grade.label.clone(),
            pd_from: grade.pd_from,
            pd_to: grade.pd_to,
        }
    }
}

/// A master scale: grades from 0 to 1, best first, without gap and overlap. It never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingScale)]
pub(crate) struct RatingScaleDto {
    pub(super) id: Uuid,
    #[schema(example = "retail")]
    name: String,
    version: u32,
    #[schema(value_type = ScaleStatusName)]
    status: ScaleStatus,
    /// Whether figures by its grades are sums that the dashboards already maintain; with other
    /// bounds the predictions themselves are counted, which takes longer.
    on_buckets: bool,
    /// Best first.
    grades: Vec<GradeDto>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    /// The user who created it; null for the shipped scale.
    created_by: Option<Uuid>,
    /// When it was made; null for the shipped scale.
    #[serde(with = "time::serde::rfc3339::option")]
    created_at: Option<OffsetDateTime>,
}

impl RatingScaleDto {
    /// The columns of an export.
    pub(super) const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "version",
        "status",
        "on_buckets",
        "grades",
        "access_level",
        "organization_id",
        "created_by",
        "created_at",
    ];
}

impl From<RatingScale> for RatingScaleDto {
    fn from(scale: RatingScale) -> Self {
        Self {
            id: scale.id.0,
            name: scale.name,
            version: scale.version,
            status: scale.status,
            on_buckets: scale.scale.is_on_buckets(),
            grades: scale.scale.grades().iter().map(GradeDto::from).collect(),
            access_level: scale.owner.level(),
            organization_id: scale.owner.organization().map(|id| id.0),
            created_by: scale.made.map(|(by, _)| by.0),
            created_at: scale.made.map(|(_, at)| at),
        }
    }
}
