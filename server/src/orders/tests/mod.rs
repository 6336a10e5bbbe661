//! Tests of orders.

mod model;
mod orders;
