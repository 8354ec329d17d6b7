//! The types of parameters: how each is documented and read.

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
    validation::Baseline,
};
use serde::Serialize;
use time::Date;
use utoipa::openapi::{
    KnownFormat, RefOr, Schema, SchemaFormat,
    schema::{ObjectBuilder, OneOfBuilder, Type},
};
use uuid::Uuid;

use super::Parameter;

/// Returns a string schema, to be narrowed.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Parses a value with `FromStr` whose error would not help the client.
fn parse<T: FromStr>(
    pointer: &str,
    text: &str,
    code: &'static str,
    what: &str,
) -> Result<T, Fault> {
    text.parse()
        .map_err(|_| Fault::new(pointer, code, format!("{:?} is not {what}", shorten(text))))
}

/// Parses one of the names of an enumeration.
pub(crate) fn name<T: FromStr<Err: Display>>(pointer: &str, text: &str) -> Result<T, Fault> {
    text.parse()
        .map_err(|error: T::Err| Fault::new(pointer, "unknown_value", error.to_string()))
}

/// A text of at most `MAX` characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<const MAX: usize>(pub(crate) String);

impl<const MAX: usize> Parameter for Text<MAX> {
    const EMPTY_IS_NONE: bool = true;

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

/// A number of months, from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Months<const LEAST: u8, const MOST: u8> {
    pub(crate) months: u8,
}

impl<const LEAST: u8, const MOST: u8> Parameter for Months<LEAST, MOST> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(LEAST))
            .maximum(Some(MOST))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        let number: Option<u8> = text.parse().ok();
        let within = number.filter(|number| (LEAST..=MOST).contains(number));
        within.map(|months| Self { months }).ok_or_else(|| {
            let detail = format!("{:?} is not within {LEAST} to {MOST} months", shorten(text));
            Fault::new(pointer, "out_of_range", detail)
        })
    }
}

impl Parameter for IpAddr {
    fn schema() -> RefOr<Schema> {
        text().min_length(Some(2)).max_length(Some(45)).into()
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
        // The `+` of an offset is decoded as a blank.
        parse_timestamp(pointer, &text.replace(' ', "+"))
    }
}

/// A lower bound of time: a day means its first moment, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since(pub(crate) Timestamp);

/// An inclusive upper bound of time: a day means its last moment, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Until(pub(crate) Timestamp);

/// Returns the schema of a time or a day.
fn time_or_day() -> RefOr<Schema> {
    let of = |format| text().format(Some(SchemaFormat::KnownFormat(format)));
    OneOfBuilder::new()
        .item(of(KnownFormat::DateTime))
        .item(of(KnownFormat::Date))
        .into()
}

impl Parameter for Since {
    fn schema() -> RefOr<Schema> {
        time_or_day()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        match day(text) {
            Some(day) => parse_timestamp(pointer, &format!("{day}T00:00:00Z")),
            None => <Timestamp as Parameter>::read(pointer, text),
        }
        .map(Self)
    }
}

impl Parameter for Until {
    fn schema() -> RefOr<Schema> {
        time_or_day()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        match day(text) {
            Some(day) => parse_timestamp(pointer, &format!("{day}T23:59:59.999999Z")),
            None => <Timestamp as Parameter>::read(pointer, text),
        }
        .map(Self)
    }
}

/// Returns the text, if it has the form of a day: `2024-05-31`. Whether the day exists is
/// checked when its time is parsed.
fn day(text: &str) -> Option<&str> {
    let is_day = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_day.then_some(text)
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
        text()
            .min_length(Some(1))
            .max_length(Some(Symbol::LONGEST))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        Self::parse(pointer, text)
    }
}

impl Parameter for ReportingYear {
    fn schema() -> RefOr<Schema> {
        text()
            .pattern(Some("^(19[0-9]{2}|20[0-9]{2}|2100)$"))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        Self::parse(pointer, text)
    }
}

impl Parameter for Period {
    fn schema() -> RefOr<Schema> {
        text()
            .pattern(Some("^(19[0-9]{2}|20[0-9]{2}|2100)(-Q[1-4])?$"))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        Self::read(pointer, text)
    }
}

impl Parameter for Baseline {
    fn schema() -> RefOr<Schema> {
        text()
            .pattern(Some("^(training|(19[0-9]{2}|20[0-9]{2}|2100)(-Q[1-4])?)$"))
            .into()
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

/// Returns the fault of a value that is not one of the names.
pub(crate) fn unknown(pointer: &str, text: &str, names: &[&str]) -> Fault {
    let names = names.join(", ");
    let text: Cow<'_, str> = shorten(text).into();
    Fault::new(
        pointer,
        "unknown_value",
        format!("`{text}` is none of {names}"),
    )
}
