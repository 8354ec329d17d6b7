//! The parameters of a query, as typed structs. One declaration, by [`query!`](query), says how
//! a parameter is read and how it is documented; everything wrong is reported at once.

use std::{borrow::Cow, fmt::Display, net::IpAddr, str::FromStr};

use accunode_domain::{
    Timestamp,
    company::Symbol,
    fault::{Fault, Faults, shorten},
    id::{CompanyId, JobId, OrganizationId, UserId},
    outcome::parse_day,
    page::Limit,
    prediction::{Period, ReportingYear},
    text::{clean_text, forbidden_prose},
    timestamp::parse_timestamp,
};
use actix_web::web;
use serde_json::Value;
use time::Date;
use utoipa::openapi::{
    KnownFormat, RefOr, Required, Schema, SchemaFormat,
    path::{self, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
};
use uuid::Uuid;

use super::problem::Problem;

/// The largest number of parameters of a query; no operation knows more than 20.
const MAX_PARAMETERS: usize = 100;
/// Where a list begins.
pub(crate) const CURSOR: &str = "cursor";

/// The parameters of an operation's query; implemented by [`query!`](query).
pub(crate) trait Query: Sized {
    /// As the document describes them.
    fn parameters() -> Vec<path::Parameter>;

    /// Reads them, and notes what is wrong with them.
    fn take(params: &mut Params) -> Self;
}

/// A type that parameters have: how one is documented, and how it is read from text.
pub(crate) trait Parameter: Sized {
    /// Its schema.
    fn schema() -> RefOr<Schema>;

    /// Reads it.
    ///
    /// # Errors
    /// A fault at the pointer, with the value and the rule that it breaks.
    fn read(pointer: &str, text: &str) -> Result<Self, Fault>;
}

/// An optional parameter: `Option` of its type.
pub(crate) trait Optional {
    /// Its type where it is given.
    type Of: Parameter;
}

impl<T: Parameter> Optional for Option<T> {
    type Of = T;
}

/// Reads a whole query; `check` finds what is wrong with it as a whole.
///
/// # Errors
/// 422 with everything that is wrong, parameters that the operation does not know included.
pub(crate) fn read<Q: Query>(
    query: &str,
    check: impl FnOnce(&Q) -> Option<Fault>,
) -> Result<Q, Problem> {
    let mut params = Params::of(query);
    let is_given = |name: &str| {
        let mut pairs = params.pairs.iter();
        pairs.any(|(key, value)| key == name && !value.is_empty())
    };
    let searches_a_page = is_given("q") && is_given(CURSOR);
    let read = Q::take(&mut params);
    if searches_a_page && params.asked.contains(&"q") && params.asked.contains(&CURSOR) {
        params.note(Fault::new(
            "/cursor",
            "invalid_cursor",
            "a search by `q` has no pages",
        ));
    }
    if let Some(fault) = check(&read) {
        params.note(fault);
    }
    params.finish()?;
    Ok(read)
}

/// A query without parameters.
impl Query for () {
    fn parameters() -> Vec<path::Parameter> {
        Vec::new()
    }

    fn take(_: &mut Params) -> Self {}
}

/// The parameters of a query, with everything wrong with them so far.
#[derive(Debug)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    asked: Vec<&'static str>,
    faults: Faults,
}

impl Params {
    /// From the text behind the question mark.
    fn of(query: &str) -> Self {
        let mut params = Self {
            pairs: Vec::new(),
            asked: Vec::new(),
            faults: Faults::new(),
        };
        let number = query.split('&').filter(|pair| !pair.is_empty()).count();
        if number > MAX_PARAMETERS {
            params.note(Fault::new(
                "",
                "too_many_parameters",
                format!("{number} parameters; at most {MAX_PARAMETERS} are allowed"),
            ));
            return params;
        }
        match web::Query::<Vec<(String, String)>>::from_query(query) {
            Ok(pairs) => params.pairs = pairs.into_inner(),
            Err(error) => params.note(Fault::new("", "malformed_query", error.to_string())),
        }
        params.faults.extend(
            params
                .pairs
                .iter()
                .filter_map(|(name, value)| forbidden_prose(&format!("/{}", shorten(name)), value)),
        );
        params
    }

    /// Notes that something is wrong, unless something is noted of the same place already: a
    /// character that cannot be seen is found in every parameter, and its rules would only
    /// say once more that the value is wrong.
    pub(crate) fn note(&mut self, fault: Fault) {
        if fault.pointer.is_empty() || !self.faults.is_listed_at(&fault.pointer) {
            self.faults.push(fault);
        }
    }

