//! Changes that another change overtakes between reading and writing.

use crate::{Error, ErrorCode};

/// How often a change is made anew. Each time another one succeeded, so that even many
/// callers at once come to an end.
const ATTEMPTS: u32 = 10;

/// Whether a change that found another version than it had read is made anew: it is where
/// the caller did not say which version they mean, for then any will do. A caller without
/// a precondition is never told that one has failed.
#[derive(Debug)]
pub(crate) struct Overtaken {
    left: u32,
}

impl Overtaken {
    /// For a change with this precondition.
    pub(crate) const fn by(if_match: Option<i64>) -> Self {
        Self {
            left: if if_match.is_some() { 0 } else { ATTEMPTS },
        }
    }

    /// What became of one attempt; `None` where another one is to be made. Nothing of an
    /// attempt that found another version was committed.
    ///
    /// # Errors
    /// Those of the attempt; `changed_meanwhile` where the last one was overtaken, too.
    pub(crate) fn settle<T>(&mut self, attempt: Result<T, Error>) -> Option<Result<T, Error>> {
        match attempt {
            Err(Error::Stale) if self.left > 1 => {
                self.left -= 1;
                None
            }
            Err(Error::Stale) if self.left == 1 => Some(Err(Error::Busy {
                code: ErrorCode::ChangedMeanwhile,
                detail: "others are changing it all the time; send the request again".to_owned(),
                seconds: 1,
            })),
            other => Some(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_without_a_precondition_is_made_anew() {
        let mut overtaken = Overtaken::by(None);
        for _ in 1..ATTEMPTS {
            assert!(overtaken.settle::<()>(Err(Error::Stale)).is_none());
        }
        let last = overtaken.settle::<()>(Err(Error::Stale));
        assert!(matches!(last, Some(Err(Error::Busy { seconds: 1, .. }))));
        assert!(matches!(overtaken.settle(Ok(7)), Some(Ok(7))));
    }

    #[test]
    fn a_change_with_a_precondition_fails_at_once() {
        let mut overtaken = Overtaken::by(Some(3));
        let first = overtaken.settle::<()>(Err(Error::Stale));
        assert!(matches!(first, Some(Err(Error::Stale))));
    }
}
