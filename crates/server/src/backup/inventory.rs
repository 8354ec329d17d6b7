//! The inventory of a database: the rows and a checksum of each table, and every object of
//! the schema. Taken within a snapshot, it describes what a dump of the same snapshot must
//! contain.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

/// Settings that make a row's text the same on every server.
const PLAIN_TEXT: &str = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; \
     SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1; \
     SET LOCAL bytea_output = 'hex'; SET LOCAL search_path = public; \
     SET LOCAL row_security = off; SET LOCAL statement_timeout = 0";

/// The content of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Every table with rows, by its name.
    pub tables: BTreeMap<String, Table>,
    /// Every object of the schema: its kind, its name, and a hash of its definition.
    pub objects: BTreeMap<String, BTreeMap<String, String>>,
}

/// The rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The number of rows.
    pub rows: u64,
    /// The sum of the hashes of the rows' texts, which does not depend on their order.
    pub checksum: String,
}

impl Inventory {
    /// Takes the inventory on a connection that has begun a transaction and owns the
    /// tables.
    ///
    /// # Errors
    /// If the database does not answer, or the role cannot see every row.
    pub async fn take(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        connection.execute(PLAIN_TEXT).await?;
        let found: Vec<(String, String, String)> =
            sqlx::query_as(include_str!("inventory_objects.sql"))
                .fetch_all(&mut *connection)
                .await?;
        let mut objects: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (kind, name, definition) in found {
            objects.entry(kind).or_default().insert(name, definition);
        }
        let names: Vec<(String, String)> = sqlx::query_as(
            "SELECT c.relname::text, format('%I', c.relname) FROM pg_class c \
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' \
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
                                   AND d.objid = c.oid AND d.deptype = 'e') \
              ORDER BY 1",
        )
        .fetch_all(&mut *connection)
        .await?;
        let mut tables = BTreeMap::new();
        for (name, quoted) in names {
            // 60 bits of each row's MD5 detect damage, not tampering.
            let sql = format!(
                "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text \
                   FROM ONLY public.{quoted} t"
            );
            let (rows, checksum): (i64, String) = sqlx::query_as(AssertSqlSafe(sql))
                .fetch_one(&mut *connection)
                .await?;
            let rows = rows.unsigned_abs();
            tables.insert(name, Table { rows, checksum });
        }
        Ok(Self { tables, objects })
    }

    /// Returns whether the database contains nothing, of AccuNode or of anyone else.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
            && ["relation", "function", "type"]
                .iter()
                .all(|kind| self.objects.get(*kind).is_none_or(BTreeMap::is_empty))
    }

    /// Returns every difference of `restored`, as sentences. Definitions are compared on
    /// request only, because another major version of PostgreSQL may print them
    /// differently.
    #[must_use]
    pub fn differences(&self, restored: &Self, definitions: bool) -> Vec<String> {
        let mut found = Vec::new();
        for (name, table) in &self.tables {
            match restored.tables.get(name) {
                None => found.push(format!("the table {name} is missing")),
                Some(other) if other.rows != table.rows => found.push(format!(
                    "the table {name} has {} rows instead of {}",
                    other.rows, table.rows
                )),
                Some(other) if other.checksum != table.checksum => {
                    found.push(format!("the rows of the table {name} differ"));
                }
                Some(_) => {}
            }
        }
        let none = BTreeMap::new();
        for (kind, objects) in &self.objects {
            let others = restored.objects.get(kind).unwrap_or(&none);
            for (name, definition) in objects {
                match others.get(name) {
                    None => found.push(format!("the {kind} {name} is missing")),
                    Some(other) if definitions && other != definition => {
                        found.push(format!("the {kind} {name} differs"));
                    }
                    Some(_) => {}
                }
            }
        }
        for (kind, objects) in &restored.objects {
            let expected = self.objects.get(kind).unwrap_or(&none);
            found.extend(
                objects
                    .keys()
                    .filter(|name| !expected.contains_key(*name))
                    .map(|name| format!("the {kind} {name} is not in the backup")),
            );
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory() -> Inventory {
        let table = Table {
            rows: 2,
            checksum: "7".into(),
        };
        let policies = BTreeMap::from([("users.read".to_owned(), "a".to_owned())]);
        Inventory {
            tables: BTreeMap::from([("users".to_owned(), table)]),
            objects: BTreeMap::from([("policy".to_owned(), policies)]),
        }
    }

    #[test]
    fn inventory_differences_are_named() {
        let whole = inventory();
        assert_eq!(whole.differences(&whole, true), Vec::<String>::new());
        let mut other = inventory();
        let table = other.tables.get_mut("users").expect("there");
        table.checksum = "8".into();
        let policies = other.objects.get_mut("policy").expect("there");
        policies.insert("users.read".into(), "b".into());
        policies.insert("users.more".into(), "c".into());
        assert_eq!(
            whole.differences(&other, true),
            [
                "the rows of the table users differ",
                "the policy users.read differs",
                "the policy users.more is not in the backup"
            ]
        );
        assert_eq!(whole.differences(&other, false).len(), 2);
        let nothing = Inventory::default();
        assert!(nothing.is_empty() && !whole.is_empty());
        assert_eq!(whole.differences(&nothing, true).len(), 2);
    }
}
