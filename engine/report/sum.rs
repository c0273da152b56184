//! What was spent, summed reply by reply.

use crate::model::Usage;
use crate::report::Spent;

impl Default for Spent {
    /// Nothing was spent, and it is known that nothing was.
    fn default() -> Self {
        Spent {
            turns: 0,
            sent: 0,
            from_cache: 0,
            received: 0,
            estimated: false,
            usd: Some(0.0),
            known_usd: 0.0,
            unpriced: 0,
        }
    }
}

impl Spent {
    /// Adds a reply. One of unknown price makes the whole unknown.
    pub(super) fn add(&mut self, usage: Usage, estimated: bool, usd: Option<f64>) {
        self.turns = self.turns.saturating_add(1);
        self.sent = self.sent.saturating_add(usage.sent());
        self.from_cache = self.from_cache.saturating_add(usage.cache_read);
        self.received = self.received.saturating_add(usage.output);
        self.estimated |= estimated;
        // Rounded to what prices can express, so that sums do not end in noise.
        self.known_usd = ((self.known_usd + usd.unwrap_or_default()) * 1e9).round() / 1e9;
        self.unpriced += u32::from(usd.is_none());
        self.usd = (self.unpriced == 0).then_some(self.known_usd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unknown_price_makes_the_sum_unknown_and_not_zero() {
        let usage = Usage { input: 1, cache_read: 2, cache_write: 3, output: 4 };
        let mut spent = Spent::default();
        assert_eq!(spent.usd, Some(0.0));
        spent.add(usage, false, Some(0.1));
        spent.add(usage, false, Some(0.2));
        assert_eq!((spent.usd, spent.sent, spent.from_cache), (Some(0.3), 12, 4));
        spent.add(usage, true, None);
        assert_eq!((spent.usd, spent.known_usd, spent.unpriced), (None, 0.3, 1));
        assert!(spent.estimated);
    }
}
