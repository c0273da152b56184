//! The one test binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod live;
mod report;
