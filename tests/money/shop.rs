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
    /// Where its books are, if not in a file of its own.
    pub(crate) database_url: Option<String>,
    pub(crate) organizer: Api,
    pub(crate) event: Event,
    pub(crate) buyer: Api,
}

/// What a shop is opened with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) switches: Switches,
    pub(crate) stock: u32,
    pub(crate) hold_secs: u32,
    pub(crate) database_url: Option<&'a str>,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self {
            switches: Switches::default(),
            stock: 20,
            hold_secs: 600,
            database_url: None,
        }
    }
}

/// Who writes an invoice for each order that is paid.
fn seller() -> Value {
    json!({
        "legalName": "Linh's Nights", "address": ["1 Tràng Tiền", "Hà Nội"], "country": "VN",
        "email": "books@example.org", "prefix": "LN", "timezone": "Asia/Ho_Chi_Minh", "automatic": true,
    })
}

impl Shop {
    pub(crate) fn open(plan: Plan<'_>) -> Self {
        let payos = Payos::start(plan.switches);
        let channel = payos.environment();
        let env: Vec<(&str, &str)> = channel
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let settings = format!("hold_ttl_secs = {}\n", plan.hold_secs);
        let server = Server::start_configured(&settings, plan.database_url, &env);
        payos.send_webhooks_to(&format!("{}/api/v1/payments/webhook/payos", server.url()));
        let api = server.api();
        let organizer = journey::account(&api, "linh");
        let event = journey::event(&organizer, "Night of Strings", plan.stock);
        let buyer = journey::account(&api, "mai");
        organizer.put("/auth/me/invoicing", &seller()).ok();
        Self {
            payos,
            server,
            database_url: plan.database_url.map(str::to_owned),
            organizer,
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
        self.linked_in(&self.event, quantity)
    }

    pub(crate) fn linked_in(&self, event: &Event, quantity: u32) -> (String, String, i64) {
        let order = text(&journey::order(&self.buyer, event, quantity), "id");
        let payment = self.start_payment(&order).ok();
        let code = self.code_of(&payment);
        (order, text(&payment, "id"), code)
    }

    /// The order code of the link that the payment leads to.
    pub(crate) fn code_of(&self, payment: &Value) -> i64 {
        let url = payment["checkoutUrl"].as_str().expect("where to pay");
        let links = self.payos.links();
        let link = links.iter().find(|link| url.ends_with(&link.id));
        link.unwrap_or_else(|| panic!("{url} is no link's"))
            .order_code
    }

    pub(crate) fn order_now(&self, order: &str) -> Value {
        self.buyer.get(&format!("/orders/{order}")).ok()
    }

    pub(crate) fn payment_now(&self, payment: &str) -> Value {
        self.buyer.get(&format!("/payments/{payment}")).ok()
    }

    /// Waits until the payment has that status.
    pub(crate) fn until_payment(&self, payment: &str, status: &str) {
        poll::until(&format!("the payment to be {status}"), WITHIN, || {
            (self.payment_now(payment)["status"] == status).then_some(())
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

    /// The payer waits on the page until it says that.
    pub(crate) fn until_page(&self, payment: &str, says: &str) {
        poll::until(&format!("the page to say {says:?}"), WITHIN, || {
            self.come_back(payment).contains(says).then_some(())
        });
    }

    /// What is due to payers.
    pub(crate) fn due(&self) -> Vec<Value> {
        let path = format!("/events/{}/refunds", self.event.id);
        let due = self.event.api.get(&path).ok();
        due.as_array().cloned().unwrap_or_default()
    }
}
