//! Master scales: the grades of an institution, each a range of PDs, 1 the best.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::migration::FURTHER_COLUMNS;
use crate::fault::{Fault, Faults};

/// The smallest number of grades of a scale (CRR, Art. 170(1)(b)).
pub const FEWEST_GRADES: usize = 7;
/// The largest number of grades of a scale.
pub const MOST_GRADES: usize = 100;
/// The longest code of a grade, in bytes.
pub const LONGEST_CODE: usize = 20;
/// The longest label of a grade, in bytes.
pub const LONGEST_LABEL: usize = 100;

/// A grade of a scale: PDs from `pd_from` on, below `pd_to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// A short name, such as `A+` or `10`.
    pub code: String,
    /// The name in reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The lowest PD. 0 for the first grade.
    pub pd_from: f64,
    /// The first PD above the grade. 1 for the last grade, which also includes 1.
    pub pd_to: f64,
}

/// A scale: grades without gaps or overlaps from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Vec<Grade>", try_from = "Vec<Grade>")]
pub struct MasterScale {
    grades: Vec<Grade>,
}

impl From<MasterScale> for Vec<Grade> {
    fn from(scale: MasterScale) -> Self {
        scale.grades
    }
}

impl TryFrom<Vec<Grade>> for MasterScale {
    type Error = String;

    fn try_from(grades: Vec<Grade>) -> Result<Self, Self::Error> {
        Self::new(grades).map_err(|faults| match faults.first() {
            Some(fault) => format!("{}: {}", fault.pointer, fault.detail),
            None => "no scale".to_owned(),
        })
    }
}

/// A range of PDs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PdRange {
    /// The lowest PD.
    pub from: f64,
    /// The first PD above the range; `None` if the range includes all PDs up to 1.
    pub below: Option<f64>,
}

static SHIPPED: LazyLock<MasterScale> = LazyLock::new(|| {
    let edges: Vec<f64> = (16..=61).step_by(3).map(bucket_edge).collect();
    MasterScale::from_bounds(&edges)
});

impl MasterScale {
    /// The name of the shipped scale.
    pub const SHIPPED: &'static str = "accunode-17@1";

    /// Returns the shipped scale of 17 grades. Its bounds are edges of the buckets of the
    /// dashboards' sums: 10^(5b/64 − 5), b = 16, 19, …, 61. Each grade begins at 1.715 times
    /// the PD of the one before.
    #[must_use]
    pub fn shipped() -> Self {
        SHIPPED.clone()
    }

    /// Returns the shipped scale without making it again; predictions are graded by it.
    #[must_use]
    pub fn standard() -> &'static Self {
        &SHIPPED
    }

    /// Makes the scale whose grades begin at these PDs, after a first grade that begins at 0;
    /// the codes are numbers. The PDs ascend and are above 0 and below 1.
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

    /// Makes a scale of these grades.
    ///
    /// # Errors
    /// All faults: `too_few_grades`, `too_many_grades`, `invalid_code`, `reserved_name`, `code_taken`,
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

    /// Returns the grades, best first.
    #[must_use]
    pub fn grades(&self) -> &[Grade] {
        &self.grades
    }

    /// Returns the number of grades, K.
    #[must_use]
    pub fn len(&self) -> usize {
        self.grades.len()
    }

    /// Always `false`: a scale has grades.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grades.is_empty()
    }

    /// Returns the grade of a PD, from 1.
    #[must_use]
    pub fn grade(&self, pd: f64) -> usize {
        self.grades[1..].partition_point(|grade| grade.pd_from <= pd) + 1
    }

    /// Returns the code of the grade of a PD.
    #[must_use]
    pub fn code(&self, pd: f64) -> &str {
        &self.grades[self.grade(pd) - 1].code
    }

    /// Returns the number of the grade with this code, from 1.
    #[must_use]
    pub fn number(&self, code: &str) -> Option<usize> {
        let position = self.grades.iter().position(|grade| grade.code == code);
        position.map(|position| position + 1)
    }

    /// Returns the ranges of PDs that have one of these grades, in order; adjacent grades make
    /// one range. Numbers that are not grades are ignored.
    #[must_use]
    pub fn pd_ranges(&self, grades: &[usize]) -> Vec<PdRange> {
        let mut ranges: Vec<PdRange> = Vec::new();
        for (i, grade) in self.grades.iter().enumerate() {
            if !grades.contains(&(i + 1)) {
                continue;
            }
            let below = (i + 1 < self.grades.len()).then_some(grade.pd_to);
            match ranges.last_mut() {
                Some(last) if last.below == Some(grade.pd_from) => last.below = below,
                _ => ranges.push(PdRange {
                    from: grade.pd_from,
                    below,
                }),
            }
        }
        ranges
    }

    /// Returns the grade of a whole bucket of the dashboards' sums, from 1: that of its
    /// geometric middle. It is the grade of every PD in the bucket if the scale
    /// [`Self::is_on_buckets`].
    #[must_use]
    pub fn grade_of_bucket(&self, bucket: u8) -> usize {
        self.grade(bucket_edge(bucket) * (bucket_edge(1) / bucket_edge(0)).sqrt())
    }

    /// Returns the PDs at which the grades after the first begin, in order.
    #[must_use]
    pub fn bounds(&self) -> Vec<f64> {
        self.grades[1..].iter().map(|grade| grade.pd_from).collect()
    }

    /// Whether every bound is an edge of the buckets of the dashboards' sums, so that grades of
    /// any scope can be counted from those sums.
    #[must_use]
    pub fn is_on_buckets(&self) -> bool {
        let edges: Vec<f64> = (1..64).map(bucket_edge).collect();
        let on_edge = |pd: f64| edges.iter().any(|edge| (edge / pd - 1.0).abs() < 1e-9);
        self.grades[1..].iter().all(|grade| on_edge(grade.pd_from))
    }
}

