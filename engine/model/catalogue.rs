//! What models cost and what aliases stand for.

use serde::{Deserialize, Serialize};

use crate::model::Usage;

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Sent, neither read from nor written to the cache.
    pub input: f64,
    /// Received.
    pub output: f64,
    /// Sent and read from the cache.
    pub cache_read: f64,
    /// Sent and written to the cache.
    pub cache_write: f64,
}

impl Price {
    /// Returns what these tokens cost, in US dollars.
    #[expect(clippy::cast_precision_loss, reason = "token counts stay far below 2^52")]
    pub fn cost(&self, usage: Usage) -> f64 {
        let million = |tokens: u64, price: f64| tokens as f64 * price / 1_000_000.0;
        million(usage.input, self.input)
            + million(usage.output, self.output)
            + million(usage.cache_read, self.cache_read)
            + million(usage.cache_write, self.cache_write)
    }
}
