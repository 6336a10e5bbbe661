//! Password hashing: Argon2id, on a bounded number of blocking threads (A1).
//!
//! Invariants: at most [`AT_ONCE`] hashes run at a time and at most [`WAITING_MAX`] wait, so that
//! a flood of logins can neither take all memory (19 MiB each) nor all threads; checking the
//! password of a user who does not exist costs the same as of one who does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::error::Error;
use crate::platform::entropy::Entropy;

/// OWASP's first choice: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;
/// glibc gives memory of more than 32 MiB back at once; of what is smaller it keeps 19 MiB in each
/// thread that ever hashed. We ask for more than we touch: address space costs nothing.
const BLOCKS_RESERVED: usize = 33 * 1024;
const AT_ONCE: usize = 2;
const WAITING_MAX: usize = 256;

/// Hashes and checks passwords.
pub struct Passwords {
    entropy: Arc<dyn Entropy>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Hash of nobody's password, for users who do not exist.
    nobody: String,
}

impl Passwords {
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            entropy,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: AtomicUsize::new(0),
            nobody: nobody(),
        }
    }

    /// The PHC string to store.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, Error> {
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        self.on_a_turn(move || hash_now(&password, &salt).map(|hash| hash.to_string()))
            .await?
    }

    /// Whether `password` is the one behind `stored`; with `None` the work is done and the answer
    /// is no.
    pub async fn verify(
        &self,
        password: Zeroizing<String>,
        stored: Option<String>,
    ) -> Result<bool, Error> {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let matches = self
            .on_a_turn(move || verify_now(&password, &stored))
            .await??;
        Ok(matches && exists)
    }

    async fn on_a_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let waiting = Waiting::enter(&self.waiting).ok_or(Error::Busy)?;
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| Error::Busy)?;
        drop(waiting);
        // The turn moves along: a caller that goes away does not free it early.
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(|error| Error::Hashing(error.to_string()))
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

/// Counts a caller in the queue for as long as it stands there.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < WAITING_MAX).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hash_now(password: &str, salt: &[u8]) -> Result<PasswordHash, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES)).map_err(broken)?;
    let output = derive(params.clone(), password, salt)?;
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(broken)?,
        salt: Some(Salt::new(salt).map_err(broken)?),
        hash: Some(output),
    })
}

/// With the parameters of the stored hash: they may be older than ours.
fn verify_now(password: &str, stored: &str) -> Result<bool, Error> {
    let stored = PasswordHash::new(stored).map_err(broken)?;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(Error::Hashing("a stored hash without its salt".to_owned()));
    };
    if stored.algorithm != Algorithm::Argon2id.ident()
        || stored.version != Some(Version::V0x13.into())
    {
        return Err(Error::Hashing("a stored hash of another kind".to_owned()));
    }
    let params = Params::try_from(&stored).map_err(broken)?;
    let output = derive(params, password, &salt)?;
    Ok(bool::from(output.as_ref().ct_eq(expected.as_ref())))
}

fn derive(params: Params, password: &str, salt: &[u8]) -> Result<Output, Error> {
    let length = params.output_len().unwrap_or(OUTPUT_BYTES);
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(BLOCKS_RESERVED.max(blocks));
    memory.resize(blocks, Block::new());
    let mut output = Zeroizing::new(vec![0; length]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut *memory)
        .map_err(broken)?;
    Output::new(&output).map_err(broken)
}

fn broken(error: impl fmt::Display) -> Error {
    Error::Hashing(error.to_string())
}

/// A well-formed hash with our parameters that no password is known for: its output is not one.
fn nobody() -> String {
    format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$bm9ib2R5bm9ib2R5bm9ibw${}",
        "A".repeat(43)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::entropy::SeededEntropy;

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        // A1
        let passwords = Passwords::new(Arc::new(SeededEntropy::new(1)));
        let one = passwords.hash(secret("correct horse")).await.expect("hash");
        let two = passwords.hash(secret("correct horse")).await.expect("hash");
        assert_ne!(one, two, "salted");
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        for (password, stored, expected) in [
            ("correct horse", Some(one.clone()), true),
            ("correct horsf", Some(one), false),
            ("correct horse", None, false),
        ] {
            let matches = passwords.verify(secret(password), stored).await;
            assert_eq!(matches.expect("checked"), expected, "{password}");
        }
    }

    #[test]
    fn hashes_are_what_other_implementations_make() {
        // A1: the reference implementation's own test vector, with its own parameters
        let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ\
                      $nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(verify_now("password", stored).expect("checked"));
        assert!(!verify_now("passwort", stored).expect("checked"));
        for broken in ["", "$2b$12$abc", &stored.replace("argon2id", "argon2i")] {
            assert!(verify_now("password", broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn the_queue_is_bounded() {
        // A1
        let count = AtomicUsize::new(0);
        let queue: Vec<_> = (0..WAITING_MAX).map(|_| Waiting::enter(&count)).collect();
        assert!(queue.iter().all(Option::is_some));
        assert!(Waiting::enter(&count).is_none());
        drop(queue);
        assert!(Waiting::enter(&count).is_some());
    }
}
