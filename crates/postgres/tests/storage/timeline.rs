//! A company's predictions in the order of their periods.

use accunode_domain::{
    access::Scope,
    company::Company,
    owner::AccessLevel,
    page::Limit,
    prediction::{Kind, Period, Prediction},
};
use accunode_ports::repositories::{Repositories, TimelineFilter, TimelineMark};

use crate::fixture::Fixture;

async fn timeline_of(
    fixture: &Fixture,
    scope: &Scope,
    company: &Company,
    filter: TimelineFilter,
    limit: u32,
) -> Vec<Prediction> {
    let (mut rows, mut after): (Vec<_>, Option<TimelineMark>) = (Vec::new(), None);
    loop {
        let limit = Limit::new(limit).unwrap();
        let part = fixture
            .store
            .predictions()
            .timeline(scope, company.id, &filter, limit, after)
            .await
            .unwrap();
        assert!(part.predictions.len() <= limit.get() as usize);
        rows.extend(part.predictions);
        after = part.next;
        if after.is_none() {
            return rows;
        }
    }
}

fn periods(rows: &[Prediction]) -> Vec<String> {
    rows.iter().map(|row| row.period.to_string()).collect()
}

fn read(text: &str) -> Option<Period> {
    Some(Period::read("", text).unwrap())
}

/// Creates predictions of both kinds over three years, by several owners, on a system
/// company.
async fn busy_company(fixture: &Fixture) -> Company {
    let sa = fixture.actor("sa").await;
    let company = fixture.company(&sa, AccessLevel::System, "AAPL").await;
    for text in ["2024", "2022", "2023 Q4", "2023", "2023 Q1", "2024 Q1"] {
        let m1 = fixture.actor("m1").await;
        fixture
            .predict(&m1, AccessLevel::Organization, &company, text, 0.1)
            .await;
    }
    for (name, level) in [
        ("m1", AccessLevel::Personal),
        ("mB", AccessLevel::Organization),
        ("sa", AccessLevel::System),
        ("u0", AccessLevel::Personal),
    ] {
        let actor = fixture.actor(name).await;
        fixture
            .predict(&actor, level, &company, "2023 Q4", 0.2)
            .await;
    }
    // Another company's predictions do not belong to it.
    let other = fixture.company(&sa, AccessLevel::System, "MSFT").await;
    fixture
        .predict(&sa, AccessLevel::System, &other, "2023", 0.3)
        .await;
    company
}

#[tokio::test]
async fn timeline_is_sorted_oldest_first_with_years_after_quarters() {
    let fixture = Fixture::create().await;
    let company = busy_company(&fixture).await;
    let scope = fixture.actor("m1").await.scope();
    for limit in [1, 2, 3, 100] {
        let rows = timeline_of(&fixture, &scope, &company, TimelineFilter::default(), limit).await;
        assert_eq!(
            periods(&rows),
            [
                "2022", "2023 Q1", "2023 Q4", "2023 Q4", "2023 Q4", "2023", "2024 Q1", "2024"
            ],
            "by {limit}"
        );
    }
}

#[tokio::test]
async fn timeline_contains_only_readable_predictions() {
    let fixture = Fixture::create().await;
    let company = busy_company(&fixture).await;
    for (name, expected) in [
        // Their personal ones, the organization's, the system's.
        ("m1", 8),
        ("m2", 7),
        ("mB", 2),
        ("u0", 2),
        ("tR", 8),
        ("tZ", 1),
        ("sa", 8),
    ] {
        let scope = fixture.actor(name).await.scope();
        let rows = timeline_of(&fixture, &scope, &company, TimelineFilter::default(), 3).await;
        assert_eq!(rows.len(), expected, "{name}");
        assert!(rows.iter().all(|row| scope.contains(row.owner)), "{name}");
    }
}

#[tokio::test]
async fn timeline_is_filtered_by_kind_and_periods() {
    let fixture = Fixture::create().await;
    let company = busy_company(&fixture).await;
    let scope = fixture.actor("m2").await.scope();
    let narrowed =
        async |filter| periods(&timeline_of(&fixture, &scope, &company, filter, 2).await);
    let kind = |kind| TimelineFilter {
        kind: Some(kind),
        ..TimelineFilter::default()
    };
    assert_eq!(narrowed(kind(Kind::Annual)).await, ["2022", "2023", "2024"]);
    assert_eq!(
        narrowed(kind(Kind::Quarterly)).await,
        ["2023 Q1", "2023 Q4", "2023 Q4", "2024 Q1"]
    );
    let between = |from: Option<Period>, to: Option<Period>| TimelineFilter {
        kind: None,
        from,
        to,
    };
    assert_eq!(
        narrowed(between(read("2023-Q2"), read("2023"))).await,
        ["2023 Q4", "2023 Q4", "2023"]
    );
    assert_eq!(
        narrowed(between(None, read("2023-Q3"))).await,
        ["2022", "2023 Q1"]
    );
    assert_eq!(
        narrowed(between(read("2023-Q4"), read("2023-Q4"))).await,
        ["2023 Q4", "2023 Q4", "2023"]
    );
    assert_eq!(
        narrowed(between(read("2024"), None)).await,
        ["2024 Q1", "2024"]
    );
}
