//! The bodies. They are generated and not stored as files: most repeat one pattern in two million
//! bytes.

/// A body that is designed to exhaust the program.
pub(super) struct Hostile {
    pub(super) name: &'static str,
    /// The path that it is sent to.
    pub(super) path: &'static str,
    pub(super) body: Vec<u8>,
    /// The permitted statuses of the answer.
    pub(super) expected: &'static [u16],
    /// Whether it has more faults than an answer lists.
    pub(super) has_more: bool,
}

const LOGIN: &str = "/auth/login";
const SCORE: &str = "/predictions/annual/score";
const BATCH: &str = "/predictions/annual/batch";
const CREATE: &str = "/predictions/annual";
/// The size limit of a list of items, in bytes.
const LARGE: usize = 2 << 20;
/// The size limit of every other body, in bytes.
const SMALL: usize = 64 << 10;

/// Returns `before`, then `part(0)`, `part(1)` and so on, separated by commas, as long as the
/// result stays below `size`, then `after`.
fn filled(size: usize, before: &str, part: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    let mut text = before.to_owned();
    for n in 0.. {
        let part = part(n);
        if text.len() + part.len() + after.len() + 1 > size {
            break;
        }
        if n > 0 {
            text.push(',');
        }
        text.push_str(&part);
    }
    text.push_str(after);
    text.into_bytes()
}

fn constant(text: &str) -> impl Fn(usize) -> String {
    let text = text.to_owned();
    move |_| text.clone()
}

/// The name and number of one ratio, of which there are not that many.
fn ratio(n: usize) -> String {
    format!("\"r{n}\":{n}")
}

pub(super) fn corpus() -> Vec<Hostile> {
    let mut all = too_large_for_their_operation();
    all.extend(too_much_is_wrong());
    all.extend(too_many());
    all.extend(too_deep_or_too_long());
    all.extend(sound_and_large());
    all
}

fn hostile(
    name: &'static str,
    path: &'static str,
    body: Vec<u8>,
    expected: &'static [u16],
) -> Hostile {
    Hostile {
        name,
        path,
        body,
        expected,
        has_more: false,
    }
}

/// A body whose answer lists no more than 100 of its faults.
fn endless(name: &'static str, path: &'static str, body: Vec<u8>) -> Hostile {
    Hostile {
        has_more: true,
        ..hostile(name, path, body, &[422])
    }
}

