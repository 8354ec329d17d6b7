//! Work of one kind, or of one tenant, does not make other work wait.

use accunode_tests::{Answer, Service, ServiceOptions, TestUser, tenancy::Tenancy};
use futures::{
    future::join_all,
    stream::{FuturesUnordered, StreamExt},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::support::{file, line, prediction, submit};

/// Locks a table until it is dropped or released.
pub(crate) struct Lock(PgConnection);

impl Lock {
    pub(crate) async fn on(service: &Service, table: &str) -> Self {
        let mut connection = PgConnection::connect(service.database.url())
            .await
            .expect("a connection");
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        connection
            .execute(AssertSqlSafe(lock))
            .await
            .expect("a lock");
        Self(connection)
    }

    /// Waits until this many statements wait for a lock.
    pub(crate) async fn until_waited_for(&mut self, by: i64) {
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            .fetch_one(&mut self.0)
            .await
            .expect("a count");
            if waiting >= by {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn release(mut self) {
        self.0.execute("ROLLBACK").await.expect("a rollback");
    }
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect()
}

fn company(symbol: &str) -> Value {
    json!({ "symbol": symbol, "name": "Someone Incorporated", "sector": "Energy" })
}

#[tokio::test]
async fn locked_table_delays_only_its_own_lists() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2, other, sa) = (
        users.user("m1"),
        users.user("m2"),
        users.user("tZ"),
        users.user("sa"),
    );
    let mut lock = Lock::on(&service, "annual_predictions").await;
    // Two users of one tenant, which can use half of the pool for lists.
    let flood = join_all((0..24).map(|n| {
        let who = if n % 2 == 0 { m1 } else { m2 };
        who.get("/predictions/annual")
    }));
    let meanwhile = async {
        lock.until_waited_for(2).await;
        // More than once each, so that more than one connection is needed.
        for n in 0..5 {
            let _ = m1.get("/me").await.expect(200);
            let _ = service.anonymous().get("//health/ready").await.expect(200);
            let made = m1.post("/companies", &company(&format!("NEW{n}"))).await;
            let _ = made.expect(201);
            let _ = other.get("/companies").await.expect(200);
            let _ = other.get("/predictions/quarterly").await.expect(200);
        }
        lock
    };
    let (answers, lock) = tokio::join!(flood, async {
        let lock = meanwhile.await;
        // Requests that wait for a place are told when to retry.
        let late = m1.get("/predictions/annual").await;
        assert_eq!(late.problem(429), "too_many_at_once");
        assert_eq!(late.header("retry-after"), "2");
        lock.release().await;
    });
    let () = lock;
    let served = statuses(&answers).iter().filter(|s| **s == 200).count();
    assert!(served >= 2, "{:?}", statuses(&answers));
    let stats = sa.get("/admin/stats").await.expect(200);
    let pools = &stats["database_pools"];
    let reads = &stats["at_once"]["read"];
    assert!(reads["refused"].as_u64() >= Some(1), "{reads}");
    for quiet in ["identity", "writes", "expensive"] {
        assert_eq!(pools[quiet]["refused"], 0, "{pools}");
        assert!(pools[quiet]["max"].as_u64() >= Some(1), "{pools}");
    }
    let _ = m1.get("/predictions/annual").await.expect(200);
}

#[tokio::test]
async fn concurrent_searches_are_limited_per_tenant() {
    let options = ServiceOptions::default().with("at_once.search", "1");
    let service = Service::with(options).await;
    let users = Tenancy::of(&service).await;
    let (m1, other) = (users.user("m1"), users.user("tZ"));
    for who in [m1, other] {
        let _ = who.post("/companies", &company("ACME")).await.expect(201);
    }
    let key = json!({ "name": "a program", "scopes": ["read"] });
    let key = m1.post("/api-keys", &key).await.expect(201);
    let program = m1.with_token(key["secret"].as_str().expect("a secret"));
    let askers = [m1, users.user("m2"), users.user("mB"), &program];

    let mut lock = Lock::on(&service, "companies").await;
    // More requests than may be processed and may wait.
    let flood = join_all((0..40).map(|n| askers[n % 4].get("/companies?q=acme")));
    let (answers, lock) = tokio::join!(flood, async {
        lock.until_waited_for(1).await;
        let _ = other.get("/me").await.expect(200);
        let _ = other.get("/predictions/annual").await.expect(200);
        let _ = m1.get("/predictions/annual").await.expect(200);
        lock
    });
    let problems: Vec<String> = answers
        .iter()
        .map(|answer| match answer.status.as_u16() {
            429 => {
                assert_eq!(answer.header("retry-after"), "2");
                answer.problem(429)
            }
            _ => answer.problem(503),
        })
        .collect();
    // A search that takes too long is cancelled with an error.
    let count = |code: &str| problems.iter().filter(|problem| *problem == code).count();
    assert!(count("timed_out") >= 1, "{problems:?}");
    assert!(count("too_many_at_once") >= 20, "{problems:?}");
    assert_eq!(
        count("timed_out") + count("too_many_at_once"),
        40,
        "{problems:?}"
    );
    lock.release().await;

    for who in [m1, &program, other] {
        let found = who.get("/companies?q=acme").await.expect(200);
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");
    }
    let stats = users.user("sa").get("/admin/stats").await.expect(200);
    let search = &stats["at_once"]["search"];
    assert_eq!(search["max"], 1, "{search}");
    assert_eq!(search["running"], 0, "{search}");
    assert!(search["refused"].as_u64() >= Some(20), "{search}");
}

/// Every kind of expensive work has its limit: one request of each kind is blocked, the next of the
/// same tenant is refused, and another tenant's is accepted.
#[tokio::test]
async fn every_kind_of_expensive_work_is_limited_per_tenant() {
    let mut options = ServiceOptions::default().without_worker();
    for kind in ["search", "export", "analytics", "batch", "upload"] {
        options = options.with(&format!("at_once.{kind}"), "1");
    }
    let service = Service::with(options).await;
    let users = Tenancy::of(&service).await;
    let (m1, tr) = (users.user("m1"), users.user("tR"));
    let statement = prediction("ACME", "2024");
    let made = m1.post("/predictions/annual", &statement).await;
    let _ = made.expect(201);
    for (kind, table, ask) in KINDS {
        let mut lock = Lock::on(&service, table).await;
        let mut flood: FuturesUnordered<_> = (0..24)
            .map(|n| ask(if n % 2 == 0 { m1 } else { tr }))
            .collect();
        let first = async {
            // All other requests wait without success or are refused immediately.
            let mut refused = Vec::new();
            while refused.len() < 5 {
                let answer = flood.next().await.expect("an answer");
                if answer.status.as_u16() == 429 {
                    assert_eq!(answer.problem(429), "too_many_at_once", "{kind}");
                    refused.push(answer);
                }
            }
        };
        first.await;
        lock.until_waited_for(1).await;
        lock.release().await;
        while flood.next().await.is_some() {}
    }
}

type Ask = for<'p> fn(&'p TestUser) -> futures::future::BoxFuture<'p, Answer>;

