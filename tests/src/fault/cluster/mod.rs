//! A whole cluster on the loopback interface: two API nodes and two workers behind PgBouncer, with
//! a replica, Redis under Sentinel and an object store. Load runs over it while each part is
//! killed in turn.
//!
//! The replica is kept behind, so that a read that should not go there misses changes every
//! time and not by chance.

mod checks;
mod clients;
mod ledger;
mod parts;

use std::time::Duration;

use accunode_ports::recent_writes::WINDOW;
use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Executor, PgPool};

use super::Options;
use clients::{Clients, User, file};
use ledger::{Ledger, Phase};
use parts::{Part, Parts};

/// The rows of the upload by a user who then only reads.
const QUIET_ROWS: usize = 400;

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The figures of each killed part.
    phases: Vec<Phase>,
    held: Vec<String>,
}

/// Runs the cluster and kills its parts in turn: all of them, or in the short form a node, a
/// worker and the pooler.
///
/// # Errors
/// If something acknowledged is lost, a row of a job is not stored exactly once, a user misses
/// their own change, or a part does not serve again.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut parts = Parts::start(options).await?;
    let primary = PgPool::connect(&parts.primary.url()).await?;
    let mut held = vec![job_of_a_quiet_user(&mut parts, &primary).await?];

    let ledger = Ledger::new();
    let bases = parts.bases();
    let users = async |name: &str, number: usize| {
        let mut users = Vec::new();
        for n in 0..number {
            users.push(User::register(&bases, &format!("{name}{n}"), &ledger).await?);
        }
        anyhow::Ok(users)
    };
    let (writers, readers) = (users("writer", 3).await?, users("reader", 2).await?);
    let clients = Clients::start(writers, readers, users("uploader", 2).await?);
    let killed: &[Part] = if options.short {
        &[Part::Worker(0), Part::Node(0), Part::Pooler]
    } else {
        &Part::ALL
    };
    let mut phases = Vec::new();
    let steady = Duration::from_secs(options.pick(5, 1));
    let away = Duration::from_secs(options.pick(5, 2));
    ledger.begin("nothing");
    tokio::time::sleep(steady).await;
    for part in killed {
        phases.push(ledger.begin(&part.name()));
        parts.kill(*part)?;
        tokio::time::sleep(away).await;
        let restored = parts.restore(*part).await;
        restored.with_context(|| format!("after {} was killed", part.name()))?;
        tokio::time::sleep(steady).await;
    }
    phases.push(ledger.begin("the end"));
    clients.stop().await?;
    held.push(checks::check(&primary, &ledger.contents()).await?);
    Ok(Report { phases, held })
}

/// A user uploads a file while no worker runs, and changes nothing for longer than changes are
/// remembered. When they see that the job has ended, they see its rows, by the note of the worker;
/// another member of their organization, who reads from the replica, does not yet.
async fn job_of_a_quiet_user(parts: &mut Parts, primary: &PgPool) -> anyhow::Result<String> {
    let (bases, ledger) = (parts.bases(), Ledger::new());
    let mut quiet = User::register(&bases, "quiet", &ledger).await?;
    let mut other = User::register(&bases, "other", &ledger).await?;
    join_organization(primary).await?;
    for user in [&mut quiet, &mut other] {
        user.login().await;
    }
    let fields = [("job_type", "annual"), ("access_level", "organization")];
    let job = quiet.upload(file("Q", QUIET_ROWS), &fields).await;
    let job = job.context("an upload before anything was killed")?;
    tokio::time::sleep(WINDOW + Duration::from_secs(1)).await;
    parts.start_workers()?;
    let ended = quiet.until_ended(&job).await?;
    let (own, theirs) = tokio::join!(quiet.predictions_of(&job), other.predictions_of(&job));
    ensure!(
        ended["success_count"] == QUIET_ROWS,
        "the job of a user who only reads: {ended}"
    );
    ensure!(
        own == QUIET_ROWS,
        "the user whose job has ended sees {own} of its {QUIET_ROWS} rows"
    );
    ensure!(
        theirs == 0,
        "no read went to the replica, which is behind: another user saw {theirs} rows at once"
    );
    // They may read the rows, and do when the replica has them.
    let visible = async {
        while other.predictions_of(&job).await < QUIET_ROWS {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(WINDOW, visible)
        .await
        .context("another user does not see the rows of the job later either")?;
    Ok(format!(
        "{own} of {QUIET_ROWS} rows seen by the user of a job when it has ended, and {theirs} by \
         another one, who reads from the replica"
    ))
}

/// Makes both users members of one organization.
async fn join_organization(primary: &PgPool) -> anyhow::Result<()> {
    let organization: uuid::Uuid =
        sqlx::query_scalar("INSERT INTO organizations (name) VALUES ('Quiet') RETURNING id")
            .fetch_one(primary)
            .await?;
    let members = format!(
        "UPDATE users SET role = 'org_member', organization_id = '{organization}' \
          WHERE email IN ('quiet@example.com', 'other@example.com')"
    );
    primary.execute(AssertSqlSafe(members)).await?;
    Ok(())
}

impl Report {
    /// Prints the figures.
    #[expect(clippy::print_stdout, reason = "a program's report")]
    pub fn print(&self) {
        println!("| killed | requests served | not served | longest time without service |");
        println!("|---|---:|---|---:|");
        for phase in &self.phases {
            let failed: Vec<String> = phase
                .failed
                .iter()
                .map(|(how, n)| format!("{n} × {how}"))
                .collect();
            println!(
                "| {} | {} | {} | {:.2} s |",
                phase.name,
                phase.acknowledged,
                if failed.is_empty() {
                    "0".to_owned()
                } else {
                    failed.join(", ")
                },
                phase.longest_gap.as_secs_f64()
            );
        }
        println!();
        for held in &self.held {
            println!("- {held}");
        }
    }
}