fn too_large_for_their_operation() -> Vec<Hostile> {
    let twice = filled(LARGE, "{", constant(r#""email":"a""#), "}");
    let unknown = filled(LARGE, "{", |n| format!("\"k{n}\":0"), "}");
    vec![
        hostile("2 MB of one field to /auth/login", LOGIN, twice, &[413]),
        hostile(
            "2 MB of unknown fields to /auth/login",
            LOGIN,
            unknown,
            &[413],
        ),
        hostile("3 MB to score", SCORE, vec![b' '; 3 << 20], &[413]),
    ]
}

fn too_much_is_wrong() -> Vec<Hostile> {
    let items = |part: &str| filled(LARGE, r#"{"items":["#, constant(part), "]}");
    vec![
        endless(
            "64 kB of one field to /auth/login",
            LOGIN,
            filled(SMALL, "{", constant(r#""email":"a""#), "}"),
        ),
        endless(
            "64 kB of unknown fields to /auth/login",
            LOGIN,
            filled(SMALL, "{", |n| format!("\"k{n}\":0"), "}"),
        ),
        endless(
            "300,000 unknown fields",
            SCORE,
            filled(LARGE, "{", |n| format!("\"{n}\":0"), "}"),
        ),
        endless(
            "2 MB of one field",
            SCORE,
            filled(LARGE, "{", constant(r#""items":[]"#), "}"),
        ),
        endless(
            "unknown fields of one item",
            BATCH,
            filled(LARGE, r#"{"items":[{"#, |n| format!("\"{n}\":0"), "}]}"),
        ),
        endless(
            "1,000 items without a field",
            SCORE,
            filled(2_500, r#"{"items":["#, constant("{}"), "]}"),
        ),
        endless(
            "ratios of the wrong type in 1,000 items",
            SCORE,
            score_items(1_000, &|n| format!("\"r{n}\":[]")),
        ),
        endless(
            "ratios that are numbers as texts in 1,000 items",
            SCORE,
            score_items(1_000, &|n| format!("\"r{n}\":\"1\"")),
        ),
        hostile("items of a text", SCORE, items("\"x\""), &[422]),
    ]
}

/// Items with forty ratios each.
fn score_items(items: usize, ratio: &dyn Fn(usize) -> String) -> Vec<u8> {
    let ratios: Vec<String> = (0..40).map(ratio).collect();
    let item = format!("{{\"ratios\":{{{}}}}}", ratios.join(","));
    format!("{{\"items\":[{}]}}", vec![item; items].join(",")).into_bytes()
}

fn too_many() -> Vec<Hostile> {
    let items = |part: &str| filled(LARGE, r#"{"items":["#, constant(part), "]}");
    let ratios = filled(LARGE, r#"{"items":[{"ratios":{"#, ratio, "}}]}");
    vec![
        hostile("a million numbers as items", SCORE, items("1"), &[422]),
        hostile(
            "a million numbers as items of a batch",
            BATCH,
            items("1"),
            &[413],
        ),
        hostile("empty items", BATCH, items("{}"), &[413]),
        hostile("empty arrays as items", SCORE, items("[]"), &[422]),
        hostile("a hundred thousand ratios", SCORE, ratios, &[422]),
        hostile(
            "numbers instead of a body",
            SCORE,
            filled(LARGE, "[", constant("1"), "]"),
            &[422],
        ),
        hostile(
            "numbers instead of a text",
            BATCH,
            filled(
                LARGE,
                r#"{"items":[{"reporting_year":["#,
                constant("1"),
                "]}]}",
            ),
            &[422],
        ),
    ]
}

fn nested(before: &str, open: &str, close: &str, after: &str) -> Vec<u8> {
    let levels = (LARGE - before.len() - after.len() - 1) / (open.len() + close.len());
    format!(
        "{before}{}1{}{after}",
        open.repeat(levels),
        close.repeat(levels)
    )
    .into_bytes()
}

fn too_deep_or_too_long() -> Vec<Hostile> {
    let text = |part: &str| {
        let times = (LARGE - 100) / part.len();
        format!(
            r#"{{"items":[{{"ratios":{{}},"reporting_year":"{}"}}]}}"#,
            part.repeat(times)
        )
        .into_bytes()
    };
    let name = format!(r#"{{"{}":1}}"#, "n".repeat(LARGE - 100)).into_bytes();
    let ratio = format!(
        r#"{{"items":[{{"ratios":{{"{}":1}}}}]}}"#,
        "n".repeat(LARGE - 100)
    );
    let number = |digits: String| {
        format!(r#"{{"items":[{{"ratios":{{"return_on_assets":{digits}}}}}]}}"#).into_bytes()
    };
    let mut not_utf8 = text("é");
    let middle = not_utf8.len() / 2;
    not_utf8[middle] = 0xff;
    vec![
        hostile("arrays in arrays", SCORE, nested("", "[", "]", ""), &[422]),
        hostile(
            "objects in objects",
            SCORE,
            nested("", "{\"a\":", "}", ""),
            &[422],
        ),
        hostile(
            "arrays in arrays of an item",
            SCORE,
            nested(r#"{"items":["#, "[", "]", "]}"),
            &[422],
        ),
        hostile("arrays that never end", SCORE, vec![b'['; LARGE], &[400]),
        hostile("one text of 2 MB", SCORE, text("a"), &[422]),
        hostile("Unicode escapes", SCORE, text("\\u0041"), &[422]),
        hostile("escaped control characters", SCORE, text("\\u0000"), &[422]),
        hostile("pairs of surrogates", SCORE, text("\\ud83d\\ude00"), &[422]),
        hostile("half a pair of surrogates", SCORE, text("\\ud83d"), &[400]),
        hostile("bytes that are not UTF-8", SCORE, not_utf8, &[400]),
        hostile("a name of 2 MB", SCORE, name, &[422]),
        hostile("a ratio's name of 2 MB", SCORE, ratio.into_bytes(), &[422]),
        hostile(
            "2 million digits",
            SCORE,
            number("9".repeat(LARGE - 100)),
            &[422],
        ),
        hostile(
            "2 million decimals",
            SCORE,
            number(format!("0.{}", "9".repeat(LARGE - 100))),
            &[200],
        ),
        hostile(
            "an exponent of 2 million digits",
            SCORE,
            number(format!("1e{}", "9".repeat(LARGE - 100))),
            &[422],
        ),
        hostile("spaces", SCORE, vec![b' '; LARGE], &[400]),
        hostile("null bytes", SCORE, vec![0; LARGE], &[400]),
    ]
}

/// Bodies of the largest size that are valid, or only violate rules of the domain.
fn sound_and_large() -> Vec<Hostile> {
    let sound = r#"{"ratios":{"long_term_debt_to_total_capital":0.254,"total_debt_to_ebitda":3.1,
        "net_income_margin":0.08,"ebit_to_interest_expense":6.4,"return_on_assets":0.05}}"#;
    let list = |item: &str, times| format!(r#"{{"items":[{}]}}"#, vec![item; times].join(","));
    let long = r#"{"company":{"symbol":"?"},"reporting_year":"x","ratios":{}}"#;
    vec![
        hostile(
            "1,000 sound items",
            SCORE,
            list(sound, 1_000).into_bytes(),
            &[200],
        ),
        Hostile {
            // The answer lists a thousand faults over all items.
            has_more: true,
            ..hostile(
                "40,000 ratios that are none",
                SCORE,
                score_items(1_000, &ratio),
                &[200],
            )
        },
        hostile(
            "100 items that are all wrong",
            BATCH,
            list(long, 100).into_bytes(),
            &[200],
        ),
        hostile(
            "one prediction of 64 kB",
            CREATE,
            {
                filled(
                    SMALL,
                    r#"{"company":{"symbol":"A"},"reporting_year":"2024","ratios":{"#,
                    ratio,
                    "}}",
                )
            },
            &[422],
        ),
    ]
}
