//! A server with a Stripe account, an event on sale, and a buyer.

use std::time::Duration;

use serde_json::{Value, json};
use tests::api::{Answer, Api};
use tests::journey::{self, Event, text};
use tests::poll;
use tests::server::Server;
use tests::stripe::{Session, Stripe};

use crate::reports::Report;

pub(crate) const PRICE: i64 = 250_000;
pub(crate) const WITHIN: Duration = Duration::from_mins(1);

pub(crate) struct Shop {
    pub(crate) stripe: Stripe,
    pub(crate) server: Server,
    pub(crate) database_url: Option<String>,
    pub(crate) organizer: Api,
    pub(crate) event: Event,
    pub(crate) buyer: Api,
}

impl Shop {
    pub(crate) fn open(hold_secs: u32, stock: u32, database_url: Option<&str>) -> Self {
        Self::configured("", hold_secs, stock, database_url)
    }

    /// With more settings.
    pub(crate) fn configured(
        settings: &str,
        hold_secs: u32,
        stock: u32,
        database_url: Option<&str>,
    ) -> Self {
        let stripe = Stripe::start();
        let account = stripe.environment();
        let env: Vec<(&str, &str)> = account
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let settings = format!("hold_ttl_secs = {hold_secs}\n{settings}");
        let server = Server::start_configured(&settings, database_url, &env);
        stripe.send_webhooks_to(&format!("{}/api/v1/payments/webhook/stripe", server.url()));
        let api = server.api();
        let organizer = journey::account(&api, "linh");
        let event = journey::event(&organizer, "Night of Strings", stock);
        let buyer = journey::account(&api, "mai");
        Self {
            stripe,
            server,
            database_url: database_url.map(str::to_owned),
            organizer,
            event,
            buyer,
        }
    }

    pub(crate) fn ordinary() -> Self {
        Self::open(600, 40, None)
    }

    pub(crate) fn order(&self, quantity: u32) -> String {
        text(&journey::order(&self.buyer, &self.event, quantity), "id")
    }

    pub(crate) fn start_payment(&self, order: &str) -> Answer {
        let body = json!({"orderId": order, "provider": "stripe"});
        self.buyer.post("/payments", &body)
    }

    /// An order and its session: order, payment, session.
    pub(crate) fn open_session(&self, quantity: u32) -> (String, String, Session) {
        let order = self.order(quantity);
        let payment = self.start_payment(&order).ok();
        let session = self.session_of(&payment);
        (order, text(&payment, "id"), session)
    }

    /// A paid order: order, payment, session.
    pub(crate) fn sold(&self, quantity: u32) -> (String, String, Session) {
        let (order, payment, session) = self.open_session(quantity);
        assert!(self.stripe.pay(&session.id));
        self.stripe.flush();
        self.until_order(&order, "PAID");
        (order, payment, session)
    }

    /// The session that the payment leads to.
    pub(crate) fn session_of(&self, payment: &Value) -> Session {
        let url = payment["checkoutUrl"].as_str().expect("where to pay");
        let sessions = self.stripe.sessions();
        let session = sessions.into_iter().find(|session| session.url() == url);
        session.unwrap_or_else(|| panic!("{url} is no session's"))
    }

    pub(crate) fn refund(&self, order: &str) -> Answer {
        let reason = json!({"reason": "rain"});
        self.organizer
            .post(&format!("/orders/{order}/refund"), &reason)
    }

    pub(crate) fn status(&self, what: &str, id: &str) -> Value {
        self.buyer.get(&format!("/{what}/{id}")).ok()["status"].clone()
    }

    pub(crate) fn until_payment(&self, payment: &str, status: &str) {
        poll::until(&format!("the payment to be {status}"), WITHIN, || {
            (self.status("payments", payment) == status).then_some(())
        });
    }

    pub(crate) fn until_order(&self, order: &str, status: &str) {
        poll::until(&format!("the order to be {status}"), WITHIN, || {
            (self.status("orders", order) == status).then_some(())
        });
    }

    /// The payer's browser comes back from Stripe.
    pub(crate) fn come_back(&self, payment: &str) -> String {
        self.server.api().page(&format!("/pay/{payment}"))
    }

    /// The organizer asks for a report and waits for it.
    pub(crate) fn report(&self) -> Report {
        Report::of(&self.organizer, &format!("/events/{}", self.event.id))
    }

    pub(crate) fn order_now(&self, order: &str) -> Value {
        self.buyer.get(&format!("/orders/{order}")).ok()
    }

    /// What is due to payers.
    pub(crate) fn due(&self) -> Vec<Value> {
        let path = format!("/events/{}/refunds", self.event.id);
        let due = self.event.api.get(&path).ok();
        due.as_array().cloned().unwrap_or_default()
    }
}
