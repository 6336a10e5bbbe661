//! The server: REST, web pages, jobs, storage, signing. The binary is a thin shell around this.

pub mod platform;
