//! Monitoring settings: the address of the metrics, and the destination of traces and logs.

use std::net::SocketAddr;

use serde::Serialize;
use url::Url;

use super::{layers::Layers, secret::SecretText};

/// The destination of traces and logs (OpenTelemetry, OTLP over HTTP).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OtlpConfig {
    /// The collector; `/v1/traces` and `/v1/logs` are appended. Without it nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Headers of every request, such as `authorization=Bearer …`, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<SecretText>,
    /// The share of requests and jobs whose traces are sent, from 0 to 1.
    pub trace_share: f64,
}

impl OtlpConfig {
    const HEADERS_RULE: &str =
        "must be names and values with commas between, such as authorization=Bearer abc,x-tenant=7";

    /// Returns the headers by their names.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let text = self.headers.as_ref().map(SecretText::expose);
        text.and_then(pairs).unwrap_or_default()
    }
}

fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let is_value = |value: &str| value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    let pair = |text: &str| {
        let (name, value) = text.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        (is_name(name) && is_value(value)).then(|| (name.to_owned(), value.to_owned()))
    };
    text.split(',').map(pair).collect()
}

pub(super) fn read_metrics_listen(layers: &mut Layers) -> Option<SocketAddr> {
    layers.read(
        "metrics_listen",
        "must be an address and a port, such as 127.0.0.1:9464",
        |text| text.parse().ok(),
    )
}

pub(super) fn read_otlp(layers: &mut Layers) -> OtlpConfig {
    let rule = "must be the URL of a collector without credentials, such as http://127.0.0.1:4318";
    let endpoint = layers.read("otlp.endpoint", rule, |text| {
        let url = Url::parse(text).ok()?;
        let sound = ["http", "https"].contains(&url.scheme())
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        sound.then(|| url.as_str().trim_end_matches('/').to_owned())
    });
    let headers = layers.read("otlp.headers", OtlpConfig::HEADERS_RULE, |text| {
        pairs(text).map(|_| text.to_owned().into())
    });
    let trace_share = layers.read("otlp.trace_share", "must be a number from 0 to 1", |text| {
        let share: f64 = text.parse().ok()?;
        (0.0..=1.0).contains(&share).then_some(share)
    });
    if endpoint.is_none() && headers.is_some() && layers.text("otlp.endpoint").is_none() {
        layers.fault("otlp.headers", None, "needs otlp.endpoint beside it");
    }
    OtlpConfig {
        endpoint,
        headers,
        trace_share: trace_share.unwrap_or(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collector_headers_are_comma_separated_pairs() {
        let found = pairs("authorization=Bearer a=b, x-tenant = 7").unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            found,
            [pair("authorization", "Bearer a=b"), pair("x-tenant", "7")]
        );
        for wrong in ["", "authorization", "=7", "a b=7", "a=x\r\nb"] {
            assert_eq!(pairs(wrong), None, "{wrong:?}");
        }
    }
}
