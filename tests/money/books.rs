//! The server's books, read from its database, against the money that the gateway saw. Shares no code
//! with either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use mongodb::bson::Document;
use mongodb::options::ClientOptions;
use mongodb::{Client, Collection};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tests::payos::Link;
use tests::poll;
use tests::server::Server;

use crate::shop::Shop;

const WITHIN: Duration = Duration::from_mins(1);
const TABLES: [&str; 5] = ["payos_links", "payments", "orders", "refunds", "invoices"];

/// Bodies by id.
pub(crate) type Rows = BTreeMap<String, Value>;

/// All that is written about money.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    links: Rows,
    payments: Rows,
    orders: Rows,
    pub(crate) refunds: Rows,
    invoices: Rows,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) transferred: i64,
    /// The price of what is sold.
    pub(crate) sold: i64,
    /// Owed, or given back.
    pub(crate) owed: i64,
}

impl Books {
    pub(crate) fn of(shop: &Shop) -> Self {
        let url = shop.database_url.as_deref();
        let [links, payments, orders, refunds, invoices] = rows(&shop.server, url, TABLES);
        Self {
            links,
            payments,
            orders,
            refunds,
            invoices,
        }
    }

    /// The ids of all payments.
    pub(crate) fn payments(&self) -> Vec<String> {
        self.payments.keys().cloned().collect()
    }

    /// What is wrong between the gateway's links and the books; nothing when all of it adds up. Per
    /// link: transferred = price of tickets + what the ledger has.
    pub(crate) fn wrong(&self, links: &[Link]) -> Vec<String> {
        let mut wrong = self.sold_twice();
        let mut seen: BTreeMap<i64, i64> = BTreeMap::new();
        for link in links {
            // A code that was used again stands for both links.
            *seen.entry(link.order_code).or_default() += link.paid();
        }
        for (code, transferred) in seen {
            let payment = self.links.get(&code.to_string());
            let id = payment.and_then(|link| link["payment"].as_str());
            let Some((id, payment)) = id.and_then(|id| Some((id, self.payments.get(id)?))) else {
                wrong.push(format!("nobody knows link {code}"));
                continue;
            };
            let received = whole(&payment["received"]["amount"]);
            let price = whole(&payment["amount"]["amount"]);
            let is_paid = payment["status"] == "PAID";
            let ledger = self.ledger_of(id);
            let order = &self.orders[payment["order_id"].as_str().unwrap_or_default()];
            let spent = if is_paid { sold(order) } else { 0 };
            let has_tickets = sold(order) > 0 && order["payment_id"] == id;
            if received != transferred || received != spent + ledger || is_paid != has_tickets {
                wrong.push(format!(
                    "link {code}: transferred {transferred}, received {received}, price {price}, {}, ledger {ledger}, order {}",
                    payment["status"], order["status"]
                ));
            }
        }
        let totals = self.totals(links);
        if totals.transferred != totals.sold + totals.owed {
            wrong.push(format!("in all: {totals:?}"));
        }
        wrong
    }

