//! Policies: what an operation requires of its caller, what a request to it may cost, and the
//! formats of its responses.
//!
//! A policy is declared with its route (see [`super::route`]). [`Policy::STRICTEST`] applies
//! to undeclared operations. Every policy is in the OpenAPI document (`x-access`) and in
//! `docs/operations.csv`.

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};
use serde_json::{Value, json};

use super::{negotiate::Format, query::has_parameter};

/// The policy of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The budget that a request consumes from.
    pub(crate) limit: LimitClass,
    /// The formats of its responses, the default first.
    pub(crate) formats: &'static [Format],
    /// The kind of work of a request; see [`Policy::work_of`] for lists.
    pub(crate) work: Work,
    /// Why it answers without a session, if it does.
    pub(crate) public: Option<&'static str>,
    /// Whether the caller needs a recent proof of identity.
    pub(crate) step_up: StepUp,
    /// The API keys that may call it.
    pub(crate) keys: Keys,
    /// Why members may call it without the second factor that their organization requires, if
    /// they may. It must not return anything of an organization.
    pub(crate) without_second_factor: Option<&'static str>,
    /// Why members of an inactive organization may call it, if they may.
    pub(crate) for_inactive: Option<&'static str>,
}

/// Whether an operation needs a recent proof of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepUp {
    /// It needs one.
    Always,
    /// It needs one under this condition, which is known when the request has been read.
    When(&'static str),
    /// It does not need one, for this reason.
    Never(&'static str),
}

/// The API keys that may call an operation. If a recent proof is needed none may: a key cannot
/// prove the identity of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// None, whatever their scopes.
    Never,
    /// Keys with a scope that covers this one.
    With(KeyScope),
    /// Keys with scopes that cover both: what is counted must be readable, too.
    WithBoth(KeyScope, KeyScope),
    /// All keys.
    Any,
}

const JSON: &[Format] = &[Format::Json];
/// The formats of a list: a page as JSON, or every row as CSV or as lines of JSON.
const LIST: &[Format] = &[Format::Json, Format::Csv, Format::JsonLines];

impl Policy {
    /// The policy of an undeclared operation: there are no exemptions, and requests consume
    /// from the smallest budget.
    pub(crate) const STRICTEST: Self = Self {
        limit: LimitClass::Auth,
        formats: JSON,
        work: Work::Unlimited,
        public: None,
        step_up: StepUp::Always,
        keys: Keys::Never,
        without_second_factor: None,
        for_inactive: None,
    };

    const fn new(limit: LimitClass, keys: Keys, step_up: StepUp) -> Self {
        Self {
            limit,
            keys,
            step_up,
            ..Self::STRICTEST
        }
    }

    /// An operation that answers without a session, and the reason.
    pub(crate) const fn public(because: &'static str) -> Self {
        Self {
            public: Some(because),
            ..Self::new(
                LimitClass::Auth,
                Keys::Never,
                StepUp::Never("it needs no session"),
            )
        }
    }

    /// An operation that needs a recent proof, so that no key may call it.
    pub(crate) const fn sensitive() -> Self {
        Self::new(LimitClass::Write, Keys::Never, StepUp::Always)
    }

    /// A read that is allowed for keys with this scope.
    pub(crate) const fn read(scope: KeyScope) -> Self {
        Self::new(
            LimitClass::Read,
            Keys::With(scope),
            StepUp::Never("it changes nothing"),
        )
        .work(Work::Read)
    }

    /// A change of rows that is allowed for keys with this scope.
    pub(crate) const fn write(scope: KeyScope) -> Self {
        Self::new(
            LimitClass::Write,
            Keys::With(scope),
            StepUp::Never(
                "it changes rows, gives no rights, and the audit log says what they were",
            ),
        )
    }

    /// It creates or changes rows, possibly of the system; for keys with this scope.
    pub(crate) const fn place(scope: KeyScope) -> Self {
        Self::write(scope).step_up(StepUp::When(
            "it names the `access_level` `system`: everyone works with these rows then",
        ))
    }

    /// A computation that stores nothing, for keys with this scope.
    pub(crate) const fn compute(scope: KeyScope) -> Self {
        Self::new(
            LimitClass::Score,
            Keys::With(scope),
            StepUp::Never("it stores nothing"),
        )
        .work(Work::Score)
    }

    /// Sets another budget.
    pub(crate) const fn limit(self, limit: LimitClass) -> Self {
        Self { limit, ..self }
    }

    /// Sets other formats, the default first.
    pub(crate) const fn formats(self, formats: &'static [Format]) -> Self {
        Self { formats, ..self }
    }

    /// Answers a page in JSON, and all rows as CSV or as lines of JSON.
    pub(crate) const fn list(self) -> Self {
        self.formats(LIST)
    }

    /// Sets the kind of work.
    pub(crate) const fn work(self, work: Work) -> Self {
        Self { work, ..self }
    }

