//! What every handler uses: extractors that refuse in the one error shape, the caller, paging,
//! and the middleware around all routes.
//!
//! Invariants: a handler never sees input that did not parse; a refusal names the field where it
//! is known; nothing here logs a body, a header value or a raw path.

mod access;
pub mod attempt;
mod body;
pub mod caller;
pub mod extract;
pub mod guard;
pub mod load;
pub mod page;
mod paper;
pub mod probes;
mod words;

pub use access::{Access, Scopes};
pub use caller::{Caller, ClientIp, MaybeCaller};
pub use extract::{Binary, Form, Json, Path, Query, RawBody};
pub use page::PageParams;
pub use paper::as_pdf;
