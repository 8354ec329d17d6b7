//! The task of a parser process, as arguments of its command line.

use std::{ffi::OsString, str::FromStr};

use accunode_ports::files::{Dialect, Encoding, TableChoice};

use crate::{Limits, format::Format, parse::Task};

/// One file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The format by the file's name.
    pub(crate) format: Format,
    /// What is wanted of it.
    pub(crate) task: Task,
    /// The memory limit of the process, in bytes.
    pub(crate) memory_bytes: u64,
    /// The limit of processor time of the process, in seconds.
    pub(crate) cpu_seconds: u64,
    /// The process id of the service.
    pub(crate) parent: u32,
    /// The limits on what is read of the file.
    pub(crate) limits: Limits,
}

/// The argument for a missing value.
const NONE: &str = "-";

impl Request {
    /// Returns the arguments that [`Self::from_arguments`] parses.
    pub(crate) fn to_arguments(&self) -> Vec<OsString> {
        let mut texts = vec![self.format.name().to_owned()];
        match &self.task {
            Task::Peek { rows } => texts.extend(["peek".to_owned(), rows.to_string()]),
            Task::Read { choice, after } => texts.extend([
                "read".to_owned(),
                after.to_string(),
                choice.header_row.to_string(),
                choice.width.to_string(),
                // A name from an untrusted file: an argument may contain anything except
                // NUL.
                choice
                    .sheet
                    .as_ref()
                    .map_or_else(|| NONE.to_owned(), |name| format!("x{}", hex::encode(name))),
                choice.dialect.map_or_else(
                    || NONE.to_owned(),
                    |dialect| format!("{}:{}", encoding_name(dialect.encoding), dialect.delimiter),
                ),
            ]),
        }
        let numbers = [self.memory_bytes, self.cpu_seconds, u64::from(self.parent)];
        texts
            .into_iter()
            .chain(
                numbers
                    .into_iter()
                    .chain(self.limits.to_numbers())
                    .map(|number| number.to_string()),
            )
            .map(Into::into)
            .collect()
    }

    /// Parses the request of a command line; `None` if it is not one.
    pub(crate) fn from_arguments(arguments: &[OsString]) -> Option<Self> {
        let mut arguments = arguments.iter().map(|argument| argument.to_str());
        let format = Format::named(arguments.next()??)?;
        let task = match arguments.next()?? {
            "peek" => Task::Peek {
                rows: next(&mut arguments)?,
            },
            "read" => Task::Read {
                after: next(&mut arguments)?,
                choice: choice(&mut arguments)?,
            },
            _ => return None,
        };
        let memory_bytes = next(&mut arguments)?;
        let cpu_seconds = next(&mut arguments)?;
        let parent = next(&mut arguments)?;
        let mut numbers = [0; Limits::NUMBERS];
        for number in &mut numbers {
            *number = next(&mut arguments)?;
        }
        let request = Self {
            format,
            task,
            memory_bytes,
            cpu_seconds,
            parent,
            limits: Limits::from_numbers(numbers)?,
        };
        arguments.next().is_none().then_some(request)
    }
}

fn choice<'a>(arguments: &mut impl Iterator<Item = Option<&'a str>>) -> Option<TableChoice> {
    let header_row = next(arguments)?;
    let width = next(arguments)?;
    let sheet = match arguments.next()?? {
        NONE => None,
        name => {
            let bytes = hex::decode(name.strip_prefix('x')?).ok()?;
            Some(String::from_utf8(bytes).ok()?)
        }
    };
    let dialect = match arguments.next()?? {
        NONE => None,
        text => {
            let (encoding, delimiter) = text.split_once(':')?;
            Some(Dialect {
                encoding: ENCODINGS
                    .into_iter()
                    .find(|known| encoding_name(*known) == encoding)?,
                delimiter: delimiter.parse().ok()?,
            })
        }
    };
    Some(TableChoice {
        sheet,
        header_row,
        width,
        dialect,
    })
}

/// All encodings; a frame identifies one by its index here.
pub(super) const ENCODINGS: [Encoding; 4] = [
    Encoding::Utf8,
    Encoding::Utf16Le,
    Encoding::Utf16Be,
    Encoding::Windows1252,
];

const fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16Le => "utf-16le",
        Encoding::Utf16Be => "utf-16be",
        Encoding::Windows1252 => "windows-1252",
    }
}

fn next<'a, T: FromStr>(arguments: &mut impl Iterator<Item = Option<&'a str>>) -> Option<T> {
    arguments.next()??.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(task: Task) -> Request {
        Request {
            format: Format::CsvGz,
            task,
            memory_bytes: 1 << 27,
            cpu_seconds: 60,
            parent: 4_711,
            limits: Limits::default(),
        }
    }

    #[test]
    fn parser_request_round_trips_and_other_arguments_are_refused() {
        for task in [
            Task::Peek { rows: 30 },
            Task::Read {
                choice: TableChoice::default(),
                after: u32::MAX,
            },
            Task::Read {
                choice: TableChoice {
                    sheet: Some("Ratios \n'é-".to_owned()),
                    header_row: 4,
                    width: 12,
                    dialect: Some(Dialect {
                        encoding: Encoding::Windows1252,
                        delimiter: b'\t',
                    }),
                },
                after: 7,
            },
        ] {
            let request = request(task);
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
}
