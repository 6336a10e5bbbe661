//! Tests of stock: moves, batches, claims.

mod claims;
mod seating;
mod stock;

use serde_json::Value;

/// available, held, paid, total.
fn counts(stats: &Value) -> [u64; 4] {
    ["available", "held", "paid", "total"].map(|name| stats[name].as_u64().expect("a count"))
}

fn tickets(order: &Value) -> impl Iterator<Item = &Value> {
    order["tickets"].as_array().expect("tickets").iter()
}
