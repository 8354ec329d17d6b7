//! The types that parameters have: how each is documented and read.

use std::{borrow::Cow, fmt::Display, net::IpAddr, str::FromStr};

use accunode_domain::{
    Timestamp,
    company::Symbol,
    fault::{Fault, shorten},
    id::{CompanyId, JobId, OrganizationId, UserId},
    outcome::parse_day,
    page::Limit,
    prediction::{Period, ReportingYear},
    text::clean_text,
    timestamp::parse_timestamp,
};
use time::Date;
use utoipa::openapi::{
    KnownFormat, RefOr, Schema, SchemaFormat,
    schema::{ObjectBuilder, Type},
};
use uuid::Uuid;

use super::Parameter;

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
        text().max_length(Some(Symbol::LONGEST)).into()
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
