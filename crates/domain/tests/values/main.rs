//! The promises of the values and rules that are not about access: names, ranges, units,
//! limits and boundaries. They are tested here and not only through other crates, since
//! who embeds the domain crate has its tests alone.

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
mod units_of_a_file;

/// A host name of this length, made of labels of at most 60 characters.
fn host(length: usize) -> String {
    let mut name = "com".to_owned();
    while name.len() + 2 <= length {
        let label = (length - name.len() - 1).min(60);
        name = format!("{}.{name}", "h".repeat(label));
    }
    name
}
