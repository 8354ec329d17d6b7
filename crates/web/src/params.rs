//! The parameters of a query: each is asked for by name, and what is left over or
//! wrong is reported all at once.

use std::{fmt::Display, str::FromStr};

use accunode_domain::{
    Timestamp,
    fault::{Fault, Faults, shorten},
    page::{Cursor, Limit, Sort},
    text::{clean_text, forbidden_prose},
    timestamp::parse_timestamp,
};
use actix_web::web::Query;
use serde::de::DeserializeOwned;

use crate::{page, problem::Problem};

/// The largest number of parameters of a query; no operation knows more than 20.
const MAX_PARAMETERS: usize = 100;

/// The parameters of a query, with everything wrong with them so far.
#[derive(Debug)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    asked: Vec<&'static str>,
    faults: Faults,
}

impl Params {
    /// From the text behind the question mark.
    pub(crate) fn of(query: &str) -> Self {
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
        match Query::<Vec<(String, String)>>::from_query(query) {
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

    /// A value that is read by its own rules.
    pub(crate) fn checked<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str, &str) -> Result<T, Fault>,
    ) -> Option<T> {
        let value = self.take(name)?;
        read(&format!("/{name}"), &value)
            .map_err(|fault| self.note(fault))
            .ok()
    }

    /// One of the names of an enumeration.
    pub(crate) fn name<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        self.checked(name, |pointer, value| {
            value
                .parse()
                .map_err(|error: T::Err| Fault::new(pointer, "unknown_value", error.to_string()))
        })
    }

    /// A number or an id.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        code: &'static str,
        what: &str,
    ) -> Option<T> {
        self.checked(name, |pointer, value| {
            value.parse().map_err(|_| {
                Fault::new(pointer, code, format!("{:?} is not {what}", shorten(value)))
            })
        })
    }

    /// A UUID.
    pub(crate) fn id<T: From<uuid::Uuid>>(&mut self, name: &'static str) -> Option<T> {
        self.parsed::<uuid::Uuid>(name, "invalid_id", "a UUID")
            .map(T::from)
    }

    /// A text without control characters.
    pub(crate) fn text(&mut self, name: &'static str, max: usize) -> Option<String> {
        self.checked(name, |pointer, value| clean_text(pointer, value, max))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        self.parsed(name, "wrong_type", "true or false")
            .unwrap_or(false)
    }

    /// A probability, 0 to 1.
    pub(crate) fn probability(&mut self, name: &'static str) -> Option<f64> {
        self.checked(name, |pointer, value| {
            let wrong =
                |code, rule| Fault::new(pointer, code, format!("{:?} {rule}", shorten(value)));
            let number: f64 = value
                .parse()
                .map_err(|_| wrong("not_a_number", "is not a number"))?;
            if (0.0..=1.0).contains(&number) {
                Ok(number)
            } else {
                Err(wrong("out_of_range", "is not within 0 to 1"))
            }
        })
    }

    /// A time (RFC 3339).
    pub(crate) fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        self.checked(name, |pointer, value| {
            // `+` of an offset is a blank once it is decoded.
            parse_timestamp(pointer, &value.replace(' ', "+"))
        })
    }

    /// How many rows.
    pub(crate) fn limit(&mut self) -> Limit {
        self.checked("limit", |pointer, value| {
            let number = value.parse().map_err(|_| {
                Fault::new(
                    pointer,
                    "out_of_range",
                    format!("{:?} is not within 1 to {}", shorten(value), Limit::MAX),
                )
            })?;
            Limit::new(number)
        })
        .unwrap_or_default()
    }

    /// The order; only those that the list has.
    pub(crate) fn sort(&mut self, orders: &[Sort]) -> Sort {
        self.checked("sort", |pointer, value| {
            orders
                .iter()
                .find(|sort| sort.as_str() == value)
                .copied()
                .ok_or_else(|| {
                    let names: Vec<_> = orders.iter().map(|sort| sort.as_str()).collect();
                    Fault::new(
                        pointer,
                        "unknown_value",
                        format!("`{}` is none of {}", shorten(value), names.join(", ")),
                    )
                })
        })
        .unwrap_or_default()
    }

    /// Where the page begins, in this order.
    pub(crate) fn after(&mut self, sort: Sort) -> Option<Cursor> {
        let cursor: Cursor = self.opaque()?;
        if cursor.sort == sort && page::is_sound(&cursor) {
            return Some(cursor);
        }
        self.note(page::invalid_cursor());
        None
    }

    /// A cursor of another form.
    pub(crate) fn opaque<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.checked("cursor", |_, value| page::decode(value))
    }

    /// Ends the asking.
    ///
    /// # Errors
    /// Everything that was wrong, parameters that nobody asked for included.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
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

#[cfg(test)]
mod tests {
    use accunode_domain::risk::RiskLevel;

    use super::*;

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
        let mut params = Params::of("limit=0&risk_level=Huge&probability_gte=2&colour=red&limt=3");
        params.limit();
        let _: Option<RiskLevel> = params.name("risk_level");
        params.probability("probability_gte");
        let problem = params.finish().unwrap_err();
        assert_eq!(
            codes(&problem),
            [
                "out_of_range",
                "unknown_value",
                "out_of_range",
                "unknown_parameter",
                "unknown_parameter"
            ]
        );
    }

    #[test]
    fn a_parameter_is_given_once() {
        let mut params = Params::of("limit=5&limit=6");
        params.limit();
        assert_eq!(codes(&params.finish().unwrap_err()), ["repeated"]);
    }

    #[test]
    fn values_are_read() {
        let mut params = Params::of("q=a%20b&from=2024-05-31T12:00:00+02:00&force=true&limit=7");
        assert_eq!(params.text("q", 10).as_deref(), Some("a b"));
        assert_eq!(params.time("from").unwrap().unix_timestamp(), 1_717_149_600);
        assert!(params.flag("force"));
        assert_eq!(params.limit().get(), 7);
        params.finish().unwrap();
    }

    #[test]
    fn times_at_the_edge_are_faults() {
        for time in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00%2B23:59"] {
            let mut params = Params::of(&format!("from={time}"));
            assert_eq!(params.time("from"), None);
            assert_eq!(codes(&params.finish().unwrap_err()), ["invalid_time"]);
        }
    }

    #[test]
    fn the_number_of_parameters_is_limited() {
        let query = |n| {
            let pairs: Vec<String> = (0..n).map(|n| format!("p{n}={n}")).collect();
            Params::of(&pairs.join("&")).finish().unwrap_err()
        };
        assert_eq!(codes(&query(MAX_PARAMETERS)).len(), MAX_PARAMETERS);
        assert_eq!(codes(&query(30_000)), ["too_many_parameters"]);
    }

    #[test]
    fn a_null_byte_is_a_fault_and_no_failure_of_the_database() {
        let mut params = Params::of("q=a%00b");
        assert_eq!(params.text("q", 10), None);
        assert_eq!(codes(&params.finish().unwrap_err()), ["control_character"]);
    }
}