    fn take(&mut self, name: &'static str) -> Option<String> {
        self.asked.push(name);
        let mut found = Vec::new();
        self.pairs.retain_mut(|(key, value)| {
            let is_it = key == name;
            if is_it {
                found.push(std::mem::take(value));
            }
            !is_it
        });
        if found.len() > 1 {
            self.note(Fault::new(
                format!("/{name}"),
                "repeated",
                format!("is given {} times; once is enough", found.len()),
            ));
        }
        // An empty one is what a form sends for a field that was left empty.
        found.into_iter().next().filter(|value| !value.is_empty())
    }

    /// The parameter with this name, where it is given and right.
    pub(crate) fn read<T: Parameter>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        T::read(&format!("/{name}"), &value)
            .map_err(|fault| self.note(fault))
            .ok()
    }

    fn finish(mut self) -> Result<(), Problem> {
        let known = if self.asked.is_empty() {
            "there are none here".to_owned()
        } else {
            format!("these are: {}", self.asked.join(", "))
        };
        let mut unknown: Vec<_> = self.pairs.iter().map(|(key, _)| key).collect();
        unknown.dedup();
        for key in unknown {
            self.faults.push(Fault::new(
                format!("/{}", shorten(key)),
                "unknown_parameter",
                format!("{:?} is no parameter; {known}", shorten(key)),
            ));
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::faults(self.faults))
        }
    }
}

/// Declares the parameters of a query: a struct whose fields are optional or have a default,
/// documented by their comments. What stands behind `;` is a struct of further parameters.
///
/// ```ignore
/// query! {
///     pub(crate) struct CompanyQuery {
///         /// Only companies of this sector
///         sector: Option<Text<100>>,
///         kind: Kind = Kind::Annual,
///         ; page: Paging<CompanyOrders>,
///     }
/// }
/// ```
macro_rules! query {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident : $type:ty $(= $default:expr)?,
            )*
            $(; $($flat:ident : $flat_type:ty,)+)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $($(#[doc = $doc])* pub(super) $field: $type,)*
            $($(pub(super) $flat: $flat_type,)+)?
        }

        impl $crate::http::query::Query for $name {
            fn parameters() -> Vec<utoipa::openapi::path::Parameter> {
                let own: Vec<utoipa::openapi::path::Parameter> = vec![$(
                    $crate::http::query::query!(
                        @document stringify!($field), concat!("" $(, $doc)*), $type $(, $default)?
                    ),
                )*];
                let further: Vec<Vec<utoipa::openapi::path::Parameter>> =
                    vec![$($(<$flat_type as $crate::http::query::Query>::parameters(),)+)?];
                own.into_iter().chain(further.into_iter().flatten()).collect()
            }

            fn take(params: &mut $crate::http::query::Params) -> Self {
                Self {
                    $($field: $crate::http::query::query!(
                        @take params, stringify!($field), $type $(, $default)?
                    ),)*
                    $($($flat: <$flat_type as $crate::http::query::Query>::take(params),)+)?
                }
            }
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                <Self as $crate::http::query::Query>::parameters()
            }
        }
    };
    (@document $name:expr, $doc:expr, $type:ty) => {
        $crate::http::query::document::<<$type as $crate::http::query::Optional>::Of>(
            $name, $doc, None,
        )
    };
    (@document $name:expr, $doc:expr, $type:ty, $default:expr) => {
        $crate::http::query::document::<$type>(
            $name,
            $doc,
            serde_json::to_value($default).ok(),
        )
    };
    (@take $params:ident, $name:expr, $type:ty) => {
        $params.read::<<$type as $crate::http::query::Optional>::Of>($name)
    };
    (@take $params:ident, $name:expr, $type:ty, $default:expr) => {
        $params.read::<$type>($name).unwrap_or($default)
    };
}
pub(crate) use query;

/// A parameter as the document describes it.
pub(crate) fn document<T: Parameter>(
    name: &str,
    doc: &str,
    default: Option<Value>,
) -> path::Parameter {
    let doc = doc.trim();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description((!doc.is_empty()).then(|| doc.to_owned()))
        .schema(Some(with_default(T::schema(), default)))
        .build()
}

