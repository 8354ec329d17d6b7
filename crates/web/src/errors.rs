//! The page of all error codes, to which the `type` of problems leads; `docs/errors.md` has
//! the same content.

use std::{fmt::Write as _, sync::LazyLock};

use actix_web::{
    HttpResponse,
    http::header,
    web::{ServiceConfig, get, resource},
};

use crate::http::{
    problem::{Answer, PLACE, catalogue::ENTRIES},
    route::Endpoint,
};

/// Registers the page.
pub(crate) fn page(config: &mut ServiceConfig) {
    config.service(
        resource(PLACE)
            .app_data(Endpoint::of_reads(PLACE))
            .route(get().to(show)),
    );
}

async fn show() -> Answer {
    static TEXT: LazyLock<String> = LazyLock::new(html);
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(TEXT.as_str()))
}

const ABOUT: &str = "Every error is a problem document (RFC 9457, application/problem+json) with a \
     stable code for programs, a detail for readers, and the request_id by which the log has more.";

/// Formats statuses as text.
fn statuses(statuses: &[u16]) -> String {
    let texts: Vec<_> = statuses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Returns the page. Nothing on it is loaded from other hosts.
fn html() -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Errors of AccuNode</title>\
         <style>body{{font-family:system-ui,sans-serif;line-height:1.5;max-width:48rem;\
         margin:2rem auto;padding:0 1rem}}h2{{font-family:monospace;margin:2rem 0 0}}\
         :target{{background:#fff3b0;color:#000}}</style></head>\
         <body><h1>Errors</h1><p>{ABOUT}</p>\n"
    );
    for entry in ENTRIES {
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "<section id=\"{code}\"><h2>{code}</h2><p>Status {}. {}</p><p>{}</p></section>",
            statuses(entry.statuses),
            marked(entry.cause),
            marked(entry.remedy),
            code = entry.code,
        );
    }
    page.push_str("</body></html>\n");
    page
}

/// Converts text with `code` in backquotes to HTML.
fn marked(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let parts = escaped.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        0 => part.to_owned(),
        _ => format!("<code>{part}</code>"),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use accunode_application::ErrorCode;
    use actix_web::http::StatusCode;

    use super::*;
    use crate::http::problem::Problem;

    fn markdown() -> String {
        let mut text = format!(
            "# Errors\n\nGenerated from `crates/web/src/http/problem/catalogue.rs`. The service shows \
             the same at `{PLACE}`, where the `type` of every problem leads.\n\n{ABOUT}\n\n\
             | code | status | cause | remedy |\n|---|---|---|---|\n"
        );
        for entry in ENTRIES {
            let _ = writeln!(
                text,
                "| <a id=\"{code}\"></a>`{code}` | {} | {} | {} |",
                statuses(entry.statuses),
                entry.cause,
                entry.remedy,
                code = entry.code,
            );
        }
        text
    }

    #[test]
    fn error_catalogue_in_the_repository_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
        if std::env::var_os("ACCUNODE_UPDATE").is_some() {
            fs::write(&path, markdown()).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == markdown(),
            "docs/errors.md is not the catalogue; run the tests with ACCUNODE_UPDATE=1"
        );
    }

    #[test]
    fn error_codes_are_unique_sorted_and_have_error_statuses() {
        let codes: Vec<_> = ENTRIES.iter().map(|entry| entry.code).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        for entry in ENTRIES {
            assert!(!entry.statuses.is_empty(), "{}", entry.code);
            for status in entry.statuses {
                let status = StatusCode::from_u16(*status).unwrap();
                assert!(status.is_client_error() || status.is_server_error());
            }
            for text in [entry.cause, entry.remedy] {
                assert!(text.ends_with('.'), "{}: {text}", entry.code);
            }
        }
    }

    /// Collects the literal codes of problems that the web layer makes itself.
    fn codes_of(source: &str, found: &mut BTreeSet<String>) {
        for (at, _) in source.match_indices("Problem::new(") {
            let call: String = source[at..].chars().take(200).collect();
            let call = call.split(");").next().unwrap_or_default();
            let mut quoted = call.split('"').skip(1).step_by(2);
            if let Some(code) = quoted.next().filter(|code| is_code(code)) {
                found.insert(code.to_owned());
            }
        }
    }

    fn is_code(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    }

    fn sources(folder: &Path, each: &mut impl FnMut(&str)) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, each);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")
            {
                each(&fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn every_problem_code_is_documented() {
        let explained: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.code.to_owned()).collect();
        let mut used: BTreeSet<String> = ErrorCode::all().map(str::to_owned).collect();
        assert!(used.len() > 60, "{used:?}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        sources(&folder, &mut |text| {
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            codes_of(text, &mut used);
        });
        let statuses = (400..600).filter_map(|status| StatusCode::from_u16(status).ok());
        used.extend(statuses.map(|status| Problem::of_status(status).code().to_owned()));
        assert!(used.contains("rate_limited"), "{used:?}");
        let unexplained: Vec<_> = used.difference(&explained).collect();
        assert!(
            unexplained.is_empty(),
            "add to the catalogue: {unexplained:?}"
        );
    }

    #[test]
    fn error_page_has_an_anchor_for_every_code() {
        let page = html();
        for entry in ENTRIES {
            assert!(page.contains(&format!("id=\"{}\"", entry.code)));
        }
        assert!(!page.contains('`'), "a code is not closed");
    }
}
