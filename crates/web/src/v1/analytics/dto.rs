//! DTOs of statistics.

use std::collections::BTreeMap;

use accunode_application::analytics::Dashboard;
use accunode_domain::{prediction::Kind, risk::RiskLevel};
use accunode_ports::repositories::{Agreement, Distribution, Group, Headline, TrendPoint};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::KindName;

/// The headline figures, one set for each kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dashboard)]
pub(crate) struct DashboardDto {
    annual: FiguresDto,
    quarterly: FiguresDto,
}

/// The headline figures of one kind of prediction.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Figures)]
pub(crate) struct FiguresDto {
    total_predictions: i64,
    high_risk_count: i64,
    /// Companies with at least one prediction that is High.
    high_risk_companies: i64,
    /// Of the PDs in full precision.
    mean_pd: Option<f64>,
    /// The geometric middle of the median's bucket, of 640: less than 1 % off.
    median_pd: Option<f64>,
    /// How the median was found.
    #[schema(example = "pd_buckets")]
    median_basis: &'static str,
    #[serde(with = "time::serde::rfc3339::option")]
    last_prediction: Option<OffsetDateTime>,
}

impl From<&Headline> for FiguresDto {
    fn from(headline: &Headline) -> Self {
        Self {
            total_predictions: headline.total_predictions,
            high_risk_count: headline.high_risk_count,
            high_risk_companies: headline.high_risk_companies,
            mean_pd: headline.mean_pd,
            median_pd: headline.median_pd,
            median_basis: "pd_buckets",
            last_prediction: headline.last_prediction,
        }
    }
}

impl From<Dashboard> for DashboardDto {
    fn from(dashboard: Dashboard) -> Self {
        let of = |kind: Kind| {
            let figures = dashboard.kinds.iter().find(|figures| figures.kind == kind);
            figures
                .map(|figures| FiguresDto::from(&figures.headline))
                .unwrap_or_default()
        };
        Self {
            annual: of(Kind::Annual),
            quarterly: of(Kind::Quarterly),
        }
    }
}

/// How many predictions of each group have each risk level.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RiskDistribution)]
pub(crate) struct DistributionDto {
    #[schema(value_type = KindName)]
    kind: Kind,
    /// In the order of their names.
    data: Vec<GroupDto>,
}

/// The counts of one group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RiskGroup)]
pub(crate) struct GroupDto {
    #[schema(example = "Industrials")]
    group: String,
    /// Which organization, by `group_by=organization`: two may have the same name.
    id: Option<Uuid>,
    low: i64,
    medium: i64,
    high: i64,
    total_predictions: i64,
}

impl DistributionDto {
    /// The counts of a kind, with an entry for each group.
    pub(crate) fn of(kind: Kind, counts: Distribution) -> Self {
        let mut groups: BTreeMap<Group, GroupDto> = BTreeMap::new();
        for count in counts {
            let group = groups
                .entry(count.group)
                .or_insert_with_key(|group| GroupDto {
                    group: group.name.clone(),
                    id: group.organization.map(|id| id.0),
                    low: 0,
                    medium: 0,
                    high: 0,
                    total_predictions: 0,
                });
            match count.risk_level {
                RiskLevel::Low => group.low += count.count,
                RiskLevel::Medium => group.medium += count.count,
                RiskLevel::High => group.high += count.count,
            }
            group.total_predictions += count.count;
        }
        Self {
            kind,
            data: groups.into_values().collect(),
        }
    }
}

/// The agreement of the models, with an entry for each quarter, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelAgreement)]
pub(crate) struct AgreementsDto {
    data: Vec<AgreementDto>,
}

/// The agreement of the models in one quarter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuarterAgreement)]
pub(crate) struct AgreementDto {
    #[schema(example = "2024")]
    reporting_year: String,
    #[schema(example = "Q3")]
    reporting_quarter: Option<String>,
    total_predictions: i64,
    /// The mean of |logistic − ensemble|, of probabilities with 4 decimals.
    logistic_deviation: f64,
    /// The mean of |gbm − ensemble|.
    gbm_deviation: f64,
    mean_confidence: f64,
}

