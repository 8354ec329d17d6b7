//! Master scales: an institution's classes of PDs, 1 the best.

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Faults};

/// How many grades a scale has at least before it may be used (CRR, Art. 170(1)(b)).
pub const FEWEST_GRADES: usize = 7;
/// How many grades a scale has at most.
pub const MOST_GRADES: usize = 100;
/// How long a code of a grade may be, in bytes.
pub const LONGEST_CODE: usize = 20;
/// How long a label of a grade may be, in bytes.
pub const LONGEST_LABEL: usize = 100;

/// A grade of a scale: PDs from `pd_from` on, below `pd_to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// A short name, such as `A+` or `10`.
    pub code: String,
    /// What it is called in reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The lowest PD. 0 for the first grade.
    pub pd_from: f64,
    /// The first PD that is too high. 1 for the last grade, which has 1 as well.
    pub pd_to: f64,
}

/// A scale: grades without gap and overlap from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct MasterScale {
    grades: Vec<Grade>,
}

impl MasterScale {
    /// The name of the shipped scale.
    pub const SHIPPED: &'static str = "accunode-17@1";

    /// 17 grades whose bounds are edges of the buckets of the dashboards' sums:
    /// 10^(5b/64 − 5), b = 16, 19, …, 61. Each begins at 1.715 times the PD of the one before.
    #[must_use]
    pub fn shipped() -> Self {
        let edges: Vec<f64> = (16..=61).step_by(3).map(bucket_edge).collect();
        Self::from_bounds(&edges)
    }

    /// The scale whose grades begin at these PDs, after a first one that begins at 0; codes
    /// are numbers. The PDs ascend and are above 0 and below 1.
    fn from_bounds(bounds: &[f64]) -> Self {
        let from = std::iter::once(0.0).chain(bounds.iter().copied());
        let to = bounds.iter().copied().chain([1.0]);
        let grades = from.zip(to).enumerate().map(|(i, (pd_from, pd_to))| Grade {
            code: (i + 1).to_string(),
            label: None,
            pd_from,
            pd_to,
        });
        Self {
            grades: grades.collect(),
        }
    }

    /// A scale of these grades.
    ///
    /// # Errors
    /// Every fault: `too_few_grades`, `too_many_grades`, `invalid_code`, `code_taken`,
    /// `too_long`, `invalid_bounds`, `gap`, `overlap`.
    pub fn new(grades: Vec<Grade>) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new();
        if grades.len() < FEWEST_GRADES {
            faults.push(Fault::new(
                "/grades",
                "too_few_grades",
                format!(
                    "a scale has at least {FEWEST_GRADES} grades for companies that are not in \
                     default (CRR, Art. 170(1)(b)); these are {}",
                    grades.len()
                ),
            ));
        }
        if grades.len() > MOST_GRADES {
            return Err(vec![Fault::new(
                "/grades",
                "too_many_grades",
                format!(
                    "a scale has at most {MOST_GRADES} grades; these are {}",
                    grades.len()
                ),
            )]);
        }
        check_names(&grades, &mut faults);
        check_bounds(&grades, &mut faults);
        if faults.is_empty() {
            Ok(Self { grades })
        } else {
            Err(faults.listed().to_vec())
        }
    }

    /// The grades, best first.
    #[must_use]
    pub fn grades(&self) -> &[Grade] {
        &self.grades
    }

    /// K.
    #[must_use]
    pub fn len(&self) -> usize {
        self.grades.len()
    }

    /// Never: a scale has grades.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grades.is_empty()
    }

    /// The grade of a PD, from 1.
    #[must_use]
    pub fn grade(&self, pd: f64) -> usize {
        self.grades[1..].partition_point(|grade| grade.pd_from <= pd) + 1
    }

    /// Whether every bound is an edge of the buckets of the dashboards' sums, so that grades
    /// of any scope can be counted from those.
    #[must_use]
    pub fn is_on_buckets(&self) -> bool {
        let edges: Vec<f64> = (1..64).map(bucket_edge).collect();
        let on_edge = |pd: f64| edges.iter().any(|edge| (edge / pd - 1.0).abs() < 1e-9);
        self.grades[1..].iter().all(|grade| on_edge(grade.pd_from))
    }
}

/// Where bucket b of the dashboards' sums begins: 10^(5b/64 − 5).
fn bucket_edge(bucket: u8) -> f64 {
    10_f64.powf(5.0 * f64::from(bucket) / 64.0 - 5.0)
}

