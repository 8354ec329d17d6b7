//! What every operation of the API demands of who calls it, in one table.
//!
//! An operation that is not in the table gets [`UNDECLARED`], which demands everything. The
//! table is in the OpenAPI document (`x-access`) and in `docs/operations.csv`.

use accunode_domain::access::KeyScope;
use serde_json::{Value, json};

/// What an operation demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    method: &'static str,
    /// Below `/api/v1`; for the operations of the service itself, from the root.
    path: &'static str,
    /// Why it answers without a session, where it does.
    pub(crate) public: Option<&'static str>,
    /// Whether the caller must have proved who they are a short while ago.
    pub(crate) step_up: StepUp,
    /// Which API keys may call it.
    pub(crate) keys: Keys,
    /// Why members may call it who have yet to show the second factor that their
    /// organization demands. It must not answer anything of an organization.
    pub(crate) without_second_factor: Option<&'static str>,
    /// Why members of an inactive organization may call it.
    pub(crate) for_inactive: Option<&'static str>,
}

/// Whether an operation needs a recent proof of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepUp {
    /// It does.
    Always,
    /// It does under this condition, which is known when the request has been read.
    When(&'static str),
    /// It does not, because of this.
    Never(&'static str),
}

/// Which API keys may call an operation. Where a recent proof is needed none may: a key
/// cannot prove who its owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// None, whatever its scopes.
    Never,
    /// Those with a scope that covers this one.
    With(KeyScope),
    /// Those with scopes that cover both: what is counted must be readable, too.
    WithBoth(KeyScope, KeyScope),
    /// All.
    Any,
}

/// What holds for an operation that nobody has declared.
pub(crate) const UNDECLARED: Operation = Operation {
    method: "",
    path: "",
    public: None,
    step_up: StepUp::Always,
    keys: Keys::Never,
    without_second_factor: None,
    for_inactive: None,
};

const READS: StepUp = StepUp::Never("it changes nothing");
const ROWS: StepUp =
    StepUp::Never("it changes rows, gives no rights, and the audit log says what they were");
const COMPUTES: StepUp = StepUp::Never("it stores nothing");

const fn public(method: &'static str, path: &'static str, because: &'static str) -> Operation {
    Operation {
        method,
        path,
        public: Some(because),
        step_up: StepUp::Never("it needs no session"),
        ..UNDECLARED
    }
}

const fn operation(
    method: &'static str,
    path: &'static str,
    keys: Keys,
    step_up: StepUp,
) -> Operation {
    Operation {
        method,
        path,
        keys,
        step_up,
        ..UNDECLARED
    }
}

/// An operation that needs a recent proof, and that no key may call for that reason.
const fn sensitive(method: &'static str, path: &'static str) -> Operation {
    operation(method, path, Keys::Never, StepUp::Always)
}

const fn read(path: &'static str) -> Operation {
    operation("GET", path, Keys::With(KeyScope::Read), READS)
}

/// It makes rows, or changes one, and may do so for everyone.
const fn places(method: &'static str, path: &'static str, scope: KeyScope) -> Operation {
    operation(
        method,
        path,
        Keys::With(scope),
        StepUp::When("it names the `access_level` `system`: everyone works with these rows then"),
    )
}

const fn write(method: &'static str, path: &'static str) -> Operation {
    operation(method, path, Keys::With(KeyScope::Write), ROWS)
}

const fn upload(method: &'static str, path: &'static str) -> Operation {
    operation(method, path, Keys::With(KeyScope::Upload), ROWS)
}

const fn score(method: &'static str, path: &'static str) -> Operation {
    operation(method, path, Keys::With(KeyScope::Score), COMPUTES)
}

const fn audit(path: &'static str) -> Operation {
    operation("GET", path, Keys::With(KeyScope::Audit), READS)
}

const fn admin(path: &'static str) -> Operation {
    operation("GET", path, Keys::With(KeyScope::Admin), READS)
}

impl Operation {
    const fn without_second_factor(self, because: &'static str) -> Self {
        Self {
            without_second_factor: Some(because),
            ..self
        }
    }

    const fn for_inactive(self, because: &'static str) -> Self {
        Self {
            for_inactive: Some(because),
            ..self
        }
    }
}

