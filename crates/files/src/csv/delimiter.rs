//! Detects the character that separates cells.

/// The candidates in files that do not state a delimiter, the most likely first.
const CANDIDATES: [u8; 4] = *b",;\t|";
/// The number of lines that are compared.
const LINES: usize = 60;

/// Returns the delimiter that a first line `sep=;` states, as spreadsheets write it, and
/// the length of that line without its end.
pub(super) fn stated(line: &[u8]) -> Option<u8> {
    let line = match line {
        [b'"', inner @ .., b'"'] => inner,
        line => line,
    };
    match line {
        [s, e, p, b'=', delimiter]
            if [*s, *e, *p].eq_ignore_ascii_case(b"sep")
                && (delimiter.is_ascii_punctuation() || *delimiter == b'\t')
                && *delimiter != b'"' =>
        {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// Returns the candidate that splits most of the first lines into the same number of cells,
/// more than one; if two do so equally often, the one with more cells.
pub(super) fn detect(head: &[u8], is_whole: bool) -> u8 {
    let mut lines: Vec<&[u8]> = head
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|line| !line.trim_ascii().is_empty())
        .take(LINES + 1)
        .collect();
    // The last line may be incomplete.
    if lines.len() > LINES || lines.len() > 1 && !is_whole {
        lines.pop();
    }
    let mut best = (0, 0, CANDIDATES[0]);
    for delimiter in CANDIDATES {
        let mut counts: Vec<usize> = lines.iter().map(|line| cells(line, delimiter)).collect();
        counts.sort_unstable();
        for equal in counts.chunk_by(|a, b| a == b) {
            let found = (equal.len(), equal.first().copied().unwrap_or_default());
            if found.1 > 1 && found > (best.0, best.1) {
                best = (found.0, found.1, delimiter);
            }
        }
    }
    best.2
}

/// Returns how many cells a line has, ignoring delimiters inside quotations.
fn cells(line: &[u8], delimiter: u8) -> usize {
    let mut cells = 1;
    let (mut quoted, mut at_start) = (false, true);
    for &byte in line {
        if byte == b'"' && (quoted || at_start) {
            quoted = !quoted;
        } else if byte == delimiter && !quoted {
            cells += 1;
        }
        // This does not depend on the delimiter: quotations are the same for all
        // candidates.
        at_start = CANDIDATES.contains(&byte);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiter_is_the_one_that_splits_the_first_lines_equally() {
        for (text, expected) in [
            ("a,b;c\n1,2\n", b','),
            ("a;b,x;c\n1;2;3\n", b';'),
            ("a\tb\n1\t2\n", b'\t'),
            ("a|b|c\n1|2|3\n", b'|'),
            ("\"a;;;\",b\n", b','),
            ("a\n1\n", b','),
            ("", b','),
            // Decimal commas, and titles above the header.
            ("a;b;c\nA;0,5;1,5\nB;0,6;2,5\nC;1,0;3,5\n", b';'),
            ("Ratios, 2024\n\na;b;c\nA;0,5;1,5\nB;0,6;2,5\n", b';'),
            // Unquoted decimal commas do not change the delimiter.
            ("a,b;x,c\n1,0,5,2\n1,0,6,2\n", b','),
            ("a;\"b,c,d,e\";f\n1;\"2,3,4,5\";6\n", b';'),
        ] {
            assert_eq!(detect(text.as_bytes(), true), expected, "{text:?}");
        }
        // The last line is incomplete.
        assert_eq!(detect(b"a;b;c\n1;2,5,5,5", false), b';');
    }

    #[test]
    fn sep_line_states_the_delimiter() {
        assert_eq!(stated(b"sep=;"), Some(b';'));
        assert_eq!(stated(b"SEP=\t"), Some(b'\t'));
        assert_eq!(stated(b"\"sep=|\""), Some(b'|'));
        for line in [
            &b"sep="[..],
            b"sep=;;",
            b"sep=\"",
            b"sep=x",
            b"separator",
            b"",
        ] {
            assert_eq!(stated(line), None);
        }
    }
}
