//! The console: the pages that users work with, as files within the program.
//!
//! It is a client of the public API and knows nothing else of the service, so this crate
//! depends on none of the others. `assets/` is plain HTML, CSS and ES modules that a browser
//! runs as they are; `assets/vendor/` holds libraries as npm has them, and `vendor.lock.json`
//! says which (`scripts/vendor.sh` fetches them). A program that is built for development
//! reads the files from the source tree, so that a change shows at once.
//!
//! To add a page: a module in `assets/pages/`, and its line in `assets/routes.js`.

use std::{borrow::Cow, sync::LazyLock};

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "assets"]
struct Assets;

/// What stands in the page for [`VERSION`].
const PLACEHOLDER: &str = "{version}";

/// Which files these are: a hash over all of them, which is a part of their addresses. What
/// a browser has kept under an address is therefore never out of date.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Assets::iter().collect();
    names.sort();
    let mut hash = Sha256::new();
    for name in names {
        if let Some(file) = Assets::get(&name) {
            hash.update(name.as_bytes());
            hash.update(file.metadata.sha256_hash());
        }
    }
    hex::encode(&hash.finalize()[..8])
});

/// A file of the console.
#[derive(Clone, Debug)]
pub struct Asset {
    /// What is in it.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, as `Content-Type` names it.
    pub content_type: &'static str,
    /// SHA-256 of `bytes` in hexadecimal digits.
    pub sha256: String,
}

/// The file with this path below `assets/`, where there is one.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let content_type = content_type(path)?;
    let file = Assets::get(path)?;
    Some(Asset {
        sha256: hex::encode(file.metadata.sha256_hash()),
        bytes: file.data,
        content_type,
    })
}

/// The one page, into which the modules write what its address asks for.
#[must_use]
pub fn page() -> Option<String> {
    let file = Assets::get("index.html")?;
    let text = String::from_utf8_lossy(&file.data);
    Some(text.replace(PLACEHOLDER, &VERSION))
}

/// The media type that goes with the end of a file's name. Others are not served: sources
/// and licences are no part of the console.
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
    fn the_page_loads_its_own_version_and_runs_nothing_inline() {
        let page = page().expect("a page");
        assert!(page.contains(&format!("console/{}/app.js", *VERSION)));
        assert!(!page.contains(PLACEHOLDER));
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onload"));
        assert!(!page.contains("http:") && !page.contains("https:"));
    }

    #[test]
    fn files_outside_of_the_folder_and_sources_are_not_served() {
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

    /// A strict policy refuses these, and nothing of the console may need them.
    #[test]
    fn no_module_of_ours_writes_html_or_runs_text() {
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
