//! The files compressed, each of them once.
//!
//! Responses of the API are compressed while they are sent, at a fast level. The files of the
//! console are the same for everyone, so they can have the best level: the chart library is a
//! third smaller.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

/// A compressed file.
struct Compressed {
    /// The hash of the file, which changes only in a development build.
    sha256: [u8; 32],
    /// `None` if compression does not make the file smaller.
    gzip: Option<Bytes>,
}

/// The compressed files by their paths; not more than the program contains.
static COMPRESSED: Mutex<BTreeMap<String, Compressed>> = Mutex::new(BTreeMap::new());

/// Returns the contents of a file compressed with gzip, or `None` if that is not smaller.
pub(crate) fn gzip(path: &str, sha256: [u8; 32], bytes: &Bytes) -> Option<Bytes> {
    let mut files = COMPRESSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = files.get(path)
        && known.sha256 == sha256
    {
        return known.gzip.clone();
    }
    let gzip = compress(bytes).filter(|smaller| smaller.len() < bytes.len());
    let one = Compressed {
        sha256,
        gzip: gzip.clone(),
    };
    files.insert(path.to_owned(), one);
    gzip
}

fn compress(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn plain(gzip: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        GzDecoder::new(gzip)
            .read_to_end(&mut plain)
            .expect("a gzip stream");
        plain
    }

    #[test]
    fn file_is_compressed_once_and_again_after_a_change() {
        let text = Bytes::from("one ".repeat(200));
        let first = gzip("test/changed.js", [1; 32], &text).expect("smaller");
        assert_eq!(plain(&first), text);
        let again = gzip("test/changed.js", [1; 32], &text).expect("smaller");
        assert_eq!(again.as_ptr(), first.as_ptr(), "the same bytes");
        let text = Bytes::from("two ".repeat(200));
        let changed = gzip("test/changed.js", [2; 32], &text).expect("smaller");
        assert_eq!(plain(&changed), text);
    }

    #[test]
    fn file_that_compression_makes_larger_is_not_compressed() {
        assert_eq!(gzip("test/short.js", [3; 32], &Bytes::from("a")), None);
    }

    #[test]
    fn chart_library_is_below_its_budget() {
        let charts = crate::asset("vendor/echarts.js").expect("the chart library");
        let gzip = charts.gzip.expect("smaller");
        assert_eq!(plain(&gzip), charts.bytes);
        assert!(gzip.len() < 185_000, "{} bytes", gzip.len());
    }
}
