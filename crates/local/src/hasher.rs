//! Argon2id on threads that may block, with at most as many hashes at once as there are
//! cores.

use std::{sync::Arc, thread, time::Duration};

use accunode_domain::user::Password;
use accunode_ports::{
    PortError,
    system::{PasswordHasher, Verified},
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{
        Error as HashError, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash,
    },
};
use async_trait::async_trait;
use tokio::{sync::Semaphore, task, time::timeout};

/// How long a caller waits for a free place before the error `Unavailable`.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// The cost of a hash. The defaults are OWASP's for argon2id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingSettings {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
    /// The number of hashes at once; the number of cores by default.
    pub at_once: Option<usize>,
}

impl Default for HashingSettings {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            lanes: 1,
            at_once: None,
        }
    }
}

/// Hashes passwords with argon2id.
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    /// A hash that belongs to no user, which is verified if there is none.
    dummy: String,
    turns: Arc<Semaphore>,
}

impl Argon2Hasher {
    /// Creates a hasher with this cost. It computes one hash, so it takes as long as a
    /// login.
    ///
    /// # Errors
    /// `Internal` if argon2 does not allow the settings.
    pub fn new(settings: HashingSettings) -> Result<Self, PortError> {
        let params = Params::new(
            settings.memory_kib,
            settings.iterations,
            settings.lanes,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )
        .map_err(|e| internal(e.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let random: [u8; 32] = rand::random();
        let dummy = hash(&argon2, &random)?;
        let at_once = settings
            .at_once
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
        Ok(Self {
            argon2,
            dummy,
            turns: Arc::new(Semaphore::new(at_once.max(1))),
        })
    }

    /// Runs `work` on a thread that may block, when a place is free.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'_>) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let turn = timeout(QUEUE_TIMEOUT, self.turns.clone().acquire_owned())
            .await
            .map_err(|e| PortError::Unavailable {
                what: "password hashing",
                cause: e.into(),
            })?
            .map_err(internal)?;
        let argon2 = self.argon2.clone();
        task::spawn_blocking(move || {
            // The place is held as long as the work runs, also if the caller has stopped
            // waiting.
            let _turn = turn;
            work(&argon2)
        })
        .await
        .map_err(internal)?
    }
}

impl std::fmt::Debug for Argon2Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Argon2Hasher")
            .field("argon2", &self.argon2)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: Password) -> Result<String, PortError> {
        self.in_turn(move |argon2| hash(argon2, password.expose().as_bytes()))
            .await
    }

    async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verified, PortError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        self.in_turn(move |argon2| {
            let stored = PasswordHash::new(&stored).map_err(|e| internal(e.to_string()))?;
            let is = |text: &str| match argon2.verify_password(text.as_bytes(), &stored) {
                Ok(()) => Ok(true),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(e) => Err(internal(e.to_string())),
            };
            let composed = is(password.expose())?;
            // A hash that is older than composing was made of the password as it was typed.
            let typed = match password.expose_typed() {
                Some(text) if !composed => is(text)?,
                _ => false,
            };
            if !known || !(composed || typed) {
                return Ok(Verified::No);
            }
            let rehashed = if composed && is_current(argon2, &stored) {
                None
            } else {
                Some(hash(argon2, password.expose().as_bytes())?)
            };
            Ok(Verified::Yes { rehashed })
        })
        .await
    }

    async fn weakness(
        &self,
        password: Password,
        about: Vec<String>,
    ) -> Result<Option<String>, PortError> {
        self.in_turn(move |_| Ok(weakness(password.expose(), &about)))
            .await
    }
}

