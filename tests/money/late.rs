//! Money for a link that is over, under every setting of what nobody documented (P3).

use tests::journey::{self, Event};
use tests::payos::{Late, Status, Switches};

use crate::books::balance;
use crate::shop::{PRICE, Plan, Shop};

/// One setting's link.
struct Case {
    switches: Switches,
    event: Event,
    order: String,
    payment: String,
    code: i64,
}

impl Case {
    /// Half of the settings lose the race for the only ticket.
    fn is_taken(&self) -> bool {
        self.switches.cancel_again_is_fine
    }

    /// Half of the links expire by the gateway's clock; the others are cancelled when the hold ends.
    fn expires_there(&self) -> bool {
        self.switches.cancel_frees_the_code
    }
}

#[test]
fn late_money_buys_or_goes_back_whatever_the_gateway_does() {
    // P3: all settings, one after the other, in one shop
    let shop = Shop::open(Plan {
        hold_secs: 4,
        ..Plan::default()
    });
    let cases: Vec<Case> = Switches::all()
        .into_iter()
        .map(|switches| start(&shop, switches))
        .collect();
    assert_eq!(cases.len(), 32);
    for case in &cases {
        shop.until_order(&case.order, "EXPIRED");
        shop.until_payment(&case.payment, "CANCELLED");
    }
    let mut payments = Vec::new();
    for case in &cases {
        if case.is_taken() {
            let (order, payment, code) = shop.linked_in(&case.event, 1);
            shop.payos.transfer(code, PRICE, "x");
            assert_eq!(shop.payos.flush(), 1);
            shop.until_order(&order, "PAID");
            payments.push(payment);
        }
        shop.payos.transfer(case.code, PRICE, "late");
        shop.payos.flush();
        payments.push(case.payment.clone());
    }
    balance(&shop, &payments);
    for case in &cases {
        let order = shop.order_now(&case.order)["status"].clone();
        let payment = shop.payment_now(&case.payment)["status"].clone();
        let came_to = match case.switches.late {
            Late::Unseen => ("EXPIRED", "CANCELLED"),
            Late::Revives if !case.is_taken() => ("PAID", "PAID"),
            // Not PAID at the gateway, or the ticket is gone.
            Late::Revives | Late::Tells | Late::Lists => ("EXPIRED", "REFUND_DUE"),
        };
        assert_eq!(
            (order.as_str(), payment.as_str()),
            (Some(came_to.0), Some(came_to.1)),
            "{:?}",
            case.switches
        );
    }
}

fn start(shop: &Shop, switches: Switches) -> Case {
    shop.payos.switch(switches);
    let event = journey::event(&shop.organizer, "One chair", 1);
    let (order, payment, code) = shop.linked_in(&event, 1);
    let case = Case {
        switches,
        event,
        order,
        payment,
        code,
    };
    if case.expires_there() {
        shop.payos.force(code, Some(Status::Expired));
    }
    case
}
