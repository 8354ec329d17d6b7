//! What holds for a route beside its handler: its budget, and what it can answer with.

use accunode_ports::limits::LimitClass;
use actix_web::http::Method;

use crate::{
    envelope::plain,
    negotiate::Format,
    operations::{Operation, demands},
    v1::BASE,
};

/// What holds for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Which budget a request draws on.
    pub(crate) class: LimitClass,
    /// The formats it can answer with, the default first.
    pub(crate) offers: &'static [Format],
    /// What it demands of who calls it.
    pub(crate) demands: Operation,
}

impl Policy {
    /// The policy of a route, by its method and pattern.
    pub(crate) fn of(method: &Method, pattern: &str) -> Self {
        let path = pattern.strip_prefix(BASE).unwrap_or(pattern);
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let class = match path {
            _ if path.starts_with("/auth/") => LimitClass::Auth,
            _ if path.starts_with("/admin/") => LimitClass::Admin,
            _ if path.ends_with("/score") || path.ends_with("/reproduce") => LimitClass::Score,
            _ if reads => LimitClass::Read,
            "/bulk-uploads" | "/rescorings" => LimitClass::Upload,
            _ => LimitClass::Write,
        };
        let offers: &[Format] = match path {
            "/companies"
            | "/api-keys"
            | "/organizations/{id}/invitations"
            | "/organizations/{id}/second-factor-enrolments"
            | "/users"
            | "/companies/{id}/predictions"
            | "/bulk-uploads"
            | "/bulk-uploads/{id}/rows"
            | "/organizations"
            | "/organizations/{id}/allowed-emails"
                if reads =>
            {
                &[Format::Json, Format::Csv]
            }
            _ if reads && path.starts_with("/predictions/") && path.matches('/').count() == 2 => {
                &[Format::Json, Format::Csv]
            }
            "/audit-logs" => &[Format::Json, Format::Csv, Format::JsonLines],
            _ if path.ends_with("/events") => &[Format::EventStream],
            _ if path.starts_with("/bulk-uploads/templates/") => {
                if path.ends_with(".xlsx") {
                    &[Format::Xlsx]
                } else {
                    &[Format::Csv]
                }
            }
            _ => &[Format::Json],
        };
        Self {
            class,
            offers,
            demands: demands(method.as_str(), &plain(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::UNDECLARED;

    #[test]
    fn every_route_draws_on_its_own_budget() {
        let class =
            |method: Method, path: &str| Policy::of(&method, &format!("{BASE}{path}")).class;
        assert_eq!(class(Method::POST, "/auth/login"), LimitClass::Auth);
        assert_eq!(class(Method::GET, "/admin/stats"), LimitClass::Admin);
        assert_eq!(class(Method::GET, "/companies"), LimitClass::Read);
        assert_eq!(class(Method::POST, "/companies"), LimitClass::Write);
        assert_eq!(class(Method::POST, "/bulk-uploads"), LimitClass::Upload);
        assert_eq!(
            class(Method::POST, "/bulk-uploads/{id}/cancel"),
            LimitClass::Write
        );
        assert_eq!(
            class(Method::POST, "/predictions/{kind:annual|quarterly}/score"),
            LimitClass::Score
        );
    }

    #[test]
    fn lists_are_also_offered_as_csv_and_single_objects_are_not() {
        let offers = |path: &str| Policy::of(&Method::GET, &format!("{BASE}{path}")).offers;
        assert_eq!(
            offers("/predictions/{kind:annual|quarterly}"),
            [Format::Json, Format::Csv]
        );
        assert_eq!(
            offers("/predictions/{kind:annual|quarterly}/{id}"),
            [Format::Json]
        );
        assert_eq!(
            offers("/bulk-uploads/{id}/rows"),
            [Format::Json, Format::Csv]
        );
    }

    #[test]
    fn a_route_finds_its_operation_by_its_whole_pattern() {
        let demands =
            |method: Method, path: &str| Policy::of(&method, &format!("{BASE}{path}")).demands;
        let declared = demands(Method::PATCH, "/predictions/{kind:annual|quarterly}/{id}");
        assert_ne!(declared, UNDECLARED);
        assert_eq!(demands(Method::GET, "/me/anything"), UNDECLARED);
        assert_eq!(demands(Method::POST, "/auth/anything"), UNDECLARED);
    }
}
