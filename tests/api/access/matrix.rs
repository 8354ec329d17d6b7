//! Every cell of the matrix whose endpoint exists, requested from the running service.

use std::collections::{BTreeMap, BTreeSet};

use accunode_tests::tenancy::USERS;

use super::{
    coverage::{self, Operation},
    requests::{Request, endpoint, requests},
    setup::Setup,
    table::{Row, rows},
};

/// A request of a cell, ready to be sent.
struct CellRequest {
    what: String,
    who: &'static str,
    expected: String,
    request: Request,
    /// Whether it may change the fixture itself, which is then restored.
    unsettles: bool,
}

/// The tested cells, those that were not tested, and the failures.
#[derive(Default)]
struct Tally {
    requests: usize,
    cells: BTreeSet<(u64, &'static str)>,
    operations: BTreeSet<Operation>,
    skipped: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    #[expect(
        clippy::print_stdout,
        reason = "what was not asked is told to the user who runs the tests"
    )]
    fn print(&self) {
        println!(
            "{} cells of the matrix asked in {} requests; cells without an endpoint: {:?}",
            self.cells.len(),
            self.requests,
            self.skipped
        );
        assert!(
            self.wrong.is_empty(),
            "{} wrong:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
    }
}

/// Returns the existing endpoints, by the service's own document.
async fn endpoints(setup: &Setup) -> BTreeSet<Operation> {
    let document = setup
        .service
        .anonymous()
        .get("//openapi.json")
        .await
        .expect(200);
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item
                .as_object()
                .into_iter()
                .flatten()
                .map(|(method, _)| method.clone());
            let path = path.strip_prefix("/api/v1").unwrap_or(path).to_owned();
            methods.map(move |method| (method, path.clone()))
        })
        .collect()
}

/// Creates the rows of a row of the matrix, separate ones for each user.
async fn prepare(
    setup: &Setup,
    row: &Row,
    known: &BTreeSet<Operation>,
    tally: &mut Tally,
) -> Vec<CellRequest> {
    let mut asked = Vec::new();
    for resource in &row.resources {
        for action in &row.actions {
            let plain = action.split(':').next().unwrap_or_default();
            let (method, path) = endpoint(resource, plain);
            if !known.contains(&(method.to_owned(), path.to_owned())) {
                *tally
                    .skipped
                    .entry(format!("{resource} {plain}"))
                    .or_default() += USERS.len();
                continue;
            }
            for ((who, ..), expected) in USERS.iter().zip(&row.cells) {
                for request in requests(setup, (resource, action), &row.detail, &row.given).await {
                    let (method, path) = request.line();
                    tally
                        .operations
                        .insert(coverage::operation(known, method, path));
                    tally.cells.insert((row.line, who));
                    asked.push(CellRequest {
                        what: format!(
                            "line {}: {resource} {action} {} {}",
                            row.line, row.detail, row.given
                        ),
                        who,
                        expected: expected.clone(),
                        request,
                        unsettles: matches!(resource.as_str(), "organization" | "user"),
                    });
                }
            }
        }
    }
    asked
}

async fn send(setup: &Setup, asked: Vec<CellRequest>, tally: &mut Tally) {
    for CellRequest {
        what,
        who,
        expected,
        request,
        unsettles,
    } in asked
    {
        let answer = request.send(setup.users.user(who)).await;
        if unsettles {
            setup.put_back().await;
        }
        tally.requests += 1;
        let status = answer.status.as_u16();
        let broke = setup.broke_the_glass(answer.header("x-request-id")).await;
        let got = match (status, broke) {
            (200..300, true) => "ok*".to_owned(),
            (200..300, false) => "ok".to_owned(),
            _ => status.to_string(),
        };
        let is_problem = answer.header("content-type") == "application/problem+json";
        if got != expected || (status >= 400) != is_problem {
            let text: String = answer.text.chars().take(200).collect();
            tally.wrong.push(format!(
                "{what} as {who}: expected {expected}, got {got}: {request:?} {text}"
            ));
        }
    }
}

#[tokio::test]
async fn the_service_answers_every_cell_of_the_matrix() {
    let setup = Setup::start().await;
    let known = endpoints(&setup).await;
    let mut tally = Tally::default();
    for row in rows().iter().filter(|row| row.given.is_empty()) {
        let asked = prepare(&setup, row, &known, &mut tally).await;
        send(&setup, asked, &mut tally).await;
    }
    tally.print();
    coverage::check(&known, &tally.operations);
    assert!(
        tally.cells.len() >= 8 * 30,
        "rows have gone missing: only {} cells",
        tally.cells.len()
    );
}

#[tokio::test]
async fn service_answers_the_matrix_cells_after_a_change() {
    let mut tally = Tally::default();
    let situations: BTreeSet<String> = rows()
        .into_iter()
        .map(|row| row.given)
        .filter(|given| !given.is_empty())
        .collect();
    for given in &situations {
        let mut setup = Setup::start().await;
        let known = endpoints(&setup).await;
        setup.prepare(given).await;
        let mut asked = Vec::new();
        for row in rows().iter().filter(|row| row.given == *given) {
            asked.extend(prepare(&setup, row, &known, &mut tally).await);
        }
        setup.apply(given).await;
        send(&setup, asked, &mut tally).await;
    }
    tally.print();
    assert!(
        tally.cells.len() >= 8 * 12,
        "rows have gone missing: only {} cells",
        tally.cells.len()
    );
}
