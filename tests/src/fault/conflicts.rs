//! Conflicting work: the same companies uploaded in different orders by two processes and undone,
//! updated, deleted; users who join, leave and change their roles.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use tokio::task::JoinSet;

use super::{
    Line, Options, Outcome, Random,
    server::{Client, Server, Setup, folder},
};
use crate::{Postgres, Redis};

/// The number of companies that all clients work on.
const COMPANIES: u64 = 40;
/// The time limit of an upload beside everything else.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(180);
/// The number of years of each company in an upload.
const YEARS: u64 = 30;

/// The log line for each unit of work that is repeated.
const REPEATED: &str = "a unit of work stood in another one's way and is repeated";

/// The statuses of responses by kind of request, shared by all clients.
#[derive(Clone, Debug, Default)]
struct Answers(Arc<Mutex<BTreeMap<(&'static str, u16), u64>>>);

impl Answers {
    fn count(&self, kind: &'static str, status: u16) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((kind, status)).or_default() += 1;
    }
}

/// Sends conflicting requests for a while; no response may be 500 or above.
///
/// # Errors
/// If one is, or if the stored rows are inconsistent afterwards.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let time = Duration::from_secs(options.pick(60, 5));
    let postgres = Postgres::start_tended()?;
    let redis = Redis::start()?;
    let folders = [folder()?, folder()?];
    let mut servers = Vec::new();
    for data in &folders {
        let url = (postgres.url(), redis.url());
        let setup = setup(options, data.path(), folders[0].path(), &url).migrate()?;
        servers.push(Server::start(setup).await?);
    }
    let pool = PgPool::connect(&postgres.url()).await?;
    // Deadlocks are detected soon, so that there is time for many.
    for statement in [
        "ALTER SYSTEM SET deadlock_timeout = '50ms'",
        "SELECT pg_reload_conf()",
    ] {
        pool.execute(statement).await?;
    }
    let bases = [servers[0].base(), servers[1].base()];
    let scene = Scene::of(&pool, &bases).await?;
    let answers = Answers::default();
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for n in 0..10_u64 {
        let (scene, answers) = (scene.clone(), answers.clone());
        let mut random = options.random(100 + n);
        workers.spawn(async move {
            while begun.elapsed() < time {
                scene.act(n, &mut random, &answers).await?;
            }
            anyhow::Ok(())
        });
    }
    let saboteur = tokio::spawn(stand_in_the_way(
        pool.clone(),
        scene.organization.clone(),
        options.random(99),
        begun + time,
    ));
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    let rounds = saboteur.await??;
    // The stored rows are consistent: each company and period once, sums as counted.
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM annual_predictions")
        .fetch_one(&pool)
        .await?;
    let keys: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT (company_id, reporting_year, owner_key)) FROM annual_predictions",
    )
    .fetch_one(&pool)
    .await?;
    let summed: i64 =
        sqlx::query_scalar("SELECT coalesce(sum(n), 0)::bigint FROM annual_prediction_rollup_live")
            .fetch_one(&pool)
            .await?;
    ensure!(
        rows == keys && rows == summed,
        "{rows} predictions, {keys} keys, {summed} in the dashboards' sums"
    );
    let deadlocks: i64 = sqlx::query_scalar(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    .fetch_one(&pool)
    .await?;
    let mut retried = 0;
    for server in &servers {
        retried += server.count_log_lines(REPEATED)?;
    }
    ensure!(
        options.short || (deadlocks > 0 && retried > 0),
        "{deadlocks} deadlocks, {retried} units of work repeated: nothing stood in the way"
    );
    let answers = answers.0.lock().unwrap_or_else(PoisonError::into_inner);
    let requests = answers.values().sum();
    let failed: u64 = answers
        .iter()
        .filter(|((_, status), _)| *status >= 500)
        .map(|(_, n)| n)
        .sum();
    ensure!(
        failed == 0,
        "of {requests} requests {failed} failed: {answers:?}"
    );
    Ok(Outcome::Done(vec![Line {
        fault: format!("conflicting work for {} s", time.as_secs()),
        times: u64::try_from(deadlocks)?,
        longest_unavailable: Duration::ZERO,
        requests,
        failed,
        held: format!(
            "times are deadlocks, {rounds} provoked from beside; {retried} units of work were repeated; \
             no 500, no 503; keys once, sums right"
        ),
    }]))
}

