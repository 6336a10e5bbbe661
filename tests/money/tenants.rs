//! Organizations with accounts of their own at the gateways: no money and no notice crosses.

use serde_json::{Value, json};
use tests::api::Api;
use tests::journey::{self, Event, in_seconds, text};
use tests::mongo::ReplicaSet;
use tests::payos::{Payos, Switches};
use tests::poll;
use tests::server::Server;
use tests::stripe::{Session, SessionStatus, Stripe};

use crate::reports::Report;
use crate::shop::PRICE;
use crate::stripe::shop::WITHIN;

/// An organization with an event on sale.
struct House {
    owner: Api,
    id: String,
    event: Event,
    stripe: Stripe,
    payos: Payos,
}

struct Street {
    server: Server,
    stripe: Stripe,
    payos: Payos,
    buyer: Api,
}

impl Street {
    fn open(settings: &str, database_url: Option<&str>) -> Self {
        let stripe = Stripe::start();
        let payos = Payos::start(Switches::default());
        let mut env: Vec<(String, String)> = stripe.environment().into();
        env.extend(payos.environment());
        let env: Vec<(&str, &str)> = env.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let server = Server::start_configured(settings, database_url, &env);
        let buyer = journey::account(&server.api(), "mai");
        Self {
            server,
            stripe,
            payos,
            buyer,
        }
    }

    /// Founded, with an event, and without accounts.
    fn house(&self, name: &str) -> House {
        let owner = journey::account(&self.server.api(), name);
        let founded = owner.post("/organizations", &json!({"name": name})).ok();
        let id = text(&founded, "id");
        let event = journey::event(&owner, name, 40);
        let to = json!({"organizationId": id});
        owner
            .put(&format!("/events/{}/organization", event.id), &to)
            .ok();
        House {
            owner,
            id,
            event,
            stripe: self.stripe.open_account(name),
            payos: self.payos.open_channel(name),
        }
    }

    fn started(&self, event: &Event, provider: &str) -> (String, Value) {
        let order = text(&journey::order(&self.buyer, event, 1), "id");
        let body = json!({"orderId": order, "provider": provider});
        let payment = self.buyer.post("/payments", &body);
        assert_eq!(payment.status, 201, "{}", payment.text);
        (order, payment.json)
    }

    fn until(&self, what: &str, id: &str, status: &str) {
        poll::until(&format!("{what} {id} to be {status}"), WITHIN, || {
            let now = self.buyer.get(&format!("/{what}/{id}")).ok();
            (now["status"] == status).then_some(())
        });
    }

    /// Bought by card: order, payment, session.
    fn sold(&self, house: &House, stripe: &Stripe) -> (String, String, Session) {
        let (order, payment) = self.started(&house.event, "stripe");
        let session = session_of(stripe, &payment);
        assert!(stripe.pay(&session.id));
        stripe.flush();
        self.until("orders", &order, "PAID");
        (order, text(&payment, "id"), session)
    }
}

impl House {
    fn path(&self, rest: &str) -> String {
        format!("/organizations/{}/payment-accounts{rest}", self.id)
    }

    /// As an owner does it: the keys go in, the gateways learn the address.
    fn set_accounts(&self) {
        self.set_stripe(&self.stripe);
        let (client_id, api_key, checksum_key) = self.payos.keys();
        let keys = json!({"clientId": client_id, "apiKey": api_key, "checksumKey": checksum_key});
        let set = self.owner.put(&self.path("/payos"), &keys).ok();
        assert_eq!(text(&set, "account"), client_id);
        let confirmed = self
            .owner
            .post(&self.path("/payos/webhook"), &json!({}))
            .ok();
        assert!(confirmed["webhookConfirmedAt"].is_string(), "{confirmed}");
    }

    fn set_stripe(&self, stripe: &Stripe) -> Value {
        let (secret_key, webhook_secret) = stripe.keys();
        let keys = json!({"secretKey": secret_key, "webhookSecret": webhook_secret});
        let set = self.owner.put(&self.path("/stripe"), &keys).ok();
        let accounts = self.owner.get(&self.path("")).ok();
        stripe.send_webhooks_to(&text(&accounts, "stripeWebhookUrl"));
        set
    }

    fn report(&self) -> Report {
        Report::of(&self.owner, &format!("/organizations/{}", self.id))
    }

    fn refund(&self, order: &str) {
        let reason = json!({"reason": "rain"});
        self.owner
            .post(&format!("/orders/{order}/refund"), &reason)
            .ok();
    }
}

fn session_of(stripe: &Stripe, payment: &Value) -> Session {
    let url = payment["checkoutUrl"].as_str().expect("where to pay");
    let mut sessions = stripe.sessions().into_iter();
    let session = sessions.find(|session| session.url() == url);
    session.unwrap_or_else(|| panic!("{url} is no session's of this account"))
}

#[test]
fn no_money_and_no_notice_crosses() {
    // A9 P6 P1
    crosses(&Street::open("", None));
}

