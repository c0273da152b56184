//! What a run has spent before it goes on: replies, requests whose reply was lost, and time.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::journal::{At, Event, Record};
use crate::run::budget::Cost;

/// What was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Earlier {
    pub(crate) cost: Cost,
    pub(crate) turns: u32,
    /// Time, without what was waited for people.
    pub(crate) taken: Duration,
}

/// What the journal says of spending.
#[derive(Debug, Default)]
pub(super) struct Spending {
    whole: Earlier,
    stages: BTreeMap<String, Earlier>,
    /// Requests that were sent and not answered: they may have been billed.
    sent: BTreeMap<At, Cost>,
    /// Since when the run, and each stage of it, is under way in this sitting.
    began: Option<i64>,
    began_stages: BTreeMap<String, i64>,
    last: i64,
    waited: BTreeMap<String, i64>,
}

impl Spending {
    pub(super) fn of(&self, stage: Option<&str>) -> Earlier {
        match stage {
            None => self.whole,
            Some(stage) => self.stages.get(stage).copied().unwrap_or_default(),
        }
    }

    pub(super) fn take(&mut self, record: &Record) {
        if matches!(record.event, Event::RunStarted { .. }) {
            self.rise();
        }
        self.began.get_or_insert(record.time);
        self.last = record.time;
        match &record.event {
            Event::StageStarted { stage, .. } => self.stage_begins(stage, record.time),
            Event::StageFinished { stage, .. } => self.stage_ends(stage),
            Event::RequestSent { at, tokens, reserved, .. } => {
                self.stage_begins(&at.stage, record.time);
                let lost = Cost { usd: reserved.unwrap_or_default(), tokens: *tokens };
                // One that was sent before and not answered was lost.
                if let Some(lost) = self.sent.insert(at.clone(), lost) {
                    self.book(&at.stage, lost);
                }
            }
            Event::RequestRetried { at, counted: true, .. } => {
                if let Some(lost) = self.sent.get(at).copied() {
                    self.spend(&at.stage, lost, 0);
                }
            }
            Event::Reply { at, usage, usd, .. } => {
                self.sent.remove(at);
                let tokens = usage.sent() + usage.output;
                self.book(&at.stage, Cost { usd: usd.unwrap_or_default(), tokens });
            }
            Event::Answered { at, waited, .. } => {
                let waited = i64::try_from(*waited).unwrap_or(i64::MAX);
                *self.waited.entry(at.stage.clone()).or_default() += waited;
            }
            _ => {}
        }
    }

    fn book(&mut self, stage: &str, cost: Cost) {
        self.spend(stage, cost, 1);
    }

    fn spend(&mut self, stage: &str, cost: Cost, turns: u32) {
        for spent in [&mut self.whole, self.stages.entry(stage.to_owned()).or_default()] {
            spent.cost.usd += cost.usd;
            spent.cost.tokens += cost.tokens;
            spent.turns += turns;
        }
    }

    fn stage_begins(&mut self, stage: &str, time: i64) {
        self.began_stages.entry(stage.to_owned()).or_insert(time);
    }

    fn stage_ends(&mut self, stage: &str) {
        let Some(began) = self.began_stages.remove(stage) else { return };
        let waited = self.waited.get(stage).copied().unwrap_or_default();
        let taken = between(began, self.last, waited);
        self.stages.entry(stage.to_owned()).or_default().taken += taken;
    }

    /// Ends a sitting: what was sent is lost, and time stands still.
    pub(super) fn rise(&mut self) {
        for (at, lost) in std::mem::take(&mut self.sent) {
            self.book(&at.stage, lost);
        }
        for stage in self.began_stages.keys().cloned().collect::<Vec<_>>() {
            self.stage_ends(&stage);
        }
        if let Some(began) = self.began.take() {
            let waited = self.waited.values().sum();
            self.whole.taken += between(began, self.last, waited);
        }
        self.waited.clear();
    }
}

fn between(began: i64, ended: i64, waited: i64) -> Duration {
    let taken = ended.saturating_sub(began).saturating_sub(waited);
    Duration::from_millis(u64::try_from(taken).unwrap_or(0))
}
