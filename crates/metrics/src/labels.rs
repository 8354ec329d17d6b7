//! All labels.

use prometheus_client::encoding::EncodeLabelSet;

/// An operation of the API and the status of its response.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Request {
    /// `GET`; `other` for a method that HTTP does not know.
    pub method: &'static str,
    /// Its path template; `unknown` if there is none.
    pub operation: String,
    /// The status of the response.
    pub status: u16,
}

/// An operation of the API.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
#[expect(missing_docs, reason = "as of `Request`")]
pub struct Operation {
    pub method: &'static str,
    pub operation: String,
}

macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($label:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
        #[expect(missing_docs, reason = "the names say it")]
        pub struct $name {
            $(pub $label: &'static str,)+
        }
    };
}

label! {
    /// The result of something: `hit`, `miss`, `failed` and so on.
    Outcome { outcome }
}
label! {
    /// A budget of requests or of mails, such as `score`.
    Budget { budget }
}
label! {
    /// The kind of secret that is guessed, and whether the attempt is allowed.
    Attempt { guess, outcome }
}
label! {
    /// A model's call: the kind of predictions, and whether reasons were requested.
    Scoring { kind, reasons }
}
label! {
    /// The same with the result.
    ScoredRows { kind, outcome }
}
label! {
    /// A task of a job, and an outcome of its rows.
    Rows { task, outcome }
}
label! {
    /// A task of a job, and how it ended.
    EndedJobs { task, status }
}
label! {
    /// A pool of connections to the database.
    Pool { pool }
}
label! {
    /// Connections of a pool that are `used` or `idle`.
    Connections { pool, state }
}
label! {
    /// The status of jobs.
    Status { status }
}
label! {
    /// A kind of limited work.
    Work { work }
}
label! {
    /// A disk on which the service stores data.
    Volume { volume }
}
label! {
    /// A check of readiness.
    Check { check }
}
label! {
    /// A maintenance task.
    Maintenance { task }
}
label! {
    /// The version of the program.
    Build { version }
}
