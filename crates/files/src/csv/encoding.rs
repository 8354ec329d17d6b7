//! Detects the encoding of text, and converts it to UTF-8.

use std::io::{self, Read};

use accunode_ports::files::Encoding;
use encoding_rs::{DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes that are not characters of Windows-1252.
const UNDEFINED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
const CHUNK: usize = 64 << 10;

/// Returns the encoding that the first bytes of a text state or show; `None` if more bytes
/// are needed to distinguish UTF-8 from Windows-1252.
pub(super) fn stated(head: &[u8]) -> Option<Encoding> {
    match head {
        // UTF-32 is read as UTF-8, in which its first byte is invalid: it is refused with its
        // position.
        [0xff, 0xfe, 0, 0, ..] => Some(Encoding::Utf8),
        [0xff, 0xfe, ..] => Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => Some(Encoding::Utf16Be),
        head if head.starts_with(MARK) => Some(Encoding::Utf8),
        head => utf16_without_mark(head),
    }
}

/// Detects UTF-16 without a byte order mark: every second byte of mostly ASCII text is 0.
pub(crate) fn utf16_without_mark(head: &[u8]) -> Option<Encoding> {
    let (pairs, _) = head.as_chunks::<2>();
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let most = |zeros: usize| zeros >= 2 && zeros * 10 >= pairs.len() * 7;
    match (first, second) {
        (0, second) if most(second) => Some(Encoding::Utf16Le),
        (first, 0) if most(first) => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Reads bytes, one piece after the other, to decide whether they are UTF-8, and else whether
/// all of them can be Windows-1252.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The beginning of a character whose rest is in the next piece.
    pending: Vec<u8>,
    has_multibyte: bool,
    is_broken: bool,
    has_undefined: bool,
    /// The number of bytes beyond ASCII, and of those in runs of three or more.
    high: u64,
    crowded: u64,
    run: u64,
}

impl Survey {
    /// Reads the next piece; `false` if more would not change the result.
    pub(super) fn see(&mut self, piece: &[u8]) -> bool {
        if piece.is_ascii() && self.pending.is_empty() {
            self.run = 0;
            return true;
        }
        self.see_bytes(piece);
        self.pending.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.pending);
        let mut rest = bytes.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.has_multibyte |= !text.is_ascii();
                    break;
                }
                Err(error) => {
                    let (valid, broken) = rest.split_at(error.valid_up_to());
                    self.has_multibyte |= !valid.is_ascii();
                    let Some(length) = error.error_len() else {
                        self.pending = broken.to_vec();
                        break;
                    };
                    self.is_broken = true;
                    rest = broken.get(length..).unwrap_or_default();
                }
            }
        }
        !(self.is_broken && (self.has_multibyte || self.has_undefined))
    }

    fn see_bytes(&mut self, piece: &[u8]) {
        for &byte in piece {
            if byte.is_ascii() {
                self.run = 0;
                // A control character in the middle of text: it is not a code page.
                self.has_undefined |= byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n');
                continue;
            }
            self.has_undefined |= UNDEFINED.contains(&byte);
            self.high += 1;
            self.run += 1;
            self.crowded += match self.run {
                3 => 3,
                4.. => 1,
                _ => 0,
            };
        }
    }

    /// Returns the encoding. It is UTF-8 if the text is that, and also if the encoding is
    /// unknown: then the position that is not UTF-8 is reported.
    pub(super) fn verdict(&self, is_whole: bool) -> Encoding {
        let is_broken = self.is_broken || is_whole && !self.pending.is_empty();
        // Words of Western Europe have few adjacent letters beyond ASCII; those of other code
        // pages consist of them.
        let is_western = self.crowded * 5 <= self.high;
        if is_broken && !self.has_multibyte && !self.has_undefined && is_western {
            Encoding::Windows1252
        } else {
            Encoding::Utf8
        }
    }
}

/// Returns the encoding of a whole text.
pub(super) fn survey(text: &mut dyn Read) -> io::Result<Encoding> {
    let mut survey = Survey::default();
    let mut buffer = vec![0; CHUNK];
    let mut head = Vec::new();
    loop {
        let n = match text.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = buffer.get(..n).unwrap_or_default();
        if head.len() < 512 {
            head.extend_from_slice(piece);
            if let Some(encoding) = stated(&head) {
                // A mark states UTF-8; whether the text is valid is checked when it is read.
                return Ok(encoding);
            }
        }
        if !survey.see(piece) {
            break;
        }
    }
    Ok(survey.verdict(true))
}

