//! Log lines on standard error, as text or as JSON for log collectors, and in addition the
//! export to an OpenTelemetry collector.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal},
    panic::{self, PanicHookInfo},
};

use anyhow::Context;
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    config::{Config, LogFormat},
    otlp::Otlp,
};

/// The target that logs a request that could not be parsed at level ERROR, about which an
/// operator can do nothing.
const NOISE: &str = "actix_http::h1::dispatcher";

/// The started exporter, for as long as the process lives.
#[derive(Debug)]
#[must_use = "what is left to send is sent when it is dropped"]
pub struct Telemetry(Option<Otlp>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(otlp) = &self.0 {
            otlp.end();
        }
    }
}

/// Starts logging as configured, also of panics. Call it once per process, and outside of a
/// runtime.
///
/// # Errors
/// If logging was started before, the filter is invalid, or the collector cannot be used.
pub fn init(config: &Config) -> anyhow::Result<Telemetry> {
    let mut filter = EnvFilter::builder()
        .parse(&config.log)
        .context("the log filter is wrong")?;
    // A user who names the target wants to see its lines.
    if !config.log.contains("actix_http") {
        filter = filter.add_directive(format!("{NOISE}=off").parse()?);
    }
    // A line that cannot be written, such as on a full disk, is lost. Reporting that on standard
    // error as well would panic, and a panic in the panic hook aborts the process.
    let base = fmt::layer()
        .with_writer(io::stderr)
        .log_internal_errors(false);
    let lines = match config.log_format {
        LogFormat::Text => base.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => base
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
    };
    let otlp = Otlp::of(&config.otlp)?;
    tracing_subscriber::registry()
        .with(lines)
        .with(otlp.as_ref().map(Otlp::layer))
        .with(filter)
        .try_init()
        .context("logging cannot start")?;
    panic::set_hook(Box::new(log_panic));
    Ok(Telemetry(otlp))
}

/// Logs a panic like everything else: with its location, and within the span of the request in
/// which it happened. If `RUST_BACKTRACE` is set, with a backtrace.
fn log_panic(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let payload = info.payload();
    let payload = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(location, thread, payload, %backtrace, "panic");
    } else {
        tracing::error!(location, thread, payload, "panic");
    }
}
