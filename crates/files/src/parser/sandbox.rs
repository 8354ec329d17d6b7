//! The limits that a parser process sets on itself before it reads a file.

use std::io;

use nix::{
    sys::{
        resource::{Resource, setrlimit},
        signal::{SigSet, Signal},
    },
    unistd::getppid,
};

/// Standard input, output and error, and the two copies that are used.
const DESCRIPTORS: u64 = 5;

/// Closes the descriptors that the service, or the process that started it, has left open for
/// its children, so that this process has only its standard input, output and error.
pub(super) fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else {
        return;
    };
    let open: Vec<i32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect();
    for descriptor in open {
        // The folder that was just read is closed already.
        let _ = nix::unistd::close(descriptor);
    }
}

/// Limits this process for the rest of its life: memory, processor time, no new file, socket
/// or process, no core file, and an end together with the process that started it.
///
/// # Errors
/// If a limit cannot be set, or the parent has ended.
pub(super) fn enter(memory_bytes: u64, cpu_seconds: u64, parent: u32) -> io::Result<()> {
    // A service manager that stops the service signals each of its processes. This one ends
    // with its pipes: an end by such a signal would be taken for the file's fault.
    let mut ignored = SigSet::empty();
    for signal in [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
    ] {
        ignored.add(signal);
    }
    ignored.thread_block()?;
    end_with_parent(parent)?;
    // If the whole machine runs out of memory, this process should be killed first.
    prefer_to_be_killed();
    limit_memory(memory_bytes)?;
    for (resource, limit) in [
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_NPROC, 0),
        (Resource::RLIMIT_NOFILE, DESCRIPTORS),
    ] {
        setrlimit(resource, limit, limit)?;
    }
    // SIGXCPU at the soft limit, SIGKILL at the hard one.
    setrlimit(Resource::RLIMIT_CPU, cpu_seconds, cpu_seconds + 2)?;
    Ok(())
}

/// Limits data, and the address space to what is mapped now and the same amount again, because
/// the program itself counts there, too.
fn limit_memory(bytes: u64) -> io::Result<()> {
    let mapped = mapped_bytes();
    for (resource, limit) in [
        (Resource::RLIMIT_DATA, bytes),
        (Resource::RLIMIT_AS, mapped.saturating_add(bytes)),
    ] {
        let set = setrlimit(resource, limit, limit);
        // Other kernels refuse these limits, and limit memory less well.
        if cfg!(target_os = "linux") {
            set?;
        }
    }
    Ok(())
}

/// Makes the kernel kill this process when the thread that started it ends.
#[cfg(target_os = "linux")]
fn end_with_parent(parent: u32) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    nix::sys::prctl::set_no_new_privs()?;
    // The parent may have ended before the call above: then no signal will be sent.
    still_parent(parent)
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent(parent: u32) -> io::Result<()> {
    still_parent(parent)
}

fn still_parent(parent: u32) -> io::Result<()> {
    if u32::try_from(getppid().as_raw()) == Ok(parent) {
        Ok(())
    } else {
        Err(io::Error::other("the process that asked is gone"))
    }
}

#[cfg(target_os = "linux")]
fn prefer_to_be_killed() {
    if let Err(error) = std::fs::write("/proc/self/oom_score_adj", "1000") {
        // Without /proc the process is as likely to be killed as any other.
        drop(error);
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer_to_be_killed() {}

/// Returns the bytes of address space in use.
fn mapped_bytes() -> u64 {
    /// The value if the system does not report it: more than any build of this program.
    const UNKNOWN: u64 = 512 << 20;
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    match (
        pages,
        nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE),
    ) {
        (Some(pages), Ok(Some(size))) => pages.saturating_mul(size.unsigned_abs()),
        _ => UNKNOWN,
    }
}
