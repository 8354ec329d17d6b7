//! Figures as they are written.

use std::collections::BTreeMap;

use accunode_application::analytics::Dashboard;
use accunode_domain::{prediction::Kind, risk::RiskLevel};
use accunode_ports::repositories::{Distribution, Headline};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::names::KindName;

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
    /// Of the probabilities with 4 decimals each.
    avg_probability: Option<f64>,
    /// The geometric middle of the median's bucket, of 64.
    median_probability: Option<f64>,
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
            avg_probability: headline.avg_probability,
            median_probability: headline.median_probability,
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
    low: i64,
    medium: i64,
    high: i64,
    total: i64,
}

impl DistributionDto {
    /// The counts of a kind, a line for each group.
    pub(crate) fn of(kind: Kind, counts: Distribution) -> Self {
        let mut groups: BTreeMap<String, GroupDto> = BTreeMap::new();
        for count in counts {
            let group = groups
                .entry(count.group)
                .or_insert_with_key(|name| GroupDto {
                    group: name.clone(),
                    low: 0,
                    medium: 0,
                    high: 0,
                    total: 0,
                });
            match count.risk_level {
                RiskLevel::Low => group.low += count.count,
                RiskLevel::Medium => group.medium += count.count,
                RiskLevel::High => group.high += count.count,
            }
            group.total += count.count;
        }
        Self {
            kind,
            data: groups.into_values().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use accunode_ports::repositories::RiskCount;

    use super::*;

    #[test]
    fn the_counts_of_a_group_stand_in_one_line() {
        let count = |group: &str, risk_level, count| RiskCount {
            group: group.to_owned(),
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
            .map(|g| (g.group.as_str(), g.low, g.high, g.total))
            .collect();
        assert_eq!(lines, [("a", 1, 0, 1), ("b", 3, 2, 5)]);
    }
}
