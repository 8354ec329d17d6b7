//! Which predictions a rescoring is about, a chunk at a time.
//!
//! By the index of the owner's list, backwards: there is none over the owner and the id
//! alone, and one more would cost every insert.

use accunode_domain::{
    Timestamp,
    id::{CompanyId, PredictionId},
    job::Position,
    prediction::{Kind, Period, ReportingYear},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Rescorable, ToRescore},
};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    errors::defect,
    kinds::KindNames,
    repositories::said,
    row::{RowRef, get},
    scope::Reach,
};

/// See [`accunode_ports::repositories::JobRepository::count_to_rescore`].
pub(super) async fn count(db: &Db, wanted: &ToRescore) -> Result<u32, RepositoryError> {
    let mut sql = begin(db, wanted);
    sql.push("SELECT x.n FROM a CROSS JOIN LATERAL (SELECT count(*) AS n");
    push_wanted(&mut sql, wanted);
    sql.push(") x");
    let row = db.one(sql).await?;
    let n: i64 = get(&row.ok_or_else(|| defect("a count returned no row"))?, "n")?;
    u32::try_from(n).map_err(|_| defect("more predictions than a job can count"))
}

/// See [`accunode_ports::repositories::JobRepository::to_rescore`].
pub(super) async fn read(
    db: &Db,
    wanted: &ToRescore,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<Rescorable>, RepositoryError> {
    let kind = wanted.kind;
    let quarter = match kind {
        Kind::Annual => "NULL::text",
        Kind::Quarterly => "p.reporting_quarter",
    };
    let mut sql = begin(db, wanted);
    sql.push(format_args!(
        "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT p.id, p.row_version, p.company_id, \
         p.company_sector, p.reporting_year, {quarter} AS reporting_quarter, p.created_at, {}",
        said::columns(kind, "p")
    ));
    push_wanted(&mut sql, wanted);
    if let Some(after) = after {
        sql.push(" AND (p.created_at, p.id) > (")
            .push_bind(time(after)?)
            .push(", ")
            .push_bind(after.id.0)
            .push(")");
    }
    // A number and not a parameter: not knowing it, a generic plan would sort every row of
    // the owner for each page.
    sql.push(format_args!(
        " ORDER BY p.created_at, p.id LIMIT {limit}) x ORDER BY created_at, id"
    ));
    db.all(sql)
        .await?
        .iter()
        .map(|row| rescorable(kind, row))
        .collect()
}

fn begin(db: &Db, wanted: &ToRescore) -> QueryBuilder<Postgres> {
    let reach = Reach::owner(wanted.grant.owner().key());
    reach.statement(&db.actor_of_grant(wanted.grant))
}

/// ` FROM … WHERE …`, of one owner, so that the index gives the order.
fn push_wanted(sql: &mut QueryBuilder<Postgres>, wanted: &ToRescore) {
    sql.push(format_args!(
        " FROM {} p WHERE p.owner_key = a.keys[1] AND p.created_at <= ",
        wanted.kind.table()
    ))
    .push_bind(wanted.until)
    // Two versions may share a file and differ in what they make of it. As one text and not
    // column by column: where every row has the same model, the statistics of the columns
    // would let a generic plan expect no row at all, and sort all of them for each page.
    .push(" AND p.model_sha256 || chr(31) || p.model_version || chr(31) || p.model_name <> ")
    .push_bind(format!(
        "{}\u{1f}{}\u{1f}{}",
        wanted.rescoring.model.sha256, wanted.rescoring.model.version, wanted.rescoring.model.name
    ));
    if let Some(version) = &wanted.rescoring.only_from {
        sql.push(" AND p.model_version = ")
            .push_bind(version.clone());
    }
}

fn time(position: Position) -> Result<Timestamp, RepositoryError> {
    Timestamp::from_unix_timestamp_nanos(i128::from(position.created_at_micros) * 1_000)
        .map_err(|_| defect("not a position of a rescoring"))
}

fn rescorable(kind: Kind, row: &PgRow) -> Result<Rescorable, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = RowRef {
        table: kind.table(),
        id,
    };
    let created_at: Timestamp = get(row, "created_at")?;
    let micros = i64::try_from(created_at.unix_timestamp_nanos() / 1_000);
    let quarter = match get::<Option<&str>>(row, "reporting_quarter")? {
        Some(text) => Some(
            text.parse()
                .map_err(|_| place.corrupt("reporting_quarter"))?,
        ),
        None => None,
    };
    Ok(Rescorable {
        id: PredictionId(id),
        version: get(row, "row_version")?,
        company: CompanyId(get(row, "company_id")?),
        sector: get(row, "company_sector")?,
        period: Period {
            year: ReportingYear::parse("", get(row, "reporting_year")?)
                .map_err(|_| place.corrupt("reporting_year"))?,
            quarter,
        },
        ratios: said::ratios(kind, row, place)?,
        position: Position {
            created_at_micros: micros.map_err(|_| place.corrupt("created_at"))?,
            id: PredictionId(id),
        },
    })
}