/// The error for text that is invalid in its encoding.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the text does not keep to its encoding")]
pub(super) struct Undecodable;

/// Text as UTF-8. Text that is UTF-8 already is returned unchecked.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    raw_start: usize,
    raw_end: usize,
    is_over: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(inner: R, encoding: Encoding) -> Self {
        let decoder = match encoding {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(UTF_16LE),
            Encoding::Utf16Be => Some(UTF_16BE),
            Encoding::Windows1252 => Some(WINDOWS_1252),
        };
        Self {
            inner,
            raw: vec![0; if decoder.is_some() { CHUNK } else { 0 }],
            decoder: decoder.map(encoding_rs::Encoding::new_decoder_without_bom_handling),
            raw_start: 0,
            raw_end: 0,
            is_over: false,
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    /// The buffer needs room for more than one character.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else {
            return self.inner.read(buffer);
        };
        loop {
            if self.raw_start == self.raw_end && !self.is_over {
                let n = self.inner.read(&mut self.raw)?;
                (self.raw_start, self.raw_end) = (0, n);
                self.is_over = n == 0;
            }
            let raw = self
                .raw
                .get(self.raw_start..self.raw_end)
                .unwrap_or_default();
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(raw, buffer, self.is_over);
            self.raw_start += read;
            match result {
                DecoderResult::Malformed(..) => return Err(io::Error::other(Undecodable)),
                DecoderResult::InputEmpty if written == 0 && !self.is_over => {}
                DecoderResult::InputEmpty => {
                    if self.is_over {
                        self.decoder = None;
                    }
                    return Ok(written);
                }
                DecoderResult::OutputFull => return Ok(written),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(bytes: &[u8]) -> Encoding {
        for step in [1, 2, 3, 7, 100_000] {
            let mut seen = Survey::default();
            for piece in bytes.chunks(step) {
                if !seen.see(piece) {
                    break;
                }
            }
            let found = stated(bytes).unwrap_or_else(|| seen.verdict(true));
            assert_eq!(survey(&mut &bytes[..]).unwrap(), found, "{step}");
        }
        survey(&mut &bytes[..]).unwrap()
    }

    #[test]
    fn encoding_is_detected_from_the_whole_text() {
        let western = b"name,n\nM\xfcller & S\xf6hne,1\nCaf\xe9 d\x92Or,2\n";
        let cases: [(&[u8], Encoding); 9] = [
            (b"a,b\n", Encoding::Utf8),
            ("Żabka,1\n".as_bytes(), Encoding::Utf8),
            (western, Encoding::Windows1252),
            // At the last byte.
            (b"a,b\n1,caf\xe9", Encoding::Windows1252),
            // Both encodings mixed, a byte of neither, and text that contradicts its mark.
            (b"caf\xc3\xa9,M\xfcller\n", Encoding::Utf8),
            (b"a,M\xfcller\x81\n", Encoding::Utf8),
            (b"\xef\xbb\xbfa,M\xfcller\n", Encoding::Utf8),
            // Cyrillic of Windows-1251, and Chinese of GBK.
            (b"\xcc\xee\xf1\xea\xe2\xe0,1\n", Encoding::Utf8),
            (b"\xd6\xd0\xb9\xfa,\xd2\xf8\xd0\xd0\n", Encoding::Utf8),
        ];
        for (bytes, expected) in cases {
            assert_eq!(encoding(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn utf_16_is_detected_with_and_without_byte_order_mark() {
        let text = "symbol;Żabka\nA;1\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, mark, expected) in [
            (&le, b"\xff\xfe", Encoding::Utf16Le),
            (&be, b"\xfe\xff", Encoding::Utf16Be),
        ] {
            assert_eq!(encoding(bytes), expected);
            let marked = [&mark[..], bytes.as_slice()].concat();
            assert_eq!(encoding(&marked), expected);
            let mut found = String::new();
            Decoded::new(&bytes[..], expected)
                .read_to_string(&mut found)
                .unwrap();
            assert_eq!(found, text);
            // An incomplete character at the end.
            let cut = &bytes[..bytes.len() - 1];
            let read = Decoded::new(cut, expected).read_to_string(&mut found);
            assert!(read.is_err());
        }
        assert_eq!(stated(b"a,b\n\0\0\0\0\0"), None);
    }
}
