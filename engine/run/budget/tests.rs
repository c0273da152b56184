//! What holds whatever is spent, cut and told.

use super::*;
use crate::model::Meter as _;
use crate::model::catalogue::{Above, Price};

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

#[tokio::test(start_paused = true)]
async fn what_people_take_does_not_count_however_many_are_asked() {
    let minute = Duration::from_mins(1);
    let run = Account::open(Budget { minutes: Some(1.0), ..Budget::default() });
    let (one, two) = (run.within("`a`", Budget::default()), run.within("`b`", Budget::default()));
    let (first, second) = (one.pause(), two.pause());
    tokio::time::sleep(minute * 3).await;
    assert_eq!(run.time_left(), Some(minute), "a question that waits counts for nothing");
    drop(first);
    tokio::time::sleep(minute * 3).await;
    drop(second);
    tokio::time::sleep(minute / 4).await;
    assert_eq!(run.time_left(), Some(minute * 3 / 4), "two that wait at once count once");
    let asked = tokio::spawn({
        let one = one.clone();
        async move {
            let _pause = one.pause();
            tokio::time::sleep(minute * 5).await;
        }
    });
    let began = Instant::now();
    tokio::task::yield_now().await;
    run.expired().await;
    assert!(asked.is_finished());
    assert_eq!(began.elapsed(), minute * 5 + minute * 3 / 4);
}

#[tokio::test]
async fn a_try_that_was_cut_stays_spent_and_the_next_is_reserved_anew() {
    let account = Account::open(Budget { tokens: Some(100), ..Budget::default() });
    let tries = Tries::begin(&account, tokens(40)).await.unwrap();
    assert_eq!(tries.again().await, Ok(()));
    let refused = tries.again().await.unwrap_err();
    assert!(refused.contains("80 of 100 tokens"), "{refused}");
    assert_eq!(tries.spent().map(|spent| spent.whole_run), Some(true));
    tries.settle(tokens(1));
    let account = Account::open(Budget { turns: Some(1), ..Budget::default() });
    let tries = Tries::begin(&account, tokens(40)).await.unwrap();
    assert_eq!(tries.again().await, Ok(()), "it is the same turn");
}

fn turn() -> TurnId {
    TurnId { stage: "a".to_owned(), ..TurnId::default() }
}

fn usage(input: u64, output: u64) -> Usage {
    Usage { input, output, ..Usage::default() }
}

#[test]
fn a_request_is_no_longer_than_its_bytes_and_what_was_counted_is_known() {
    let account = Account::open(Budget::default());
    let size = account.size(&turn(), 8_000, 100);
    assert_eq!(size, Size { sent: 2_000, most: 10_000, output: 100 });
    let told = Some(usage(2_100, 50));
    assert_eq!(account.believe(&turn(), (8_000, size), told, 40), (usage(2_100, 50), false));
    let next = account.size(&turn(), 9_000, 100);
    assert_eq!(next.most, 3_100);
    assert_eq!(account.size(&turn(), 4_000, 100).most, 2_100, "it was shortened");
    let other = TurnId { item: Some(1), ..turn() };
    assert_eq!(account.size(&other, 9_000, 100).most, 11_000);
}

#[test]
fn a_count_that_cannot_be_is_not_believed() {
    let account = Account::open(Budget::default());
    let size = account.size(&turn(), 8_000, 100);
    let believe = |told| account.believe(&turn(), (8_000, size), told, 40);
    let estimate = (usage(2_000, 40), true);
    assert_eq!(believe(None), estimate);
    assert_eq!(believe(Some(usage(0, 0))), estimate);
    assert_eq!(believe(Some(usage(3, 50))), estimate);
    assert_eq!(believe(Some(usage(2_000, 0))), estimate);
    assert_eq!(believe(Some(usage(u64::MAX, u64::MAX))), (usage(10_000, 100), true));
    let all = Usage { cache_read: u64::MAX, cache_write: u64::MAX, ..usage(u64::MAX, 7) };
    assert_eq!(believe(Some(all)), (usage(10_000, 7), true));
    assert_eq!(account.size(&turn(), 9_000, 100).most, 11_000, "nothing was learnt of it");
    // Few, but not too few to be true: booked, and not built upon.
    assert_eq!(believe(Some(usage(100, 9))), (usage(100, 9), false));
    assert_eq!(account.size(&turn(), 9_000, 100).most, 11_000);
}

/// A generator of numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % most
    }
}

/// One item's requests, one after the other, until a limit is reached.
async fn play(account: Account, model: Model, seed: u64) {
    let mut numbers = Numbers(seed);
    let mut bytes = 400 + numbers.below(4_000);
    let id = TurnId { stage: seed.to_string(), ..TurnId::default() };
    for _ in 0..40 {
        let size = account.size(&id, bytes, 200);
        let Ok(tries) = Tries::begin(&account, size.cost(&model)).await else { return };
        account.hold_to_limits();
        tokio::time::sleep(Duration::from_millis(numbers.below(50))).await;
        if numbers.below(5) == 0 && tries.again().await.is_err() {
            return;
        }
        account.hold_to_limits();
        let lies = [0, 1, bytes / 4, bytes, u64::MAX];
        let mut lie = || lies[usize::try_from(numbers.below(5)).unwrap()];
        let told = Usage { input: lie(), cache_read: lie(), cache_write: lie(), output: lie() };
        let (usage, _) = account.believe(&id, (bytes, size), Some(told), 50);
        match numbers.below(4) {
            0 => drop(tries),
            _ => {
                let usd = model.price.unwrap().cost(usage);
                tries.settle(Cost { usd, tokens: usage.sent() + usage.output });
            }
        }
        account.hold_to_limits();
        bytes += numbers.below(2_000);
    }
}

impl Account {
    fn hold_to_limits(&self) {
        for level in self.levels().iter() {
            let usd = level.spent.usd + level.held.usd;
            let tokens = level.spent.tokens + level.held.tokens;
            assert!(level.limits.usd.is_none_or(|limit| usd <= limit + 1e-9), "{level:?}");
            assert!(level.limits.tokens.is_none_or(|limit| tokens <= limit), "{level:?}");
            assert!(level.limits.turns.is_none_or(|limit| level.turns <= limit));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_plays_at_once_and_whatever_is_told_no_limit_is_passed() {
    let above =
        Above { tokens: 3_000, input: 6.0, output: 30.0, cache_read: 1.0, cache_write: 9.0 };
    for seed in 0..200 {
        let mut numbers = Numbers(seed + 7);
        let mut limits = |usd: f64| Budget {
            usd: (numbers.below(3) > 0).then_some(usd),
            tokens: (numbers.below(3) == 0).then(|| 2_000 + numbers.below(60_000)),
            turns: (numbers.below(4) == 0).then_some(12),
            minutes: None,
        };
        let run = Account::open(limits(0.3));
        let price = Price {
            input: 3.0,
            output: 15.0,
            cache_read: 0.3,
            cache_write: 3.75,
            above: (seed % 2 == 0).then_some(above),
        };
        let model = Model {
            id: "m".to_owned(),
            price: Some(price),
            max_tokens: 200,
            context: None,
            effort: None,
        };
        let mut playing = tokio::task::JoinSet::new();
        for stage in 0..4 {
            let account = run.within(format!("`{stage}`"), limits(0.1));
            for item in 0..3 {
                let item_account = account.within("an item", limits(0.05));
                playing.spawn(play(item_account, model.clone(), seed * 97 + stage * 7 + item));
            }
        }
        while let Some(played) = playing.join_next().await {
            played.unwrap();
        }
        run.hold_to_limits();
    }
}