fn check_names(grades: &[Grade], faults: &mut Faults) {
    for (i, grade) in grades.iter().enumerate() {
        let code = &grade.code;
        if code.trim().is_empty() || code.len() > LONGEST_CODE || code.chars().any(char::is_control)
        {
            faults.push(Fault::new(
                format!("/grades/{i}/code"),
                "invalid_code",
                format!("a grade's code is a text of 1 to {LONGEST_CODE} bytes"),
            ));
        } else if grades[..i].iter().any(|other| other.code == *code) {
            faults.push(Fault::new(
                format!("/grades/{i}/code"),
                "code_taken",
                format!("{code:?} is the code of an earlier grade; codes differ"),
            ));
        }
        if grade
            .label
            .as_ref()
            .is_some_and(|label| label.len() > LONGEST_LABEL)
        {
            faults.push(Fault::new(
                format!("/grades/{i}/label"),
                "too_long",
                format!("a grade's label has at most {LONGEST_LABEL} bytes"),
            ));
        }
    }
}

fn check_bounds(grades: &[Grade], faults: &mut Faults) {
    let mut expected = 0.0;
    for (i, grade) in grades.iter().enumerate() {
        let (from, to) = (grade.pd_from, grade.pd_to);
        let ordered = from.is_finite() && to.is_finite() && from < to;
        let problem = if !ordered {
            Some((
                "invalid_bounds",
                "its pd_from is not below its pd_to".to_owned(),
            ))
        } else if from > expected {
            Some((
                "gap",
                format!("PDs from {expected} to {from} have no grade"),
            ))
        } else if from < expected {
            Some((
                "overlap",
                format!("PDs from {from} on have an earlier grade"),
            ))
        } else {
            None
        };
        if let Some((code, detail)) = problem {
            let rule =
                "grades go from 0 to 1, best first, each beginning where the one before ends";
            faults.push(Fault::new(
                format!("/grades/{i}/pd_from"),
                code,
                format!("{detail}; {rule}"),
            ));
        }
        expected = to;
    }
    if let Some(last) = grades.last()
        && last.pd_to != 1.0
    {
        faults.push(Fault::new(
            format!("/grades/{}/pd_to", grades.len() - 1),
            "gap",
            format!("the last grade ends at {}; it must end at 1", last.pd_to),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_scale_has_the_grades_of_its_definition() {
        let scale = MasterScale::shipped();
        assert_eq!(scale.len(), 17);
        let expected = [
            0.000_178, 0.000_305, 0.000_523, 0.000_898, 0.001_540, 0.002_642, 0.004_532, 0.007_774,
            0.013_335, 0.022_876, 0.039_242, 0.067_317, 0.115_478, 0.198_096, 0.339_821, 0.582_942,
        ];
        for (grade, bound) in scale.grades()[1..].iter().zip(expected) {
            assert!((grade.pd_from - bound).abs() < 5e-7, "{grade:?}");
        }
        let pds = [0.0001, 0.015, 0.0297, 0.045, 0.9, 1.0, 0.0];
        assert_eq!(pds.map(|pd| scale.grade(pd)), [1, 10, 11, 12, 17, 17, 1]);
        assert!(scale.is_on_buckets());
        assert!(MasterScale::new(scale.grades().to_vec()).is_ok());
    }

    #[test]
    fn a_bound_belongs_to_the_worse_grade() {
        let scale = MasterScale::shipped();
        for (i, grade) in scale.grades().iter().enumerate() {
            assert_eq!(scale.grade(grade.pd_from), i + 1);
            assert_eq!(scale.grade(grade.pd_to.next_down()), i + 1);
        }
    }

    #[test]
    fn every_fault_of_a_scale_is_named() {
        let grade = |code: &str, pd_from, pd_to| Grade {
            code: code.into(),
            label: None,
            pd_from,
            pd_to,
        };
        let faults = MasterScale::new(vec![
            grade("A", 0.001, 0.01),
            grade("A", 0.005, 0.1),
            grade("", 0.3, 0.2),
            grade("D", 0.2, 0.9),
        ])
        .unwrap_err();
        let found: Vec<_> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
        assert_eq!(
            found,
            [
                ("/grades", "too_few_grades"),
                ("/grades/1/code", "code_taken"),
                ("/grades/2/code", "invalid_code"),
                ("/grades/0/pd_from", "gap"),
                ("/grades/1/pd_from", "overlap"),
                ("/grades/2/pd_from", "invalid_bounds"),
                ("/grades/3/pd_to", "gap"),
            ]
        );
        let mut moved = MasterScale::shipped().grades().to_vec();
        moved[3].pd_to = 0.0006;
        moved[4].pd_from = 0.0006;
        assert!(!MasterScale::new(moved).unwrap().is_on_buckets());
    }
}
