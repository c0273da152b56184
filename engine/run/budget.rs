//! Limits that hold: every request reserves what it could cost before it is sent.
//!
//! **Invariant:** by the price table, what is spent and reserved never passes a limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::playbook::Budget;
use crate::run::past::Earlier;

/// What a request may cost, or did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cost {
    /// US dollars; 0 where no limit speaks of money.
    pub(super) usd: f64,
    /// Tokens, sent and received.
    pub(super) tokens: u64,
}

/// A limit that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spent {
    /// What is spent, for the person.
    pub(super) text: String,
    /// Whether it is the run's own limit, which stops everything.
    pub(super) whole_run: bool,
}

/// The accounts of one run.
#[derive(Debug)]
struct Ledger {
    levels: Mutex<Vec<Level>>,
    settled: Notify,
    began: Instant,
}

#[derive(Debug)]
struct Level {
    name: String,
    limits: Budget,
    spent: Cost,
    held: Cost,
    holds: u32,
    turns: u32,
    began: Duration,
    waited: Duration,
    /// What was taken before the run went on.
    earlier: Duration,
}

/// Where a stage's or an item's requests are booked: its own limits and those around it.
#[derive(Debug, Clone)]
pub(super) struct Account {
    ledger: Arc<Ledger>,
    levels: Vec<usize>,
}

/// A reservation. Dropped without being settled, it stays spent: it may have been billed.
#[derive(Debug)]
pub(super) struct Hold {
    account: Account,
    cost: Cost,
    settled: bool,
}

enum Room {
    Fits,
    Waits,
    Spent(Spent),
}

impl Account {
    /// Opens the account of a run.
    pub(super) fn open(limits: Budget) -> Self {
        let ledger =
            Ledger { levels: Mutex::default(), settled: Notify::new(), began: Instant::now() };
        let account = Account { ledger: Arc::new(ledger), levels: Vec::new() };
        account.within("the run", limits)
    }

    /// Opens an account within this one.
    pub(super) fn within(&self, name: impl Into<String>, limits: Budget) -> Self {
        let level = Level {
            name: name.into(),
            limits,
            spent: Cost::default(),
            held: Cost::default(),
            holds: 0,
            turns: 0,
            began: self.ledger.began.elapsed(),
            waited: Duration::ZERO,
            earlier: Duration::ZERO,
        };
        let mut levels = self.levels();
        levels.push(level);
        let index = levels.len() - 1;
        drop(levels);
        let mut account = self.clone();
        account.levels.push(index);
        account
    }

    /// Books what was spent before the run went on.
    pub(super) fn charge(&self, spent: Earlier) {
        let mut levels = self.levels();
        let Some(level) = self.levels.last().map(|&index| &mut levels[index]) else { return };
        level.spent.usd += spent.cost.usd;
        level.spent.tokens += spent.cost.tokens;
        level.turns += spent.turns;
        level.earlier += spent.taken;
    }

    /// Reserves one request. One that does not fit waits for others to settle, then is refused.
    pub(super) async fn reserve(&self, cost: Cost) -> Result<Hold, Spent> {
        loop {
            let settled = self.ledger.settled.notified();
            let mut settled = std::pin::pin!(settled);
            settled.as_mut().enable();
            match self.hold(cost) {
                Room::Fits => return Ok(Hold { account: self.clone(), cost, settled: false }),
                Room::Waits => settled.await,
                Room::Spent(spent) => return Err(spent),
            }
        }
    }

    /// Leaves time that was spent waiting for people out of the reckoning.
    pub(super) fn pause(&self, waited: Duration) {
        let mut levels = self.levels();
        for &index in &self.levels {
            levels[index].waited += waited;
        }
    }

    /// Returns how long may still be taken, where a limit speaks of time.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let levels = self.levels();
        self.levels.iter().filter_map(|&index| self.left(&levels[index])).min()
    }

    fn left(&self, level: &Level) -> Option<Duration> {
        let limit = Duration::try_from_secs_f64(level.limits.minutes? * 60.0).ok()?;
        let taken = self.ledger.began.elapsed().saturating_sub(level.began + level.waited);
        Some(limit.saturating_sub(taken + level.earlier))
    }

    fn hold(&self, cost: Cost) -> Room {
        let mut levels = self.levels();
        for (depth, &index) in self.levels.iter().enumerate() {
            let level = &levels[index];
            if let Some(over) = level.over(cost, self.left(level)) {
                if level.holds > 0 && over.may_settle {
                    return Room::Waits;
                }
                let text = format!("the budget of {} is spent: {}", level.name, over.text);
                return Room::Spent(Spent { text, whole_run: depth == 0 });
            }
        }
        for &index in &self.levels {
            let level = &mut levels[index];
            level.held.usd += cost.usd;
            level.held.tokens += cost.tokens;
            level.holds += 1;
            level.turns += 1;
        }
        Room::Fits
    }

    fn levels(&self) -> MutexGuard<'_, Vec<Level>> {
        self.ledger.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Over {
    text: String,
    may_settle: bool,
}

