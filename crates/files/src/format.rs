//! File formats: by the file's name, and by its bytes.

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
    /// Returns the format of a file name.
    pub(crate) fn promised(filename: &str) -> Result<Self, OpenError> {
        const TEXT: [&str; 4] = ["csv", "tsv", "txt", "tab"];
        let name = filename.trim_end().to_ascii_lowercase();
        let (stem, is_packed) = match name.strip_suffix(".gz") {
            Some(stem) => (stem, true),
            None => (name.as_str(), false),
        };
        match (stem.rsplit_once('.').map(|(_, ending)| ending), is_packed) {
            (Some(ending), true) if TEXT.contains(&ending) => Ok(Self::CsvGz),
            (Some(ending), false) if TEXT.contains(&ending) => Ok(Self::Csv),
            (Some("xlsx" | "xlsm"), false) => Ok(Self::Xlsx),
            (ending, _) => Err(fault::unreadable(
                "unsupported_format",
                format!(
                    "{:?} {}",
                    accunode_domain::fault::shorten(filename),
                    instead_of(ending.filter(|_| !is_packed))
                ),
            )),
        }
    }

    /// Returns the format of a file whose name promises none; text if its bytes are of no format
    /// that can be read, so that they are refused as contradicting that.
    pub(crate) const fn of_bytes(found: Bytes) -> Self {
        match found {
            Bytes::Gzip => Self::CsvGz,
            Bytes::Zip | Bytes::Ole => Self::Xlsx,
            _ => Self::Csv,
        }
    }

    /// Refuses bytes that contradict the name.
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
                    "the name says that the file is {}, but its bytes look like {}",
                    promised.describe(),
                    found.describe()
                ),
            )),
        }
    }

    /// Returns the name of the format in the parser process's command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::CsvGz => "csv.gz",
            Self::Xlsx => "xlsx",
        }
    }

    /// Returns the format with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Csv, Self::CsvGz, Self::Xlsx]
            .into_iter()
            .find(|format| format.name() == name)
    }

    const fn describe(self) -> &'static str {
        match self {
            Self::Csv => "text (.csv, .tsv, .txt)",
            Self::CsvGz => "gzipped text (.csv.gz)",
            Self::Xlsx => "a workbook (.xlsx, .xlsm)",
        }
    }
}

/// Returns what to send instead of a file with another extension.
fn instead_of(ending: Option<&str>) -> String {
    let (kind, way) = match ending {
        Some("xls") => (
            "is a workbook of Excel 97 to 2003",
            "open it in Excel or LibreOffice, save it as \"Excel Workbook (.xlsx)\" and send that",
        ),
        Some("xlsb") => (
            "is a binary workbook",
            "open it in Excel, save it as \"Excel Workbook (.xlsx)\" and send that",
        ),
        Some("ods" | "fods" | "numbers" | "gsheet") => (
            "is a spreadsheet of another program",
            "export it as .xlsx or as CSV and send that",
        ),
        Some("zip" | "7z" | "rar" | "tar" | "tgz" | "bz2" | "xz" | "zst") => (
            "is an archive",
            "unpack it and send the file inside; text may be packed by gzip alone (.csv.gz)",
        ),
        _ => (
            "is no file that can be read",
            "send .csv, .tsv or .txt (also packed as .csv.gz), .xlsx or .xlsm",
        ),
    };
    format!("{kind}: {way}")
}

/// The apparent format of the first bytes.
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
    /// The number of bytes that are needed to decide.
    pub(crate) const NEEDED: usize = 512;

    /// Returns the apparent format of these first bytes.
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
    fn file_name_without_a_known_extension_is_refused() {
        for name in ["ratios.xls", "ratios", "ratios.gz", "ratios.csv.zip", ""] {
            assert!(Format::promised(name).is_err(), "{name:?}");
        }
        for (name, way) in [
            ("a.xls", "Excel Workbook (.xlsx)"),
            ("a.XLSB", "Excel Workbook (.xlsx)"),
            ("a.ods", "export it as .xlsx or as CSV"),
            ("a.csv.zip", "unpack it"),
            ("a.parquet", "send .csv"),
        ] {
            match Format::promised(name) {
                Err(OpenError::Unreadable(fault)) => {
                    assert!(fault.detail.contains(way), "{}", fault.detail);
                }
                other => panic!("{other:?}"),
            }
        }
        for name in ["a.tsv", "a.TXT", "b.tab", "c.csv "] {
            assert_eq!(Format::promised(name).unwrap(), Format::Csv);
        }
        assert_eq!(Format::promised("a.tsv.gz").unwrap(), Format::CsvGz);
        assert_eq!(Format::promised("macros.xlsm").unwrap(), Format::Xlsx);
        assert_eq!(Format::promised("A.CSV.GZ").unwrap(), Format::CsvGz);
        assert_eq!(Format::promised("a.b.XlsX").unwrap(), Format::Xlsx);
    }

    #[test]
    fn file_without_an_ending_has_the_format_of_its_bytes() {
        for (head, format) in [
            (b"PK\x03\x04".as_slice(), Format::Xlsx),
            (b"\x1f\x8b", Format::CsvGz),
            (b"a,b\n", Format::Csv),
            (b"%PDF-1.7", Format::Csv),
        ] {
            assert_eq!(Format::of_bytes(Bytes::of(head)), format);
        }
    }

    #[test]
    fn bytes_that_contradict_the_name_are_refused_by_detected_format() {
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