fn with_default(schema: RefOr<Schema>, default: Option<Value>) -> RefOr<Schema> {
    match (schema, default) {
        (schema, None) => schema,
        (RefOr::T(Schema::Object(mut object)), Some(default)) => {
            object.default = Some(default);
            RefOr::T(Schema::Object(object))
        }
        // Beside a reference stands what holds here alone.
        (schema, Some(default)) => utoipa::openapi::schema::AllOfBuilder::new()
            .item(schema)
            .default(Some(default))
            .into(),
    }
}

/// A string schema, to be narrowed.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A value read by `FromStr` whose failure says nothing that would help.
fn parse<T: FromStr>(
    pointer: &str,
    text: &str,
    code: &'static str,
    what: &str,
) -> Result<T, Fault> {
    text.parse()
        .map_err(|_| Fault::new(pointer, code, format!("{:?} is not {what}", shorten(text))))
}

/// One of the names of an enumeration.
pub(crate) fn name<T: FromStr<Err: Display>>(pointer: &str, text: &str) -> Result<T, Fault> {
    text.parse()
        .map_err(|error: T::Err| Fault::new(pointer, "unknown_value", error.to_string()))
}

/// A text of at most `MAX` characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<const MAX: usize>(pub(crate) String);

impl<const MAX: usize> Parameter for Text<MAX> {
    fn schema() -> RefOr<Schema> {
        text().max_length(Some(MAX)).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        clean_text(pointer, text, MAX).map(Self)
    }
}

/// A bound of probabilities, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

impl Parameter for Share {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
            .minimum(Some(0))
            .maximum(Some(1))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        let number: f64 = parse(pointer, text, "not_a_number", "a number")?;
        if (0.0..=1.0).contains(&number) {
            return Ok(Self(number));
        }
        let detail = format!("{:?} is not within 0 to 1", shorten(text));
        Err(Fault::new(pointer, "out_of_range", detail))
    }
}

impl Parameter for bool {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        parse(pointer, text, "wrong_type", "true or false")
    }
}

impl Parameter for i64 {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        parse(pointer, text, "not_a_number", "a whole number")
    }
}

impl Parameter for IpAddr {
    fn schema() -> RefOr<Schema> {
        text().max_length(Some(45)).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        parse(pointer, text, "invalid_address", "an IP address")
    }
}

impl Parameter for Timestamp {
    fn schema() -> RefOr<Schema> {
        text()
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        // `+` of an offset is a blank once it is decoded.
        parse_timestamp(pointer, &text.replace(' ', "+"))
    }
}

impl Parameter for Date {
    fn schema() -> RefOr<Schema> {
        text()
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        parse_day(pointer, text)
    }
}

impl Parameter for Symbol {
    fn schema() -> RefOr<Schema> {
        text().max_length(Some(10)).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        Self::parse(pointer, text)
    }
}

impl Parameter for ReportingYear {
    fn schema() -> RefOr<Schema> {
        text().pattern(Some("^[0-9]{4}$")).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        Self::parse(pointer, text)
    }
}

impl Parameter for Period {
    fn schema() -> RefOr<Schema> {
        text().pattern(Some("^[0-9]{4}(-Q[1-4])?$")).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        Self::read(pointer, text)
    }
}

impl Parameter for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
            .maximum(Some(Self::MAX))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        let number = text.parse().map_err(|_| {
            let detail = format!("{:?} is not within 1 to {}", shorten(text), Self::MAX);
            Fault::new(pointer, "out_of_range", detail)
        })?;
        Self::new(number)
    }
}

macro_rules! ids {
    ($($id:ident),+) => {$(
        impl Parameter for $id {
            fn schema() -> RefOr<Schema> {
                text()
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                    .into()
            }

            fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
                parse::<Uuid>(pointer, text, "invalid_id", "a UUID").map($id::from)
            }
        }
    )+};
}

ids!(CompanyId, JobId, OrganizationId, UserId, Uuid);

/// Declares an enumeration of parameters: the names in the query and what they mean.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $of:ty { $($text:literal => $value:expr,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis struct $name($vis $of);

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let names = [$(($text, $value)),+];
                let name = names.iter().find(|(_, value)| *value == self.0);
                serializer.serialize_str(name.map_or("", |(name, _)| name))
            }
        }

        impl $crate::http::query::Parameter for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::http::query::text()
                    .enum_values(Some([$($text),+]))
                    .into()
            }

            fn read(pointer: &str, text: &str) -> Result<Self, accunode_domain::fault::Fault> {
                match text {
                    $($text => Ok(Self($value)),)+
                    other => Err($crate::http::query::unknown(pointer, other, &[$($text),+])),
                }
            }
        }
    };
}
pub(crate) use choice;

