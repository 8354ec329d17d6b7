//! Processes are restarted one after the other while others send requests, without any
//! failed request.

use std::{net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};

use accunode_tests::{Balancer, Database, Redis, Serving, TestUser, Traffic, free_address};
use nix::sys::signal::Signal;

use crate::running::{command, folder};

/// The number of requests that are sent while the processes are restarted. The long run
/// sends 100,000.
const REQUESTS: usize = 1_500;
/// As many clients as the few cores of a test machine can serve.
const CLIENTS: usize = 4;

/// The state that two processes share.
pub(crate) struct Fleet {
    database: Database,
    data: tempfile::TempDir,
    prefix: String,
    pub(crate) addresses: [SocketAddr; 2],
}

impl Fleet {
    pub(crate) async fn new() -> Self {
        Self {
            database: Database::create().await,
            data: folder(),
            prefix: Redis::prefix(),
            addresses: [free_address(), free_address()],
        }
    }

    pub(crate) fn start(&self, n: usize) -> Serving {
        Serving::at(self.command(), self.addresses[n])
    }

    fn command(&self) -> Command {
        let data: &Path = self.data.path();
        let mut program = command(data);
        program
            .env("DATABASE_URL", self.database.url())
            .env("REDIS_URL", Redis::shared_url())
            .env("ACCUNODE_REDIS_PREFIX", &self.prefix)
            .env("ACCUNODE_DB_POOL_SIZE", "6")
            .env("ACCUNODE_LOG", "warn,accunode=info")
            .env("ACCUNODE_DRAIN_SECONDS", "1");
        program
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_of_two_processes_fails_no_request() {
    let fleet = Fleet::new().await;
    let mut nodes = [fleet.start(0), fleet.start(1)].map(Some);
    let ana = nodes[0]
        .as_ref()
        .expect("it runs")
        .anonymous()
        .register("ana@example.com")
        .await;
    let token = ana.token().expect("signed in").to_owned();
    let balancer = Arc::new(Balancer::over(&fleet.addresses));
    let traffic = Traffic::begin(&balancer, &token, CLIENTS, 20);

    let (mut restarts, mut turn) = (0, 0);
    while traffic.count() < REQUESTS || restarts < 4 {
        let node = nodes[turn].take().expect("it runs");
        let (status, log) = tokio::task::spawn_blocking(|| node.stop_with_log())
            .await
            .expect("waited for");
        assert!(status.success(), "{log}");
        let (data, address) = (fleet.command(), fleet.addresses[turn]);
        let started = tokio::task::spawn_blocking(move || Serving::at(data, address));
        nodes[turn] = Some(started.await.expect("it starts"));
        balancer.sees(turn, true).await;
        restarts += 1;
        turn = 1 - turn;
    }
    let figures = traffic.end().await;
    println!(
        "{restarts} restarts, {} requests over connections of their own, {} over kept ones, {} failed",
        figures.fresh,
        figures.kept,
        figures.failures()
    );
    assert_eq!(figures.failures(), 0, "{:#?}", figures.failed);

    // Acknowledged rows exist once, and every upload ends.
    let anonymous = nodes[0].as_ref().expect("it runs").anonymous();
    let ana = anonymous.with_token(&token);
    for job in &figures.uploads {
        until_finished(&ana, job).await;
    }
    let pool = fleet.database.superuser().await;
    let stored: Vec<String> =
        sqlx::query_scalar("SELECT symbol FROM companies WHERE symbol = ANY ($1) ORDER BY 1")
            .bind(&figures.companies)
            .fetch_all(&pool)
            .await
            .expect("companies");
    let mut sent = figures.companies.clone();
    sent.sort();
    assert_eq!(stored, sent);
    let rows: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM annual_predictions p JOIN companies c ON c.id = p.company_id WHERE c.symbol LIKE 'U%'",
    )
    .fetch_one(&pool)
    .await
    .expect("predictions");
    assert_eq!(
        rows,
        i64::try_from(figures.uploads.len() * 20).expect("few")
    );
}

async fn until_finished(user: &TestUser, job: &str) {
    let wait = async {
        loop {
            let job = user.get(&format!("/bulk-uploads/{job}")).await.expect(200);
            match job["status"].as_str() {
                Some("completed") => return,
                Some("pending" | "processing") => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                _ => panic!("{job}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), wait)
        .await
        .expect("the upload to end");
}

#[tokio::test]
async fn stopping_process_reports_not_ready_and_still_answers() {
    let fleet = Fleet::new().await;
    let mut program = fleet.command();
    program.env("ACCUNODE_DRAIN_SECONDS", "600");
    let serving = Serving::at(program, fleet.addresses[0]);
    let ana = serving.anonymous().register("ana@example.com").await;
    assert_eq!(ana.get("/me").await.header("connection"), "");
    serving.signal(Signal::SIGTERM);
    let readiness = loop {
        let answer = ana.get("//health/ready").await;
        if answer.status.as_u16() == 503 {
            break answer;
        }
    };
    let body = readiness.json();
    assert_eq!(body["failing"][0]["check"], "shutdown", "{body}");
    assert_eq!(body["failing"][0]["reason"], "stopping");
    assert!(body["failing"][0]["since"].is_string(), "{body}");
    let answer = ana.get("/me").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("connection"), "close");
    let _ = ana.get("//health/live").await.expect(200);
    // After a second signal it does not wait any longer.
    serving.signal(Signal::SIGTERM);
    let (status, log) = serving.end();
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn event_stream_of_an_upload_ends_with_a_shutdown_event() {
    let fleet = Fleet::new().await;
    let serving = fleet.start(0);
    let ana = serving.anonymous().register("ana@example.com").await;
    // No process works on it: it was claimed by a process that has ended.
    let header = "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,\
                  total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";
    let rows = format!("{header}\nA,Energy,2024,0.4,2.5,0.03,6.1,0.05\n");
    let file = ("small.csv", rows.into_bytes());
    let pool = fleet.database.superuser().await;
    sqlx::query("CREATE FUNCTION no_worker_takes_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.status := ''processing''; NEW.lease_token := gen_random_uuid(); NEW.lease_expires_at := now() + interval ''1 hour''; NEW.started_at := now(); RETURN NEW; END'")
        .execute(&pool)
        .await
        .expect("a function");
    sqlx::query("CREATE TRIGGER a_no_worker_takes_it BEFORE INSERT ON bulk_upload_jobs FOR EACH ROW EXECUTE FUNCTION no_worker_takes_it()")
        .execute(&pool)
        .await
        .expect("a trigger");
    let job = ana
        .upload(file, &[("job_type", "annual")])
        .await
        .expect(202);
    let path = format!(
        "/bulk-uploads/{}/events",
        job["id"].as_str().expect("an id")
    );
    let follow = ana.get_as(&path, "text/event-stream");
    let stop = async {
        // The stream has begun when its request is logged.
        crate::running::eventually("the stream", || serving.log().contains("/events")).await;
        serving.signal(Signal::SIGINT);
    };
    let (heard, ()) = tokio::join!(follow, stop);
    assert!(heard.text.contains("event: progress"), "{}", heard.text);
    assert!(
        heard
            .text
            .ends_with("event: shutdown\nretry: 1000\ndata: {}\n\n"),
        "{}",
        heard.text
    );
    let (status, log) = serving.end();
    assert!(status.success(), "{log}");
}
