//! The parameters of a query, as typed structs. One declaration with [`query!`](query) defines how
//! a parameter is read and how it is documented; all faults are reported together.

#[cfg(test)]
mod tests;
mod types;

use accunode_domain::{
    fault::{Fault, Faults, shorten},
    text::forbidden_prose,
};
use actix_web::{error::QueryPayloadError, web};
use serde_json::Value;
use utoipa::openapi::{
    RefOr, Required, Schema,
    path::{self, ParameterBuilder, ParameterIn, ParameterStyle},
    schema::ArrayBuilder,
};

pub(crate) use types::{Months, Share, Since, Text, Until, choice, name, text, unknown};

use super::problem::Problem;

/// The largest number of parameters of a query; no operation knows more than 20.
const MAX_PARAMETERS: usize = 100;
/// The name of the cursor parameter.
pub(crate) const CURSOR: &str = "cursor";

/// The parameters of an operation's query; implemented by [`query!`](query).
pub(crate) trait Query: Sized {
    /// Returns their descriptions for the document.
    fn parameters() -> Vec<path::Parameter>;

    /// Reads them, and records their faults.
    fn take(params: &mut Params) -> Self;
}

/// A type of parameters: how one is documented, and how it is read from text.
pub(crate) trait Parameter: Sized {
    /// Whether an empty value means that the parameter is absent, as a form sends it for an empty
    /// field. This applies to texts, whose schemas admit it.
    const EMPTY_IS_NONE: bool = false;

    /// Returns its schema.
    fn schema() -> RefOr<Schema>;

    /// Reads it.
    ///
    /// # Errors
    /// A fault at the pointer, with the value and the rule that it violates.
    fn read(pointer: &str, text: &str) -> Result<Self, Fault>;
}

/// How often a parameter may be given: once, as an `Option` of its type, or several times, as
/// [`Several`].
pub(crate) trait Given: Sized {
    /// Returns its description for the document.
    fn document(name: &str, doc: &str) -> path::Parameter;

    /// Reads it from the query.
    fn take(params: &mut Params, name: &'static str) -> Self;
}

impl<T: Parameter> Given for Option<T> {
    fn document(name: &str, doc: &str) -> path::Parameter {
        document::<T>(name, doc, None)
    }

    fn take(params: &mut Params, name: &'static str) -> Self {
        params.read(name)
    }
}

/// The values of a parameter that may be given several times (`a=1&a=2`), all of which apply.
/// Empty if it is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Several<T>(pub(crate) Vec<T>);

/// The largest number of values of one parameter; no enumeration has as many.
const MOST_VALUES: usize = 20;

impl<T: Parameter> Given for Several<T> {
    fn document(name: &str, doc: &str) -> path::Parameter {
        let values = ArrayBuilder::new()
            .items(T::schema())
            .max_items(Some(MOST_VALUES));
        let doc = format!("{}; may be given several times", doc.trim());
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(doc))
            .style(Some(ParameterStyle::Form))
            .explode(Some(true))
            .schema(Some(values))
            .build()
    }

    fn take(params: &mut Params, name: &'static str) -> Self {
        let values = params.take_all(name);
        if values.len() > MOST_VALUES {
            params.note(Fault::new(
                format!("/{name}"),
                "too_many_parameters",
                format!(
                    "is given {} times; at most {MOST_VALUES} are allowed",
                    values.len()
                ),
            ));
            return Self(Vec::new());
        }
        let mut read = Vec::new();
        for value in &values {
            match T::read(&format!("/{name}"), value) {
                Ok(value) => read.push(value),
                Err(fault) => params.note(fault),
            }
        }
        Self(read)
    }
}

/// Reads a whole query; `check` finds faults that involve several parameters.
///
/// # Errors
/// 422 with all faults, including unknown parameters.
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

/// Returns the decoded pairs of a query.
fn decode(query: &str) -> Result<Vec<(String, String)>, QueryPayloadError> {
    web::Query::from_query(query).map(web::Query::into_inner)
}

/// Returns whether a query has a parameter of this name, however it is encoded.
pub(crate) fn has_parameter(query: &str, name: &str) -> bool {
    let pairs = decode(query).unwrap_or_default();
    pairs.iter().any(|(found, _)| found == name)
}

/// The parameters of a query, with the faults found so far.
#[derive(Debug)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    asked: Vec<&'static str>,
    faults: Faults,
}

impl Params {
    /// Parses the text after the question mark.
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
        match decode(query) {
            Ok(pairs) => params.pairs = pairs,
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

    /// Records a fault, unless one is recorded for the same place already: an invisible character
    /// is found in every parameter, and the parameter's own rules would only report once more that
    /// the value is invalid.
    pub(crate) fn note(&mut self, fault: Fault) {
        if fault.pointer.is_empty() || !self.faults.is_listed_at(&fault.pointer) {
            self.faults.push(fault);
        }
    }

    /// Removes and returns every value of a parameter.
    fn take_all(&mut self, name: &'static str) -> Vec<String> {
        self.asked.push(name);
        let mut found = Vec::new();
        self.pairs.retain_mut(|(key, value)| {
            let is_it = key == name;
            if is_it {
                found.push(std::mem::take(value));
            }
            !is_it
        });
        found
    }

    fn take(&mut self, name: &'static str) -> Option<String> {
        let found = self.take_all(name);
        if found.len() > 1 {
            self.note(Fault::new(
                format!("/{name}"),
                "repeated",
                format!("is given {} times; once is enough", found.len()),
            ));
        }
        found.into_iter().next()
    }

    /// Returns the parameter with this name, if it is given and valid.
    pub(crate) fn read<T: Parameter>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        if value.is_empty() {
            if !T::EMPTY_IS_NONE {
                let detail = "is empty; give it a value, or leave it out";
                self.note(Fault::new(format!("/{name}"), "empty", detail));
            }
            return None;
        }
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

/// Declares the parameters of a query: a struct whose fields are optional, [`Several`] or have a
/// default, documented by their comments. After `;` follows a struct of further parameters.
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
        <$type as $crate::http::query::Given>::document($name, $doc)
    };
    (@document $name:expr, $doc:expr, $type:ty, $default:expr) => {
        $crate::http::query::document::<$type>(
            $name,
            $doc,
            serde_json::to_value($default).ok(),
        )
    };
    (@take $params:ident, $name:expr, $type:ty) => {
        <$type as $crate::http::query::Given>::take($params, $name)
    };
    (@take $params:ident, $name:expr, $type:ty, $default:expr) => {
        $params.read::<$type>($name).unwrap_or($default)
    };
}
pub(crate) use query;

/// Returns a parameter as the document describes it.
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
        // Properties that apply only here are written beside the reference.
        (schema, Some(default)) => utoipa::openapi::schema::AllOfBuilder::new()
            .item(schema)
            .default(Some(default))
            .into(),
    }
}
