//! The program is killed at random moments of a job.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{
    Line, Options, Outcome,
    load::{Load, all_there},
    rows,
    server::{Client, Server, Setup, folder, until_ended},
};

/// Kills the program at random moments, and compares with an undisturbed job.
///
/// # Errors
/// If a row is lost or doubled, something acknowledged is lost, or the job does not end.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let (size, kills) = (options.rows(), options.pick(50, 3));
    let mut random = options.random(1);
    let data = folder()?;
    let mut server = Server::start(Setup::new(&options.program, data.path())).await?;
    let anonymous = Client::anonymous(&server.base(), false)?;
    let mut ana = anonymous.register("ana@example.com").await?;
    let whole = ana.upload("whole.csv", rows::file(size)).await?;
    let mut continued = 0;
    let begun = Instant::now();
    let _ = until_ended(&ana, &whole, &mut continued).await?;
    let undisturbed = rows::check(&ana, &whole, size).await?;
    let length = u64::try_from(begun.elapsed().as_millis())?;

    let mut done = 0;
    let mut jobs = 0;
    let (mut longest, mut sent, mut failed, mut kept) = (Duration::ZERO, 0, 0, 0);
    while done < kills {
        jobs += 1;
        let email = format!("ben{jobs}@example.com");
        let mut ben = anonymous.register(&email).await?;
        let job = ben.upload("large.csv", rows::file(size)).await?;
        // The moments are spread over the job; the remaining ones are in the next job.
        let most = (length / 12).clamp(500, 4_000);
        loop {
            let nodes = std::sync::Arc::new(std::sync::Mutex::new(vec![server.base()]));
            let load = Load::start(vec![ben.clone()], &nodes, Duration::from_millis(50));
            tokio::time::sleep(random.millis(most)).await;
            let has_ended = match ben.get(&format!("/bulk-uploads/{job}")).await {
                Ok(state) => state["status"] == "completed",
                Err(_) => false,
            };
            if has_ended || done == kills {
                let (more, wrong, acknowledged) = load.stop().await;
                (sent, failed) = (sent + more, failed + wrong);
                all_there(&ben, &acknowledged).await?;
                kept += acknowledged.len();
                break;
            }
            server.kill()?;
            done += 1;
            let begun = Instant::now();
            server.start_again()?;
            server.until_ready().await?;
            longest = longest.max(begun.elapsed());
            let (more, wrong, acknowledged) = load.stop().await;
            (sent, failed) = (sent + more, failed + wrong);
            // Sessions are kept in the process.
            ben = anonymous.login(&email).await?;
            all_there(&ben, &acknowledged).await?;
            kept += acknowledged.len();
        }
        let _ = until_ended(&ben, &job, &mut continued).await?;
        let outcomes = rows::check(&ben, &job, size).await?;
        ensure!(
            outcomes == undisturbed,
            "the outcomes differ from those of the job that no one disturbed"
        );
    }
    ana = anonymous.login("ana@example.com").await?;
    ensure!(
        rows::check(&ana, &whole, size).await? == undisturbed,
        "a completed job has changed"
    );
    Ok(Outcome::Done(vec![Line {
        fault: format!("program killed, {jobs} jobs of {size} rows"),
        times: done,
        longest_unavailable: longest,
        requests: sent,
        failed,
        held: format!(
            "every row once; {kept} acknowledged companies there; {continued} times continued"
        ),
    }]))
}