impl Level {
    /// Says which limit a cost would pass.
    fn over(&self, cost: Cost, time_left: Option<Duration>) -> Option<Over> {
        if time_left == Some(Duration::ZERO) {
            let minutes = self.limits.minutes.unwrap_or_default();
            return Some(Over { text: format!("{minutes} minutes"), may_settle: false });
        }
        if let Some(turns) = self.limits.turns.filter(|turns| self.turns >= *turns) {
            return Some(Over { text: format!("{turns} turns"), may_settle: false });
        }
        let usd = self.spent.usd + self.held.usd + cost.usd;
        if let Some(limit) = self.limits.usd.filter(|limit| usd > *limit) {
            let spent = self.spent.usd;
            let text = format!(
                "${spent:.2} of ${limit:.2}, and the next request may cost ${:.2}",
                cost.usd
            );
            return Some(Over { text, may_settle: true });
        }
        let tokens = self.spent.tokens + self.held.tokens + cost.tokens;
        if let Some(limit) = self.limits.tokens.filter(|limit| tokens > *limit) {
            let spent = self.spent.tokens;
            let text =
                format!("{spent} of {limit} tokens, and the next request may take {}", cost.tokens);
            return Some(Over { text, may_settle: true });
        }
        None
    }
}

impl Hold {
    /// Books what the request really cost.
    pub(super) fn settle(mut self, cost: Cost) {
        self.book(cost);
    }

    fn book(&mut self, cost: Cost) {
        if self.settled {
            return;
        }
        self.settled = true;
        let mut levels = self.account.levels();
        for &index in &self.account.levels {
            let level = &mut levels[index];
            level.held.usd = (level.held.usd - self.cost.usd).max(0.0);
            level.held.tokens = level.held.tokens.saturating_sub(self.cost.tokens);
            level.holds = level.holds.saturating_sub(1);
            level.spent.usd += cost.usd;
            level.spent.tokens += cost.tokens;
        }
        drop(levels);
        self.account.ledger.settled.notify_waiters();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.book(self.cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(tokens: u64) -> Cost {
        Cost { usd: 0.0, tokens }
    }

    #[tokio::test]
    async fn a_reservation_that_does_not_fit_is_refused_before_it_is_spent() {
        let account = Account::open(Budget { tokens: Some(100), ..Budget::default() });
        account.reserve(tokens(60)).await.unwrap().settle(tokens(50));
        let spent = account.reserve(tokens(60)).await.unwrap_err();
        assert!(spent.whole_run);
        assert_eq!(
            spent.text,
            "the budget of the run is spent: 50 of 100 tokens, and the next request may take 60"
        );
    }

    #[tokio::test]
    async fn a_reservation_waits_for_others_to_settle() {
        let account = Account::open(Budget { tokens: Some(100), ..Budget::default() });
        let first = account.reserve(tokens(80)).await.unwrap();
        let waiting = tokio::spawn({
            let account = account.clone();
            async move { account.reserve(tokens(80)).await.map(|hold| hold.settle(tokens(1))) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        first.settle(tokens(20));
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn a_request_that_was_dropped_stays_spent() {
        let account = Account::open(Budget { tokens: Some(100), ..Budget::default() });
        drop(account.reserve(tokens(80)).await.unwrap());
        assert!(account.reserve(tokens(30)).await.is_err());
    }

    #[tokio::test]
    async fn a_stage_has_its_own_limit_within_the_run() {
        let run = Account::open(Budget { turns: Some(9), ..Budget::default() });
        let stage = run.within("`init`", Budget { turns: Some(1), ..Budget::default() });
        stage.reserve(tokens(1)).await.unwrap().settle(tokens(1));
        let spent = stage.reserve(tokens(1)).await.unwrap_err();
        assert_eq!(spent.text, "the budget of `init` is spent: 1 turns");
        assert!(!spent.whole_run);
        assert!(run.reserve(tokens(1)).await.is_ok());
    }
}
