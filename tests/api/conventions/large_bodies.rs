//! Bodies of more than 64 KiB that arrive slowly.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use accunode_tests::{Service, TestUser};
use futures::{
    future::join_all,
    stream::{FuturesUnordered, StreamExt},
};
use serde_json::json;

use crate::support::ratios;

/// The number of large bodies that a process receives at once.
const PLACES: usize = 32;

/// Sends the first 70 kB of a body of 100 kB, and returns the status that the client gets without
/// sending the rest.
fn send_a_part(host: &str, token: &str) -> String {
    let mut connection = TcpStream::connect(host).expect("a connection");
    let head = format!(
        "POST /api/v1/predictions/annual/score HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    );
    let part = " ".repeat(70_000);
    connection.write_all(head.as_bytes()).expect("to be read");
    connection.write_all(part.as_bytes()).expect("to be read");
    let mut status = [0; 12];
    connection.read_exact(&mut status).expect("an answer");
    String::from_utf8_lossy(&status).into_owned()
}

fn large_body() -> Vec<u8> {
    let items = [json!({ "ratios": ratios() })];
    let mut body = json!({ "items": items }).to_string().into_bytes();
    body.resize(100_000, b' ');
    body
}

#[tokio::test]
async fn slow_large_bodies_of_many_users_make_room_for_others() {
    let service = Service::start().await;
    let users: Vec<TestUser> = join_all((0..PLACES + 2).map(|n| async move { n }).map(async |n| {
        let n = n.await;
        service.user(&format!("slow{n}")).await
    }))
    .await;
    let ana = service.user("ana").await;
    assert_eq!(score(&ana).await, 200);

    let url = ana.url("/");
    let host = url.split('/').nth(2).expect("a host").to_owned();
    let mut slow: FuturesUnordered<_> = users
        .iter()
        .map(|user| {
            let (host, token) = (host.clone(), user.token().expect("a token").to_owned());
            tokio::task::spawn_blocking(move || send_a_part(&host, &token))
        })
        .collect();
    // One that is answered shows that all places were taken.
    let status = slow.next().await.expect("an answer").expect("no panic");
    assert_eq!(status, "HTTP/1.1 408");
    for _ in 0..3 {
        assert_eq!(score(&ana).await, 200);
    }
}

async fn score(user: &TestUser) -> u16 {
    let answer = user
        .post_raw("/predictions/annual/score", large_body())
        .await;
    answer.status.as_u16()
}