#[test]
fn no_money_and_no_notice_crosses_on_mongodb() {
    // A9 P6 P1
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    crosses(&Street::open("", Some(&mongo.url_of("tenants"))));
}

fn crosses(street: &Street) {
    let houses = [street.house("opera"), street.house("club")];
    let [opera, club] = &houses;
    opera.set_accounts();
    club.set_accounts();
    let sold = [opera, club].map(|house| street.sold(house, &house.stripe));
    assert!(
        street.stripe.sessions().is_empty(),
        "the server's own account took nothing"
    );
    notices_cross(street, opera, club);

    // Each transfer is told at its own address.
    for house in [opera, club] {
        let (order, payment) = street.started(&house.event, "payos");
        let link = house.payos.links().pop().expect("a link");
        assert!(text(&payment, "checkoutUrl").ends_with(&link.id));
        house.payos.transfer(link.order_code, PRICE, "x");
        assert_eq!(house.payos.flush(), 1);
        street.until("orders", &order, "PAID");
    }
    assert!(street.payos.links().is_empty());

    // Money goes back the way it came.
    opera.refund(&sold[0].0);
    street.until("payments", &sold[0].1, "REFUNDED");
    assert_eq!(
        (opera.stripe.refunds().len(), club.stripe.refunds().len()),
        (1, 0)
    );

    // A notice by somebody else's hand that is about a stranger's refund or dispute changes nothing.
    assert!(club.stripe.refund_by_hand(&sold[1].2.id, 1_000));
    club.stripe.flush();
    street.until("orders", &sold[1].0, "PARTIALLY_REFUNDED");
    reports_stay_at_home(opera, club);
    let stolen =
        json!({"secretKey": opera.stripe.keys().0, "webhookSecret": opera.stripe.keys().1});
    assert_eq!(opera.owner.put(&club.path("/stripe"), &stolen).status, 404);
    let log = street.server.log();
    for house in [opera, club] {
        let (a, b) = house.stripe.keys();
        let (_, c, d) = house.payos.keys();
        assert!([a, b, c, d].iter().all(|key| !log.contains(key.as_str())));
    }
}

/// One's notice at the other's address, and signed by the other: nobody believes it, or it is
/// nobody's.
fn notices_cross(street: &Street, opera: &House, club: &House) {
    let (order, payment) = street.started(&opera.event, "stripe");
    let session = session_of(&opera.stripe, &payment);
    assert!(opera.stripe.pay(&session.id));
    let at = opera.stripe.events().len() - 1;
    let body = opera.stripe.events()[at].body.to_string();
    let signed =
        |stripe: &Stripe| tests::stripe::signature(&body, &stripe.keys().1, tests::stripe::now());
    assert_eq!(club.stripe.send(&body, &signed(&opera.stripe)), 401);
    assert_eq!(opera.stripe.send(&body, &signed(&club.stripe)), 401);
    assert_eq!(
        club.stripe.send(&body, &signed(&club.stripe)),
        200,
        "it may say what it likes"
    );
    assert_eq!(
        opera.stripe.deliver(at),
        200,
        "and has used up no name of the other's"
    );
    street.until("orders", &order, "PAID");
}

/// Reports tell of one's own, and only to one's own.
fn reports_stay_at_home(opera: &House, club: &House) {
    let (ours, theirs) = (opera.report(), club.report());
    assert_eq!(
        (ours.findings(), theirs.findings()),
        (Vec::new(), Vec::new())
    );
    let names = ["charged", "sold", "back"];
    assert_eq!(
        names.map(|name| ours.sum(name)),
        [3 * PRICE, 2 * PRICE, PRICE]
    );
    assert_eq!(
        names.map(|name| theirs.sum(name)),
        [2 * PRICE, 2 * PRICE - 1_000, 1_000]
    );
    opera.stripe.charge_elsewhere(5_000, &json!({}));
    assert_eq!(
        (
            opera.report().view["otherBusiness"].clone(),
            club.report().view["otherBusiness"].clone()
        ),
        (json!(1), json!(0))
    );
    for path in [
        club.path(""),
        format!("/organizations/{}/reconciliations", club.id),
        format!("/reconciliations/{}", text(&theirs.view, "id")),
        format!("/reconciliations/{}/csv", text(&theirs.view, "id")),
    ] {
        assert_eq!(opera.owner.get(&path).status, 404, "{path}");
    }
}

