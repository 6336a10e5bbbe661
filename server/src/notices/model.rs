//! A mail to send; pure.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use crate::orders::model::Order;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Kind and subject: `order_paid:<order id>`.
    pub id: String,
    /// E-mail address.
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub created_at: Timestamp,
}

impl Notice {
    /// The buyer learns that the order is paid.
    pub fn order_paid(order: &Order, event_title: &str, now: Timestamp) -> Self {
        let tickets = order.tickets.len();
        Self {
            id: format!("order_paid:{}", order.id),
            recipient: order.buyer.email.clone(),
            subject: format!("Your tickets for {event_title}"),
            text: format!(
                "Hello {},\n\nyour order of {tickets} ticket(s) for {event_title} is paid: {}.\n\
                 Claim each ticket with the name of the person who will come.\n\nOrder {}\n",
                order.buyer.name, order.total, order.id
            ),
            created_at: now,
        }
    }
}

impl Entity for Notice {
    const COLLECTION: Collection = Collection {
        name: "notices",
        fields: &[Field::text("recipient")],
        indexes: &[Index::on("by_recipient", &["recipient"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.recipient.as_str().into()]
    }
}
