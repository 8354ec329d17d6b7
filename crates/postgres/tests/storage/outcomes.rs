//! Outcomes of rows whose company and period exist already, or occur twice in the file.

use accunode_domain::{
    company::CompanyProfile,
    id::CompanyId,
    job::{JobCounts, JobStatus},
    owner::AccessLevel,
    prediction::{Kind, OnConflict},
    risk::SectorScope,
};
use accunode_ports::repositories::{JobQueue, Repositories, RowFilter, RowResult};
use accunode_postgres::QueueSettings;
use uuid::Uuid;

use crate::{
    fixture::{Fixture, profile},
    upload::{Upload, counts, refused, row, there},
};

#[tokio::test]
async fn conflict_error_keeps_the_first_row_and_the_stored_prediction() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Error,
    )
    .await;
    let before = there(&upload.fixture, "m2", "OLD", "2024", 0.5).await;
    let rows = vec![
        row(2, "AAPL", "2023", 0.1),
        row(3, "AAPL", "2023", 0.2),
        row(4, "OLD", "2024", 0.3),
        row(5, "OLD", "2024", 0.4),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 0, 0, 3));
    // The same across chunks.
    let rows = vec![
        row(6, "AAPL", "2023", 0.3),
        row(7, "OLD", "2024", 0.4),
        row(8, "AAPL", "2024", 0.3),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 0, 0, 2));
    assert_eq!(
        upload.row_outcomes().await,
        [
            "2 ok",
            "3 error repeated_in_file",
            "4 error prediction_exists",
            "5 error prediction_exists",
            "6 error repeated_in_file",
            "7 error prediction_exists",
            "8 ok",
        ]
    );
    let outcomes = upload.outcomes().await;
    assert!(
        outcomes[4].faults[0].detail.contains("row 2"),
        "{:?}",
        outcomes[4]
    );
    assert_eq!(outcomes[5].prediction, Some(before.id));
    assert_eq!(upload.stored().await["OLD 2024"], 0.5);
    assert_eq!(upload.stored().await["AAPL 2023"], 0.1);
    assert_eq!(upload.job().await.counts, counts(2, 0, 0, 5));
}

#[tokio::test]
async fn conflict_skip_flags_repeated_rows_with_other_ratios() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Skip,
    )
    .await;
    there(&upload.fixture, "m2", "OLD", "2024", 0.5).await;
    let rows = vec![
        row(2, "AAPL", "2003", 0.1),
        row(3, "AAPL", "2003", 0.1),
        row(4, "AAPL", "2003", 0.2),
        row(5, "OLD", "2024", 0.3),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 0, 3, 0));
    let rows = vec![row(6, "AAPL", "2003", 0.1), row(7, "AAPL", "2003", 0.9)];
    assert_eq!(upload.store(rows).await.unwrap(), counts(0, 0, 2, 0));
    assert_eq!(
        upload.row_outcomes().await,
        [
            "2 ok",
            "3 skipped repeated_in_file",
            "4 skipped conflicting_duplicate",
            "5 skipped prediction_exists",
            "6 skipped repeated_in_file",
            "7 skipped conflicting_duplicate",
        ]
    );
    let outcomes = upload.outcomes().await;
    let detail = &outcomes[5].faults[0].detail;
    assert_eq!(
        detail,
        "AAPL 2003 stands on row 2 already with other ratios"
    );
    assert_eq!(upload.stored().await["AAPL 2003"], 0.1);
}

#[tokio::test]
async fn conflict_update_keeps_the_last_row_and_the_replaced_revision() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Update,
    )
    .await;
    let mine = there(&upload.fixture, "m1", "MINE", "2024", 0.5).await;
    let others = there(&upload.fixture, "m2", "OTHERS", "2024", 0.5).await;
    let rows = vec![
        row(2, "AAPL", "2024", 0.1),
        row(3, "AAPL", "2024", 0.2),
        row(4, "MINE", "2024", 0.3),
        row(5, "MINE", "2024", 0.4),
        row(6, "OTHERS", "2024", 0.6),
        row(7, "OTHERS", "2024", 0.7),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 1, 2, 2));
    let expected = [
        "2 skipped superseded_in_file",
        "3 ok",
        "4 skipped superseded_in_file",
        "5 updated",
        "6 error not_writable",
        "7 error not_writable",
    ];
    assert_eq!(upload.row_outcomes().await, expected);
    let stored = upload.stored().await;
    assert_eq!(
        (
            stored["AAPL 2024"],
            stored["MINE 2024"],
            stored["OTHERS 2024"]
        ),
        (0.2, 0.4, 0.5)
    );
    let kept = upload
        .fixture
        .store
        .predictions()
        .revisions(&upload.actor.scope(), Kind::Annual, mine.id, None, 10)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (&kept[0].outcome, kept[0].job),
        (&mine.outcome, Some(upload.lease.job)),
        "what the upload replaced is kept, and that it did"
    );
    assert_eq!(upload.outcomes().await[5].prediction, Some(others.id));

    // A later chunk supersedes rows of an earlier one; the counters still add up.
    let rows = vec![row(8, "AAPL", "2024", 0.8), row(9, "MINE", "2024", 0.9)];
    assert_eq!(upload.store(rows).await.unwrap(), counts(0, 0, 2, 0));
    let expected = [
        "2 skipped superseded_in_file",
        "3 skipped superseded_in_file",
        "4 skipped superseded_in_file",
        "5 skipped superseded_in_file",
        "6 error not_writable",
        "7 error not_writable",
        "8 ok",
        "9 updated",
    ];
    assert_eq!(upload.row_outcomes().await, expected);
    assert_eq!(upload.job().await.counts, counts(1, 1, 4, 2));
    let stored = upload.stored().await;
    assert_eq!((stored["AAPL 2024"], stored["MINE 2024"]), (0.8, 0.9));
    let outcomes = upload.outcomes().await;
    assert_eq!(outcomes[3].source.as_deref(), Some("MINE,2024,0.4"));
    // The upload replaced the content from before it, not that of its own earlier row.
    let replaced = upload
        .fixture
        .count("SELECT count(*) FROM bulk_upload_rows WHERE row_number = 9 AND (old_values->>'pd')::float8 = 0.5")
        .await;
    assert_eq!(replaced, 1);
    let read = upload
        .predictions()
        .await
        .into_iter()
        .find(|row| row.id == mine.id)
        .unwrap();
    assert_eq!(
        read.origin, None,
        "an updated row was not made by the upload"
    );
}

