//! The console: the pages for users, as files within the program.
//!
//! The console is a client of the public API and knows nothing else of the service, so this crate
//! depends on no other. `assets/` contains plain HTML, CSS and ES modules that a browser runs
//! without a build step; `assets/vendor/` contains libraries as published on npm, and
//! `vendor.lock.json` lists them (`scripts/vendor.sh` fetches them). A development build reads the
//! files from the source tree, so that changes appear at once.
//!
//! To add a page, add a module to `assets/pages/` and its line to `assets/routes.js`.

mod compressed;

use std::{borrow::Cow, sync::LazyLock};

use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "assets"]
struct Assets;

/// The pictures of the validation reports of the shipped models; the pages of models show them.
#[derive(RustEmbed)]
#[folder = "../../docs/models"]
#[prefix = "models/"]
struct Pictures;

/// The names of all files, also of those that are not served.
fn names() -> impl Iterator<Item = Cow<'static, str>> {
    Assets::iter().chain(Pictures::iter())
}

/// A file with its hash, by its name.
fn file(name: &str) -> Option<EmbeddedFile> {
    Assets::get(name).or_else(|| Pictures::get(name))
}

/// The placeholder in the page that [`VERSION`] replaces.
const PLACEHOLDER: &str = "{version}";

/// The version of the files: a hash over all of them, which is part of their paths. A file that a
/// browser has cached under a path is therefore never out of date.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = names().collect();
    names.sort();
    let mut hash = Sha256::new();
    for name in names {
        if let Some(file) = file(&name) {
            hash.update(name.as_bytes());
            hash.update(file.metadata.sha256_hash());
        }
    }
    hex::encode(&hash.finalize()[..8])
});

/// A file of the console.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The contents of the file.
    pub bytes: Bytes,
    /// `bytes` compressed with gzip; `None` if that does not make them smaller.
    pub gzip: Option<Bytes>,
    /// The media type, as in `Content-Type`.
    pub content_type: &'static str,
    /// SHA-256 of `bytes` in hexadecimal digits.
    pub sha256: String,
}

/// Returns the file with this path below `assets/`, or the picture of a model below `models/`, if
/// there is one.
///
/// The first call for a file compresses it, which takes up to some hundredths of a second.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let content_type = content_type(path)?;
    let file = file(path)?;
    let hash = file.metadata.sha256_hash();
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(Asset {
        gzip: compressed::gzip(path, hash, &bytes),
        bytes,
        content_type,
        sha256: hex::encode(hash),
    })
}

/// The single page, whose modules show the content for its path.
#[must_use]
pub fn page() -> Option<String> {
    let file = Assets::get("index.html")?;
    let text = String::from_utf8_lossy(&file.data);
    Some(text.replace(PLACEHOLDER, &VERSION))
}

/// The media type for the extension of a file name. Other files are not served: sources and
/// licences are not part of the console.
fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_loads_its_own_version_and_has_no_inline_code() {
        let page = page().expect("a page");
        assert!(page.contains(&format!("console/{}/app.js", *VERSION)));
        assert!(!page.contains(PLACEHOLDER));
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onload"));
        assert!(!page.contains("http:") && !page.contains("https:"));
    }

    #[test]
    fn paths_outside_the_assets_folder_are_not_served() {
        for path in [
            "../Cargo.toml",
            "../src/lib.rs",
            "index.html",
            "vendor/LICENSES.txt",
            "",
        ] {
            assert!(asset(path).is_none(), "{path}");
        }
        let script = asset("app.js").expect("the script");
        assert_eq!(script.content_type, "text/javascript; charset=utf-8");
        assert_eq!(script.sha256, hex::encode(Sha256::digest(&script.bytes)));
    }

    #[test]
    fn pictures_that_the_pages_of_models_show_are_served() {
        let script = asset("pages/model.js").expect("the page");
        let script = String::from_utf8_lossy(&script.bytes).into_owned();
        for (model, picture) in [
            ("annual", "discrimination"),
            ("annual", "calibration"),
            ("annual", "curves"),
            ("annual", "pd"),
            ("annual", "ratings"),
            ("quarterly", "discrimination"),
            ("quarterly", "calibration"),
            ("quarterly", "curves"),
            ("quarterly", "pd"),
        ] {
            let served = asset(&format!("models/{model}-{picture}.svg")).expect("a picture");
            assert_eq!(served.content_type, "image/svg+xml");
            assert!(
                script.contains(&format!("name: \"{picture}\"")),
                "{picture}"
            );
        }
        assert!(asset("models/annual.md").is_none());
    }

    /// ECharts draws nothing for a part that the bundle does not contain, and says nothing.
    #[test]
    fn charts_use_only_the_bundled_parts_of_the_library() {
        for name in Assets::iter().filter(|name| !name.starts_with("vendor/")) {
            let Some(file) = Assets::get(&name) else {
                continue;
            };
            let text = String::from_utf8_lossy(&file.data);
            for absent in [
                "type: \"scatter\"",
                "type: \"pie\"",
                "type: \"heatmap\"",
                "type: \"boxplot\"",
                "type: \"custom\"",
                "type: \"gauge\"",
                "markArea:",
                "markPoint:",
                "visualMap:",
                "dataZoom:",
                "toolbox:",
                "dataset:",
                "type: \"scroll\"",
            ] {
                assert!(
                    !text.contains(absent),
                    "{name}: {absent} needs a line in charts.mjs"
                );
            }
        }
    }

    /// A strict content security policy rejects these, and the console must not need them.
    #[test]
    fn console_modules_neither_write_html_nor_evaluate_text() {
        for name in Assets::iter().filter(|name| !name.starts_with("vendor/")) {
            let Some(file) = Assets::get(&name) else {
                continue;
            };
            let text = String::from_utf8_lossy(&file.data);
            for forbidden in [
                "innerHTML",
                "eval(",
                "new Function",
                "document.write",
                "//cdn",
            ] {
                assert!(!text.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }
}
