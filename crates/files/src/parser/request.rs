//! What a parser process is asked to do, as arguments of its command line.

use std::{ffi::OsString, str::FromStr};

use crate::{Limits, format::Format};

/// One file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The format that the file's name promises.
    pub(crate) format: Format,
    /// Rows up to this one are not sent.
    pub(crate) after: u32,
    /// At most so many rows are sent.
    pub(crate) rows: u32,
    /// Bytes of memory that the process may take.
    pub(crate) memory_bytes: u64,
    /// Seconds of processor time that the process may take.
    pub(crate) cpu_seconds: u64,
    /// The process that asks.
    pub(crate) parent: u32,
    /// What is read of the file at most.
    pub(crate) limits: Limits,
}

impl Request {
    /// The arguments that [`Self::from_arguments`] understands.
    pub(crate) fn to_arguments(&self) -> Vec<OsString> {
        let numbers = [
            u64::from(self.after),
            u64::from(self.rows),
            self.memory_bytes,
            self.cpu_seconds,
            u64::from(self.parent),
        ];
        std::iter::once(self.format.name().into())
            .chain(
                numbers
                    .into_iter()
                    .chain(self.limits.to_numbers())
                    .map(|number| number.to_string().into()),
            )
            .collect()
    }

    /// The request of a command line; none where it is not one.
    pub(crate) fn from_arguments(arguments: &[OsString]) -> Option<Self> {
        let mut arguments = arguments.iter().map(|argument| argument.to_str());
        let format = Format::named(arguments.next()??)?;
        let after = next(&mut arguments)?;
        let rows = next(&mut arguments)?;
        let memory_bytes = next(&mut arguments)?;
        let cpu_seconds = next(&mut arguments)?;
        let parent = next(&mut arguments)?;
        let mut numbers = [0; Limits::NUMBERS];
        for number in &mut numbers {
            *number = next(&mut arguments)?;
        }
        let request = Self {
            format,
            after,
            rows,
            memory_bytes,
            cpu_seconds,
            parent,
            limits: Limits::from_numbers(numbers)?,
        };
        arguments.next().is_none().then_some(request)
    }
}

fn next<'a, T: FromStr>(arguments: &mut impl Iterator<Item = Option<&'a str>>) -> Option<T> {
    arguments.next()??.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_back_and_nothing_else_is_one() {
        let request = Request {
            format: Format::CsvGz,
            after: 7,
            rows: u32::MAX,
            memory_bytes: 1 << 27,
            cpu_seconds: 60,
            parent: 4_711,
            limits: Limits::default(),
        };
        let mut arguments = request.to_arguments();
        assert_eq!(Request::from_arguments(&arguments), Some(request));
        arguments.push("1".into());
        assert_eq!(Request::from_arguments(&arguments), None);
        assert_eq!(Request::from_arguments(&arguments[..4]), None);
        assert_eq!(Request::from_arguments(&[]), None);
        arguments[0] = "xls".into();
        assert_eq!(Request::from_arguments(&arguments), None);
    }
}
