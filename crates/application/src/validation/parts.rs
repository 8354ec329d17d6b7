//! A file in parts that are compressed separately, so that it is written and read a part at a
//! time.

use std::io::{self, Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};

/// Bytes of the file in one part.
const PART: usize = 1 << 20;

/// Compresses the written bytes into parts of a mebibyte each.
#[derive(Debug)]
pub struct Parts {
    done: Vec<Vec<u8>>,
    open: GzEncoder<Vec<u8>>,
    written: usize,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            done: Vec::new(),
            open: GzEncoder::new(Vec::new(), Compression::fast()),
            written: 0,
        }
    }
}

impl Parts {
    /// Compresses a file of these bytes.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    pub fn of(bytes: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let mut parts = Self::default();
        parts.write_all(bytes)?;
        parts.finish()
    }

    /// Returns the parts, at least one.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    pub fn finish(mut self) -> io::Result<Vec<Vec<u8>>> {
        if self.written > 0 || self.done.is_empty() {
            self.done.push(self.open.finish()?);
        }
        Ok(self.done)
    }

    /// Returns the bytes of a part.
    ///
    /// # Errors
    /// If the bytes are not a part.
    pub fn read(part: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(PART);
        GzDecoder::new(part)
            .take(2 * PART as u64)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PART - self.written);
        self.open.write_all(&bytes[..count])?;
        self.written += count;
        if self.written == PART {
            let next = GzEncoder::new(Vec::new(), Compression::fast());
            let full = std::mem::replace(&mut self.open, next);
            self.done.push(full.finish()?);
            self.written = 0;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_parts_decompress_to_the_original_bytes() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART + 7] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let parts = Parts::of(&bytes).unwrap();
            assert_eq!(parts.len(), length.div_ceil(PART).max(1));
            let read: Vec<u8> = parts
                .iter()
                .flat_map(|part| Parts::read(part).unwrap())
                .collect();
            assert_eq!(read, bytes);
        }
        assert!(Parts::read(b"no part").is_err());
    }
}