/// Locks predictions of the organization and then its running upload, while a chunk of an upload
/// locks the upload first. PostgreSQL ends the transaction that detects the deadlock first, which
/// is the chunk's: this one detects deadlocks late.
async fn stand_in_the_way(
    pool: PgPool,
    organization: String,
    mut random: Random,
    end: Instant,
) -> anyhow::Result<u64> {
    let mut rounds = 0;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(200) + random.millis(400)).await;
        let mut connection = pool.acquire().await?;
        for statement in ["BEGIN", "SET LOCAL deadlock_timeout = '3s'"] {
            connection.execute(statement).await?;
        }
        for lock in [
            format!(
                "SELECT id FROM annual_predictions WHERE organization_id = '{organization}' \
                  ORDER BY company_symbol DESC, reporting_year DESC LIMIT 20 FOR UPDATE"
            ),
            format!(
                "SELECT id FROM bulk_upload_jobs WHERE organization_id = '{organization}' \
                    AND status = 'processing' FOR UPDATE"
            ),
        ] {
            match connection.execute(AssertSqlSafe(lock)).await {
                Ok(_) => {}
                // This transaction detected the deadlock.
                Err(sqlx::Error::Database(db_error))
                    if db_error.code().as_deref() == Some("40P01") =>
                {
                    break;
                }
                Err(other) => return Err(other.into()),
            }
        }
        // Nothing of a failed transaction is left to be committed.
        connection.execute("COMMIT").await?;
        rounds += 1;
    }
    Ok(rounds)
}

fn setup(options: &Options, data: &Path, shared: &Path, urls: &(String, String)) -> Setup {
    Setup::new(&options.program, data)
        .with("DATABASE_URL", &urls.0)
        .with("REDIS_URL", &urls.1)
        .with("ACCUNODE_SECRET_KEY", &"5".repeat(64))
        .with(
            "ACCUNODE_FILES_URL",
            &format!("file://{}", shared.join("shared-files").display()),
        )
        // Hashing is cheap, because users sign in all the time here.
        .with("ACCUNODE_PASSWORD_HASHING_MEMORY_KIB", "8192")
        .with("ACCUNODE_PASSWORD_HASHING_ITERATIONS", "1")
}

/// The participants.
#[derive(Clone, Debug)]
struct Scene {
    /// Two administrators of the organization, each at another process.
    admins: [Client; 2],
    /// A super_admin.
    root: Client,
    /// Users whose roles change: id and client.
    users: Vec<(String, Client)>,
    organization: String,
    join_token: String,
}

impl Scene {
    async fn of(pool: &PgPool, bases: &[String; 2]) -> anyhow::Result<Self> {
        let organization: uuid::Uuid = sqlx::query_scalar(
            "INSERT INTO organizations (name, join_policy) VALUES ('Conflicts', 'token') RETURNING id",
        )
        .fetch_one(pool)
        .await?;
        let anonymous = Client::anonymous(&bases[0], true)?;
        for name in ["root", "admin0", "admin1", "p0", "p1", "p2", "p3"] {
            anonymous.register(&format!("{name}@example.com")).await?;
        }
        let statements = format!(
            "UPDATE users SET role = 'super_admin' WHERE email = 'root@example.com'; \
             UPDATE users SET role = 'org_admin', organization_id = '{organization}' \
              WHERE email LIKE 'admin%'"
        );
        pool.execute(AssertSqlSafe(statements)).await?;
        let login = async |n: usize, name: &str| {
            let client = anonymous.at(&bases[n % 2]);
            client.login(&format!("{name}@example.com")).await
        };
        let admins = [login(0, "admin0").await?, login(1, "admin1").await?];
        let mut users = Vec::new();
        for n in 0..4 {
            let client = login(n, &format!("p{n}")).await?;
            let me = client.get("/me").await?;
            users.push((me["id"].as_str().context("an id")?.to_owned(), client));
        }
        let path = format!("/organizations/{organization}/join-token");
        let (status, token) = admins[0].send(Method::PUT, &path, None).await?;
        ensure!(status.is_success(), "{status}: {token}");
        Ok(Self {
            root: login(1, "root").await?,
            admins,
            users,
            organization: organization.to_string(),
            join_token: token["join_token"].as_str().context("a token")?.to_owned(),
        })
    }

    async fn act(&self, n: u64, random: &mut Random, answers: &Answers) -> anyhow::Result<()> {
        match n {
            0..3 => self.upload_and_undo(n, random, answers).await,
            3..6 => self.change_companies(n, random, answers).await,
            6..8 => self.change_roles(random, answers).await,
            8 => self.join_and_leave(random, answers).await,
            _ => self.organizations_come_and_go(answers).await,
        }
    }

    fn admin(&self, n: u64) -> &Client {
        &self.admins[usize::from(n % 2 == 1)]
    }