/// Kinds of work, with a table that each reads or writes, and a request for it.
const KINDS: [(&str, &str, Ask); 5] = [
    ("search", "companies", |p| {
        Box::pin(p.get("/companies?q=acme"))
    }),
    ("export", "companies", |p| {
        Box::pin(p.get_as("/companies", "text/csv"))
    }),
    ("analytics", "annual_prediction_rollup", |p| {
        Box::pin(p.get("/analytics/trend?kind=annual"))
    }),
    ("batch", "annual_predictions", |p| {
        Box::pin(async move {
            let body = json!({ "items": [prediction("ACME", "2023")] });
            p.post("/predictions/annual/batch", &body).await
        })
    }),
    ("upload", "bulk_upload_jobs", |p| {
        let file = format!(
            "{}\nACME,Acme,Energy,2022,0.2,2,0.1,6,0.1\n",
            crate::support::HEADER
        );
        Box::pin(async move {
            let file = ("annual.csv", file.into_bytes());
            p.upload(file, &[("job_type", "annual")]).await
        })
    }),
];

#[tokio::test]
async fn uploads_of_one_owner_do_not_delay_those_of_another() {
    let service = Service::start().await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let _ = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    // The rows that Ana's uploads update are locked, so the first of them makes no progress.
    let mut held = PgConnection::connect(service.database.url())
        .await
        .expect("a connection");
    held.execute("BEGIN; SELECT FROM annual_predictions FOR UPDATE")
        .await
        .expect("a lock");
    let mut jobs = Vec::new();
    for debt in ["3.0", "4.0", "5.0"] {
        let row = line("ACME", "2024", debt);
        let name = format!("{debt}.csv");
        let update = [("on_conflict", "update")];
        jobs.push(submit(&ana, &name, file(&[&row]), &update).await);
    }
    let row = line("OTHER", "2024", "2.0");
    let bens = submit(&ben, "ben.csv", file(&[&row]), &[]).await;
    assert_eq!(service.finished(&ben, &bens).await["status"], "completed");
    for job in &jobs {
        let path = format!("/bulk-uploads/{job}");
        let waiting = ana.get(&path).await.expect(200);
        assert_ne!(waiting["status"], "completed", "{waiting}");
    }
    held.execute("ROLLBACK").await.expect("a rollback");
    for job in &jobs {
        assert_eq!(service.finished(&ana, job).await["status"], "completed");
    }
}
