//! How often someone may try (A1, A3).
//!
//! Logins are limited per (address, account) and per address, never per account alone: a stranger
//! who guesses from elsewhere must not lock the owner out. Guessing from many addresses is slowed
//! by Argon2 and by the password rules. Registrations are limited per address.
//!
//! Invariant: memory is bounded; keys are hashes, so nothing about accounts lingers here.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::config::Limits;
use crate::error::ApiError;
use crate::platform::clock::Clock;

/// Beyond this many live keys, idle ones are dropped first.
const KEYS_MAX: usize = 100_000;

/// The rate limits of this process.
pub struct Limiters {
    login: Limiter,
    login_per_ip: Limiter,
    register: Limiter,
    guest: Limiter,
    enrol: Limiter,
    mail: Limiter,
    second_factor: Limiter,
    code: Limiter,
    code_per_ip: Limiter,
    hook: Limiter,
}

impl Limiters {
    pub fn new(limits: Limits, clock: &Arc<dyn Clock>) -> Self {
        Self {
            login: Limiter::new(limits.login_per_minute, clock),
            login_per_ip: Limiter::new(limits.login_per_ip_per_minute, clock),
            register: Limiter::new(limits.register_per_minute, clock),
            guest: Limiter::new(limits.register_per_minute, clock),
            enrol: Limiter::new(limits.enrol_per_minute, clock),
            mail: Limiter::new(limits.mail_per_minute, clock),
            second_factor: Limiter::new(limits.second_factor_per_minute, clock),
            code: Limiter::new(limits.code_per_minute, clock),
            code_per_ip: Limiter::new(limits.code_per_ip_per_minute, clock),
            hook: Limiter::new(limits.hook_per_minute, clock),
        }
    }

    /// `account_key` is the normalised name or e-mail as given, whether or not it exists.
    pub fn login(&self, ip: IpAddr, account_key: &str) -> Result<(), ApiError> {
        self.login_per_ip.check(network(ip), "")?;
        self.login.check(network(ip), account_key)
    }

    /// Steps of logins by passkey: nobody says whose it will be, and there is nothing to guess.
    pub fn passkey(&self, ip: IpAddr) -> Result<(), ApiError> {
        self.login_per_ip.check(network(ip), "")
    }

    pub fn register(&self, ip: IpAddr) -> Result<(), ApiError> {
        self.register.check(network(ip), "")
    }

    /// Orders of people without an account (O3): as many as registrations, counted apart.
    pub fn guest(&self, ip: IpAddr) -> Result<(), ApiError> {
        self.guest.check(network(ip), "")
    }

    /// Requests that make us write a mail (A2, A7).
    pub fn mail(&self, ip: IpAddr) -> Result<(), ApiError> {
        self.mail.check(network(ip), "")
    }

    /// Second factors of one account, from wherever: six digits bear few guesses. It locks nobody
    /// out whose password is a secret: that is asked first.
    pub fn second_factor(&self, account_key: &str) -> Result<(), ApiError> {
        self.second_factor.check([0; 8], account_key)
    }

    /// Orders with a code (I10): a code is a secret that can be guessed.
    pub fn code(&self, ip: IpAddr, account: &str) -> Result<(), ApiError> {
        self.code_per_ip.check(network(ip), "")?;
        self.code.check(network(ip), account)
    }

    /// Messages that somebody has us send to a webhook of theirs (N10): each may keep a runner of
    /// jobs waiting for as long as a receiver likes.
    pub fn hook(&self, owner: &str) -> Result<(), ApiError> {
        self.hook.check([0; 8], owner)
    }

    /// Steps of device enrolments (V6).
    pub fn enrol(&self, ip: IpAddr) -> Result<(), ApiError> {
        self.enrol.check(network(ip), "")
    }
}

impl fmt::Debug for Limiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiters").finish_non_exhaustive()
    }
}

/// One home has a /64 of IPv6 addresses: they count as one.
fn network(ip: IpAddr) -> [u8; 8] {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let mut bytes = [0; 8];
            bytes[..4].copy_from_slice(&ip.octets());
            bytes
        }
        IpAddr::V6(ip) => {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&ip.octets()[..8]);
            bytes
        }
    }
}

