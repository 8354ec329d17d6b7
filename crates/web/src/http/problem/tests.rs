use super::*;
use accunode_application::ErrorCode;
use accunode_domain::access::Forbidden;

fn status_of(error: Error) -> u16 {
    Problem::from(error).status().as_u16()
}

#[test]
fn every_error_maps_to_its_status() {
    let cause = || -> Cause { "secret".into() };
    assert_eq!(
        status_of(Error::Unauthenticated {
            code: ErrorCode::InvalidToken,
            detail: String::new()
        }),
        401
    );
    assert_eq!(status_of(Error::not_found("company")), 404);
    assert_eq!(
        status_of(Error::Denied {
            code: ErrorCode::Forbidden(Forbidden::NotWritable),
            detail: String::new()
        }),
        403
    );
    assert_eq!(status_of(Error::LockedOut { seconds: 2 }), 429);
    assert_eq!(
        status_of(Error::Gone {
            code: ErrorCode::TokenExpired,
            detail: String::new()
        }),
        410
    );
    assert_eq!(status_of(Error::Stale), 412);
    assert_eq!(
        status_of(Error::TooLarge {
            detail: String::new()
        }),
        413
    );
    assert_eq!(
        status_of(Error::Invalid(vec![Fault::new(
            "/x",
            "unit_mismatch",
            "no"
        )])),
        422
    );
    assert_eq!(
        status_of(Error::Invalid(vec![Fault::new(
            "/file",
            "unsupported_format",
            "no"
        )])),
        415
    );
    assert_eq!(status_of(Error::Unavailable(cause())), 503);
    assert_eq!(
        status_of(Error::TimedOut {
            what: "the search",
            limit: std::time::Duration::from_secs(2)
        }),
        503
    );
    assert_eq!(status_of(Error::Internal(cause())), 500);
}

#[test]
fn cause_of_an_error_is_never_in_the_problem() {
    for error in [
        Error::Internal("the secret".into()),
        Error::Unavailable("the secret".into()),
    ] {
        let document = serde_json::to_string(&Problem::from(error).document(Some("r1"))).unwrap();
        assert!(!document.contains("secret"), "{document}");
        assert!(document.contains(r#""request_id":"r1""#), "{document}");
    }
}

#[test]
fn retryable_problems_have_retry_after() {
    let busy = Error::Busy {
        code: ErrorCode::IdempotencyInFlight,
        detail: "wait".to_owned(),
        seconds: 1,
    };
    for (problem, seconds) in [
        (Problem::from(Error::Unavailable("down".into())), "2"),
        (Problem::of_status(StatusCode::SERVICE_UNAVAILABLE), "2"),
        (Problem::of_status(StatusCode::TOO_MANY_REQUESTS), "2"),
        (
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "x"),
            "2",
        ),
        (Problem::from(Error::LockedOut { seconds: 7 }), "7"),
        (Problem::from(busy), "1"),
    ] {
        let response = problem.render(None);
        let given: Vec<_> = response.headers().get_all("retry-after").collect();
        assert_eq!(given, [seconds], "{problem}");
    }
}

#[test]
fn problem_lists_a_limited_number_of_faults_and_flags_more() {
    let fault = || Fault::new("/a", "wrong", "x".repeat(1 << 20));
    let problem = Problem::faults(vec![fault(); 1_000]);
    let text = serde_json::to_string(&problem.document(None)).unwrap();
    assert!(text.len() < 400_000, "{}", text.len());
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["errors"].as_array().unwrap().len(), 100);
    assert_eq!(document["more_errors"], true);
    let few = serde_json::to_value(Problem::faults(vec![fault()]).document(None)).unwrap();
    assert!(few.get("more_errors").is_none());
}

#[test]
fn single_fault_sets_the_code_of_the_problem() {
    let one = Problem::fault("/password", "weak_password", "is short");
    assert_eq!(one.code(), "weak_password");
    let two = Problem::faults(vec![
        Fault::new("/a", "required", "x"),
        Fault::new("/b", "unknown_field", "y"),
    ]);
    assert_eq!(two.code(), "validation_failed");
    assert_eq!(two.errors.listed().len(), 2);
}

#[test]
fn conflict_problem_contains_the_existing_id() {
    let id = Uuid::from_u128(7);
    let problem = Problem::from(Error::Conflict {
        code: ErrorCode::PredictionExists,
        detail: "there".to_owned(),
        existing: Some(id),
    });
    let document = serde_json::to_value(problem.document(None)).unwrap();
    assert_eq!(document["existing_id"], id.to_string());
}
