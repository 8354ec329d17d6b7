//! `accunode seed load`: many rows to measure with, made where they are stored. Organizations
//! differ in size as in life: the first eighth holds half of the companies.

use anyhow::Context;
use clap::Args;
use sqlx::{PgConnection, Row};

use crate::commands::{print_line, print_note};

const ACCOUNTS: &str = include_str!("load_accounts.sql");
const COMPANIES: &str = include_str!("load_companies.sql");
const PREDICTIONS: &str = include_str!("load_predictions.sql");
/// Predictions of one statement, which is one transaction.
const BATCH: i64 = 100_000;

/// How much is made.
#[derive(Debug, Clone, Args)]
pub struct Load {
    /// Root organizations
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    organizations: i64,
    /// Companies, of all organizations together
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
    companies: i64,
    /// Annual predictions, of all companies together
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(i64).range(0..=1_000_000_000))]
    predictions: i64,
}

pub(super) async fn run(connection: &mut PgConnection, load: &Load) -> anyhow::Result<()> {
    sqlx::query(ACCOUNTS)
        .bind(load.organizations)
        .execute(&mut *connection)
        .await
        .context("organizations")?;
    sqlx::query(COMPANIES)
        .bind(load.companies)
        .execute(&mut *connection)
        .await
        .context("companies")?;
    let mut from = 0;
    while from < load.predictions {
        let to = load.predictions.min(from + BATCH);
        sqlx::query(PREDICTIONS)
            .bind(from)
            .bind(to)
            .bind(load.companies)
            .execute(&mut *connection)
            .await
            .context("predictions")?;
        print_note(format_args!("{to} of {} predictions", load.predictions));
        from = to;
    }
    // The deltas of the triggers are merged into the dashboards' sums, as the service does.
    loop {
        let row = sqlx::query("SELECT fold_prediction_rollups()")
            .fetch_one(&mut *connection)
            .await
            .context("sums")?;
        if row.try_get::<i32, _>(0)? == 0 {
            break;
        }
    }
    sqlx::query("ANALYZE").execute(&mut *connection).await?;
    print_line(format_args!(
        "{} organizations, {} companies, {} predictions; no one can sign in: `accunode admin create` makes an account",
        load.organizations, load.companies, load.predictions
    ))
}
