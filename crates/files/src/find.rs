//! Searches for bytes, many at a time.

/// Returns the position of the first byte that `is_wanted` accepts.
#[inline]
pub(crate) fn find(bytes: &[u8], is_wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (at, block) in blocks.iter().enumerate() {
        // There is no branch for each byte, so that the compiler compares them all at once.
        if block.iter().fold(false, |any, byte| any | is_wanted(*byte)) {
            let inside = block.iter().position(|byte| is_wanted(*byte))?;
            return Some(at * 16 + inside);
        }
    }
    let inside = rest.iter().position(|byte| is_wanted(*byte))?;
    Some(blocks.len() * 16 + inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_match_is_found_at_any_position() {
        for length in 0..70 {
            let mut bytes = vec![b'x'; length];
            assert_eq!(find(&bytes, |b| b == b','), None);
            for at in (0..length).rev() {
                bytes[at] = b',';
                assert_eq!(find(&bytes, |b| b == b',' || b == b'\n'), Some(at));
            }
        }
    }
}
