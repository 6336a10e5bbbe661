//! A guest's phone as a script could be it: makes a chain, has its end signed, shows codes.

use serde_json::{Value, json};
use shared::ids::EventId;
use shared::ticket::chain::step_at;
use shared::ticket::{Chain, Link, SignedChain};
use shared::time::Timestamp;

use crate::api::{Answer, Api};

/// One phone's chain for one ticket.
pub struct Phone {
    chain: Chain,
    seed: Link,
    last: u16,
    start: Timestamp,
    signed: Option<SignedChain>,
}

impl Phone {
    /// What the ticket's page offers, with a seed of our own.
    ///
    /// # Panics
    /// When the server refuses or offers nonsense.
    pub fn offered(api: &Api, page_url: &str, seed: u8) -> Self {
        let offer = api.get(&format!("{page_url}/chain")).ok();
        let number = |field: &str| offer[field].as_i64().expect("a number");
        let event = hex::decode(offer["event"].as_str().expect("hex")).expect("hex");
        Self {
            chain: Chain {
                event: EventId::from_bytes(event.try_into().expect("16 bytes")),
                serial: u32::try_from(number("serial")).expect("24 bits"),
                generation: u8::try_from(number("generation")).expect("a byte"),
            },
            seed: Link([seed; 16]),
            last: u16::try_from(number("steps")).expect("16 bits"),
            start: Timestamp::from_millis(number("notBefore")),
            signed: None,
        }
    }

    /// Posts the anchor, never the seed.
    pub fn post(&self, api: &Api, page_url: &str) -> Answer {
        let anchor = self.chain.walk(self.last, 0, self.seed);
        let body = json!({ "generation": self.chain.generation, "anchor": hex::encode(anchor.0) });
        api.post(&format!("{page_url}/chain"), &body)
    }

    /// # Panics
    /// When the server refuses.
    pub fn activated(api: &Api, page_url: &str, seed: u8) -> Self {
        let mut phone = Self::offered(api, page_url, seed);
        let answer: Value = phone.post(api, page_url).ok();
        let signed = hex::decode(answer["signed"].as_str().expect("hex")).expect("hex");
        phone.signed = Some(SignedChain::from_bytes(
            signed.try_into().expect("99 bytes"),
        ));
        phone
    }

    /// The digits that it shows when its clock is `ahead` seconds off ours.
    ///
    /// # Panics
    /// Before it was activated.
    pub fn code(&self, ahead: i64) -> String {
        let now = crate::journey::in_seconds(ahead).parse().expect("a time");
        let step = step_at(self.start, self.last, now);
        let reveal = self.chain.walk(self.last, step, self.seed);
        let signed = self.signed.expect("activated");
        signed.show(step, reveal).to_digits()
    }
}
