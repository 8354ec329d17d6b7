//! The alerts, the dashboard and the documentation only use existing metrics, and the
//! documentation has each of them.

use std::{collections::BTreeSet, path::Path};

use accunode_metrics::NAMES;

/// Metrics that Prometheus itself creates.
const OF_PROMETHEUS: [&str; 1] = ["up"];

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the metrics that a text names, without their prefix; for a histogram its own name.
fn figures(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, prefix) in text.match_indices("accunode_") {
        let is_whole = text[..at].chars().next_back().is_none_or(|c| !is_part(c));
        let rest = &text[at + prefix.len()..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        // The name of a crate or of one of its files is not a metric.
        if is_whole && !rest[end..].starts_with(['=', ':', '.', '/', '-']) {
            let of_histogram = ["_bucket", "_sum", "_count"];
            let base = of_histogram.iter().find_map(|end| name.strip_suffix(end));
            found.insert(
                base.filter(|b| NAMES.contains(b))
                    .unwrap_or(name)
                    .to_owned(),
            );
        }
    }
    found
}

const fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn alerts() -> Vec<String> {
    let text = file("deploy/monitoring/alerts.yml");
    let names = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    names.map(str::to_owned).collect()
}

#[test]
fn alerts_and_dashboard_use_existing_metrics_only() {
    for path in [
        "deploy/monitoring/alerts.yml",
        "deploy/monitoring/grafana-dashboard.json",
    ] {
        let asked = figures(&file(path));
        assert!(asked.len() > 5, "{path}: {asked:?}");
        let unknown: Vec<_> = asked
            .iter()
            .filter(|name| {
                !NAMES.contains(&name.as_str()) && !OF_PROMETHEUS.contains(&name.as_str())
            })
            .collect();
        assert!(unknown.is_empty(), "{path} asks for {unknown:?}");
    }
}

#[test]
fn dashboard_shows_every_metric() {
    let shown = figures(&file("deploy/monitoring/grafana-dashboard.json"));
    let hidden: Vec<_> = NAMES
        .iter()
        .filter(|name| !shown.contains(**name))
        .collect();
    assert!(hidden.is_empty(), "not on the dashboard: {hidden:?}");
}

#[test]
fn every_metric_is_documented() {
    let described = file("docs/operations.md");
    let missing: Vec<_> = NAMES
        .iter()
        .filter(|name| !described.contains(&format!("| `{name}` |")))
        .collect();
    assert!(missing.is_empty(), "not in docs/operations.md: {missing:?}");
}

#[test]
fn every_alert_has_a_runbook_entry_and_vice_versa() {
    let (rules, book) = (
        file("deploy/monitoring/alerts.yml"),
        file("docs/operations.md"),
    );
    let alerts = alerts();
    assert!(alerts.len() > 10, "{alerts:?}");
    for alert in &alerts {
        let entry = format!("\n#### {alert}\n");
        assert!(book.contains(&entry), "docs/operations.md has no {entry}");
        let link = format!("runbook: docs/operations.md#{}\n", alert.to_lowercase());
        assert!(rules.contains(&link), "{alert} does not name its entry");
    }
    let entries = book
        .lines()
        .filter_map(|line| line.strip_prefix("#### AccuNode"));
    for entry in entries {
        let alert = format!("AccuNode{entry}");
        assert!(alerts.contains(&alert), "{alert} is no alert");
    }
}