/// Returns why zxcvbn expects the password to be guessed within 10⁸ attempts: common
/// passwords, words, names and dates, keyboard runs and repeats, also with letters
/// replaced.
fn weakness(password: &str, about: &[String]) -> Option<String> {
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    let estimate = zxcvbn::zxcvbn(password, &about);
    if estimate.score() >= zxcvbn::Score::Three {
        return None;
    }
    let why = estimate.feedback().and_then(|feedback| feedback.warning());
    Some(match why {
        Some(why) => {
            let why = why.to_string();
            format!("is easily guessed: {}", why.trim_end_matches('.'))
        }
        None => "is easily guessed; take several words that have nothing to do with each other"
            .to_owned(),
    })
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, PortError> {
    let hash: PasswordHash = argon2
        .hash_password(password)
        .map_err(|e| internal(e.to_string()))?;
    Ok(hash.to_string())
}

/// Returns whether a hash has the current parameters.
fn is_current(argon2: &Argon2<'_>, stored: &PasswordHash) -> bool {
    let wanted = argon2.params();
    stored.algorithm == Algorithm::Argon2id.ident()
        && stored.version == Some(Version::V0x13.into())
        && Params::try_from(stored).is_ok_and(|found| {
            (found.m_cost(), found.t_cost(), found.p_cost())
                == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
        })
}

fn internal(cause: impl Into<accunode_ports::error::Cause>) -> PortError {
    PortError::Internal {
        what: "password hashing",
        cause: cause.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashingSettings = HashingSettings {
        memory_kib: 64,
        iterations: 1,
        lanes: 1,
        at_once: Some(1),
    };

    fn password(text: &str) -> Password {
        Password::attempt(text).unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let hasher = Argon2Hasher::new(CHEAP).unwrap();
        let hash = hasher.hash(password("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        let verify = |text, hash: &str| hasher.verify(password(text), Some(hash.to_owned()));
        assert!(matches!(
            verify("correct horse", &hash).await.unwrap(),
            Verified::Yes { rehashed: None }
        ));
        assert!(matches!(
            verify("battery staple", &hash).await.unwrap(),
            Verified::No
        ));
        assert_ne!(hash, hasher.hash(password("correct horse")).await.unwrap());
    }

    #[tokio::test]
    async fn hash_with_old_parameters_is_rehashed() {
        let old = Argon2Hasher::new(CHEAP).unwrap();
        let new = Argon2Hasher::new(HashingSettings {
            iterations: 2,
            ..CHEAP
        })
        .unwrap();
        let hash = old.hash(password("correct horse")).await.unwrap();
        let Verified::Yes {
            rehashed: Some(rehashed),
        } = new
            .verify(password("correct horse"), Some(hash.clone()))
            .await
            .unwrap()
        else {
            panic!("it is out of date")
        };
        assert!(rehashed.contains("t=2"), "{rehashed}");
        assert!(matches!(
            new.verify(password("wrong"), Some(hash)).await.unwrap(),
            Verified::No
        ));
    }

    #[tokio::test]
    async fn unknown_user_costs_a_hash_with_the_same_parameters() {
        let hasher = Argon2Hasher::new(CHEAP).unwrap();
        assert!(is_current(
            &hasher.argon2,
            &PasswordHash::new(&hasher.dummy).unwrap()
        ));
        assert!(matches!(
            hasher.verify(password("anything"), None).await.unwrap(),
            Verified::No
        ));
    }

    #[tokio::test]
    async fn malformed_stored_hash_never_verifies() {
        let hasher = Argon2Hasher::new(CHEAP).unwrap();
        for broken in ["", "md5:abc", "$argon2id$v=19$m=64,t=1,p=1$"] {
            let result = hasher.verify(password("x"), Some(broken.to_owned())).await;
            assert!(!matches!(result, Ok(Verified::Yes { .. })), "{broken:?}");
        }
    }

    #[tokio::test]
    async fn hashes_wait_for_a_free_slot() {
        let hasher = Argon2Hasher::new(CHEAP).unwrap();
        let turn = hasher.turns.clone().acquire_owned().await.unwrap();
        let waiting = hasher.hash(password("correct horse"));
        tokio::pin!(waiting);
        for _ in 0..100 {
            tokio::select! {
                biased;
                _ = &mut waiting => panic!("it jumped the queue"),
                () = task::yield_now() => {}
            }
        }
        drop(turn);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn guessable_password_is_weak_and_not_repeated_in_the_reason() {
        let hasher = Argon2Hasher::new(CHEAP).unwrap();
        let about = vec!["ana.longname".to_owned(), "bank.example".to_owned()];
        for weak in [
            "password123",
            "P@ssw0rd2024",
            "qwertyuiop",
            "1234567890",
            "abcabcabcabc",
            "iloveyou1234",
            "ana.longname1",
            "bank.example",
        ] {
            let why = hasher.weakness(password(weak), about.clone()).await;
            let why = why.unwrap().unwrap_or_else(|| panic!("{weak} passed"));
            assert!(!why.contains(weak), "{why}");
        }
        for good in [
            "correct horse battery staple",
            "tK7#mz0-Vq",
            "gęsty las nad rzeką",
        ] {
            let why = hasher.weakness(password(good), about.clone()).await;
            assert_eq!(why.unwrap(), None, "{good}");
        }
    }

    #[test]
    fn impossible_hashing_settings_are_refused() {
        assert!(
            Argon2Hasher::new(HashingSettings {
                memory_kib: 1,
                ..CHEAP
            })
            .is_err()
        );
    }
}
