//! The entities as data, for the test that compares them with a migrated database.

use sea_orm::{
    ColumnTrait, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, sea_query::ColumnType,
};

use super::{
    allowed_emails, annual_prediction_revisions, annual_predictions, api_keys, audit_logs,
    bulk_upload_jobs, bulk_upload_rows, companies, default_definitions, idempotency_keys,
    invitations, join_tokens, login_challenges, monitoring_snapshots, organizations,
    outcome_coverage, outcomes, quarterly_prediction_revisions, quarterly_predictions,
    rating_scales, recovery_codes, tenancy_state, user_tokens, user_totp, users, validation_files,
    validation_reports,
};

/// A table as its entity declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredTable {
    /// The table's name.
    pub name: String,
    /// Its columns, in the order of the entity's fields.
    pub columns: Vec<DeclaredColumn>,
    /// The columns of its primary key.
    pub primary_key: Vec<String>,
}

/// A column as the entity of its table declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredColumn {
    /// The column's name.
    pub name: String,
    /// The type as in `pg_type.typname`, with `text` for every type of text.
    pub type_name: String,
    /// Whether the column can hold NULL.
    pub nullable: bool,
}

/// Every entity of this crate.
#[must_use]
pub fn declared_tables() -> Vec<DeclaredTable> {
    vec![
        declared::<allowed_emails::Entity>(),
        declared::<annual_prediction_revisions::Entity>(),
        declared::<annual_predictions::Entity>(),
        declared::<api_keys::Entity>(),
        declared::<audit_logs::Entity>(),
        declared::<bulk_upload_jobs::Entity>(),
        declared::<bulk_upload_rows::Entity>(),
        declared::<companies::Entity>(),
        declared::<idempotency_keys::Entity>(),
        declared::<invitations::Entity>(),
        declared::<join_tokens::Entity>(),
        declared::<login_challenges::Entity>(),
        declared::<monitoring_snapshots::Entity>(),
        declared::<organizations::Entity>(),
        declared::<outcome_coverage::Entity>(),
        declared::<outcomes::Entity>(),
        declared::<quarterly_prediction_revisions::Entity>(),
        declared::<quarterly_predictions::Entity>(),
        declared::<default_definitions::Entity>(),
        declared::<rating_scales::Entity>(),
        declared::<recovery_codes::Entity>(),
        declared::<tenancy_state::Entity>(),
        declared::<user_tokens::Entity>(),
        declared::<user_totp::Entity>(),
        declared::<users::Entity>(),
        declared::<validation_files::Entity>(),
        declared::<validation_reports::Entity>(),
    ]
}

fn declared<E: EntityTrait>() -> DeclaredTable {
    let columns = E::Column::iter().map(|column| {
        let definition = column.def();
        DeclaredColumn {
            name: column.as_str().to_owned(),
            type_name: type_name(definition.get_column_type()),
            nullable: definition.is_null(),
        }
    });
    let primary_key = E::PrimaryKey::iter().map(|key| key.into_column().as_str().to_owned());
    DeclaredTable {
        name: E::default().table_name().to_owned(),
        columns: columns.collect(),
        primary_key: primary_key.collect(),
    }
}

fn type_name(column: &ColumnType) -> String {
    match column {
        ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text => "text",
        ColumnType::Boolean => "bool",
        ColumnType::SmallInteger => "int2",
        ColumnType::Integer => "int4",
        ColumnType::BigInteger => "int8",
        ColumnType::Double => "float8",
        ColumnType::Decimal(_) => "numeric",
        ColumnType::Uuid => "uuid",
        ColumnType::TimestampWithTimeZone => "timestamptz",
        // JSON values are read and written in the same way; the schema uses only the binary form.
        ColumnType::Json | ColumnType::JsonBinary => "jsonb",
        ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => "bytea",
        ColumnType::Date => "date",
        ColumnType::Inet => "inet",
        ColumnType::Array(element) => return format!("_{}", type_name(element)),
        other => return format!("{other:?}"),
    }
    .to_owned()
}