/// Returns the PD at which bucket b of the dashboards' sums begins: 10^(5b/64 − 5).
fn bucket_edge(bucket: u8) -> f64 {
    10_f64.powf(5.0 * f64::from(bucket) / 64.0 - 5.0)
}

fn check_names(grades: &[Grade], faults: &mut Faults) {
    for (i, grade) in grades.iter().enumerate() {
        let code = &grade.code;
        let is_plain = code.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || !(1..=LONGEST_CODE).contains(&code.len()) {
            faults.push(Fault::new(
                format!("/grades/{i}/code"),
                "invalid_code",
                format!(
                    "a grade's code has 1 to {LONGEST_CODE} characters of ASCII without blanks: \
                     others could be mistaken for them"
                ),
            ));
        } else if FURTHER_COLUMNS
            .iter()
            .any(|name| code.eq_ignore_ascii_case(name))
        {
            faults.push(Fault::new(
                format!("/grades/{i}/code"),
                "reserved_name",
                format!("{code:?} is a column of the movements between grades; choose another"),
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
    fn grades_are_ranges_of_pds() {
        let scale = MasterScale::standard();
        let bounds = scale.bounds();
        assert_eq!(scale.number("10"), Some(10));
        assert_eq!((scale.number("18"), scale.code(0.015)), (None, "10"));
        let range = |from, below| PdRange { from, below };
        assert_eq!(
            scale.pd_ranges(&[17, 3, 1, 2, 5, 5, 18, 0]),
            [
                range(0.0, Some(bounds[2])),
                range(bounds[3], Some(bounds[4])),
                range(bounds[15], None),
            ]
        );
        assert_eq!(scale.pd_ranges(&[]), []);
        let all: Vec<usize> = (1..=17).collect();
        assert_eq!(scale.pd_ranges(&all), [range(0.0, None)]);
    }

    #[test]
    fn grade_of_a_bucket_is_the_grade_of_its_pds() {
        let scale = MasterScale::standard();
        for bucket in 0..64 {
            let grade = scale.grade_of_bucket(bucket);
            let first = scale.grade(bucket_edge(bucket).next_up());
            let last = scale.grade(bucket_edge(bucket + 1).next_down());
            assert_eq!((grade, grade), (first, last), "{bucket}");
        }
    }

    #[test]
    fn scale_is_validated_when_deserialized() {
        let json = serde_json::to_value(MasterScale::shipped()).unwrap();
        let read: MasterScale = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(read.len(), 17);
        let mut short = json;
        short.as_array_mut().unwrap().truncate(6);
        let refused = serde_json::from_value::<MasterScale>(short).unwrap_err();
        assert!(refused.to_string().contains("at least 7"), "{refused}");
    }

    #[test]
    fn invalid_scale_reports_every_grade() {
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
            grade("exit", 0.2, 0.9),
        ])
        .unwrap_err();
        let found: Vec<_> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
        assert_eq!(
            found,
            [
                ("/grades", "too_few_grades"),
                ("/grades/1/code", "code_taken"),
                ("/grades/2/code", "invalid_code"),
                ("/grades/3/code", "reserved_name"),
                ("/grades/0/pd_from", "gap"),
                ("/grades/1/pd_from", "overlap"),
                ("/grades/2/pd_from", "invalid_bounds"),
                ("/grades/3/pd_to", "gap"),
            ]
        );
        for code in ["\u{391}", "\u{FF21}", "A\u{A0}B", "A B"] {
            let mut grades = MasterScale::shipped().grades().to_vec();
            grades[3].code = code.into();
            let faults = MasterScale::new(grades).unwrap_err();
            assert_eq!(faults[0].code, "invalid_code", "{code:?}");
        }
        let mut moved = MasterScale::shipped().grades().to_vec();
        moved[3].pd_to = 0.0006;
        moved[4].pd_from = 0.0006;
        assert!(!MasterScale::new(moved).unwrap().is_on_buckets());
    }
}
