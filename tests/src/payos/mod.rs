//! PayOS as far as it can be had here: a double that speaks the gateway's HTTP on loopback
//! (`payments.md` 7). Its state machine is the documented one; what nobody documented is a switch, and
//! the server has to be right under every setting.
//!
//! It signs with code of its own: nothing here is the server's.

mod bank;
mod http;
mod sign;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use crate::port::Port;

pub use bank::{Bank, Late, Link, Status, Switches, Transfer};

pub const CLIENT_ID: &str = "gatehouse-test-channel";
pub const API_KEY: &str = "5e1ec7ed-0000-4000-8000-7ab1e0c0ffee";
pub const CHECKSUM_KEY: &str = "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d";

/// Which call a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Create,
    Look,
    Cancel,
}

/// What goes wrong with one answer. All but the first three happen after the call was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not done; 500.
    Broken,
    /// Not done; a page of a proxy.
    Proxy,
    /// Not done; 429 with `Retry-After`.
    Busy(u32),
    /// Done, and the connection breaks in the middle of the answer.
    Reset,
    /// Done, and 500.
    BrokenAfter,
    /// Done, and the answer is sent elsewhere.
    Redirect,
    /// The answer claims that all is paid, and is not signed.
    Unsigned,
    /// The same, and the signature is none.
    BadSignature,
    /// Another link's data, validly signed.
    OtherLink,
    /// The state before the last transfer.
    Lagging,
    /// `code` says no, and `data` claims that all is paid.
    NoWithData,
}

pub(crate) struct Shared {
    /// One a channel.
    banks: Vec<Bank>,
    faults: VecDeque<(Call, Fault)>,
    /// Every webhook that was or will be sent, as its exact body.
    outbox: Vec<Delivery>,
    requests: u64,
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The channel that sends it.
    channel: usize,
    pub order_code: i64,
    pub body: String,
    /// Status of each try; 0 where there was no answer.
    pub tries: Vec<u16>,
}

impl Delivery {
    pub fn is_acknowledged(&self) -> bool {
        self.tries.iter().any(|status| (200..300).contains(status))
    }
}

/// One channel of the double, which has a port of its own. Dropping the last stops it.
pub struct Payos {
    port: Arc<Port>,
    shared: Arc<Mutex<Shared>>,
    channel: usize,
}