    async fn upload_and_undo(
        &self,
        n: u64,
        random: &mut Random,
        answers: &Answers,
    ) -> anyhow::Result<()> {
        let admin = self.admin(n);
        let file = shuffled(random);
        let fields = [
            ("job_type", "annual"),
            ("on_conflict", "update"),
            ("force", "true"),
        ];
        let (status, job) = admin.upload_with("rows.csv", file, &fields).await?;
        answers.count("upload", status);
        let Some(id) = job["id"].as_str() else {
            return Ok(());
        };
        let path = format!("/bulk-uploads/{id}");
        let end = Instant::now() + UPLOAD_TIMEOUT;
        loop {
            let (status, body) = admin.send(Method::GET, &path, None).await?;
            answers.count("look", status.as_u16());
            match body["status"].as_str() {
                Some("pending" | "processing") => {}
                Some("completed") => break,
                _ => anyhow::bail!("an upload ended otherwise: {body}"),
            }
            ensure!(Instant::now() < end, "an upload does not end: {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if random.below(3) > 0 {
            let undo = format!("{path}?predictions=delete");
            self.send("undo", admin, Method::DELETE, &undo, None, answers)
                .await?;
        }
        Ok(())
    }

    async fn change_companies(
        &self,
        n: u64,
        random: &mut Random,
        answers: &Answers,
    ) -> anyhow::Result<()> {
        let admin = self.admin(n);
        let symbol = format!("C{}", random.below(COMPANIES));
        if random.below(4) == 0 {
            let found = admin
                .send(Method::GET, &format!("/companies?q={symbol}&limit=1"), None)
                .await?;
            answers.count("search", found.0.as_u16());
            if let Some(id) = found.1["data"][0]["id"].as_str() {
                let path = format!("/companies/{id}?force=true");
                self.send(
                    "delete company",
                    admin,
                    Method::DELETE,
                    &path,
                    None,
                    answers,
                )
                .await?;
            }
            return Ok(());
        }
        let body = json!({
            "company": { "symbol": symbol },
            "reporting_year": format!("{}", 1990 + random.below(YEARS)),
            "on_conflict": "update",
            "ratios": {
                "long_term_debt_to_total_capital": 0.25, "total_debt_to_ebitda": 2.5,
                "net_income_margin": 0.08, "ebit_to_interest_expense": 6.0, "return_on_assets": 0.05,
            },
        });
        self.send(
            "predict",
            admin,
            Method::POST,
            "/predictions/annual",
            Some(&body),
            answers,
        )
        .await
    }

    async fn change_roles(&self, random: &mut Random, answers: &Answers) -> anyhow::Result<()> {
        let one = usize::try_from(random.below(4))?;
        let (id, _) = &self.users[one];
        let body = match random.below(3) {
            0 => json!({ "role": "user", "reason": "conflicts" }),
            1 => {
                json!({ "role": "org_member", "organization_id": self.organization, "reason": "conflicts" })
            }
            _ => {
                json!({ "role": "org_admin", "organization_id": self.organization, "reason": "conflicts" })
            }
        };
        let path = format!("/users/{id}/role");
        self.send("role", &self.root, Method::PUT, &path, Some(&body), answers)
            .await
    }

    async fn join_and_leave(&self, random: &mut Random, answers: &Answers) -> anyhow::Result<()> {
        let one = usize::try_from(random.below(4))?;
        let (id, user) = &self.users[one];
        // Their sessions end whenever their role changes.
        let user = user.login(&format!("p{one}@example.com")).await?;
        let body = json!({ "join_token": self.join_token });
        self.send(
            "join",
            &user,
            Method::POST,
            "/auth/join",
            Some(&body),
            answers,
        )
        .await?;
        let path = format!("/users/{id}?mode=remove_from_org");
        self.send("leave", &self.root, Method::DELETE, &path, None, answers)
            .await
    }

    async fn organizations_come_and_go(&self, answers: &Answers) -> anyhow::Result<()> {
        let body = json!({ "name": "Child", "parent_id": self.organization });
        let (status, made) = self
            .root
            .send(Method::POST, "/organizations", Some(&body))
            .await?;
        answers.count("organization", status.as_u16());
        let Some(id) = made["id"].as_str() else {
            return Ok(());
        };
        let (user, _) = &self.users[0];
        let body = json!({ "role": "org_member", "organization_id": id, "reason": "conflicts" });
        let path = format!("/users/{user}/role");
        self.send("role", &self.root, Method::PUT, &path, Some(&body), answers)
            .await?;
        let path = format!("/organizations/{id}?force=true");
        self.send(
            "delete organization",
            &self.root,
            Method::DELETE,
            &path,
            None,
            answers,
        )
        .await
    }

    async fn send(
        &self,
        kind: &'static str,
        by: &Client,
        method: Method,
        path: &str,
        body: Option<&Value>,
        answers: &Answers,
    ) -> anyhow::Result<()> {
        let (status, _) = by.send(method, path, body).await?;
        answers.count(kind, status.as_u16());
        Ok(())
    }
}

/// Returns the same companies and years, in a random order.
fn shuffled(random: &mut Random) -> Vec<u8> {
    let mut rows: Vec<u64> = (0..COMPANIES * YEARS).collect();
    for at in (1..rows.len()).rev() {
        let other = usize::try_from(random.below(at as u64 + 1)).unwrap_or(0);
        rows.swap(at, other);
    }
    let mut text = String::from(
        "company_symbol,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,\
         net_income_margin,ebit_to_interest_expense,return_on_assets\n",
    );
    for row in rows {
        // Writing to memory cannot fail.
        let _ = writeln!(
            text,
            "C{},{},0.2{},2.{},0.05,5,0.08",
            row % COMPANIES,
            1990 + row / COMPANIES,
            random.below(10),
            random.below(10)
        );
    }
    text.into_bytes()
}
