//! Counts tags in XML as it is streamed, without a parser and without memory.

/// The longest relevant local name.
const NAME: usize = 8;

/// Counts start tags: all of them, and those of one local name. The content of a comment or
/// a CDATA section counts, too: the counts are never too low.
#[derive(Debug)]
pub(super) struct TagCounter {
    wanted: &'static [u8],
    all: u64,
    named: u64,
    name: Option<Name>,
    /// Bytes since the last `<`.
    run: u64,
    longest_run: u64,
}

/// The local name that is being read.
#[derive(Clone, Copy, Debug, Default)]
struct Name {
    bytes: [u8; NAME],
    /// Beyond [`NAME`] it is too long to be relevant.
    length: usize,
}

impl TagCounter {
    /// Counts tags, with a separate count of those with the local name `wanted`.
    pub(super) const fn new(wanted: &'static str) -> Self {
        Self {
            wanted: wanted.as_bytes(),
            all: 0,
            named: 0,
            name: None,
            run: 0,
            longest_run: 0,
        }
    }

    /// Returns the number of start tags.
    pub(super) const fn all(&self) -> u64 {
        self.all
    }

    /// Returns how many of them have the wanted name.
    pub(super) const fn named(&self) -> u64 {
        self.named
    }

    /// Returns the most bytes between two `<`, including the unfinished last run.
    pub(super) fn longest_run(&self) -> u64 {
        self.longest_run.max(self.run)
    }

    /// Reads the next bytes.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.name.is_some() {
                bytes = self.feed_name(bytes);
                continue;
            }
            let Some(at) = bytes.iter().position(|byte| *byte == b'<') else {
                self.run += bytes.len() as u64;
                return;
            };
            self.longest_run = self.longest_run.max(self.run + at as u64);
            self.run = 0;
            self.name = Some(Name::default());
            bytes = bytes.get(at + 1..).unwrap_or_default();
        }
    }

    /// Continues a name; returns what follows it.
    fn feed_name<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut name = self.name.take().unwrap_or_default();
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                // A prefix may have any length.
                b':' => name.length = 0,
                b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>' | b'<' => {
                    self.run += at as u64;
                    // An end tag has nothing before its slash.
                    if name.length > 0 || byte != b'/' {
                        self.all += 1;
                        let found = name.bytes.get(..name.length);
                        self.named += u64::from(found == Some(self.wanted));
                    }
                    return bytes.get(at..).unwrap_or_default();
                }
                _ => {
                    if let Some(place) = name.bytes.get_mut(name.length) {
                        *place = byte;
                    }
                    name.length = name.length.saturating_add(1);
                }
            }
        }
        self.run += bytes.len() as u64;
        self.name = Some(name);
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<?xml version='1.0'?>\n<x:sst a=\"1\"><si><t>one</t></si><si/>\
        <longprefixlongprefix:si\n><t/></longprefixlongprefix:si><sif/><a:b:si x='y'/></x:sst>";

    #[test]
    fn tag_count_does_not_depend_on_chunk_boundaries() {
        for step in 1..XML.len() {
            let mut counter = TagCounter::new("si");
            for chunk in XML.as_bytes().chunks(step) {
                counter.feed(chunk);
            }
            assert_eq!((counter.all(), counter.named()), (9, 4), "step {step}");
            let longest = XML.split('<').map(str::len).max().unwrap_or_default();
            assert_eq!(counter.longest_run(), longest as u64, "step {step}");
        }
    }

    #[test]
    fn long_text_run_is_detected_before_it_ends() {
        let mut counter = TagCounter::new("c");
        counter.feed(b"<v>");
        counter.feed(&[b'a'; 1_000]);
        assert!(counter.longest_run() > 1_000);
    }
}