    /// Sets another condition for the recent proof.
    pub(crate) const fn step_up(self, step_up: StepUp) -> Self {
        Self { step_up, ..self }
    }

    /// Sets other keys.
    pub(crate) const fn keys(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }

    /// Also allows calls without the second factor, and why.
    pub(crate) const fn without_second_factor(self, because: &'static str) -> Self {
        Self {
            without_second_factor: Some(because),
            ..self
        }
    }

    /// Also allows members of an inactive organization, and why.
    pub(crate) const fn for_inactive(self, because: &'static str) -> Self {
        Self {
            for_inactive: Some(because),
            ..self
        }
    }

    /// Returns the kind of work of a request: a list is an export if it is answered as rows,
    /// and a search with `q`.
    pub(crate) fn work_of(&self, query: &str, format: Format) -> Work {
        let is_list = self.work == Work::Read && self.formats.len() > 1;
        if !is_list {
            self.work
        } else if has_parameter(query, "q") {
            Work::Search
        } else if matches!(format, Format::Csv | Format::JsonLines | Format::Xlsx) {
            Work::Export
        } else {
            Work::Read
        }
    }
}

impl StepUp {
    /// Returns `always`, `sometimes` or `never`, and why or when.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Always => ("always", ""),
            Self::When(condition) => ("sometimes", condition),
            Self::Never(because) => ("never", because),
        }
    }
}

impl Keys {
    /// Returns the response to a key with this one scope.
    pub(crate) fn answer(self, scope: KeyScope) -> &'static str {
        match self {
            Self::Never => "key_forbidden",
            Self::With(needed) if !scope.covers(needed) => "key_scope",
            Self::WithBoth(one, other) if !(scope.covers(one) && scope.covers(other)) => {
                "key_scope"
            }
            Self::With(_) | Self::WithBoth(..) | Self::Any => "allowed",
        }
    }
}

impl Policy {
    /// Returns its entry in the OpenAPI document, under `x-access`.
    pub(crate) fn extension(&self) -> Value {
        let (step_up, why) = self.step_up.words();
        let mut step_up = json!({ "needed": step_up });
        match self.step_up {
            StepUp::Always => {}
            StepUp::When(_) => step_up["when"] = why.into(),
            StepUp::Never(_) => step_up["because"] = why.into(),
        }
        let mut access = json!({ "step_up": step_up });
        if let Some(because) = self.public {
            access["public"] = because.into();
        } else {
            let scopes = KeyScope::ALL.into_iter();
            let opens = scopes.filter(|scope| self.keys.answer(*scope) == "allowed");
            access["api_key_scopes"] = opens.map(KeyScope::as_str).collect::<Vec<_>>().into();
        }
        if let Some(because) = self.without_second_factor {
            access["without_second_factor"] = because.into();
        }
        if let Some(because) = self.for_inactive {
            access["in_an_inactive_organization"] = because.into();
        }
        access
    }

    /// Returns a sentence for the description, if callers must know of it.
    pub(crate) fn note(&self) -> Option<String> {
        match self.step_up {
            StepUp::Always => Some(
                "Needs a proof of the last 15 minutes that it is you: without one the answer is \
                 401 `step_up_required`, whatever else is wrong (see `/auth/step-up`)."
                    .to_owned(),
            ),
            StepUp::When(condition) => Some(format!(
                "Needs a proof of the last 15 minutes that it is you (else 401 `step_up_required`, \
                 see `/auth/step-up`) where {condition}.",
            )),
            StepUp::Never(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strictest_policy_has_no_exemptions() {
        let strictest = Policy::STRICTEST;
        assert_eq!(strictest.step_up, StepUp::Always);
        assert_eq!(strictest.keys, Keys::Never);
        assert_eq!(
            (
                strictest.public,
                strictest.without_second_factor,
                strictest.for_inactive
            ),
            (None, None, None)
        );
    }

    #[test]
    fn list_request_counts_as_export_or_search() {
        let list = Policy::read(KeyScope::Read).list();
        assert_eq!(list.work_of("", Format::Json), Work::Read);
        assert_eq!(list.work_of("sector=q", Format::Json), Work::Read);
        assert_eq!(list.work_of("sector=x&q=acme", Format::Json), Work::Search);
        assert_eq!(list.work_of("q=acme", Format::Csv), Work::Search);
        // Handlers read the decoded name.
        assert_eq!(list.work_of("%71=acme", Format::Json), Work::Search);
        assert_eq!(list.work_of("a=%26q=1", Format::Json), Work::Read);
        assert_eq!(list.work_of("", Format::Csv), Work::Export);
        assert_eq!(list.work_of("", Format::JsonLines), Work::Export);
        let template = Policy::compute(KeyScope::Score).formats(&[Format::Csv]);
        assert_eq!(template.work_of("", Format::Csv), Work::Score);
        let figures = Policy::read(KeyScope::Read).work(Work::Analytics);
        assert_eq!(figures.work_of("q=1", Format::Json), Work::Analytics);
    }
}
