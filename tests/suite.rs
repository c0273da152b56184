//! The one test binary.

mod wire;
