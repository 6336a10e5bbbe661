//! Tests of PayOS.

mod vectors;
