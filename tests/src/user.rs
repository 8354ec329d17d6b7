//! A client that sends requests, and the responses.

use std::time::Duration;

use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    multipart,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// The password of all users in the tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// A client, signed in or anonymous.
#[derive(Clone, Debug)]
pub struct TestUser {
    base: String,
    client: reqwest::Client,
    token: Option<String>,
    headers: HeaderMap,
    /// The user's id; nil if anonymous.
    pub id: Uuid,
    /// The user's address; empty if anonymous.
    pub email: String,
}

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Returns the body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|e| panic!("{}: not JSON ({e}): {}", self.status, self.text))
    }

    /// Returns the body as JSON, of a response that must have this status.
    ///
    /// # Panics
    /// If it has another; the message shows the body.
    #[must_use]
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Returns the problem's code, of a response that must have this status.
    ///
    /// # Panics
    /// If it has another, or is not a problem.
    #[must_use]
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        let body = self.expect(status);
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text
        );
        body["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {}", self.text))
            .to_owned()
    }

    /// Returns `pointer code` of every fault of a problem.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.json()["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| {
                format!(
                    "{} {}",
                    e["pointer"].as_str().unwrap_or("?"),
                    e["code"].as_str().unwrap_or("?")
                )
            })
            .collect()
    }

    /// Returns a header, empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    }
}

impl TestUser {
    /// Returns an anonymous client for the service with this address.
    #[must_use]
    pub fn anonymous(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            client: client(),
            token: None,
            headers: HeaderMap::new(),
            id: Uuid::nil(),
            email: String::new(),
        }
    }

    /// Returns the same client with a header on every request.
    ///
    /// # Panics
    /// If that is not a valid header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.insert(
            HeaderName::try_from(name).expect("a header's name"),
            HeaderValue::from_str(value).expect("a header's value"),
        );
        other
    }

    /// Returns the same client with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Proves the identity again; from then on the new session's token is used.
    ///
    /// # Panics
    /// If that is refused.
    #[must_use]
    pub async fn step_up(&self, proof: &Value) -> Self {
        let answer = self.post("/auth/step-up", proof).await.expect(200);
        self.with_token(answer["access_token"].as_str().expect("a token"))
    }

    /// Returns the same client, with its token, for another process.
    #[must_use]
    pub fn at(&self, there: &Self) -> Self {
        Self {
            base: there.base.clone(),
            ..self.clone()
        }
    }

    /// Returns the token that requests send, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Returns the address of a path, as [`TestUser::get`] interprets it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        match path.strip_prefix("//") {
            Some(path) => format!("{}/{path}", self.base),
            None => format!("{}/api/v1{path}", self.base),
        }
    }

    /// Registers with this address and signs in.
    ///
    /// # Panics
    /// If either fails.
    pub async fn register(&self, email: &str) -> Self {
        let body = json!({ "email": email, "password": PASSWORD });
        let _ = self.post("/auth/register", &body).await.expect(201);
        self.login(email).await
    }

    /// Signs in.
    ///
    /// # Panics
    /// If that fails.
    pub async fn login(&self, email: &str) -> Self {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = self.post("/auth/login", &body).await.expect(200);
        let id = answer["user"]["id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an id");
        Self {
            token: answer["access_token"].as_str().map(str::to_owned),
            id,
            email: email.to_owned(),
            ..self.clone()
        }
    }

    /// Sends GET; a path that begins with `/` is below `/api/v1`, one with `//` below the
    /// root.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Sends GET for another representation.
    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.with(ACCEPT.as_str(), accept).get(path).await
    }

    /// Sends DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends POST with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// Sends PATCH with JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// Sends PUT with JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// Sends PUT without a body.
    pub async fn put_nothing(&self, path: &str) -> Answer {
        self.send(Method::PUT, path, None).await
    }

    /// Sends POST without a body.
    pub async fn post_nothing(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    /// Sends POST with any bytes, declared as JSON.
    pub async fn post_raw(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Method::POST, path, Some(body.into())).await
    }

    /// Sends a request with this method and any bytes, declared as JSON.
    ///
    /// # Panics
    /// If that is not a method.
    pub async fn send_raw(&self, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let method = method.parse().expect("a method");
        self.send(method, path, Some(body.into())).await
    }

    /// Sends POST with a form that contains a file.
    ///
    /// # Panics
    /// If the service cannot be reached.
    pub async fn upload(&self, file: (&str, Vec<u8>), fields: &[(&str, &str)]) -> Answer {
        let mut form = multipart::Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        form = form.part(
            "file",
            multipart::Part::bytes(file.1).file_name(file.0.to_owned()),
        );
        let request = self.request(Method::POST, "/bulk-uploads").multipart(form);
        read(request.send().await.expect("the service answers")).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        self.try_send(method, path, body)
            .await
            .expect("the service answers")
    }

    /// Requests a response that is read piece by piece.
    ///
    /// # Panics
    /// If the service does not answer.
    pub async fn open(&self, path: &str, accept: &str) -> reqwest::Response {
        let request = self.request(Method::GET, path).header(ACCEPT, accept);
        request.send().await.expect("an answer")
    }

    /// Sends any request, for tests in which the service may fail to answer.
    ///
    /// # Errors
    /// If the connection ends without a complete response.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            if !self.headers.contains_key(CONTENT_TYPE) {
                request = request.header(CONTENT_TYPE, "application/json");
            }
            request = request.body(body);
        }
        try_read(request.send().await?).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self
            .client
            .request(method, self.url(path))
            .headers(self.headers.clone());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request
    }
}

/// Closes idle connections before the server does: a connection that closes while a request
/// is in progress would look like a failure.
fn client() -> reqwest::Client {
    crate::http()
        .pool_idle_timeout(Duration::from_secs(2))
        .build()
        .expect("a client")
}

async fn read(response: reqwest::Response) -> Answer {
    try_read(response).await.expect("a whole answer")
}

async fn try_read(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await?.to_vec();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer {
        status,
        headers,
        text,
        bytes,
    })
}
