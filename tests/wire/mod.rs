//! What goes over the wire, by page and under every kind of break.

mod pages;
mod server;
mod trouble;