#[test]
fn keys_go_in_and_never_out() {
    // A9
    let street = Street::open("", None);
    let house = street.house("opera");
    // The gateway says no: nothing is stored.
    let wrong = json!({"secretKey": "sk_test_nobody_1234", "webhookSecret": "whsec_nobody_1234"});
    let refused = house.owner.put(&house.path("/stripe"), &wrong);
    assert_eq!((refused.status, refused.code()), (422, "keys_refused"));
    let wrong = json!({"clientId": "nobody-channel", "apiKey": "nobody-key-0001", "checksumKey": "0".repeat(64)});
    let refused = house.owner.put(&house.path("/payos"), &wrong);
    assert_eq!((refused.status, refused.code()), (422, "keys_refused"));
    let nonsense = json!({"secretKey": "pk_test_12345678", "webhookSecret": "secret-12345"});
    let refused = house.owner.put(&house.path("/stripe"), &nonsense);
    assert_eq!((refused.status, refused.code()), (400, "validation"));
    assert_eq!(house.owner.get(&house.path("")).ok()["accounts"], json!([]));

    house.set_accounts();
    let shown = house.owner.get(&house.path("")).ok();
    let accounts = shown["accounts"].as_array().expect("accounts");
    let of = |at: usize| {
        (
            accounts[at]["account"].clone(),
            accounts[at]["lastFour"].clone(),
        )
    };
    assert_eq!(of(0), (json!("acct_opera"), json!("0001")));
    assert_eq!(of(1), (json!("opera-channel"), json!("0001")));
    let (secret_key, webhook_secret) = house.stripe.keys();
    let (_, api_key, checksum_key) = house.payos.keys();
    let file = std::fs::read(street.server.data().join("gatehouse.sqlite")).expect("the database");
    let wal = std::fs::read(street.server.data().join("gatehouse.sqlite-wal")).unwrap_or_default();
    for key in [secret_key, webhook_secret, api_key, checksum_key] {
        assert!(!shown.to_string().contains(&key), "in the answer");
        let holds = |bytes: &[u8]| bytes.windows(key.len()).any(|at| at == key.as_bytes());
        assert!(!holds(&file) && !holds(&wal), "in the database");
    }
}

#[test]
fn what_an_account_has_opened_stays_with_it() {
    // A9 P5: another account takes the next payments; the one before still pays back its own
    let street = Street::open("", None);
    let house = street.house("opera");
    house.set_accounts();
    let (sold, paid, _) = street.sold(&house, &house.stripe);
    let (open_order, payment) = street.started(&house.event, "stripe");
    let open = session_of(&house.stripe, &payment);
    // The owner rolls the key: the old one opens nothing, and the new one is the same account's.
    house.stripe.roll_key("sk_test_opera_0002");
    let rolled = house.set_stripe(&house.stripe);
    assert_eq!(rolled["lastFour"], "0002");
    let second = street.stripe.open_account("opera2");
    house.set_stripe(&second);
    let (_, _, session) = street.sold(&house, &second);
    assert!(second.sessions().iter().any(|of| of.id == session.id));

    assert!(house.stripe.pay(&open.id));
    house.stripe.flush();
    street.until("orders", &open_order, "PAID");
    house.refund(&sold);
    street.until("payments", &paid, "REFUNDED");
    assert_eq!(
        (house.stripe.refunds().len(), second.refunds().len()),
        (1, 0)
    );
    assert_eq!(house.report().findings(), []);

    // Nobody takes keys away that money needs.
    let refused = house.owner.delete(&house.path("/stripe"));
    assert_eq!(
        (refused.status, refused.code()),
        (409, "money_in_flight"),
        "{}",
        refused.text
    );
    assert_eq!(refused.json["details"]["refundable"], "1");
}

#[test]
fn an_account_that_is_not_needed_can_be_taken_away() {
    // A9: the server's own takes the next payments, where it is lent
    let street = Street::open("", None);
    let house = street.house("opera");
    assert_eq!(house.owner.delete(&house.path("/stripe")).status, 404);
    house.set_accounts();
    let (order, payment) = street.started(&house.event, "stripe");
    let refused = house.owner.delete(&house.path("/stripe"));
    assert_eq!((refused.status, refused.code()), (409, "money_in_flight"));
    assert_eq!(refused.json["details"]["pending"], "1");
    street
        .buyer
        .post(&format!("/orders/{order}/cancel"), &json!({}))
        .ok();
    street.until("payments", &text(&payment, "id"), "CANCELLED");
    assert_eq!(
        session_of(&house.stripe, &payment).status,
        SessionStatus::Expired
    );
    assert_eq!(house.owner.delete(&house.path("/stripe")).status, 204);
    let (_, payment) = street.started(&house.event, "stripe");
    assert_eq!(payment["account"], Value::Null);
    session_of(&street.stripe, &payment);
}

#[test]
fn an_operator_may_lend_no_account() {
    // A9
    let street = Street::open("[payments]\nlend_accounts = false\n", None);
    let house = street.house("opera");
    for provider in ["stripe", "payos"] {
        let order = text(&journey::order(&street.buyer, &house.event, 1), "id");
        let body = json!({"orderId": order, "provider": provider});
        let refused = street.buyer.post("/payments", &body);
        assert_eq!(
            (refused.status, refused.code()),
            (422, "provider_unavailable")
        );
    }
    house.set_accounts();
    street.sold(&house, &house.stripe);
    let period = json!({"from": in_seconds(60), "to": in_seconds(-60)});
    let backwards = house.owner.post(
        &format!("/organizations/{}/reconciliations", house.id),
        &period,
    );
    assert_eq!((backwards.status, backwards.code()), (400, "validation"));
}
