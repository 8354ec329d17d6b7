//! The matrix is complete: no operation of the API is missing and, in `tables`, no table of
//! the database.

use std::collections::BTreeSet;

/// A method and a path of the OpenAPI document, below the base.
pub(super) type Operation = (String, String);

/// Operations that the matrix does not test, by the beginning of their path, with the
/// reason.
const OUTSIDE: [(&str, &str, &str); 10] = [
    (
        "",
        "/auth/",
        "public, or about the caller's own session: tests/api/auth, organizations/join_tokens",
    ),
    (
        "",
        "/me",
        "the caller's own account: tests/api/auth, permissions",
    ),
    (
        "post",
        "/predictions/{kind}/batch",
        "each item is answered as by POST /predictions/{kind}: tests/api/predictions/batch",
    ),
    (
        "post",
        "/outcomes/batch",
        "each item is answered as by POST /outcomes: tests/api/outcomes",
    ),
    ("get", "/health/", "public: whether the service lives"),
    ("get", "/version", "public: which build this is"),
    (
        "post",
        "/admin/maintenance",
        "a super_admin with a recent proof: tests/api/maintenance",
    ),
    (
        "get",
        "/admin/maintenance/{id}",
        "a run that has to be there: tests/api/maintenance",
    ),
    (
        "get",
        "/admin/monitoring/slow-queries",
        "503 where the database does not collect them: tests/api/maintenance",
    ),
    (
        "",
        "/api-keys",
        "one's own, and an administrator's of those below their rank: tests/api/api_keys",
    ),
];

fn is_outside((method, path): &Operation) -> bool {
    OUTSIDE
        .iter()
        .any(|(only, prefix, _)| (only.is_empty() || method == only) && path.starts_with(prefix))
}

/// Returns the operation of a request: among those whose path matches, the most literal
/// one.
pub(super) fn operation(known: &BTreeSet<Operation>, method: &str, sent: &str) -> Operation {
    let path = sent.split('?').next().unwrap_or_default();
    let mut fitting: Vec<&Operation> = known
        .iter()
        .filter(|(m, template)| m == method && fits(template, path))
        .collect();
    fitting.sort_by_key(|(_, template)| template.matches('{').count());
    match fitting.first() {
        Some(operation) => (*operation).clone(),
        None => panic!("{method} {sent} is no operation of the OpenAPI document"),
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) => {
                let fits = match (wanted.split_once('{'), wanted.split_once('}')) {
                    (Some((before, _)), Some((_, after))) => {
                        given.starts_with(before) && given.ends_with(after)
                    }
                    _ => wanted == given,
                };
                if !fits {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// Checks that every operation was tested or has an exemption, and that no operation has
/// both.
pub(super) fn check(known: &BTreeSet<Operation>, asked: &BTreeSet<Operation>) {
    let missing: Vec<_> = known
        .iter()
        .filter(|operation| !asked.contains(*operation) && !is_outside(operation))
        .collect();
    assert!(
        missing.is_empty(),
        "in docs/openapi.json and not in docs/access-matrix.csv: {missing:#?}"
    );
    let both: Vec<_> = asked.iter().filter(|o| is_outside(o)).collect();
    assert!(both.is_empty(), "asked, and said to be outside: {both:?}");
    for (method, prefix, why) in OUTSIDE {
        let there = known
            .iter()
            .any(|(m, path)| (method.is_empty() || m == method) && path.starts_with(prefix));
        assert!(there, "{method} {prefix} ({why}) is not there");
    }
}

#[test]
fn request_is_matched_to_the_most_literal_operation() {
    let known: BTreeSet<Operation> = [
        ("post", "/predictions/{kind}/score"),
        ("post", "/predictions/{kind}/{id}"),
        ("get", "/bulk-uploads/{id}"),
        ("get", "/bulk-uploads/templates/{kind}.csv"),
        ("get", "/bulk-uploads/templates/{kind}.xlsx"),
    ]
    .map(|(method, path)| (method.to_owned(), path.to_owned()))
    .into();
    let of = |method: &str, path: &str| operation(&known, method, path).1;
    assert_eq!(
        of("post", "/predictions/annual/score"),
        "/predictions/{kind}/score"
    );
    assert_eq!(
        of("post", "/predictions/annual/7"),
        "/predictions/{kind}/{id}"
    );
    assert_eq!(of("get", "/bulk-uploads/7?x=1"), "/bulk-uploads/{id}");
    assert_eq!(
        of("get", "/bulk-uploads/templates/annual.xlsx"),
        "/bulk-uploads/templates/{kind}.xlsx"
    );
}

#[test]
#[should_panic(expected = "not in docs/access-matrix.csv")]
fn operation_missing_from_the_matrix_is_reported() {
    let known = BTreeSet::from([("get".to_owned(), "/secrets".to_owned())]);
    check(&known, &BTreeSet::new());
}
