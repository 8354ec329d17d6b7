//! Forms: streamed, checked completely, without leaving anything behind.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use accunode_domain::{Timestamp, fault::Fault};
use accunode_ports::{
    PortError,
    files::{
        ByteStream, FileStore, KeyStream, OpenError, Peek, ReceiveError, RowReader, StoredFile,
        TableChoice,
    },
};
use actix_web::test::TestRequest;
use async_trait::async_trait;
use futures::StreamExt;
use uuid::Uuid;

use crate::kit::{Kit, TOKEN};

const BOUNDARY: &str = "xXx";

fn form(parts: &[(&str, Option<&str>, &str)]) -> TestRequest {
    let mut body = String::new();
    for (name, filename, text) in parts {
        let filename = filename
            .map(|f| format!("; filename=\"{f}\""))
            .unwrap_or_default();
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n{text}\r\n"
        ));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    raw(body)
}

fn raw(body: String) -> TestRequest {
    TestRequest::post()
        .uri("/api/v1/bulk-uploads")
        .insert_header(("Authorization", format!("Bearer {TOKEN}")))
        .insert_header((
            "Content-Type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        ))
        .set_payload(body)
}

/// A store that counts its files.
#[derive(Default)]
struct Counting(Arc<AtomicUsize>);

#[async_trait]
impl FileStore for Counting {
    async fn receive(
        &self,
        _: Uuid,
        mut bytes: ByteStream,
        limit: u64,
    ) -> Result<StoredFile, ReceiveError> {
        let mut size = 0;
        while let Some(chunk) = bytes.next().await {
            size += chunk.map_err(ReceiveError::CutOff)?.len() as u64;
            if size > limit {
                return Err(ReceiveError::TooLarge { limit });
            }
        }
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(StoredFile {
            key: "uploads/1".to_owned(),
            size,
            sha256: "ab".to_owned(),
        })
    }

    async fn keep_archive(&self, _: &str, _: ByteStream) -> Result<StoredFile, PortError> {
        panic!("an upload is no archive")
    }

    async fn read_archive(&self, _: &str) -> Result<ByteStream, PortError> {
        panic!("an upload is no archive")
    }

    async fn peek(&self, _: &str, _: &str, _: u32) -> Result<Peek, OpenError> {
        Err(OpenError::Unreadable(Fault::new(
            "",
            "empty_file",
            "nothing in it",
        )))
    }

    async fn open_rows(
        &self,
        _: &str,
        _: &str,
        _: &TableChoice,
        _: u32,
    ) -> Result<Box<dyn RowReader>, OpenError> {
        Err(OpenError::Unreadable(Fault::new(
            "",
            "empty_file",
            "nothing in it",
        )))
    }

    async fn remove(&self, _: &str) -> Result<(), PortError> {
        self.0.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }

    fn written_before(&self, _: Timestamp) -> KeyStream {
        futures::stream::empty().boxed()
    }

    async fn remove_unfinished(&self, _: Timestamp) -> Result<u64, PortError> {
        Ok(0)
    }
}

fn with_files() -> (Kit, Arc<AtomicUsize>) {
    let store = Counting::default();
    let kept = store.0.clone();
    let kit = Kit {
        files: Arc::new(store),
        ..Kit::with_user()
    };
    (kit, kept)
}

async fn assert_nothing_left(kept: &AtomicUsize) {
    // A task removes the file.
    for _ in 0..100 {
        if kept.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("a refused upload was kept");
}

#[actix_web::test]
async fn invalid_form_reports_every_field_and_removes_its_file() {
    let (kit, kept) = with_files();
    let answer = kit
        .ask(form(&[
            ("file", Some("a.csv"), "company_symbol\nA\n"),
            ("colour", None, "red"),
            ("on_conflict", None, "maybe"),
            ("dry_run", None, "maybe"),
            ("file", Some("b.csv"), "x"),
        ]))
        .await;
    answer.assert_problem(422, "validation_failed");
    let mut codes: Vec<_> = answer.faults();
    codes.sort();
    let expected = [
        ("/colour", "unknown_field"),
        ("/dry_run", "unknown_value"),
        ("/file", "several_files"),
        ("/job_type", "required"),
        ("/on_conflict", "unknown_value"),
    ];
    assert_eq!(codes, expected.map(|(p, c)| (p.to_owned(), c.to_owned())));
    assert_nothing_left(&kept).await;
}

#[actix_web::test]
async fn form_without_a_file_is_refused() {
    let (kit, _) = with_files();
    let answer = kit.ask(form(&[("job_type", None, "annual")])).await;
    answer.assert_problem(422, "required");
    assert_eq!(
        answer.faults(),
        [("/file".to_owned(), "required".to_owned())]
    );
}

#[actix_web::test]
async fn upload_of_another_media_type_is_refused() {
    let (kit, _) = with_files();
    let request = raw("{}".to_owned()).insert_header(("Content-Type", "application/json"));
    kit.ask(request)
        .await
        .assert_problem(415, "unsupported_media_type");
}

#[actix_web::test]
async fn interrupted_upload_leaves_nothing() {
    let (kit, kept) = with_files();
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\ncompany_sym"
    );
    let answer = kit.ask(raw(body)).await;
    assert!(answer.status.is_client_error(), "{}", answer.text);
    assert_nothing_left(&kept).await;
}

#[actix_web::test]
async fn unreadable_file_is_removed() {
    let (kit, kept) = with_files();
    let answer = kit
        .ask(form(&[
            ("job_type", None, "annual"),
            ("file", Some("a.csv"), "x"),
        ]))
        .await;
    answer.assert_problem(422, "empty_file");
    assert_nothing_left(&kept).await;
}