    /// What is wrong with what was written for the bookkeeper: invoices less credit notes are what orders
    /// keep, and a seller's numbers have no hole. Jobs write it, a moment later than the rest.
    fn unwritten(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, order) in &self.orders {
            let of_order = self.invoices.values().filter(|of| of["order_id"] == *id);
            let sums = of_order.map(|of| {
                let sign = if of["kind"]["is"] == "invoice" { 1 } else { -1 };
                sign * whole(&of["total"]["amount"])
            });
            let written: i64 = sums.sum();
            let kept = sold(order);
            if written != kept {
                wrong.push(format!("order {id} keeps {kept}, invoices say {written}"));
            }
        }
        let mut numbers: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for of in self.invoices.values() {
            let sequence = format!("{} {}", of["seller"], of["year"]);
            let is_new = numbers
                .entry(sequence)
                .or_default()
                .insert(whole(&of["serial"]));
            if !is_new {
                wrong.push(format!("number {} is there twice", of["number"]));
            }
        }
        for (sequence, numbers) in numbers {
            if !numbers
                .iter()
                .zip(1..)
                .all(|(number, expected)| *number == expected)
            {
                wrong.push(format!("{sequence} has a hole: {numbers:?}"));
            }
        }
        wrong
    }

    fn ledger_of(&self, payment: &str) -> i64 {
        let sums = self.refunds.values();
        let own = sums.filter(|sum| sum["payment_id"] == payment);
        own.map(|sum| whole(&sum["amount"]["amount"])).sum()
    }

    fn sold_twice(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let paid = self.orders.values().filter(|order| sold(order) > 0);
        let tickets = paid.flat_map(|order| order["tickets"].as_array().into_iter().flatten());
        tickets
            .filter(|ticket| !seen.insert(ticket.to_string()))
            .map(|ticket| format!("ticket {ticket} is sold twice"))
            .collect()
    }

    pub(crate) fn totals(&self, links: &[Link]) -> Totals {
        let refunds = self.refunds.values();
        Totals {
            transferred: links.iter().map(Link::paid).sum(),
            sold: self.orders.values().map(sold).sum(),
            owed: refunds.map(|sum| whole(&sum["amount"]["amount"])).sum(),
        }
    }
}

/// The price of those of an order's tickets that are sold and did not go back.
pub(crate) fn sold(order: &Value) -> i64 {
    if order["status"] == "PAID" || order["status"] == "PARTIALLY_REFUNDED" {
        whole(&order["total"]["amount"]) - whole(&order["refunded"])
    } else {
        0
    }
}

pub(crate) fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// The bodies in the server's tables.
pub(crate) fn rows<const N: usize>(
    server: &Server,
    database_url: Option<&str>,
    tables: [&'static str; N],
) -> [Rows; N] {
    match database_url {
        None => {
            let file = server.data().join("gatehouse.sqlite");
            tables.map(|table| sqlite_rows(&file, table))
        }
        Some(url) => mongo_rows(url, tables),
    }
}

fn sqlite_rows(database: &Path, table: &str) -> Rows {
    let open = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let open = open.expect("the database");
    let mut rows = open
        .prepare(&format!("SELECT id, body FROM {table}"))
        .expect("the table");
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
        .expect("rows");
    rows.map(|row| {
        let (id, body) = row.expect("a row");
        (id, serde_json::from_str(&body).expect("JSON"))
    })
    .collect()
}

fn mongo_rows<const N: usize>(url: &str, tables: [&'static str; N]) -> [Rows; N] {
    let read = async {
        let client = Client::with_options(ClientOptions::parse(url).await?)?;
        let database = client.default_database().expect("named in the address");
        let mut all = tables.map(|_| Rows::new());
        for (found, table) in all.iter_mut().zip(tables) {
            let rows: Collection<Document> = database.collection(table);
            let mut cursor = rows.find(Document::new()).await?;
            while cursor.advance().await? {
                let row = cursor.deserialize_current()?;
                let id = row.get_str("_id").expect("an id").to_owned();
                let body = row.get_document("body").expect("a body").clone();
                found.insert(id, serde_json::to_value(body).expect("JSON"));
            }
        }
        Ok::<_, mongodb::error::Error>(all)
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(read)
        .expect("the books")
}

/// Waits until the books are right, as payers do who come back to their pages.
pub(crate) fn balance(shop: &Shop, payments: &[String]) -> Totals {
    let mut last = Vec::new();
    let balanced = poll::within(WITHIN, || {
        for payment in payments {
            shop.come_back(payment);
        }
        let links = shop.payos.links();
        let books = Books::of(shop);
        last = books.wrong(&links);
        last.extend(books.unwritten());
        last.is_empty().then(|| books.totals(&links))
    });
    balanced.unwrap_or_else(|| panic!("the books do not balance: {last:#?}\n{}", shop.server.log()))
}
