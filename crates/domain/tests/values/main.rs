//! The guarantees of values and rules other than access: names, ranges, units, limits and
//! boundaries. They are tested here as well as through other crates, since users who embed the
//! domain crate have only its own tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod companies;
mod durations;
mod identity;
mod jobs;
mod names;
mod organizations;
mod periods;
mod ratios;
mod risk;
mod texts;
mod turnovers;

/// A host name of this length, made of labels of at most 60 characters.
fn host(length: usize) -> String {
    let mut name = "com".to_owned();
    while name.len() + 2 <= length {
        let label = (length - name.len() - 1).min(60);
        name = format!("{}.{name}", "h".repeat(label));
    }
    name
}
