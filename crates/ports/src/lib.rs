//! What AccuNode's use cases need from outside, as traits.
