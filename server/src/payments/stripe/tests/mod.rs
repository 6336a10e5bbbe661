//! Stripe without Stripe: signatures, and what an event means.

mod vectors;
