//! Ties a child's life to the thread that starts it.

use std::process::Command;

/// Makes the kernel interrupt the child when the calling thread ends, however it ends.
/// SIGINT is PostgreSQL's fast shutdown: sessions are ended and everything is written.
///
/// The signal follows the *thread* that spawns, so that thread must live as long as the
/// child should. Elsewhere than on Linux there is no such signal, and nothing is done.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "no safe call sets the parent death signal of a child"
)]
pub(super) fn interrupt_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    use nix::sys::{prctl, signal::Signal};
    use nix::unistd::{Pid, getppid};

    let parent = Pid::this();
    let before_exec = move || {
        prctl::set_pdeathsig(Signal::SIGINT)?;
        // The parent may have died before the call above: then no signal will be sent.
        if getppid() != parent {
            return Err(nix::errno::Errno::ESRCH.into());
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl and
    // getppid are plain system calls, and the errors are made without allocating.
    unsafe {
        command.pre_exec(before_exec);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn interrupt_with_parent(_command: &mut Command) {}
