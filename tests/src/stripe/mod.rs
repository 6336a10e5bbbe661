//! Stripe in small: a double that speaks its HTTP on loopback (`payments.md` 5), with Checkout
//! sessions, refunds, events, idempotency keys and signed webhooks. Nothing here is the server's.

mod charges;
mod desk;
mod http;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

use crate::port::Port;

pub use charges::{Dispute, DisputeStatus};
pub use desk::{Desk, Event, Refund, RefundStatus, Session, SessionStatus};

pub const SECRET_KEY: &str = "sk_test_gatehouse_5e1ec7ed";
pub const WEBHOOK_SECRET: &str = "whsec_gatehouse_7ab1e0c0ffee";

/// Which call a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Create,
    Look,
    Expire,
    Refund,
    LookRefund,
    Charges,
}

/// What goes wrong with one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not done; 500, and no key is remembered.
    Broken,
    /// Not done; a page of a proxy.
    Proxy,
    /// Not done; 429 with `Retry-After`.
    Busy(u32),
    /// Done, and the connection breaks in the middle of the answer.
    Reset,
    /// Done, and a proxy answers 502.
    BrokenAfter,
    /// Done, and the key's answer is 500 for good.
    Stored500,
    /// Done, and the answer is sent elsewhere.
    Redirect,
    /// Another object of the kind.
    Other,
}

pub(crate) struct Shared {
    /// One an account.
    desks: Vec<Desk>,
    faults: VecDeque<(Call, Fault)>,
    requests: u64,
}

/// One account of the double, which has a port of its own. Dropping the last stops it.
pub struct Stripe {
    port: Arc<Port>,
    shared: Arc<Mutex<Shared>>,
    account: usize,
}

