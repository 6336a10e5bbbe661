//! A server with a PayOS channel, an event on sale, and a buyer.

use std::time::Duration;

use serde_json::{Value, json};
use tests::api::{Answer, Api};
use tests::journey::{self, Event, text};
use tests::payos::{Payos, Switches};
use tests::poll;
use tests::server::Server;

pub(crate) const PRICE: i64 = 250_000;
const WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Shop {
    pub(crate) payos: Payos,
    pub(crate) server: Server,
    pub(crate) event: Event,
    pub(crate) buyer: Api,
}

impl Shop {
    pub(crate) fn open(switches: Switches, stock: u32) -> Self {
        Self::open_with(switches, stock, &[])
    }

    pub(crate) fn open_with(switches: Switches, stock: u32, env: &[(&str, &str)]) -> Self {
        let payos = Payos::start(switches);
        let channel = payos.environment();
        let mut all: Vec<(&str, &str)> = channel
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.extend(env);
        let server = Server::start_with(None, &all);
        payos.send_webhooks_to(&format!("{}/api/v1/payments/webhook/payos", server.url()));
        let api = server.api();
        let event = journey::event(&journey::account(&api, "linh"), "Night of Strings", stock);
        let buyer = journey::account(&api, "mai");
        Self {
            payos,
            server,
            event,
            buyer,
        }
    }

    pub(crate) fn order(&self, quantity: u32) -> String {
        text(&journey::order(&self.buyer, &self.event, quantity), "id")
    }

    pub(crate) fn start_payment(&self, order: &str) -> Answer {
        let body = json!({"orderId": order, "provider": "payos"});
        self.buyer.post("/payments", &body)
    }

    /// An order and its link: order, payment, order code.
    pub(crate) fn linked(&self, quantity: u32) -> (String, String, i64) {
        let known: Vec<i64> = self.codes();
        let order = self.order(quantity);
        let payment = text(&self.start_payment(&order).ok(), "id");
        let new = self.codes().into_iter().find(|code| !known.contains(code));
        (order, payment, new.expect("a link"))
    }

    fn codes(&self) -> Vec<i64> {
        let links = self.payos.links();
        links.iter().map(|link| link.order_code).collect()
    }

    pub(crate) fn order_now(&self, order: &str) -> Value {
        self.buyer.get(&format!("/orders/{order}")).ok()
    }

    pub(crate) fn payment_now(&self, payment: &str) -> Value {
        self.buyer.get(&format!("/payments/{payment}")).ok()
    }

    /// Waits until the payment has that status.
    pub(crate) fn until_payment(&self, payment: &str, status: &str) {
        let mut seen = Value::Null;
        poll::until(&format!("the payment to be {status}"), WITHIN, || {
            seen = self.payment_now(payment);
            (seen["status"] == status).then_some(())
        });
    }

    pub(crate) fn until_order(&self, order: &str, status: &str) {
        poll::until(&format!("the order to be {status}"), WITHIN, || {
            (self.order_now(order)["status"] == status).then_some(())
        });
    }

    /// The payer's browser comes back from the gateway.
    pub(crate) fn come_back(&self, payment: &str) -> String {
        self.server.api().page(&format!("/pay/{payment}"))
    }

    /// What is due to payers.
    pub(crate) fn due(&self) -> Vec<Value> {
        let path = format!("/events/{}/refunds", self.event.id);
        let due = self.event.api.get(&path).ok();
        due.as_array().cloned().unwrap_or_default()
    }
}