/// Every operation.
pub(crate) const OPERATIONS: &[Operation] = &[
    public("GET", "/health/live", "probes ask it; it tells no data"),
    public("GET", "/health/ready", "probes ask it; it tells no data"),
    public("GET", "/version", "it says which build this is"),
    public("GET", "/openapi.json", "it is the documentation"),
    public("POST", "/auth/register", "the account is yet to be made"),
    public("POST", "/auth/login", "it starts a session"),
    public(
        "POST",
        "/auth/mfa",
        "it starts a session; the token of the login is needed",
    ),
    public("POST", "/auth/refresh", "it needs the refresh token"),
    public("POST", "/auth/verify-email", "it needs the token of a mail"),
    public(
        "POST",
        "/auth/verify-email/resend",
        "it tells nothing and mails the address itself",
    ),
    public(
        "POST",
        "/auth/password/forgot",
        "it tells nothing and mails the address itself",
    ),
    public(
        "POST",
        "/auth/password/reset",
        "it needs the token of a mail",
    ),
    Operation {
        step_up: StepUp::When("an account that exists accepts: its administrators change"),
        ..public(
            "POST",
            "/auth/accept-invitation",
            "it needs the token of a mail; an account that exists must also be signed in",
        )
    },
    sensitive("POST", "/auth/join"),
    operation(
        "POST",
        "/auth/logout",
        Keys::Never,
        StepUp::Never("it only ends the session that asks"),
    )
    .without_second_factor("it only ends the session that asks")
    .for_inactive("everyone may sign out"),
    operation(
        "POST",
        "/auth/step-up",
        Keys::Never,
        StepUp::Never("it is how the proof is given, and asks for the password itself"),
    )
    .without_second_factor("enrolling a second factor needs a recent proof"),
    operation("GET", "/me", Keys::Any, READS)
        .without_second_factor("the caller's own account, and that a second factor is demanded")
        .for_inactive("the caller's own account, and that the organization is inactive"),
    operation(
        "PATCH",
        "/me",
        Keys::Never,
        StepUp::Never("the caller's own names and telephone number: nothing comes in by them"),
    )
    .for_inactive("the caller's own account"),
    sensitive("DELETE", "/me").for_inactive("everyone may leave"),
    sensitive("GET", "/me/export"),
    operation(
        "POST",
        "/me/password",
        Keys::Never,
        StepUp::Never("it asks for the present password itself"),
    )
    .without_second_factor("whose password is known elsewhere must be able to change it"),
    operation("GET", "/me/permissions", Keys::Any, READS),
    operation("GET", "/me/sessions", Keys::Never, READS)
        .without_second_factor("where the caller's own account is signed in"),
    sensitive("DELETE", "/me/sessions")
        .without_second_factor("it only ends sessions of the caller's own account"),
    operation(
        "DELETE",
        "/me/sessions/{id}",
        Keys::Never,
        StepUp::When("it is another session than the one that asks"),
    )
    .without_second_factor("it only ends sessions of the caller's own account"),
    operation("GET", "/me/mfa", Keys::Never, READS)
        .without_second_factor("where the enrolment of the caller's own second factor stands"),
    sensitive("POST", "/me/mfa/totp")
        .without_second_factor("it is how a second factor is enrolled"),
    sensitive("POST", "/me/mfa/totp/confirm")
        .without_second_factor("it is how a second factor is enrolled"),
    sensitive("DELETE", "/me/mfa/totp"),
    operation("GET", "/api-keys", Keys::Never, READS),
    sensitive("POST", "/api-keys"),
    sensitive("POST", "/api-keys/{id}/rotate"),
    sensitive("DELETE", "/api-keys/{id}"),
    admin("/users"),
    sensitive("POST", "/users"),
    admin("/users/{id}"),
    operation(
        "PATCH",
        "/users/{id}",
        Keys::Never,
        StepUp::When("the body names `is_active`"),
    ),
    sensitive("DELETE", "/users/{id}"),
    sensitive("PUT", "/users/{id}/role"),
    operation(
        "GET",
        "/users/{id}/sessions",
        Keys::Never,
        StepUp::Never("it changes nothing, and the audit log is told before it answers"),
    ),
    sensitive("DELETE", "/users/{id}/sessions"),
    sensitive("POST", "/users/{id}/password-reset"),
    sensitive("DELETE", "/users/{id}/mfa"),
    sensitive("POST", "/users/{id}/mfa/approval"),
    operation(
        "GET",
        "/organizations/{id}/second-factor-enrolments",
        Keys::Never,
        READS,
    ),
    operation("GET", "/organizations", Keys::With(KeyScope::Read), READS),
    sensitive("POST", "/organizations"),
    read("/organizations/{id}"),
    operation(
        "PATCH",
        "/organizations/{id}",
        Keys::Never,
        StepUp::When(
            "the body names anything but `name`, `domain`, `description`, `industry` and `size_category`",
        ),
    ),
    sensitive("DELETE", "/organizations/{id}"),
    admin("/organizations/{id}/stats"),
    sensitive("PUT", "/organizations/{id}/join-token"),
    sensitive("DELETE", "/organizations/{id}/join-token"),
    admin("/organizations/{id}/allowed-emails"),
    sensitive("POST", "/organizations/{id}/allowed-emails"),
    sensitive("DELETE", "/organizations/{id}/allowed-emails/{email}"),
    admin("/organizations/{id}/invitations"),
    sensitive("DELETE", "/organizations/{id}/invitations/{invitation_id}"),
    read("/companies"),
    places("POST", "/companies", KeyScope::Write),
    read("/companies/{id}"),
    places("PATCH", "/companies/{id}", KeyScope::Write),
    write("DELETE", "/companies/{id}"),
    read("/companies/{id}/predictions"),
    read("/predictions/{kind}"),
    places("POST", "/predictions/{kind}", KeyScope::Write),
    score("POST", "/predictions/{kind}/score"),
    places("POST", "/predictions/{kind}/batch", KeyScope::Write),
    read("/predictions/{kind}/{id}"),
    places("PATCH", "/predictions/{kind}/{id}", KeyScope::Write),
    write("DELETE", "/predictions/{kind}/{id}"),
    read("/predictions/{kind}/{id}/explanation"),
    read("/predictions/{kind}/{id}/revisions"),
    operation(
        "POST",
        "/predictions/{kind}/{id}/reproduce",
        Keys::With(KeyScope::Read),
        COMPUTES,
    ),
    read("/bulk-uploads"),
    places("POST", "/bulk-uploads", KeyScope::Upload),
    score("GET", "/bulk-uploads/templates/{kind}.csv"),
    score("GET", "/bulk-uploads/templates/{kind}.xlsx"),
    read("/bulk-uploads/{id}"),
    upload("DELETE", "/bulk-uploads/{id}"),
    operation(
        "POST",
        "/bulk-uploads/{id}/retry",
        Keys::With(KeyScope::Upload),
        StepUp::When("the rows of the upload are everyone's"),
    ),
    read("/bulk-uploads/{id}/rows"),
    read("/bulk-uploads/{id}/events"),
    upload("POST", "/bulk-uploads/{id}/cancel"),
    places("POST", "/rescorings", KeyScope::Upload),
    read("/rescorings/{id}"),
    read("/dashboard"),
    read("/analytics/risk-distribution"),
    read("/analytics/model-agreement"),
    read("/analytics/trend"),
    operation(
        "GET",
        "/admin/stats",
        Keys::WithBoth(KeyScope::Admin, KeyScope::Read),
        READS,
    ),
    audit("/audit-logs"),
    audit("/audit-logs/{id}"),
    score("GET", "/models"),
    score("GET", "/models/{name}"),
    score("GET", "/models/{name}/versions/{version}"),
];

/// What an operation demands, by its method and its path below `/api/v1`.
pub(crate) fn demands(method: &str, path: &str) -> Operation {
    let method = if method == "HEAD" { "GET" } else { method };
    OPERATIONS
        .iter()
        .find(|operation| (operation.method, operation.path) == (method, path))
        .copied()
        .unwrap_or(UNDECLARED)
}

impl StepUp {
    /// `always`, `sometimes` or `never`, and why or when.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Always => ("always", ""),
            Self::When(condition) => ("sometimes", condition),
            Self::Never(because) => ("never", because),
        }
    }
}

impl Keys {
    /// What a key with this one scope is answered.
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

impl Operation {
    /// What the OpenAPI document says of it, under `x-access`.
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

    /// A sentence for the description, where its callers have to know.
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
mod tests;