impl Stripe {
    /// # Panics
    /// When no port can be had.
    pub fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            desks: vec![Desk::new("acct_server", SECRET_KEY, WEBHOOK_SECRET, 0)],
            faults: VecDeque::new(),
            requests: 0,
        }));
        let port = Arc::new(Port::serve(http::router(Arc::clone(&shared))));
        Self {
            port,
            shared,
            account: 0,
        }
    }

    /// Another account at the same Stripe.
    ///
    /// # Panics
    /// Never: there are a few.
    #[must_use]
    pub fn open_account(&self, name: &str) -> Self {
        let mut shared = self.lock();
        let account = shared.desks.len();
        let (secret_key, webhook_secret) =
            (format!("sk_test_{name}_0001"), format!("whsec_{name}_0001"));
        let number = u64::try_from(account).expect("a few");
        let desk = Desk::new(
            &format!("acct_{name}"),
            &secret_key,
            &webhook_secret,
            number,
        );
        shared.desks.push(desk);
        drop(shared);
        Self {
            port: Arc::clone(&self.port),
            shared: Arc::clone(&self.shared),
            account,
        }
    }

    /// The account's keys: secret key and webhook secret.
    pub fn keys(&self) -> (String, String) {
        self.with(|desk| (desk.secret_key.clone(), desk.webhook_secret.clone()))
    }

    /// Its owner rolls the secret key: the one before opens nothing any more.
    pub fn roll_key(&self, secret_key: &str) {
        self.with(|desk| secret_key.clone_into(&mut desk.secret_key));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Desk) -> T) -> T {
        work(&mut self.lock().desks[self.account])
    }

    /// What a server needs in its environment to use it.
    pub fn environment(&self) -> [(String, String); 3] {
        [
            ("STRIPE_SECRET_KEY".to_owned(), SECRET_KEY.to_owned()),
            (
                "STRIPE_WEBHOOK_SECRET".to_owned(),
                WEBHOOK_SECRET.to_owned(),
            ),
            ("STRIPE_BASE_URL".to_owned(), self.port.url()),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("nobody panics in here")
    }

    pub fn send_webhooks_to(&self, url: &str) {
        self.with(|desk| desk.webhook_url = Some(url.to_owned()));
    }

    /// The next call of that kind meets the fault.
    pub fn fault(&self, call: Call, fault: Fault) {
        self.lock().faults.push_back((call, fault));
    }

    /// Faults that no call has met yet will not come.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    pub fn faults_left(&self) -> usize {
        self.lock().faults.len()
    }

    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// The payer pays by card; `false` where the session is not open.
    pub fn pay(&self, session: &str) -> bool {
        self.with(|desk| desk.pay(session))
    }

    /// Refunds made from now on wait, instead of being done at once.
    pub fn refunds_wait(&self, wait: bool) {
        self.with(|desk| desk.refunds_wait = wait);
    }

    /// A bank decides about a refund, at once or days later.
    pub fn decide(&self, refund: &str, status: RefundStatus) {
        self.with(|desk| desk.decide(refund, status));
    }

    /// Somebody gives money back in the dashboard; `false` where nothing is left.
    pub fn refund_by_hand(&self, session: &str, amount: i64) -> bool {
        self.with(|desk| desk.refund_by_hand(session, amount))
    }

    /// The payer's bank wants the money back; gives the dispute.
    pub fn dispute(&self, session: &str, status: DisputeStatus) -> Option<String> {
        self.with(|desk| desk.dispute(session, status))
    }

    /// The bank goes on, or decides.
    pub fn judge(&self, dispute: &str, status: DisputeStatus) {
        self.with(|desk| desk.judge(dispute, status));
    }

    /// A charge that no session made; gives its name.
    pub fn charge_elsewhere(&self, amount: i64, metadata: &serde_json::Value) -> String {
        self.with(|desk| desk.charge_elsewhere(amount, metadata))
    }

    /// The session's charge is gone, as if it had never been.
    pub fn forget_charge(&self, session: &str) {
        self.with(|desk| desk.forget_charge(session));
    }

    /// The session's charge was another sum.
    pub fn recharge(&self, session: &str, amount: i64) {
        self.with(|desk| desk.recharge(session, amount));
    }

    /// A refund is gone, as if it had never been.
    pub fn forget_refund(&self, refund: &str) {
        self.with(|desk| desk.forget_refund(refund));
    }

    /// From now on nobody hears of what happens, unless a test delivers it.
    pub fn hush(&self) {
        self.with(Desk::hush);
    }

    pub fn disputes(&self) -> Vec<Dispute> {
        self.with(|desk| desk.disputes.clone())
    }

    /// Sessions whose time is over by then expire.
    pub fn pass(&self, unix_secs: i64) {
        self.with(|desk| desk.pass(unix_secs));
    }

    pub fn sessions(&self) -> Vec<Session> {
        self.with(|desk| desk.sessions.clone())
    }

    pub fn refunds(&self) -> Vec<Refund> {
        self.with(|desk| desk.refunds.clone())
    }

    pub fn events(&self) -> Vec<Event> {
        self.with(|desk| desk.events.clone())
    }

    /// Sends the event at that place once, and gives the status; 0 without an answer.
    ///
    /// # Panics
    /// When there is no such event.
    pub fn deliver(&self, at: usize) -> u16 {
        let (body, secret) = self.with(|desk| {
            let body = desk.events[at].body.to_string();
            (body, desk.webhook_secret.clone())
        });
        let status = self.send(&body, &signature(&body, &secret, now()));
        if (200..300).contains(&status) {
            self.with(|desk| desk.events[at].is_taken = true);
        }
        status
    }

    /// Sends anything to the webhook's address.
    ///
    /// # Panics
    /// When there is no address.
    pub fn send(&self, body: &str, signature: &str) -> u16 {
        let url = self.with(|desk| desk.webhook_url.clone());
        let url = url.expect("an address");
        self.port
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("stripe-signature", signature)
            .body(body.to_owned())
            .send()
            .map_or(0, |answer| answer.status().as_u16())
    }

    /// Sends all that is not taken; gives how many are taken now.
    pub fn flush(&self) -> usize {
        let events = self.events();
        let waiting = (0..events.len()).filter(|at| !events[*at].is_taken);
        waiting.filter(|at| self.deliver(*at) == 200).count()
    }
}

/// The `Stripe-Signature` of a body.
///
/// # Panics
/// Never: HMAC takes keys of every length.
pub fn signature(body: &str, secret: &str, unix_secs: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(format!("{unix_secs}.{body}").as_bytes());
    let digest = hex::encode(mac.finalize().into_bytes());
    format!("t={unix_secs},v1={digest}")
}

/// # Panics
/// When the clock cannot be read.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("clock");
    i64::try_from(now.as_secs()).expect("clock")
}
