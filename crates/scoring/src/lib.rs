//! ONNX models: load, verify, score, explain.
//!
//! An artefact is a folder with `model.onnx`, `manifest.json`, `golden.csv` and
//! `CARD.md`. Two are shipped inside the binary; more come from configured
//! folders. [`ModelRegistry`] loads them all, refuses those that fail a check and
//! serves the rest through [`accunode_ports::scoring::Scorer`].
//!
//! ```
//! use accunode_domain::{prediction::Kind, ratio::{RatioUnit, check}};
//! use accunode_ports::scoring::Scorer;
//! use accunode_scoring::ModelRegistry;
//!
//! let models = ModelRegistry::shipped(); // verifies them: once, then share it
//! let raw = ["0.62", "7.4", "-0.03", "0.8", "-0.01"].map(Some);
//! let ratios = check(Kind::Annual, RatioUnit::Fraction, &raw).unwrap();
//! let scored = models.score(Kind::Annual, &[ratios], true)?.remove(0);
//! println!("{:.2} % ({})", 100.0 * scored.outcome.pd.get(), scored.outcome.risk_level);
//! for reason in scored.explanation.unwrap().reasons {
//!     println!("{:+.2} {}", reason.contribution, reason.text);
//! }
//! # assert_eq!(scored.outcome.risk_level, accunode_domain::risk::RiskLevel::Medium);
//! # Ok::<(), accunode_ports::scoring::ScoringError>(())
//! ```
//!
//! Where to start: [`load`] contains the checks, [`graph`] runs the ONNX in f32 and in
//! chunks of a fixed size, [`form`] computes log-odds from its outputs in f64, [`model`]
//! computes an outcome from log-odds, [`reasons`] describes it in words. A new form of
//! model is a variant of `manifest::FormFacts` and of `form::Form`.
//!
//! **Invariant:** a row's result does not depend on the rows beside it.
//!
//! The crate may depend on the domain and the ports; it knows nothing of HTTP, SQL or time.

mod artefact;
mod ensemble;
mod form;
mod golden;
mod graph;
mod load;
mod locations;
mod manifest;
mod model;
mod pin;
mod plain;
mod probe;
mod reasons;
mod registry;
mod scorecard;
mod shapley;
mod target;

pub use pin::{ModelPin, PinError};
pub use registry::ModelRegistry;
pub use target::TargetRate;
