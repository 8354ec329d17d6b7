//! The number of predictions of each group in each grade, and their concentration.

use accunode_domain::{
    prediction::{Kind, ReportingYear},
    rating_scale::NamedScale,
    validation::{Concentration, concentration},
};
use accunode_ports::repositories::{GradeCount, Group, GroupBy};

use super::{Analytics, FigureScope, year_text};
use crate::{Caller, Error, rating_scales};

/// The query for counts by grade.
#[derive(Clone, Debug)]
pub struct GradesQuery {
    /// The kind of predictions.
    pub kind: Kind,
    /// The rows that are counted.
    pub scope: FigureScope,
    /// The reporting year; all years by default.
    pub year: Option<ReportingYear>,
    /// The grouping; `None` for a single group.
    pub group_by: Option<GroupBy>,
    /// The scale, by its name or id; the shipped one by default.
    pub scale: Option<String>,
}

/// The grades of all groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Grades {
    /// The scale of the grades.
    pub scale: NamedScale,
    /// The groups, in the order of their names.
    pub groups: Vec<GradedGroup>,
}

/// The grades of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct GradedGroup {
    /// The group; `None` if nothing is grouped.
    pub group: Option<Group>,
    /// The number of predictions; at least one.
    pub count: u64,
    /// The mean PD, of numbers with 12 decimals.
    pub mean_pd: f64,
    /// How concentrated the predictions are over the grades.
    pub concentration: Option<Concentration>,
    /// For each grade, best first: the number of predictions, and their mean PD.
    pub grades: Vec<(u64, Option<f64>)>,
}

impl Analytics {
    /// Returns counts by group and grade: from the rollups if the bounds of the scale are
    /// edges of their buckets, otherwise from the predictions themselves.
    ///
    /// # Errors
    /// `outside_scope` for rows that the caller may not read; `unknown_scale`.
    #[tracing::instrument(name = "analytics.grades", level = "debug", skip_all)]
    pub async fn grades(&self, caller: &Caller, query: GradesQuery) -> Result<Grades, Error> {
        let scope = self.scope(caller, query.scope).await?;
        let scale =
            rating_scales::named(&self.ports, caller, "/scale", query.scale.as_deref()).await?;
        let reader = caller.actor.scope();
        let GradesQuery {
            kind,
            year,
            group_by,
            ..
        } = query;
        let (bounds, grades) = (scale.grades.bounds(), &scale.grades);
        // By its bounds and not its name, because a name is unique only for one owner.
        let what = format!("grades/{kind}/{}/{group_by:?}/{bounds:?}", year_text(year));
        let counts: Vec<GradeCount> = self
            .cached(&what, &reader, &scope, || async {
                let analytics = self.ports.store.analytics();
                let counts = analytics.grades(&reader, &scope, kind, year, group_by, grades);
                Ok(counts.await?)
            })
            .await?;
        let groups = counts.chunk_by(|a, b| a.group == b.group);
        let groups = groups.map(|counts| graded(counts, grades.len())).collect();
        Ok(Grades { scale, groups })
    }
}

/// Turns the counts of one group into figures.
fn graded(counts: &[GradeCount], grades: usize) -> GradedGroup {
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 predictions")]
    let mean = |sum: f64, count: u64| sum / count as f64;
    let mut all = vec![(0, 0.0); grades];
    for count in counts {
        if let Some(grade) = count.grade.checked_sub(1).and_then(|at| all.get_mut(at)) {
            grade.0 += count.count;
            grade.1 += count.pd_sum;
        }
    }
    let numbers: Vec<u64> = all.iter().map(|(count, _)| *count).collect();
    let (count, sum) = (numbers.iter().sum(), all.iter().map(|(_, sum)| sum).sum());
    GradedGroup {
        group: counts.first().and_then(|first| first.group.clone()),
        count,
        mean_pd: mean(sum, count),
        concentration: concentration(&numbers),
        grades: all
            .into_iter()
            .map(|(count, sum)| (count, (count > 0).then(|| mean(sum, count))))
            .collect(),
    }
}