impl From<Vec<Agreement>> for AgreementsDto {
    fn from(quarters: Vec<Agreement>) -> Self {
        let show = |quarter: Agreement| AgreementDto {
            reporting_year: quarter.period.year.to_string(),
            reporting_quarter: quarter.period.quarter.map(|q| q.to_string()),
            total_predictions: quarter.count,
            logistic_deviation: quarter.logistic_deviation,
            gbm_deviation: quarter.gbm_deviation,
            mean_confidence: quarter.confidence,
        };
        Self {
            data: quarters.into_iter().map(show).collect(),
        }
    }
}

/// How risk has moved from period to period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trend)]
pub(crate) struct TrendDto {
    #[schema(value_type = KindName)]
    kind: Kind,
    /// How the medians were found: the geometric middle of the bucket, of 640: less
    /// than 1 % off.
    #[schema(example = "pd_buckets")]
    median_basis: &'static str,
    /// Groups in the order of their names, in each the oldest period first.
    data: Vec<TrendPointDto>,
}

/// The predictions of one group for one period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrendPoint)]
pub(crate) struct TrendPointDto {
    /// Null where nothing is grouped.
    #[schema(example = "Industrials")]
    group: Option<String>,
    /// Which organization, by `group_by=organization`.
    id: Option<Uuid>,
    #[schema(example = "2024")]
    reporting_year: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reporting_quarter: Option<String>,
    total_predictions: i64,
    /// Of the PDs in full precision.
    mean_pd: f64,
    median_pd: f64,
    /// The share of those that are High, 0 to 1.
    #[schema(example = 0.125)]
    high_share: f64,
}

impl TrendDto {
    /// The points of a kind.
    pub(crate) fn of(kind: Kind, points: Vec<TrendPoint>) -> Self {
        let show = |point: TrendPoint| {
            let (group, organization) = match point.group {
                Some(group) => (Some(group.name), group.organization),
                None => (None, None),
            };
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 predictions")]
            let high_share = point.high as f64 / point.count as f64;
            TrendPointDto {
                group,
                id: organization.map(|id| id.0),
                reporting_year: point.period.year.to_string(),
                reporting_quarter: point.period.quarter.map(|q| q.to_string()),
                total_predictions: point.count,
                mean_pd: point.mean_pd,
                median_pd: point.median_pd,
                high_share,
            }
        };
        Self {
            kind,
            median_basis: "pd_buckets",
            data: points.into_iter().map(show).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use accunode_domain::id::OrganizationId;
    use accunode_ports::repositories::RiskCount;

    use super::*;

    #[test]
    fn risk_counts_of_a_group_are_one_line() {
        let count = |group: &str, risk_level, count| RiskCount {
            group: Group {
                name: group.to_owned(),
                organization: None,
            },
            risk_level,
            count,
        };
        let dto = DistributionDto::of(
            Kind::Annual,
            vec![
                count("b", RiskLevel::High, 2),
                count("a", RiskLevel::Low, 1),
                count("b", RiskLevel::Low, 3),
            ],
        );
        let lines: Vec<_> = dto
            .data
            .iter()
            .map(|g| (g.group.as_str(), g.low, g.high, g.total_predictions))
            .collect();
        assert_eq!(lines, [("a", 1, 0, 1), ("b", 3, 2, 5)]);
    }

    #[test]
    fn organizations_of_equal_name_have_separate_lines() {
        let ids = [1, 2].map(|n| OrganizationId(Uuid::from_u128(n)));
        let count = |organization| RiskCount {
            group: Group {
                name: "Acme".to_owned(),
                organization: Some(organization),
            },
            risk_level: RiskLevel::Low,
            count: 1,
        };
        let dto = DistributionDto::of(Kind::Annual, ids.map(count).to_vec());
        let lines: Vec<_> = dto
            .data
            .iter()
            .map(|g| (g.id, g.total_predictions))
            .collect();
        assert_eq!(lines, ids.map(|id| (Some(id.0), 1)));
    }
}
