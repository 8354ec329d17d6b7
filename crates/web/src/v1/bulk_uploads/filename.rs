//! The name of an uploaded file, in all forms that clients send.

use std::borrow::Cow;

use actix_web::http::header::{Charset, ContentDisposition};

/// The number of bytes that determine the format of a file without a name.
pub(crate) const HEAD: usize = 4;

/// Returns the name in a part's header, without folders: `filename*` (RFC 8187) takes precedence
/// over `filename`, which may have encoded words (RFC 2047). Empty without a name.
pub(crate) fn given(disposition: Option<&ContentDisposition>) -> String {
    let Some(disposition) = disposition else {
        return String::new();
    };
    let extended = disposition
        .get_filename_ext()
        .and_then(|name| match name.charset {
            Charset::Iso_8859_1 => Some(name.value.iter().map(|b| char::from(*b)).collect()),
            _ => String::from_utf8(name.value.clone()).ok(),
        });
    let name = match (extended, disposition.get_filename()) {
        (Some(name), _) => name,
        (None, Some(name)) => decoded(name).into_owned(),
        (None, None) => String::new(),
    };
    base_name(&name).trim().to_owned()
}

/// Names that programs send for files without a name.
const OF_CLIENTS: [&str; 3] = ["blob", "file", "-"];

/// Returns the name of a file: as given, or, without an extension or a name, with the extension
/// that its first bytes suggest.
pub(crate) fn completed(given: &str, head: &[u8]) -> String {
    if given.contains('.') {
        return given.to_owned();
    }
    let ending = match head {
        [b'P', b'K', ..] => "xlsx",
        [0x1f, 0x8b, ..] => "csv.gz",
        _ => "csv",
    };
    let stem = if given.is_empty() || OF_CLIENTS.contains(&given) {
        "upload"
    } else {
        given
    };
    format!("{stem}.{ending}")
}

fn decoded(name: &str) -> Cow<'_, str> {
    if !(name.contains("=?") && name.contains("?=")) {
        return Cow::Borrowed(name);
    }
    match rfc2047_decoder::decode(name.as_bytes()) {
        Ok(decoded) => Cow::Owned(decoded),
        Err(_) => Cow::Borrowed(name),
    }
}

/// Returns the name without folders, which some browsers send.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn name(header: &str) -> String {
        let value = HeaderValue::from_bytes(header.as_bytes()).unwrap();
        given(ContentDisposition::from_raw(&value).ok().as_ref())
    }

    #[test]
    fn file_names_are_parsed_in_all_client_forms() {
        for (header, expected) in [
            (r#"form-data; name="file"; filename="a.csv""#, "a.csv"),
            (
                r#"form-data; name="file"; filename="Żabka.csv""#,
                "Żabka.csv",
            ),
            (
                r#"form-data; name="file"; filename="C:\\data\\a.csv""#,
                "a.csv",
            ),
            (
                r#"form-data; name="file"; filename="x.csv"; filename*=UTF-8''%C5%BBabka.csv"#,
                "Żabka.csv",
            ),
            (
                r#"form-data; name="file"; filename*=iso-8859-1''M%FCller.csv"#,
                "Müller.csv",
            ),
            (
                r#"form-data; name="file"; filename="=?utf-8?B?xbthYmthLmNzdg==?=""#,
                "Żabka.csv",
            ),
            (
                r#"form-data; name="file"; filename="=?ISO-8859-1?Q?M=FCller.csv?=""#,
                "Müller.csv",
            ),
            (r#"form-data; name="file"; filename="a=?b.csv""#, "a=?b.csv"),
            (r#"form-data; name="file"; filename="""#, ""),
            (r#"form-data; name="file""#, ""),
        ] {
            assert_eq!(name(header), expected, "{header}");
        }
    }

    #[test]
    fn file_name_without_extension_gets_that_of_its_bytes() {
        assert_eq!(completed("", b"PK\x03\x04"), "upload.xlsx");
        assert_eq!(completed("blob", b"\x1f\x8b\x08"), "upload.csv.gz");
        assert_eq!(completed("ratios", b"symbol,year"), "ratios.csv");
        assert_eq!(completed("", b""), "upload.csv");
        assert_eq!(completed("a.xls", b"PK"), "a.xls");
    }
}