#[tokio::test]
async fn dry_run_stores_nothing_and_reports_the_outcomes_of_the_run() {
    for on_conflict in OnConflict::ALL {
        let mut fixture = Fixture::create().await;
        let before = there(&fixture, "m1", "MINE", "2024", 0.5).await;
        there(&fixture, "m2", "OTHERS", "2024", 0.5).await;
        let mut runs = Vec::new();
        for dry_run in [true, false] {
            let kind = Kind::Annual;
            let level = AccessLevel::Organization;
            let upload = Upload::begin_with(fixture, "m1", level, kind, on_conflict, dry_run).await;
            let first = vec![
                row(2, "NEW", "2024", 0.1),
                row(3, "MINE", "2024", 0.9),
                row(4, "NEW", "2024", 0.2),
                refused(5),
                row(6, "OTHERS", "2024", 0.2),
            ];
            let second = vec![
                row(7, "MINE", "2024", 0.8),
                row(8, "NEW", "2024", 0.1),
                row(9, "NEW", "2024", 0.2),
                row(10, "NEW", "2023", 0.2),
            ];
            let third = vec![row(11, "NEW", "2024", 0.3), row(12, "NEW", "2023", 0.2)];
            let mut sum = JobCounts::default();
            for rows in [first, second, third] {
                sum += upload.store(rows).await.unwrap();
            }
            let job = upload.job().await;
            assert_eq!((job.counts, job.checkpoint.row), (sum, 12));
            runs.push((upload.row_outcomes().await, sum));
            if dry_run {
                let stored = upload.stored().await;
                assert_eq!(stored.len(), 2, "{stored:?}");
                assert_eq!(stored["MINE 2024"], before.outcome.pd.get());
                let left = upload
                    .fixture
                    .count("SELECT (SELECT count(*) FROM companies WHERE symbol = 'NEW') + (SELECT count(*) FROM audit_logs)")
                    .await;
                assert_eq!(left, 0);
                let ok = RowFilter {
                    status: Some("ok".parse().unwrap()),
                    after: 0,
                };
                let scope = upload.actor.scope();
                let ok = upload
                    .fixture
                    .store
                    .jobs()
                    .rows(&scope, &job, ok, 100)
                    .await
                    .unwrap();
                assert_eq!(ok.len(), 2);
                assert!(
                    ok.iter()
                        .all(|row| row.prediction.is_none() && row.source.is_none())
                );
            }
            let queue = upload
                .fixture
                .store
                .queue(QueueSettings::default())
                .unwrap();
            queue
                .finish(&upload.lease, JobStatus::Completed, None, Some(11))
                .await
                .unwrap();
            fixture = upload.fixture;
        }
        assert_eq!(runs[0], runs[1], "{on_conflict}");
    }
}

#[tokio::test]
async fn sector_scope_is_checked_by_the_stored_company() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Error,
    )
    .await;
    let work = upload.fixture.begin(&upload.actor).await;
    let bank = CompanyProfile {
        sector: "Financials".to_owned(),
        ..profile("BANK")
    };
    work.companies()
        .add(upload.grant, CompanyId(Uuid::new_v4()), &bank)
        .await
        .unwrap();
    work.commit().await.unwrap();
    // The file gives Energy as the sector of the first two, and that of a bank for the
    // third.
    let mut third = row(4, "NEW", "2024", 0.1);
    if let RowResult::Scored(scored) = &mut third.result {
        scored.company.sector = "financials".to_owned();
    }
    let rows = vec![
        row(2, "BANK", "2024", 0.1),
        row(3, "AAPL", "2024", 0.1),
        third,
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(3, 0, 0, 0));
    let mut flagged: Vec<_> = upload
        .predictions()
        .await
        .into_iter()
        .filter(|row| row.ratios.flags.iter().any(|f| f == SectorScope::FLAG))
        .map(|row| row.company.symbol.as_str().to_owned())
        .collect();
    flagged.sort();
    assert_eq!(flagged, ["BANK", "NEW"]);
}
