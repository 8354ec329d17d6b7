//! Movements of companies between grades: the migration matrix, its bandwidths and the test
//! of each cell (ECB instructions 2019, 2.5.1(h), 2.5.5.1, 2.5.5.2).

use serde::Serialize;

use super::special::normal_cdf;

/// The state of a company at the end of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// In a grade by the same model; 1 is the best.
    Grade(usize),
    /// It defaulted.
    Default,
    /// It is rated by another model or version: a rescoring does not count as a migration.
    OtherModel,
    /// It left without a default.
    Exit,
    /// It stayed, and no prediction in force was recent enough to rate it.
    NotRated,
}

/// The columns of a matrix behind those of the grades, in their order.
pub const FURTHER_COLUMNS: [&str; 4] = ["default", "other_model", "exit", "not_rated"];

/// Counts by grade at the beginning (rows) and at the end (columns).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MigrationMatrix {
    grades: usize,
    /// Row by row: K grades, then [`FURTHER_COLUMNS`].
    counts: Vec<Vec<u64>>,
}

/// The two bandwidths: 0 if no company moved, 1 if every company moved as far as possible.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bandwidths {
    /// Towards worse grades; `None` if no company moved in this direction.
    pub upper: Option<f64>,
    /// Towards better grades; `None` if no company moved in this direction.
    pub lower: Option<f64>,
}

impl MigrationMatrix {
    /// Creates an empty matrix of this number of grades.
    #[must_use]
    pub fn new(grades: usize) -> Self {
        Self {
            grades,
            counts: vec![vec![0; grades + FURTHER_COLUMNS.len()]; grades],
        }
    }

    /// Creates the matrix with these rows. Returns `None` unless there are K rows of K + 4
    /// counts.
    #[must_use]
    pub fn from_rows(rows: Vec<Vec<u64>>) -> Option<Self> {
        let grades = rows.len();
        rows.iter()
            .all(|row| row.len() == grades + FURTHER_COLUMNS.len())
            .then_some(Self {
                grades,
                counts: rows,
            })
    }

    /// Counts a company. Grades outside of the matrix are ignored.
    pub fn add(&mut self, from: usize, to: End) {
        let column = match to {
            End::Grade(grade) if (1..=self.grades).contains(&grade) => grade - 1,
            End::Grade(_) => return,
            End::Default => self.grades,
            End::OtherModel => self.grades + 1,
            End::Exit => self.grades + 2,
            End::NotRated => self.grades + 3,
        };
        if let Some(row) = from.checked_sub(1).and_then(|row| self.counts.get_mut(row)) {
            row[column] += 1;
        }
    }

    /// Adds the counts of another matrix of as many grades.
    pub fn add_all(&mut self, other: &Self) {
        let rows = self.counts.iter_mut().zip(&other.counts);
        for (count, more) in rows.flat_map(|(own, row)| own.iter_mut().zip(row)) {
            *count += more;
        }
    }

    /// The counts, row by row.
    #[must_use]
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// Companies in each grade at the beginning.
    #[must_use]
    pub fn totals(&self) -> Vec<u64> {
        self.counts.iter().map(|row| row.iter().sum()).collect()
    }

    /// Returns N_ij/N_i. Rows without companies are all `None`.
    #[must_use]
    pub fn shares(&self) -> Vec<Option<Vec<f64>>> {
        let share = |row: &Vec<u64>| {
            let total: u64 = row.iter().sum();
            (total > 0).then(|| row.iter().map(|&c| c as f64 / total as f64).collect())
        };
        self.counts.iter().map(share).collect()
    }

    /// Returns the matrix weighted bandwidths: Σ|i − j| N_ij over Σ max(|i − K|, |i − 1|)
    /// N_ij, above and below the diagonal.
    #[must_use]
    pub fn bandwidths(&self) -> Bandwidths {
        let side = |above: bool| {
            let (mut moved, mut most) = (0, 0);
            for (i, row) in self.counts.iter().enumerate() {
                let furthest = i.max(self.grades - 1 - i) as u64;
                for (j, &count) in row[..self.grades].iter().enumerate() {
                    if (j > i) == above && j != i {
                        moved += i.abs_diff(j) as u64 * count;
                        most += furthest * count;
                    }
                }
            }
            (most > 0).then(|| moved as f64 / most as f64)
        };
        Bandwidths {
            upper: side(true),
            lower: side(false),
        }
    }

    /// Computes the statistic of a cell off the diagonal, grades from 1: below 0 if more
    /// companies moved to it than to the cell one step nearer to the diagonal, with Φ(z) as
    /// p-value. Returns `None` on the diagonal, without companies, or if no company moved to
    /// either cell.
    #[must_use]
    pub fn cell_test(&self, from: usize, to: usize) -> Option<CellTest> {
        let inside = 1..=self.grades;
        if from == to || !inside.contains(&from) || !inside.contains(&to) {
            return None;
        }
        let row = &self.counts[from - 1];
        let total: u64 = row.iter().sum();
        let nearer = if to < from { to + 1 } else { to - 1 };
        let share = |grade: usize| row[grade - 1] as f64 / total as f64;
        cell_statistic(total, share(to), share(nearer))
    }

    /// Computes the tests of all cells, `None` where there is none.
    #[must_use]
    pub fn cell_tests(&self) -> Vec<Vec<Option<CellTest>>> {
        let row = |i| (1..=self.grades).map(|j| self.cell_test(i, j)).collect();
        (1..=self.grades).map(row).collect()
    }
}

/// The test of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CellTest {
    /// The statistic.
    pub z: f64,
    /// Φ(z): small where the matrix does not fall off from its diagonal.
    pub p: f64,
}

fn cell_statistic(total: u64, here: f64, nearer: f64) -> Option<CellTest> {
    if total == 0 {
        return None;
    }
    let spread = here * (1.0 - here) + nearer * (1.0 - nearer) + 2.0 * here * nearer;
    (spread > 0.0).then(|| {
        let z = (nearer - here) / (spread / total as f64).sqrt();
        CellTest {
            z,
            p: normal_cdf(z),
        }
    })
}