type Key = [u8; 16];
type Keyed = RateLimiter<Key, DashMapStateStore<Key>, AppClock, NoOpMiddleware<Nanos>>;

struct Limiter {
    clock: AppClock,
    /// `None` when switched off.
    keyed: Option<Keyed>,
}

impl Limiter {
    fn new(per_minute: u32, clock: &Arc<dyn Clock>) -> Self {
        let clock = AppClock(Arc::clone(clock));
        let keyed = NonZeroU32::new(per_minute).map(|per_minute| {
            RateLimiter::new(
                Quota::per_minute(per_minute),
                DashMapStateStore::default(),
                clock.clone(),
            )
        });
        Self { clock, keyed }
    }

    fn check(&self, network: [u8; 8], account: &str) -> Result<(), ApiError> {
        let Some(keyed) = &self.keyed else {
            return Ok(());
        };
        if keyed.len() > KEYS_MAX {
            keyed.retain_recent();
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&network).update(account.as_bytes());
        let mut key = Key::default();
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        keyed.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            ApiError::too_many(wait.as_secs().saturating_add(1))
        })
    }
}

/// The application's clock as governor wants it.
#[derive(Clone)]
struct AppClock(Arc<dyn Clock>);

impl GovernorClock for AppClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let millis = u64::try_from(self.0.now().as_millis()).unwrap_or(0);
        Nanos::new(millis.saturating_mul(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;
    use crate::platform::clock::FixedClock;

    fn limiters(login: u32) -> (Arc<FixedClock>, Limiters) {
        let clock = Arc::new(FixedClock::at(Timestamp::from_secs(1_790_000_000)));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let limits = Limits {
            login_per_minute: login,
            login_per_ip_per_minute: 100,
            register_per_minute: 2,
            enrol_per_minute: 2,
            mail_per_minute: 2,
            second_factor_per_minute: 2,
            code_per_minute: 2,
            code_per_ip_per_minute: 2,
            hook_per_minute: 2,
        };
        (clock, Limiters::new(limits, &shared))
    }

    #[test]
    fn a_guesser_is_slowed_and_the_victim_is_not() {
        // A3
        let (clock, limiters) = limiters(3);
        let attacker = IpAddr::from([203, 0, 113, 1]);
        let home = IpAddr::from([198, 51, 100, 7]);
        for _ in 0..3 {
            limiters.login(attacker, "alice").expect("allowed");
        }
        let error = limiters.login(attacker, "alice").expect_err("limited");
        assert_eq!(
            (error.status().as_u16(), error.code()),
            (429, "rate_limited")
        );
        limiters
            .login(home, "alice")
            .expect("the owner is not locked out");
        limiters.login(attacker, "bob").expect("another account");
        clock.advance(21_000);
        limiters
            .login(attacker, "alice")
            .expect("a third of a minute later");
    }

    #[test]
    fn who_owns_a_webhook_has_few_messages_sent_at_will() {
        // N10 H6
        let (clock, limiters) = limiters(3);
        for _ in 0..2 {
            limiters.hook("alice").expect("allowed");
        }
        let error = limiters.hook("alice").expect_err("limited");
        assert_eq!(error.code(), "rate_limited");
        limiters.hook("bob").expect("another owner");
        clock.advance(31_000);
        limiters.hook("alice").expect("half a minute later");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        // A1
        let (_clock, limiters) = limiters(3);
        limiters
            .register("2001:db8::1".parse().expect("ip"))
            .expect("first");
        limiters
            .register("2001:db8::2".parse().expect("ip"))
            .expect("second");
        assert!(
            limiters
                .register("2001:db8::3".parse().expect("ip"))
                .is_err()
        );
        limiters
            .register("2001:db8:0:1::1".parse().expect("ip"))
            .expect("elsewhere");
    }

    #[test]
    fn zero_switches_a_limit_off() {
        // A3
        let (_clock, limiters) = limiters(0);
        for _ in 0..50 {
            limiters
                .login(IpAddr::from([192, 0, 2, 1]), "alice")
                .expect("no limit");
        }
    }
}
