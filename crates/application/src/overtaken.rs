//! Changes that are overtaken by another change between reading and writing.

use crate::{Error, ErrorCode};

/// How often a change is attempted. Each failed attempt means that another change
/// succeeded, so that even many concurrent callers finish.
const ATTEMPTS: u32 = 10;

/// Decides whether a change is repeated that found another version than it had read. It is
/// if the caller did not specify a version, because then any version will do: a caller
/// without a precondition never receives a failed precondition.
#[derive(Debug)]
pub(crate) struct Overtaken {
    left: u32,
}

impl Overtaken {
    /// Creates it for a change with this precondition.
    pub(crate) const fn by(if_match: Option<i64>) -> Self {
        Self {
            left: if if_match.is_some() { 0 } else { ATTEMPTS },
        }
    }

    /// Evaluates one attempt; `None` if another one is to be made. An attempt that found
    /// another version committed nothing.
    ///
    /// # Errors
    /// Those of the attempt; `changed_meanwhile` if the last attempt was overtaken, too.
    pub(crate) fn evaluate<T>(&mut self, attempt: Result<T, Error>) -> Option<Result<T, Error>> {
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
    fn stale_change_without_precondition_is_retried_then_busy() {
        let mut overtaken = Overtaken::by(None);
        for _ in 1..ATTEMPTS {
            assert!(overtaken.evaluate::<()>(Err(Error::Stale)).is_none());
        }
        let last = overtaken.evaluate::<()>(Err(Error::Stale));
        assert!(matches!(last, Some(Err(Error::Busy { seconds: 1, .. }))));
        assert!(matches!(overtaken.evaluate(Ok(7)), Some(Ok(7))));
    }

    #[test]
    fn stale_change_with_precondition_fails_immediately() {
        let mut overtaken = Overtaken::by(Some(3));
        let first = overtaken.evaluate::<()>(Err(Error::Stale));
        assert!(matches!(first, Some(Err(Error::Stale))));
    }
}
