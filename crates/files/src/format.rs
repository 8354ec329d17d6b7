//! Formats: what a file's name promises, and what its bytes are.

use accunode_ports::files::OpenError;

use crate::{csv::utf16_without_mark, fault};

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    CsvGz,
    Xlsx,
}

impl Format {
    /// What the name promises.
    pub(crate) fn promised(filename: &str) -> Result<Self, OpenError> {
        let name = filename.to_ascii_lowercase();
        if name.ends_with(".csv.gz") {
            Ok(Self::CsvGz)
        } else if name.ends_with(".csv") {
            Ok(Self::Csv)
        } else if name.ends_with(".xlsx") {
            Ok(Self::Xlsx)
        } else {
            Err(fault::unreadable(
                "unsupported_format",
                format!(
                    "{:?} is neither a .csv, a .csv.gz nor an .xlsx file",
                    accunode_domain::fault::shorten(filename)
                ),
            ))
        }
    }

    /// Refuses bytes that are not what the name promised.
    pub(crate) fn agrees_with(self, found: Bytes) -> Result<(), OpenError> {
        match (self, found) {
            (_, Bytes::None) => Err(fault::empty_file()),
            (Self::Csv, Bytes::Text | Bytes::Utf16)
            | (Self::CsvGz, Bytes::Gzip)
            | (Self::Xlsx, Bytes::Zip) => Ok(()),
            (Self::Xlsx, Bytes::Ole) => Err(fault::unreadable(
                "unsupported_format",
                "the file is named .xlsx, but its bytes look like an old Excel workbook (.xls) \
                 or one locked by a password; save it as .xlsx without a password",
            )),
            (promised, found) => Err(fault::unreadable(
                "unsupported_format",
                format!(
                    "the file is named {}, but its bytes look like {}",
                    promised.extension(),
                    found.describe()
                ),
            )),
        }
    }

    /// The name by which the parser process is told the format.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::CsvGz => "csv.gz",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format of such a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Csv, Self::CsvGz, Self::Xlsx]
            .into_iter()
            .find(|format| format.name() == name)
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::CsvGz => ".csv.gz",
            Self::Xlsx => ".xlsx",
        }
    }
}

/// What the first bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bytes {
    None,
    Text,
    Gzip,
    Zip,
    Ole,
    Utf16,
    Pdf,
    Image,
    Markup,
    Parquet,
    Archive,
    Binary,
}

impl Bytes {
    /// How many bytes it takes to tell.
    pub(crate) const NEEDED: usize = 512;

    /// What these first bytes look like.
    pub(crate) fn of(head: &[u8]) -> Self {
        const MAGIC: [(&[u8], Bytes); 18] = [
            (b"\x1f\x8b", Bytes::Gzip),
            (b"PK\x03\x04", Bytes::Zip),
            (b"PK\x05\x06", Bytes::Zip),
            (b"\xd0\xcf\x11\xe0", Bytes::Ole),
            (b"\xff\xfe", Bytes::Utf16),
            (b"\xfe\xff", Bytes::Utf16),
            (b"%PDF", Bytes::Pdf),
            (b"\x89PNG", Bytes::Image),
            (b"\xff\xd8\xff", Bytes::Image),
            (b"GIF8", Bytes::Image),
            (b"<!DOCTYPE", Bytes::Markup),
            (b"<html", Bytes::Markup),
            (b"<?xml", Bytes::Markup),
            (b"PAR1", Bytes::Parquet),
            (b"BZh", Bytes::Archive),
            (b"7z\xbc\xaf", Bytes::Archive),
            (b"\x28\xb5\x2f\xfd", Bytes::Archive),
            (b"\xfd7zXZ", Bytes::Archive),
        ];
        if head.is_empty() {
            return Self::None;
        }
        for (magic, kind) in MAGIC {
            if head
                .get(..magic.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(magic))
            {
                return kind;
            }
        }
        if utf16_without_mark(head).is_some() {
            Self::Utf16
        } else if head.contains(&0) {
            Self::Binary
        } else {
            Self::Text
        }
    }

    const fn describe(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Text => "plain text",
            Self::Gzip => "a gzip archive",
            Self::Zip => "a zip archive or a workbook",
            Self::Ole => "an old Office document",
            Self::Utf16 => "UTF-16 text",
            Self::Pdf => "a PDF document",
            Self::Image => "an image",
            Self::Markup => "a web page or XML",
            Self::Parquet => "a Parquet file",
            Self::Archive => "a packed archive",
            Self::Binary => "no text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_known_ending_is_refused() {
        for name in ["ratios.xls", "ratios", "ratios.gz", "ratios.csv.zip", ""] {
            assert!(Format::promised(name).is_err(), "{name:?}");
        }
        assert_eq!(Format::promised("A.CSV.GZ").unwrap(), Format::CsvGz);
        assert_eq!(Format::promised("a.b.XlsX").unwrap(), Format::Xlsx);
    }

    #[test]
    fn bytes_that_contradict_the_name_are_told_by_what_they_look_like() {
        let refused = |format: Format, head: &[u8]| match format.agrees_with(Bytes::of(head)) {
            Err(OpenError::Unreadable(fault)) => (fault.code, fault.detail),
            other => panic!("{other:?}"),
        };
        let (code, detail) = refused(Format::Xlsx, b"%PDF-1.7");
        assert_eq!(code, "unsupported_format");
        assert!(detail.contains("PDF"), "{detail}");
        assert!(
            refused(Format::Xlsx, b"\xd0\xcf\x11\xe0")
                .1
                .contains("password")
        );
        assert!(refused(Format::Csv, b"PK\x03\x04").1.contains("workbook"));
        assert!(refused(Format::Csv, b"a,b\n\0").1.contains("no text"));
        assert_eq!(refused(Format::CsvGz, b"").0, "empty_file");
    }
}
