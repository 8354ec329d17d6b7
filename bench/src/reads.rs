//! Lists, one row and dashboards: the adapter against plain SQL in `pgbench`.

use crate::{
    adapter::{CLIENTS, PAGE, Read, Reader},
    cluster::Cluster,
    figure::{Figure, Samples, Unit},
    note,
    options::Options,
    pgbench,
    reference::{Reference, compare},
    seed::SeedRows,
    service::Service,
};

const READS: [(Read, &str, &str); 6] = [
    (Read::FirstPage, "list, first page", SAME),
    (Read::DeepPage, "list, page after 80 % of all", SAME),
    (Read::Riskiest, "list, riskiest first", SAME),
    (Read::One, "one prediction by id", "by primary key"),
    (
        Read::Headline,
        "dashboard, headline figures",
        "not from the cache: sums kept by triggers, against the same sums in plain SQL",
    ),
    (
        Read::Distribution,
        "dashboard, risk by sector",
        "not from the cache: sums kept by triggers, against the same sums in plain SQL",
    ),
];
const SAME: &str = "the same index scans";

/// Measures every read on both sides in turn.
pub(crate) async fn measure(
    options: &Options,
    cluster: &Cluster,
    seed: &SeedRows,
    service: &Service,
) -> anyhow::Result<Vec<Figure>> {
    let long_ago: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "SELECT (extract(epoch FROM {}) * 1000000)::bigint",
        seed.long_ago()
    )))
    .fetch_one(cluster.superuser())
    .await?;
    let reader = Reader::new(service.store(), service.users.clone(), *seed, long_ago);
    let mut figures = Vec::new();
    for (read, name, how) in READS {
        note(name);
        let reference = Reference::of(read, seed);
        check(read, &reader, &reference, cluster, seed).await?;
        let script = cluster.file("script.sql");
        std::fs::write(&script, reference.script())?;
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        for repetition in 0..options.repetitions {
            // The side that is second finds data of the first in memory, so they take
            // turns.
            for side in [repetition % 2 == 0, repetition % 2 != 0] {
                if side {
                    ours.add(reader.rate(read, options).await?);
                } else {
                    theirs.add(pgbench::rate(cluster, &script, options).await?);
                }
            }
        }
        let rows = match read {
            Read::FirstPage | Read::DeepPage | Read::Riskiest => format!(", {PAGE} rows a page"),
            _ => String::new(),
        };
        figures.push(Figure {
            name: name.to_owned(),
            unit: Unit::Transactions,
            ours,
            reference: theirs,
            how: format!(
                "adapter with {CLIENTS} tasks, pgbench with {CLIENTS} clients; {how}{rows}"
            ),
        });
    }
    Ok(figures)
}

/// Checks that both sides give the same results for some tenants and rows.
async fn check(
    read: Read,
    reader: &Reader,
    reference: &Reference,
    cluster: &Cluster,
    seed: &SeedRows,
) -> anyhow::Result<()> {
    for tenant in 1..=5 {
        let row = seed.prediction_of(tenant, tenant * 77);
        let theirs = reference.answer(cluster, tenant, row).await?;
        let ours = match read {
            Read::One => reader.one(row).await?,
            _ => reader.of_tenant(read, tenant).await?,
        };
        compare(read, &ours, &theirs)?;
    }
    Ok(())
}
