//! The server's books, read from its database, against the money that the gateway saw. Shares no code
//! with either.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tests::payos::Link;
use tests::poll;

use crate::shop::Shop;

const WITHIN: Duration = Duration::from_secs(60);

fn bodies(database: &Path, table: &str) -> Vec<Value> {
    let open = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let open = open.expect("the database");
    let mut rows = open
        .prepare(&format!("SELECT body FROM {table}"))
        .expect("the table");
    let texts = rows
        .query_map([], |row| row.get::<_, String>(0))
        .expect("rows");
    texts
        .map(|text| serde_json::from_str(&text.expect("a row")).expect("JSON"))
        .collect()
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// What is wrong between the gateway's transfers and the books; nothing when all of it adds up: per
/// link, transferred = price of tickets + owed or given back, and the ledger has every sum that is
/// owed.
fn wrong(shop: &Shop) -> Vec<String> {
    let database = shop.server.data().join("gatehouse.sqlite");
    let links: BTreeMap<i64, Value> = bodies(&database, "payos_links")
        .into_iter()
        .map(|link| (whole(&link["order_code"]), link))
        .collect();
    let by_id = |table: &str| -> BTreeMap<String, Value> {
        let id = |body: &Value| body["id"].as_str().unwrap_or_default().to_owned();
        let rows = bodies(&database, table).into_iter();
        rows.map(|body| (id(&body), body)).collect()
    };
    let payments = by_id("payments");
    let orders = by_id("orders");
    let mut owed: BTreeMap<String, i64> = BTreeMap::new();
    for refund in bodies(&database, "refunds") {
        let payment = refund["payment_id"].as_str().unwrap_or_default().to_owned();
        *owed.entry(payment).or_default() += whole(&refund["amount"]["amount"]);
    }
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    for link in shop.payos.links() {
        // A code that was used again stands for both links.
        *seen.entry(link.order_code).or_insert(0) += link.paid();
    }
    for (code, transferred) in seen {
        let Some(link) = links.get(&code) else {
            wrong.push(format!("nobody knows link {code}"));
            continue;
        };
        let id = link["payment"].as_str().unwrap_or_default();
        let Some(payment) = payments.get(id) else {
            wrong.push(format!("nobody knows payment {id}"));
            continue;
        };
        let received = whole(&payment["received"]["amount"]);
        let price = whole(&payment["amount"]["amount"]);
        let is_paid = payment["status"] == "PAID";
        let spent = if is_paid { price } else { 0 };
        let ledger = owed.get(id).copied().unwrap_or_default();
        let order = &orders[payment["order_id"].as_str().unwrap_or_default()];
        let has_tickets = order["status"] == "PAID" && order["payment_id"] == id;
        if received != transferred || received != spent + ledger || is_paid != has_tickets {
            wrong.push(format!(
                "link {code}: transferred {transferred}, received {received}, price {price}, {}, ledger {ledger}, order {}",
                payment["status"], order["status"]
            ));
        }
    }
    wrong
}

/// Looks are asked for until the books are right, as payers do who come back and wait.
pub(crate) fn balance(shop: &Shop, payments: &[String]) {
    let mut last = Vec::new();
    poll::until("the books to balance", WITHIN, || {
        for payment in payments {
            shop.come_back(payment);
        }
        last = wrong(shop);
        if !last.is_empty() && std::env::var_os("GATEHOUSE_MONEY_VERBOSE").is_some() {
            eprintln!("{last:?}");
        }
        last.is_empty().then_some(())
    });
}

/// All that was ever transferred.
pub(crate) fn transferred(links: &[Link]) -> i64 {
    links.iter().map(Link::paid).sum()
}
