//! Sums of many numbers that do not lose small ones.

/// A sum with the correction of Neumaier (1974): accurate to the last digits for any number of
/// terms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    sum: f64,
    correction: f64,
}

impl Sum {
    pub(super) fn add(&mut self, term: f64) {
        let total = self.sum + term;
        self.correction += if self.sum.abs() >= term.abs() {
            (self.sum - total) + term
        } else {
            (term - total) + self.sum
        };
        self.sum = total;
    }

    pub(super) const fn value(self) -> f64 {
        self.sum + self.correction
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        for term in terms {
            sum.add(term);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_keeps_small_terms_beside_large_ones() {
        let sum: Sum = [1.0, 1e100, 1.0, -1e100].into_iter().collect();
        assert_eq!(sum.value(), 2.0);
    }
}
