//! Limits that hold: every request reserves what it could cost before it is sent.
//!
//! **Invariant:** by the price table, what is spent and reserved never passes a limit.

mod tries;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::{TurnId, Usage};
use crate::playbook::Budget;
use crate::run::Model;
use crate::run::past::Earlier;

pub(super) use tries::Tries;

/// What a request may cost, or did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cost {
    /// US dollars; 0 where no limit speaks of money.
    pub(super) usd: f64,
    /// Tokens, sent and received.
    pub(super) tokens: u64,
}

/// How long a request may be in tokens, and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// What is sent, as we estimate it.
    pub(super) sent: u64,
    /// The most that it can be. A token is a byte at least; of a conversation that the service
    /// has counted before, only what came since is unknown.
    pub(super) most: u64,
    /// The most that is received.
    pub(super) output: u64,
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
    /// By stage and item: the bytes of the last request, and the tokens that the service said
    /// they were.
    counted: Mutex<BTreeMap<Place, (u64, u64)>>,
    settled: Notify,
    began: Instant,
}

/// A stage, or an item of it.
type Place = (String, Option<usize>);

/// The fewest bytes that a token of what is sent has, on the whole, where a service's count is
/// believed as a measure of what follows.
const BYTES_OF_TOKEN: u64 = 8;

/// The most bytes that it has where its count is believed at all.
const MOST_BYTES_OF_TOKEN: u64 = 100;

#[derive(Debug)]
struct Level {
    name: String,
    limits: Budget,
    spent: Cost,
    held: Cost,
    holds: u32,
    turns: u32,
    began: Duration,
    /// Time that was spent waiting for people.
    waited: Duration,
    /// What was taken before the run went on.
    earlier: Duration,
    /// Questions that wait for a person, and since when there are any.
    waiting: u32,
    since: Duration,
}

/// The most tokens that a service adds of its own to what is sent: how tools are called.
const OWN: u64 = 2_000;

/// Time that does not count, until it is dropped: a person is asked.
#[derive(Debug)]
pub(super) struct Pause(Account);

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
        let ledger = Ledger {
            levels: Mutex::default(),
            counted: Mutex::default(),
            settled: Notify::new(),
            began: Instant::now(),
        };
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
            waiting: 0,
            since: Duration::ZERO,
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

    /// Returns how long a request of so many bytes may be.
    pub(super) fn size(&self, turn: &TurnId, bytes: u64, output: u32) -> Size {
        let counted = self.ledger.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (turn.stage.clone(), turn.item);
        let most = match counted.get(&key) {
            Some((then, tokens)) => tokens.saturating_add(bytes.saturating_sub(*then)),
            None => bytes.saturating_add(OWN),
        };
        // A service that counted too many is not believed for ever.
        let most = most.min(bytes.saturating_add(OWN));
        Size { sent: bytes.div_ceil(4).min(most), most, output: output.into() }
    }

    /// Takes what a service says that a request of so many bytes came to. Returns what is booked,
    /// and whether it is an estimate: a count that cannot be is not believed.
    pub(super) fn believe(
        &self,
        turn: &TurnId,
        (bytes, size): (u64, Size),
        told: Option<Usage>,
        received: u64,
    ) -> (Usage, bool) {
        let received = received.min(size.output);
        let estimate = Usage { input: size.sent, output: received, ..Usage::default() };
        let too_few = |told: &Usage| {
            told.sent() < bytes / MOST_BYTES_OF_TOKEN
                || told.sent() == 0
                || (told.output == 0 && received > 0)
        };
        let Some(told) = told.filter(|told| !too_few(told)) else { return (estimate, true) };
        if told.sent() > size.most {
            let output = told.output.min(size.output);
            return (Usage { input: size.most, output, ..Usage::default() }, true);
        }
        if told.sent() >= bytes / BYTES_OF_TOKEN {
            let mut counted = self.ledger.counted.lock().unwrap_or_else(PoisonError::into_inner);
            counted.insert((turn.stage.clone(), turn.item), (bytes, told.sent()));
        }
        let output = told.output.min(size.output);
        (Usage { output, ..told }, output < told.output)
    }

    /// Reserves one request. One that does not fit waits for others to settle, then is refused.
    pub(super) async fn reserve(&self, cost: Cost) -> Result<Hold, Spent> {
        self.reserve_turns(cost, 1).await
    }

    async fn reserve_turns(&self, cost: Cost, turns: u32) -> Result<Hold, Spent> {
        loop {
            let settled = self.ledger.settled.notified();
            let mut settled = std::pin::pin!(settled);
            settled.as_mut().enable();
            match self.hold(cost, turns) {
                Room::Fits => return Ok(Hold { account: self.clone(), cost, settled: false }),
                Room::Waits => settled.await,
                Room::Spent(spent) => return Err(spent),
            }
        }
    }

    /// Leaves the time until what it returns is dropped out of the reckoning: a person is asked.
    pub(super) fn pause(&self) -> Pause {
        let now = self.ledger.began.elapsed();
        let mut levels = self.levels();
        for &index in &self.levels {
            let level = &mut levels[index];
            if level.waiting == 0 {
                level.since = now;
            }
            level.waiting += 1;
        }
        drop(levels);
        Pause(self.clone())
    }

    /// Returns how long may still be taken, where a limit speaks of time.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let levels = self.levels();
        self.levels.iter().filter_map(|&index| self.left(&levels[index])).min()
    }

    /// Waits until a limit of time is reached. What people take meanwhile is waited for, too.
    pub(super) async fn expired(&self) {
        while let Some(left) = self.time_left() {
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
        std::future::pending::<()>().await;
    }

    fn left(&self, level: &Level) -> Option<Duration> {
        let limit = Duration::try_from_secs_f64(level.limits.minutes? * 60.0).ok()?;
        let now = self.ledger.began.elapsed();
        let waits =
            if level.waiting > 0 { now.saturating_sub(level.since) } else { Duration::ZERO };
        let taken = now.saturating_sub(level.began + level.waited + waits);
        Some(limit.saturating_sub(taken + level.earlier))
    }

    fn hold(&self, cost: Cost, turns: u32) -> Room {
        let mut levels = self.levels();
        for (depth, &index) in self.levels.iter().enumerate() {
            let level = &levels[index];
            if let Some(over) = level.over(cost, turns, self.left(level)) {
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
            level.turns += turns;
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
    fn over(&self, cost: Cost, more: u32, time_left: Option<Duration>) -> Option<Over> {
        if time_left == Some(Duration::ZERO) {
            let minutes = self.limits.minutes.unwrap_or_default();
            return Some(Over { text: format!("{minutes} minutes"), may_settle: false });
        }
        if let Some(turns) = self.limits.turns.filter(|turns| self.turns + more > *turns) {
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

impl Drop for Pause {
    fn drop(&mut self) {
        let now = self.0.ledger.began.elapsed();
        let mut levels = self.0.levels();
        for &index in &self.0.levels {
            let level = &mut levels[index];
            level.waiting -= 1;
            if level.waiting == 0 {
                level.waited += now.saturating_sub(level.since);
            }
        }
    }
}

impl Size {
    /// Returns the most that the request and its reply may cost.
    pub(super) fn cost(self, model: &Model) -> Cost {
        let usd = model.price.map(|price| price.most(self.most, self.output));
        Cost { usd: usd.unwrap_or_default(), tokens: self.most.saturating_add(self.output) }
    }
}
