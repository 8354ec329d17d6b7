//! Finds the end of a zip archive, whatever follows it.

use std::io::{self, Read, Seek, SeekFrom};

/// The number of bytes at the end of a file in which the archive may end: its comment, or
/// what another program has appended.
const TAIL: u64 = 256 << 10;
const RECORD: usize = 22;
const LOCATOR: u64 = 20;
const RECORD_64: u64 = 56;

/// The end of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The position after its last byte.
    pub(super) at: u64,
    /// The number of entries that its directory states.
    pub(super) entries: u64,
}

/// Finds the end of an archive; `None` if there is no plain one.
///
/// It is called before a zip library reads the directory, which may list millions of
/// entries. The library sees nothing after this end ([`Prefix`]), and no earlier one that it
/// could use instead, so that library and check read the same.
/// take instead, so that library and check see the same.
pub(super) fn end<R: Read + Seek>(file: &mut R) -> io::Result<Option<End>> {
    let size = file.seek(SeekFrom::End(0))?;
    let tail = size.min(TAIL);
    file.seek(SeekFrom::Start(size - tail))?;
    let mut bytes = Vec::new();
    file.by_ref().take(tail).read_to_end(&mut bytes)?;
    let found = bytes.windows(4).rposition(|window| window == b"PK\x05\x06");
    let Some(start) = found else {
        return Ok(None);
    };
    let record = bytes.get(start..).unwrap_or_default();
    let (Some(count), Some(comment)) = (short(record, 10), short(record, 20)) else {
        return Ok(None);
    };
    let length = RECORD + usize::from(comment);
    if record.len() < length {
        return Ok(None);
    }
    let start = size - tail + start as u64;
    let entries = match count {
        u16::MAX => entries_64(file, start)?.unwrap_or(u64::from(count)),
        count => u64::from(count),
    };
    Ok(Some(End {
        at: start + length as u64,
        entries,
    }))
}

/// Returns the number of entries from a separate record, which is used if 16 bits may be too
/// few.
fn entries_64<R: Read + Seek>(file: &mut R, end: u64) -> io::Result<Option<u64>> {
    let Some(locator) = end.checked_sub(LOCATOR) else {
        return Ok(None);
    };
    let locator = read(file, locator, LOCATOR)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let Some(at) = long(&locator, 8).filter(|at| *at < end) else {
        return Ok(None);
    };
    let record = read(file, at, RECORD_64)?;
    Ok(long(&record, 32).filter(|_| record.starts_with(b"PK\x06\x06")))
}

fn read<R: Read + Seek>(file: &mut R, at: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.by_ref().take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_le_bytes(bytes))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(bytes))
}

/// A file without what follows a position.
#[derive(Debug)]
pub(super) struct Prefix<R> {
    inner: R,
    length: u64,
    place: u64,
}

impl<R: Seek> Prefix<R> {
    /// Returns the first `length` bytes of a file that is at its start.
    pub(super) const fn new(inner: R, length: u64) -> Self {
        Self {
            inner,
            length,
            place: 0,
        }
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Prefix<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.place);
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let n = self
            .inner
            .read(buffer.get_mut(..most).unwrap_or_default())?;
        self.place += n as u64;
        Ok(n)
    }
}

impl<R: Seek> Seek for Prefix<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.place.checked_add_signed(by),
        };
        let to = to.ok_or(io::ErrorKind::InvalidInput)?;
        self.place = self.inner.seek(SeekFrom::Start(to))?;
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn record(entries: u16, comment: &[u8]) -> Vec<u8> {
        let mut record = b"PK\x05\x06\0\0\0\0\0\0".to_vec();
        record.extend(entries.to_le_bytes());
        record.extend([0; 8]);
        record.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
        record.extend(comment);
        record
    }

    fn found(bytes: &[u8]) -> Option<(u64, u64)> {
        let end = end(&mut Cursor::new(bytes)).unwrap();
        end.map(|end| (end.at, end.entries))
    }

    #[test]
    fn end_of_archive_is_found_before_trailing_bytes() {
        let plain = [b"parts".as_slice(), &record(3, b"made by")].concat();
        for behind in ["", "\r\n\r\n", "<html>an error page</html>"] {
            let bytes = [plain.as_slice(), behind.as_bytes()].concat();
            assert_eq!(found(&bytes), Some((plain.len() as u64, 3)));
        }
        assert_eq!(found(b"no archive"), None);
        assert_eq!(found(&plain[..plain.len() - 1]), None);
        // An end inside of the comment would be another one for a reader that searches
        // backwards.
        let nested = record(3, &record(9, b"")[..10]);
        assert_eq!(found(&nested), None);
    }

    #[test]
    fn zip64_entry_count_is_read() {
        let mut bytes = b"PK\x06\x06".to_vec();
        bytes.extend([0; 28]);
        bytes.extend(70_000_u64.to_le_bytes());
        bytes.resize(56, 0);
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(record(u16::MAX, b""));
        assert_eq!(found(&bytes), Some((bytes.len() as u64, 70_000)));
        assert_eq!(found(&record(u16::MAX, b"")), Some((22, 65_535)));
    }

    #[test]
    fn reading_and_seeking_stop_at_the_end_of_the_archive() {
        let mut prefix = Prefix::new(Cursor::new(b"0123456789"), 6);
        let mut text = String::new();
        prefix.seek(SeekFrom::End(-2)).unwrap();
        prefix.read_to_string(&mut text).unwrap();
        assert_eq!(text, "45");
        prefix.seek(SeekFrom::Start(8)).unwrap();
        assert_eq!(prefix.read(&mut [0; 4]).unwrap(), 0);
        assert!(prefix.seek(SeekFrom::Current(-20)).is_err());
    }
}
