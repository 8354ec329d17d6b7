//! The requests that an upload needs.

use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use reqwest::{
    Body, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, RETRY_AFTER},
    multipart::{Form, Part},
};
use serde_json::Value;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::{Job, progress::Progress};
use crate::commands::{in_options, input::Input, print_note};

/// How often a request is repeated if the server cannot be reached or asks for it.
const TRIES: u32 = 5;
/// The pause between two attempts if the server does not specify one.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// The time limit for a response.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// A client of a server, with an API key.
pub(super) struct Client {
    http: reqwest::Client,
    api: Url,
    key: String,
}

impl Client {
    #[expect(
        clippy::disallowed_methods,
        reason = "TLS is provided in the first line"
    )]
    pub(super) fn of(mut server: Url, key: &str) -> anyhow::Result<Self> {
        // An error means that the process has a provider already.
        drop(rustls::crypto::ring::default_provider().install_default());
        if !server.path().ends_with('/') {
            let path = format!("{}/", server.path());
            server.set_path(&path);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("accunode/", env!("CARGO_PKG_VERSION")))
            .read_timeout(READ_TIMEOUT)
            .build()?;
        Ok(Self {
            http,
            api: server.join("api/v1/")?,
            key: key.to_owned(),
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a key that no one else may have: there is no server here to take ids from"
    )]
    /// Sends a file. A repetition has the same key, so that it never becomes a second
    /// upload.
    pub(super) async fn send(
        &self,
        file: &Input,
        fields: &[(&'static str, String)],
        progress: &Progress,
    ) -> anyhow::Result<Job> {
        let idempotency_key = Uuid::now_v7().to_string();
        let url = self.api.join("bulk-uploads")?;
        let mut tries = 0;
        loop {
            tries += 1;
            let form = form(file, fields, progress).await?;
            let request = self
                .http
                .post(url.clone())
                .header("idempotency-key", &idempotency_key)
                .multipart(form);
            if let Some(answer) = self.answer(request, tries).await? {
                return read(answer).await;
            }
        }
    }

    /// Returns the state of an upload.
    pub(super) async fn job(&self, id: &str) -> anyhow::Result<Job> {
        let url = self.api.join(&format!("bulk-uploads/{id}"))?;
        read(self.get(&url, "application/json").await?).await
    }

    /// Returns the rows that failed, as CSV.
    pub(super) async fn failed_rows(&self, id: &str) -> anyhow::Result<Vec<u8>> {
        let url = self
            .api
            .join(&format!("bulk-uploads/{id}/rows?status=error"))?;
        let answer = self.get(&url, "text/csv").await?;
        Ok(answer.bytes().await?.to_vec())
    }

    async fn get(&self, url: &Url, accept: &str) -> anyhow::Result<Response> {
        let mut tries = 0;
        loop {
            tries += 1;
            let request = self.http.get(url.clone()).header(ACCEPT, accept);
            if let Some(answer) = self.answer(request, tries).await? {
                return Ok(answer);
            }
        }
    }

    /// Returns the response of an attempt; `None` if another one is to be made, after its
    /// pause.
    async fn answer(
        &self,
        request: RequestBuilder,
        tries: u32,
    ) -> anyhow::Result<Option<Response>> {
        let sent = request.bearer_auth(&self.key).send().await;
        let pause = match sent {
            Ok(answer) if answer.status().is_success() => return Ok(Some(answer)),
            Ok(answer) if asks_for_another(answer.status()) && tries < TRIES => {
                pause_of(&answer).unwrap_or(PAUSE)
            }
            Ok(answer) => bail!("the server refused it: {}", problem(answer).await),
            Err(error) if tries < TRIES && !error.is_builder() => {
                print_note(format_args!("{error}; trying again"));
                PAUSE
            }
            Err(error) => return Err(error).context("the server cannot be reached"),
        };
        tokio::time::sleep(pause).await;
        Ok(None)
    }
}

fn asks_for_another(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY
    )
}

fn pause_of(answer: &Response) -> Option<Duration> {
    let seconds = answer
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

async fn form(
    file: &Input,
    fields: &[(&'static str, String)],
    progress: &Progress,
) -> anyhow::Result<Form> {
    let unreadable = || format!("cannot read {}", file.name());
    let opened = tokio::fs::File::open(file.path())
        .await
        .with_context(unreadable)?;
    let size = opened.metadata().await.with_context(unreadable)?.len();
    progress.bytes(size);
    let bar = progress.shared();
    let bytes = ReaderStream::new(opened).inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            bar.sent(chunk.len() as u64);
        }
    });
    let name = file.file_name().with_context(unreadable)?;
    let part = Part::stream_with_length(Body::wrap_stream(bytes), size).file_name(name);
    let mut form = Form::new();
    for (name, value) in fields {
        form = form.text(*name, value.clone());
    }
    Ok(form.part("file", part))
}

async fn read(answer: Response) -> anyhow::Result<Job> {
    answer
        .json()
        .await
        .context("the server's answer is not that of this version of AccuNode")
}

/// Formats a problem document as text.
async fn problem(answer: Response) -> String {
    let status = answer.status();
    let document: Value = answer.json().await.unwrap_or_default();
    let Some(detail) = document["detail"].as_str() else {
        return status.to_string();
    };
    let faults = document["errors"].as_array().into_iter().flatten();
    let faults: Vec<String> = faults
        // The detail contains a single fault already.
        .filter(|fault| fault["detail"].as_str() != Some(detail))
        .filter_map(|fault| {
            let pointer = fault["pointer"].as_str()?;
            Some(format!("\n  {pointer}: {}", fault["detail"].as_str()?))
        })
        .collect();
    in_options(&format!("{detail}{}", faults.concat()))
}
