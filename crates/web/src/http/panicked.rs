//! The response to a request whose handler panicked.

use std::{fmt, sync::Mutex};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::HeaderMap},
};

use crate::http::problem::Problem;

/// An error whose response was rendered already, because nothing of the request is left
/// that an outer middleware could complete it with.
pub(crate) struct Panicked {
    id: String,
    answer: Mutex<Option<HttpResponse>>,
}

impl Panicked {
    /// Returns a 500 with the headers of every response. The panic itself is logged, with
    /// the same request id.
    pub(crate) fn answer(add_headers: impl FnOnce(&mut HeaderMap), id: &str) -> Self {
        tracing::error!(
            code = "internal_error",
            "the handling of a request panicked"
        );
        let mut answer = problem().render(Some(id));
        add_headers(answer.headers_mut());
        Self {
            id: id.to_owned(),
            answer: Mutex::new(Some(answer)),
        }
    }
}

fn problem() -> Problem {
    Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panicked")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handling of request {} panicked", self.id)
    }
}

impl ResponseError for Panicked {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn error_response(&self) -> HttpResponse {
        let written = self.answer.lock().ok().and_then(|mut answer| answer.take());
        // It is requested once; a second response would only lack the headers.
        written.unwrap_or_else(|| problem().render(Some(&self.id)))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use actix_web::{App, HttpServer, middleware::from_fn, web};

    use crate::http::response_middleware::response_middleware;

    #[expect(clippy::panic, reason = "what a handler with a defect does")]
    async fn at_once() -> &'static str {
        panic!("a secret of the handler")
    }

    async fn later() -> String {
        tokio::task::yield_now().await;
        at_once().await.to_owned()
    }

    /// Sends requests over one connection, and returns everything that is received.
    fn ask(address: std::net::SocketAddr, requests: &[&str]) -> Vec<String> {
        let mut stream = TcpStream::connect(address).unwrap();
        requests
            .iter()
            .map(|path| {
                write!(
                    stream,
                    "GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: r-7\r\n\r\n"
                )
                .unwrap();
                let mut answer = String::new();
                let mut buffer = [0; 4096];
                // The responses are short, and end after their stated length.
                while !is_whole(&answer) {
                    let read = stream.read(&mut buffer).unwrap();
                    assert!(read > 0, "the connection was dropped after {answer:?}");
                    answer.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                }
                answer
            })
            .collect()
    }

    fn is_whole(answer: &str) -> bool {
        let Some((head, body)) = answer.split_once("\r\n\r\n") else {
            return false;
        };
        let length = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        body.len() >= length.unwrap_or_default()
    }

    #[actix_web::test]
    async fn panicking_handler_answers_500_and_keeps_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(|| {
            App::new()
                .route("/at-once", web::get().to(at_once))
                .route("/later", web::get().to(later))
                .route("/sound", web::get().to(async || "sound"))
                .wrap(from_fn(response_middleware))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        #[expect(clippy::disallowed_methods, reason = "the test waits for it below")]
        let running = actix_web::rt::spawn(server);
        let answers = actix_web::rt::task::spawn_blocking(move || {
            ask(address, &["/at-once", "/sound", "/later", "/sound"])
        })
        .await
        .unwrap();
        handle.stop(true).await;
        running.await.unwrap().unwrap();

        for at in [0, 2] {
            let answer = &answers[at];
            assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
            let lower = answer.to_ascii_lowercase();
            assert!(
                lower.contains("content-type: application/problem+json"),
                "{answer}"
            );
            assert!(lower.contains("x-request-id: r-7"), "{answer}");
            assert!(
                lower.contains("x-content-type-options: nosniff"),
                "{answer}"
            );
            assert!(answer.contains(r#""code":"internal_error""#), "{answer}");
            assert!(answer.contains(r#""request_id":"r-7""#), "{answer}");
            assert!(!answer.contains("secret"), "{answer}");
        }
        for at in [1, 3] {
            assert!(answers[at].starts_with("HTTP/1.1 200 "), "{}", answers[at]);
        }
    }
}
