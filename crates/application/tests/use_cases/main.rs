//! Use cases against doubles of every port: what they ask for, in which order, and
//! that nothing is committed that should not be.

mod bulk;
mod predictions;
mod signing_in;
mod support;
