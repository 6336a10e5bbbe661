//! Where randomness comes from. The only place of the server that asks the system for it.
//!
//! Use cases take ids and random bytes as arguments; handlers and jobs draw them here.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::TryRng;
use rand::rngs::SysRng;

/// Gives random bytes. Object safe. [`SystemEntropy`] is fit for keys and secrets.
pub trait Entropy: Send + Sync + 'static {
    /// Overwrites all of `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);

    /// What a `UUIDv7` needs next to the time (`EventId::new(now, entropy.id10())`).
    fn id10(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        bytes
    }
    /// A uniformly drawn number.
    fn u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// The operating system's generator, one system call a draw: nothing to seed, nothing to leak.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        SysRng
            .try_fill_bytes(bytes)
            .expect("getrandom(2) does not fail once the system has booted");
    }
}

/// The same bytes in every run (`SplitMix64` from a seed): for tests, never for secrets.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        for chunk in bytes.chunks_mut(8) {
            let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_draws_differ() {
        let (a, b) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let (first, second) = (a.id10(), a.id10());
        assert_ne!(first, second);
        assert_eq!(first, b.id10());
        assert_ne!(SeededEntropy::new(8).id10(), first);
    }

    #[test]
    fn the_system_fills_every_byte() {
        let mut or = [0_u8; 33];
        for _ in 0..16 {
            let mut bytes = [0; 33];
            SystemEntropy.fill(&mut bytes);
            or.iter_mut().zip(bytes).for_each(|(or, byte)| *or |= byte);
        }
        assert!(or.iter().all(|byte| *byte != 0), "{or:?}");
    }
}
