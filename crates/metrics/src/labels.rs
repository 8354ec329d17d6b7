//! Every label there is.

use prometheus_client::encoding::EncodeLabelSet;

/// An operation of the API and how it was answered.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Request {
    /// `GET`; `other` for a method that HTTP does not know.
    pub method: &'static str,
    /// Its path with its parameters unfilled; `unknown` where there is none.
    pub operation: String,
    /// The status of the answer.
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
    /// What came of something: `hit`, `miss`, `failed` and so on.
    Outcome { outcome }
}
label! {
    /// A budget of requests or of mails, such as `score`.
    Budget { budget }
}
label! {
    /// What someone tries to guess, and whether they may try.
    Attempt { guess, outcome }
}
label! {
    /// A model's call: the kind that it predicts from, and whether reasons were asked for.
    Scoring { kind, reasons }
}
label! {
    /// The same with what came of it.
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
    /// Where jobs stand.
    Status { status }
}
label! {
    /// A kind of expensive work.
    Work { work }
}
label! {
    /// A disk that the service keeps something on.
    Volume { volume }
}
label! {
    /// A check of readiness.
    Check { check }
}
label! {
    /// A piece of maintenance.
    Maintenance { task }
}
label! {
    /// Which program this is.
    Build { version }
}
