//! Traces and logs for an OpenTelemetry collector, by OTLP over HTTP.
//!
//! The filter `log` determines what is sent: spans are requests, jobs and, at level DEBUG, use
//! cases and repositories; logs are the lines. Both are sent in batches by separate threads, and
//! an unreachable collector costs the service only those batches.

use std::time::Duration;

use anyhow::Context;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    logs::SdkLoggerProvider,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::{Layer, filter::FilterFn, registry::LookupSpan};

use crate::config::OtlpConfig;

/// The time limit of sending one batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time limit of the last batches when the process ends.
const AT_THE_END: Duration = Duration::from_secs(3);

/// The exporter. It must be ended, so that the last batches are sent, too.
#[derive(Debug)]
pub struct Otlp {
    traces: SdkTracerProvider,
    logs: SdkLoggerProvider,
}

impl Otlp {
    /// Creates the exporter to the configured collector; `None` without one. Call it outside of
    /// a runtime.
    ///
    /// # Errors
    /// If the URL or a header cannot be used.
    pub fn of(config: &OtlpConfig) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &config.endpoint else {
            return Ok(None);
        };
        let client = http_client().context("no HTTP client for otlp.endpoint")?;
        let headers: std::collections::HashMap<_, _> = config.headers().into_iter().collect();
        let spans = SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_headers(headers.clone())
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .context("otlp.endpoint cannot be used")?;
        let lines = LogExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_headers(headers)
            .with_endpoint(format!("{endpoint}/v1/logs"))
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .context("otlp.endpoint cannot be used")?;
        let resource = Resource::builder()
            .with_service_name("accunode")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let share = Sampler::TraceIdRatioBased(config.trace_share);
        Ok(Some(Self {
            traces: SdkTracerProvider::builder()
                .with_batch_exporter(spans)
                .with_sampler(Sampler::ParentBased(Box::new(share)))
                .with_resource(resource.clone())
                .build(),
            logs: SdkLoggerProvider::builder()
                .with_batch_exporter(lines)
                .with_resource(resource)
                .build(),
        }))
    }

    /// Returns the layer that passes spans and lines to the exporter.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let spans = tracing_opentelemetry::layer()
            .with_tracer(self.traces.tracer("accunode"))
            .with_location(false)
            .with_threads(false)
            .with_filter(FilterFn::new(is_ours as fn(&Metadata<'_>) -> bool));
        let lines = OpenTelemetryTracingBridge::new(&self.logs)
            .with_filter(FilterFn::new(is_ours as fn(&Metadata<'_>) -> bool));
        spans.and_then(lines)
    }

    /// Sends the remaining batches, for a few seconds at most.
    pub fn end(&self) {
        for ended in [
            self.traces.shutdown_with_timeout(AT_THE_END),
            self.logs.shutdown_with_timeout(AT_THE_END),
        ] {
            if let Err(error) = ended {
                tracing::warn!(%error, "the last traces or logs were not sent");
            }
        }
    }
}

/// The exporter must not export its own log lines, which would never end.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    const SENDERS: [&str; 5] = ["opentelemetry", "reqwest", "hyper", "rustls", "h2"];
    !SENDERS
        .iter()
        .any(|name| metadata.target().starts_with(name))
}

/// Returns a client that blocks the exporting thread: it needs no runtime, and works until the
/// very end of the process.
fn http_client() -> reqwest::Result<reqwest::blocking::Client> {
    accunode_files::provide_tls();
    reqwest::blocking::Client::builder()
        .user_agent(concat!("accunode/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(EXPORT_TIMEOUT)
        .build()
}
