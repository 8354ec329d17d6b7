//! The disk of the private PostgreSQL becomes full in the middle of a job, and is freed again.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::ensure;

use super::{
    Line, Options, Outcome,
    load::{Load, all_there},
    rows,
    server::{Client, Server, Setup, folder, until_ended},
};

/// A small file system in memory. Unmounted with its value.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Result<Self, String> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=640m,mode=755", "tmpfs"])
            .arg(at)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Self(at.to_owned())),
            Ok(output) => Err(format!(
                "a file system of its own cannot be mounted: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )),
            Err(error) => Err(format!("there is no mount: {error}")),
        }
    }

    /// Fills it to the last byte.
    fn fill(&self) -> anyhow::Result<PathBuf> {
        let path = self.0.join("ballast");
        let mut file = File::create(&path)?;
        let block = vec![0_u8; 1 << 20];
        while file.write_all(&block).is_ok() {}
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&block[..size]).is_ok() && size > 1 {}
        }
        Ok(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // `-l`: a process that still has a file open must not keep the mount.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Fills the disk and frees it again.
///
/// # Errors
/// If the service does not recover by itself, or a row or something acknowledged is lost.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let (size, times) = (options.rows(), options.pick(3, 1));
    let data = folder()?;
    let disk = match Disk::mount(data.path()) {
        Ok(disk) => disk,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let mut random = options.random(4);
    // The whole disk is smaller than the required free space by default. The log is on it as
    // well.
    let setup = Setup::new(&options.program, data.path()).with("ACCUNODE_MIN_FREE_DISK", "1MiB");
    let mut server = Server::start(setup).await?;
    let ana = Client::anonymous(&server.base(), true)?
        .register("ana@example.com")
        .await?;
    let job = ana.upload("large.csv", rows::file(size)).await?;
    let nodes = Arc::new(Mutex::new(vec![server.base()]));
    let load = Load::start(vec![ana.clone()], &nodes, Duration::from_millis(100));
    let (mut longest, mut continued) = (Duration::ZERO, 0);
    for _ in 0..times {
        tokio::time::sleep(random.millis(2_000)).await;
        let ballast = disk.fill()?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        std::fs::remove_file(ballast)?;
        let begun = Instant::now();
        server.until_ready().await?;
        longest = longest.max(begun.elapsed());
    }
    let ended = until_ended(&ana, &job, &mut continued).await?;
    ensure!(
        continued == 0,
        "a full disk used up the attempts of a job {continued} times: {ended}"
    );
    rows::check(&ana, &job, size).await?;
    let (requests, failed, acknowledged) = load.stop().await;
    all_there(&ana, &acknowledged).await?;
    drop(server);
    Ok(Outcome::Done(vec![Line {
        fault: "disk of the private PostgreSQL full for 3 s".to_owned(),
        times,
        longest_unavailable: longest,
        requests,
        failed,
        held: format!(
            "every row once; {} acknowledged companies there; ready by itself",
            acknowledged.len()
        ),
    }]))
}
