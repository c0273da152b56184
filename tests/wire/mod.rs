//! What goes over the wire, by page and under every kind of break.

pub(crate) mod pages;
pub(crate) mod server;
mod trouble;