/// The fault of a value that is none of those there are.
pub(crate) fn unknown(pointer: &str, text: &str, names: &[&str]) -> Fault {
    let names = names.join(", ");
    let text: Cow<'_, str> = shorten(text).into();
    Fault::new(
        pointer,
        "unknown_value",
        format!("`{text}` is none of {names}"),
    )
}

#[cfg(test)]
mod tests {
    use accunode_domain::{page::Sort, risk::RiskLevel};

    use super::*;
    use crate::http::list::{Orders, Paging};

    #[derive(Debug)]
    struct ByTime;

    impl Orders for ByTime {
        const ORDERS: &'static [Sort] = &[Sort::CreatedAt];
    }

    query! {
        /// Of these tests.
        struct TestQuery {
            /// A text
            q: Option<Text<10>>,
            risk_level: Option<RiskLevel>,
            probability_gte: Option<Share>,
            from: Option<Timestamp>,
            force: bool = false,
            ; page: Paging<ByTime>,
        }
    }

    fn read(query: &str) -> Result<TestQuery, Problem> {
        super::read(query, |_| None)
    }

    fn codes(problem: &Problem) -> Vec<String> {
        let document = serde_json::to_value(problem.document(None)).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|e| e["code"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let problem = read("limit=0&risk_level=Huge&probability_gte=2&colour=red&limt=3");
        assert_eq!(
            codes(&problem.unwrap_err()),
            [
                "unknown_value",
                "out_of_range",
                "out_of_range",
                "unknown_parameter",
                "unknown_parameter"
            ]
        );
    }

    #[test]
    fn a_parameter_is_given_once() {
        assert_eq!(codes(&read("limit=5&limit=6").unwrap_err()), ["repeated"]);
    }

    #[test]
    fn values_are_read_and_defaults_fill_in() {
        let query = read("q=a%20b&from=2024-05-31T12:00:00+02:00&force=true&limit=7").unwrap();
        assert_eq!(query.q, Some(Text("a b".to_owned())));
        assert_eq!(query.from.unwrap().unix_timestamp(), 1_717_149_600);
        assert!(query.force);
        assert_eq!(query.page.start().limit.get(), 7);
        let query = read("").unwrap();
        assert!(!query.force && query.risk_level.is_none() && query.probability_gte.is_none());
        assert_eq!(query.page.start().limit, Limit::default());
    }

    #[test]
    fn times_at_the_edge_are_faults() {
        for time in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00%2B23:59"] {
            let problem = read(&format!("from={time}")).unwrap_err();
            assert_eq!(codes(&problem), ["invalid_time"]);
        }
    }

    #[test]
    fn the_number_of_parameters_is_limited() {
        let query = |n| {
            let pairs: Vec<String> = (0..n).map(|n| format!("p{n}={n}")).collect();
            read(&pairs.join("&")).unwrap_err()
        };
        assert_eq!(codes(&query(MAX_PARAMETERS)).len(), MAX_PARAMETERS);
        assert_eq!(codes(&query(30_000)), ["too_many_parameters"]);
    }

    #[test]
    fn a_null_byte_is_a_fault_and_no_failure_of_the_database() {
        assert_eq!(codes(&read("q=a%00b").unwrap_err()), ["control_character"]);
    }

    #[test]
    fn a_search_has_no_pages() {
        let problem = read("q=a&cursor=abc").unwrap_err();
        assert_eq!(codes(&problem), ["invalid_cursor"]);
    }

    #[test]
    fn what_is_read_is_what_is_documented() {
        let all = serde_json::to_value(TestQuery::parameters()).unwrap();
        let names: Vec<_> = all.as_array().unwrap().iter().map(|p| &p["name"]).collect();
        assert_eq!(
            names,
            [
                "q",
                "risk_level",
                "probability_gte",
                "from",
                "force",
                "limit",
                "cursor"
            ]
        );
        assert_eq!(all[0]["description"], "A text");
        assert_eq!(all[0]["schema"]["maxLength"], 10);
        assert_eq!(all[2]["schema"]["maximum"], 1);
        assert_eq!(all[3]["schema"]["format"], "date-time");
        assert_eq!(all[4]["schema"]["default"], false);
        assert_eq!(all[5]["schema"]["maximum"], 100);
        assert_eq!(all[5]["schema"]["default"], 20);
    }
}
