//! The worked examples of the design, and laws that hold for any companies.

mod examples;
mod monitoring;
mod properties;
mod samples;
mod transitions;

/// Fails unless two numbers are the same to eight decimals.
#[track_caller]
pub(super) fn near(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() <= 1e-8,
        "{actual} is not {expected}"
    );
}
