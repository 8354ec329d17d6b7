//! A model that only returns one probability or its log-odds.

use accunode_domain::risk::PriorCorrection;

#[derive(Debug)]
pub(crate) struct Plain {
    output: Output,
    shift: f64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Output {
    Probability,
    LogOdds,
}

impl Plain {
    pub(crate) const fn new(output: Output, prior: PriorCorrection) -> Self {
        Self {
            output,
            shift: prior.shift(),
        }
    }

    pub(crate) const fn output_name(&self) -> &'static str {
        match self.output {
            Output::Probability => "probability",
            Output::LogOdds => "log_odds",
        }
    }

    /// Returns the log-odds after the prior correction; NaN if the answer is not a
    /// probability.
    pub(crate) fn log_odds(&self, answer: f32) -> f64 {
        let answer = f64::from(answer);
        self.shift
            + match self.output {
                Output::LogOdds => answer,
                Output::Probability if (0.0..=1.0).contains(&answer) => {
                    // In f32 a probability can reach 0 and 1, which have no log-odds.
                    let p = answer.clamp(f64::from(f32::EPSILON), 1.0 - f64::from(f32::EPSILON));
                    (p / (1.0 - p)).ln()
                }
                Output::Probability => f64::NAN,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_output_outside_0_and_1_has_no_log_odds() {
        let plain = Plain::new(
            Output::Probability,
            PriorCorrection::new(0.07, 0.07).unwrap(),
        );
        assert!((plain.log_odds(0.5)).abs() < 1e-9);
        assert!(plain.log_odds(0.0) < -15.0 && plain.log_odds(0.0).is_finite());
        assert!(plain.log_odds(1.0) > 15.0 && plain.log_odds(1.0).is_finite());
        assert!(plain.log_odds(1.01).is_nan() && plain.log_odds(f32::NAN).is_nan());
    }
}