impl Payos {
    /// # Panics
    /// When no port can be had.
    pub fn start(switches: Switches) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            banks: vec![Bank::new(switches, (CLIENT_ID, API_KEY, CHECKSUM_KEY), 0)],
            faults: VecDeque::new(),
            outbox: Vec::new(),
            requests: 0,
        }));
        let port = Arc::new(Port::serve(http::router(Arc::clone(&shared))));
        Self {
            port,
            shared,
            channel: 0,
        }
    }

    /// Another channel at the same PayOS.
    ///
    /// # Panics
    /// Never: there are a few.
    #[must_use]
    pub fn open_channel(&self, name: &str) -> Self {
        let mut shared = self.lock();
        let channel = shared.banks.len();
        let number = u64::try_from(channel).expect("a few");
        let (client_id, api_key) = (format!("{name}-channel"), format!("{name}-api-key-0001"));
        let checksum_key = format!("{number:064x}");
        let keys = (client_id.as_str(), api_key.as_str(), checksum_key.as_str());
        let bank = Bank::new(Switches::default(), keys, number);
        shared.banks.push(bank);
        drop(shared);
        Self {
            port: Arc::clone(&self.port),
            shared: Arc::clone(&self.shared),
            channel,
        }
    }

    /// The channel's keys: client id, API key, checksum key.
    pub fn keys(&self) -> (String, String, String) {
        self.with(|bank| {
            let (api_key, checksum_key) = (bank.api_key.clone(), bank.checksum_key.clone());
            (bank.client_id.clone(), api_key, checksum_key)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Bank) -> T) -> T {
        work(&mut self.lock().banks[self.channel])
    }

    pub fn url(&self) -> String {
        self.port.url()
    }

    /// What a server needs in its environment to use it.
    pub fn environment(&self) -> [(String, String); 4] {
        [
            ("PAYOS_CLIENT_ID".to_owned(), CLIENT_ID.to_owned()),
            ("PAYOS_API_KEY".to_owned(), API_KEY.to_owned()),
            ("PAYOS_CHECKSUM_KEY".to_owned(), CHECKSUM_KEY.to_owned()),
            ("PAYOS_BASE_URL".to_owned(), self.url()),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("nobody panics in here")
    }

    /// Where webhooks go.
    pub fn webhook_url(&self) -> Option<String> {
        self.with(|bank| bank.webhook_url.clone())
    }

    /// The sample that comes when somebody registers a webhook, as it is sent.
    pub fn sample() -> Value {
        http::sample()
    }

    /// Where webhooks go, as `confirm-webhook` would have set it.
    pub fn send_webhooks_to(&self, url: &str) {
        self.with(|bank| bank.webhook_url = Some(url.to_owned()));
    }

    /// The next call of that kind meets the fault.
    pub fn fault(&self, call: Call, fault: Fault) {
        self.lock().faults.push_back((call, fault));
    }

    /// Faults that no call has met yet will not come.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// Faults that no call has met yet.
    pub fn faults_left(&self) -> usize {
        self.lock().faults.len()
    }

    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Somebody transfers money to a link. The webhook waits in the outbox.
    pub fn transfer(&self, order_code: i64, amount: i64, memo: &str) {
        let told = self.with(|bank| bank.transfer(order_code, amount, memo));
        if let Some(body) = told {
            self.lock().outbox.push(Delivery {
                channel: self.channel,
                order_code,
                body,
                tries: Vec::new(),
            });
        }
    }

    /// The link's last transfer is gone, as if it had never been.
    pub fn undo(&self, order_code: i64) {
        self.with(|bank| bank.undo(order_code));
    }

    /// Links made from now on follow these.
    pub fn switch(&self, switches: Switches) {
        self.with(|bank| bank.switch(switches));
    }

    /// Something happens to the link at the gateway that we did not ask for: the payer cancels it, the
    /// bank takes its time. `None` puts it back to what its transfers say.
    pub fn force(&self, order_code: i64, status: Option<Status>) {
        self.with(|bank| bank.force(order_code, status));
    }

    /// Links whose time is over by then end.
    pub fn pass(&self, unix_secs: i64) {
        self.with(|bank| bank.pass(unix_secs));
    }

    pub fn links(&self) -> Vec<Link> {
        self.with(|bank| bank.links())
    }

    /// # Panics
    /// When there is none.
    pub fn only_link(&self) -> Link {
        let mut links = self.links();
        assert_eq!(links.len(), 1, "{links:?}");
        links.remove(0)
    }

    pub fn outbox(&self) -> Vec<Delivery> {
        self.lock().outbox.clone()
    }

    /// Sends the webhook at that place of the outbox once, and gives the status; 0 without an answer.
    ///
    /// # Panics
    /// When there is no such webhook or no address for it.
    pub fn deliver(&self, at: usize) -> u16 {
        let (url, body) = {
            let shared = self.lock();
            let delivery = &shared.outbox[at];
            let url = shared.banks[delivery.channel].webhook_url.clone();
            (url.expect("an address for webhooks"), delivery.body.clone())
        };
        let status = self.post(&url, body);
        self.lock().outbox[at].tries.push(status);
        status
    }

    /// Sends anything to the webhook's address.
    ///
    /// # Panics
    /// When there is no address.
    pub fn send(&self, body: String) -> u16 {
        let url = self.with(|bank| bank.webhook_url.clone());
        let url = url.expect("an address");
        self.post(&url, body)
    }

    fn post(&self, url: &str, body: String) -> u16 {
        self.port
            .http
            .post(url)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .map_or(0, |answer| answer.status().as_u16())
    }

    /// Sends all that is not acknowledged; gives how many are acknowledged now.
    pub fn flush(&self) -> usize {
        let waiting: Vec<usize> = (0..self.outbox().len())
            .filter(|at| !self.outbox()[*at].is_acknowledged())
            .collect();
        waiting
            .iter()
            .filter(|at| self.deliver(**at) == 200)
            .count()
    }

    /// A webhook's body with the given data, validly signed.
    pub fn envelope(&self, data: &Value) -> String {
        self.with(|bank| sign::envelope(&bank.checksum_key, data))
    }
}
