//! `accunode config`.

use std::collections::BTreeMap;

use super::print_line;
use crate::config::{Config, Sources};

/// Prints the configuration in the format of a file, with secrets hidden.
///
/// # Errors
/// If it cannot be written.
pub fn run(config: &Config) -> anyhow::Result<()> {
    print_line(config.to_toml()?.trim_end())
}

/// Prints every setting with its variable, its value, its default and the source of the
/// value, with secrets hidden.
///
/// # Errors
/// Every fault of the configuration, and if it cannot be written.
pub fn run_all(sources: &Sources) -> anyhow::Result<()> {
    print_line(render(&table(sources)?))
}

/// The text for a setting that has no value.
const NONE: &str = "-";

type Row = [String; 5];

fn table(sources: &Sources) -> anyhow::Result<Vec<Row>> {
    let (config, mut origins) = Config::load_with_origins(sources)?;
    let values = values(&config)?;
    let defaults = values_of_defaults(sources)?;
    let of = |values: &BTreeMap<String, String>, key: &str| {
        values.get(key).cloned().unwrap_or_else(|| NONE.to_owned())
    };
    let mut rows = vec![["setting", "variable", "value", "default", "from"].map(str::to_owned)];
    for (key, variable) in Config::settings() {
        let origin = origins.remove(key).unwrap_or_else(|| "default".to_owned());
        rows.push([
            key.to_owned(),
            variable,
            of(&values, key),
            of(&defaults, key),
            origin,
        ]);
    }
    // The remaining settings are PostgreSQL's own, with its names.
    for (key, origin) in origins {
        let value = of(&values, &key);
        rows.push([key, NONE.to_owned(), value, NONE.to_owned(), origin]);
    }
    Ok(rows)
}

fn values_of_defaults(sources: &Sources) -> anyhow::Result<BTreeMap<String, String>> {
    values(&Config::load(&sources.without_settings())?)
}

/// Returns the current values by the names of their settings; settings without a value are
/// absent.
fn values(config: &Config) -> anyhow::Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    collect(&config.to_toml()?.parse()?, "", &mut values);
    values.insert(
        "db_pool_size".to_owned(),
        config.db_pools.total().to_string(),
    );
    Ok(values)
}

fn collect(table: &toml::Table, prefix: &str, into: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let name = format!("{prefix}{name}");
        match value {
            toml::Value::Table(inner) => collect(inner, &format!("{name}."), into),
            toml::Value::String(text) => {
                into.insert(name, text.clone());
            }
            value => {
                into.insert(name, value.to_string());
            }
        }
    }
}

/// Columns of equal width, two spaces apart.
fn render(rows: &[Row]) -> String {
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or_default()
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths);
        let line: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        line.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(environment: &[(&str, &str)]) -> Sources {
        Sources {
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Sources::default()
        }
    }

    fn row(rows: &[Row], key: &str) -> Row {
        let row = rows.iter().find(|row| row[0] == key);
        row.unwrap_or_else(|| panic!("{key} is not in the table"))
            .clone()
    }

    #[test]
    fn config_table_shows_default_and_origin_of_every_setting() {
        let rows = table(&sources(&[
            ("HOME", "/home/ana"),
            ("ACCUNODE_LIMITS_READ", "7"),
            ("DATABASE_URL", "postgres://u:secret@db/x"),
            ("ACCUNODE_POSTGRES_SETTINGS_WORK_MEM", "8MB"),
        ]))
        .expect("a table");
        for (key, _) in Config::settings() {
            row(&rows, key);
        }
        assert_eq!(
            row(&rows, "limits.read"),
            [
                "limits.read",
                "ACCUNODE_LIMITS_READ",
                "7",
                "600",
                "ACCUNODE_LIMITS_READ"
            ]
        );
        assert_eq!(row(&rows, "log")[2..], ["info", "info", "default"]);
        let url = row(&rows, "database_url");
        assert_eq!(
            [&url[1], &url[3], &url[4]],
            ["DATABASE_URL", "-", "DATABASE_URL"]
        );
        assert!(!render(&rows).contains("secret@"), "{}", render(&rows));
        let own = row(&rows, "postgres.settings.work_mem");
        assert_eq!(
            [&own[2], &own[4]],
            ["8MB", "ACCUNODE_POSTGRES_SETTINGS_WORK_MEM"]
        );
    }

    #[test]
    fn operations_guide_documents_every_setting() {
        let guide = include_str!("../../../../docs/operations.md");
        for (key, variable) in Config::settings() {
            let group = key.split_once('.').map_or(key, |(group, _)| group);
            let is_there = guide.contains(&format!("`{key}`"))
                || guide.contains(&format!("`{variable}`"))
                || guide.contains(&format!("`{group}.<"))
                || key
                    .rsplit_once('.')
                    .is_some_and(|(_, name)| guide.contains(&format!("`.{name}`")));
            assert!(is_there, "docs/operations.md does not name {key}");
        }
    }
}
