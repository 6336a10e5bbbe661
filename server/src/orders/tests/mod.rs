//! Tests of orders.

mod later;
mod model;
mod orders;
mod receipts;
