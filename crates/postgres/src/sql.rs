//! Statements that are written as SQL, in files of their own: sums over rollups, and bulk
//! operations. Names that depend on the kind of predictions are written in braces.

use accunode_domain::prediction::{Kind, ReportingYear};
use accunode_ports::RepositoryError;
use sea_orm::{Statement, Value};

use crate::{
    actor::READING,
    db::{Executor, raw},
    errors::defect,
    kinds::KindSchema,
    tenant::ScopeSql,
};

/// SQL with names in braces, which are replaced one by one.
#[derive(Clone, Debug)]
pub(crate) struct Sql(String);

impl Sql {
    /// Creates it from the text of a file.
    pub(crate) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the text as it is, to be inserted into another.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Replaces one name.
    #[must_use]
    pub(crate) fn with(self, name: &str, sql: &str) -> Self {
        Self(self.0.replace(&format!("{{{name}}}"), sql))
    }

    /// Replaces the names of one kind's tables and columns.
    #[must_use]
    pub(crate) fn of_kind(self, kind: Kind) -> Self {
        let period = |alias: &str| {
            let columns = kind.period().iter();
            let columns: Vec<_> = columns.map(|column| format!("{alias}{column}")).collect();
            columns.join(", ")
        };
        self.with("predictions", kind.table())
            .with("revisions", kind.revisions())
            .with("owners", kind.owners())
            .with("kind", &kind.to_string())
            .with("rollup", kind.rollup())
            .with("rollup_delta", kind.rollup_delta())
            .with("unique", kind.unique())
            .with("staging", kind.staging())
            .with("rescored", kind.rescored())
            .with("period", &period(""))
            .with("period:p", &period("p."))
            .with("period:r", &period("r."))
    }

    /// Returns the text, if every name is replaced.
    ///
    /// # Errors
    /// A defect that names the one that is not replaced.
    pub(crate) fn text(self) -> Result<String, RepositoryError> {
        match self.0.find('{') {
            None => Ok(self.0),
            Some(at) => {
                let rest: String = self.0[at..].chars().take(40).collect();
                Err(defect(format!("a statement with an open name: {rest}")))
            }
        }
    }
}

impl ScopeSql {
    /// Returns a reading statement of a file: `{actor}` is the CTE with the actor,
    /// `{visible:p}` the condition on the alias `p`, and `{year:p}` the one on its reporting
    /// year, if one is given.
    pub(crate) fn read(
        &self,
        db: &impl Executor,
        sql: Sql,
        year: Option<ReportingYear>,
    ) -> Result<Statement, RepositoryError> {
        let actor = format!("a AS MATERIALIZED (SELECT {READING} AS actor, $4::uuid[] AS keys)");
        let mut sql = sql.with("actor", &actor);
        for alias in ["c", "d", "f", "h", "p", "r", "s"] {
            let every = match self.every_organization() {
                true => format!(" OR {alias}.access_level = 'organization'"),
                false => String::new(),
            };
            let visible = format!("({alias}.owner_key = ANY (a.keys){every})");
            let of_year = match year {
                Some(_) => format!("AND {alias}.reporting_year = $5"),
                None => String::new(),
            };
            sql = sql
                .with(&format!("visible:{alias}"), &visible)
                .with(&format!("year:{alias}"), &of_year);
        }
        let mut values: Vec<Value> = db.actor(self.reader()).reading_values().into();
        values.push(self.keys().into());
        values.extend(year.map(|year| Value::from(year.to_string())));
        Ok(raw(sql.text()?, values))
    }
}
