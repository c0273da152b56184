//! Asking again when a service is busy, with patience but not for ever.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

use crate::model::{Meter, ModelError, Provider, Reply, Request, TurnId};
use crate::redact::Clean;

/// Is told before each wait of a turn.
pub type Notify = Arc<dyn Fn(&TurnId, &Wait) + Send + Sync>;

/// A wait before a request is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Why.
    pub reason: String,
    /// For how long.
    pub time: Duration,
    /// Whether the service may have counted the try that failed.
    pub counted: bool,
}

/// A provider that asks again.
///
/// **Invariant:** only errors that may pass are asked about again, and no wait begins that would
/// end after `LONGEST` or that the service asked to be longer than `LONGEST_WAIT`.
pub struct Retrying {
    inner: Arc<dyn Provider>,
    notify: Notify,
    chance: Chance,
    clock: Arc<dyn Clock>,
}

/// Gives numbers from 0 to 1 that are hard to guess.
type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// A seam: what waits are measured and waited by.
pub trait Clock: Send + Sync {
    /// Returns the time since some moment that stays the same.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&self, wait: Duration) -> BoxFuture<'_, ()>;
}

/// The time of this machine.
struct Wall(Instant);

/// How often one request is sent again.
const RETRIES: u32 = 6;

/// The longest wait that a service may ask for.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// The longest wait of our own choice.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long one request may take with all its waits.
const LONGEST: Duration = Duration::from_mins(10);

/// What went wrong in passing.
struct Trouble {
    status: u16,
    message: String,
    retry_after: Option<Duration>,
    hopeless: bool,
    begun: bool,
}

impl Retrying {
    /// Wraps a provider.
    pub fn new(inner: Arc<dyn Provider>, notify: Notify) -> Self {
        Self::with_chance(inner, notify, Arc::new(random))
    }

    /// Wraps a provider, with numbers from 0 to 1 that shorten its waits.
    pub fn with_chance(inner: Arc<dyn Provider>, notify: Notify, chance: Chance) -> Self {
        Retrying { inner, notify, chance, clock: Arc::new(Wall(Instant::now())) }
    }

    /// Waits by another clock.
    #[must_use]
    pub fn by_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Returns how long to wait after a failure, or why to give up.
    fn wait(&self, trouble: &Trouble, retries: u32, since: Duration) -> Result<Duration, String> {
        if trouble.hopeless {
            return Err("it says that asking again does not help now".to_owned());
        }
        if retries == RETRIES {
            return Err(format!("gave up after {RETRIES} retries"));
        }
        let asked = trouble.retry_after;
        if let Some(asked) = asked.filter(|asked| *asked > LONGEST_WAIT) {
            let seconds = asked.as_secs();
            return Err(format!("it asks to come back in {seconds} s: resume then"));
        }
        let wait = asked.unwrap_or_else(|| {
            let pause = Duration::from_secs(1 << retries.min(10)).min(LONGEST_PAUSE);
            pause.mul_f64(1.0 - 0.25 * (self.chance)().clamp(0.0, 1.0))
        });
        let taken = self.clock.now().saturating_sub(since);
        if taken + wait > LONGEST {
            return Err(format!("gave up after {} s", taken.as_secs()));
        }
        Ok(wait)
    }

    async fn persist(
        &self,
        request: &Clean<Request>,
        meter: Option<&dyn Meter>,
    ) -> Result<Reply, ModelError> {
        let since = self.clock.now();
        let mut retries = 0;
        loop {
            let trouble = match self.inner.ask(request).await {
                Err(ModelError::Busy { status, message, retry_after, hopeless, begun }) => {
                    Trouble { status, message, retry_after, hopeless, begun }
                }
                outcome => return outcome,
            };
            let wait = match self.wait(&trouble, retries, since) {
                Ok(wait) => wait,
                Err(why) => return Err(trouble.given_up(&why)),
            };
            if let Some(meter) = meter.filter(|_| trouble.begun)
                && let Err(why) = meter.again().await
            {
                return Err(trouble.given_up(&why));
            }
            let counted = trouble.begun;
            let reason = trouble.error().to_string();
            (self.notify)(&request.turn, &Wait { reason, time: wait, counted });
            self.clock.sleep(wait).await;
            retries += 1;
        }
    }
}

impl Trouble {
    fn error(self) -> ModelError {
        let Trouble { status, message, retry_after, hopeless, begun } = self;
        ModelError::Busy { status, message, retry_after, hopeless, begun }
    }

    fn given_up(mut self, why: &str) -> ModelError {
        self.message = format!("{}; {why}", self.message);
        self.error()
    }
}

impl Clock for Wall {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'_, ()> {
        tokio::time::sleep(wait).boxed()
    }
}

impl Provider for Retrying {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        self.persist(request, None).boxed()
    }

    fn ask_metered<'a>(
        &'a self,
        request: &'a Clean<Request>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        self.persist(request, Some(meter)).boxed()
    }

    fn body(&self, request: &Request) -> Value {
        self.inner.body(request)
    }
}

/// Returns a number from 0 to 1, seeded by the standard library.
#[expect(clippy::cast_precision_loss, reason = "a rough number will do")]
fn random() -> f64 {
    let drawn = RandomState::new().build_hasher().finish();
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::model::Stop;
    use crate::redact::Redactor;

    /// Answers with these, in order, each after this long.
    struct Script(Mutex<Vec<Result<Reply, ModelError>>>, Duration);

    impl Provider for Script {
        fn ask<'a>(&'a self, _: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
            async {
                tokio::time::sleep(self.1).await;
                self.0.lock().unwrap().remove(0)
            }
            .boxed()
        }

        fn body(&self, _: &Request) -> Value {
            Value::Null
        }
    }

    struct Told {
        outcome: Result<Reply, ModelError>,
        waits: Vec<f64>,
        reasons: Vec<String>,
        seconds: f64,
        left: usize,
    }

    async fn told(answers: Vec<Result<Reply, ModelError>>, each: f64, chance: f64) -> Told {
        let script = Arc::new(Script(Mutex::new(answers), Duration::from_secs_f64(each)));
        let notes = Arc::new(Mutex::new(Vec::new()));
        let notify: Notify = {
            let notes = Arc::clone(&notes);
            Arc::new(move |turn: &TurnId, wait: &Wait| {
                assert_eq!(turn.stage, "survey");
                notes.lock().unwrap().push(wait.clone());
            })
        };
        let retrying = Retrying::with_chance(script.clone(), notify, Arc::new(move || chance));
        let began = Instant::now();
        let outcome = retrying.ask(&Redactor::default().clean_all(request())).await;
        let notes = notes.lock().unwrap().clone();
        Told {
            outcome,
            waits: notes.iter().map(|wait| wait.time.as_secs_f64()).collect(),
            reasons: notes.into_iter().map(|wait| wait.reason).collect(),
            seconds: began.elapsed().as_secs_f64(),
            left: script.0.lock().unwrap().len(),
        }
    }

    fn request() -> Request {
        Request {
            model: "m".to_owned(),
            system: Vec::new(),
            tools: Vec::new(),
            messages: Vec::new(),
            max_tokens: 1,
            effort: None,
            turn: TurnId { stage: "survey".to_owned(), ..TurnId::default() },
        }
    }

    fn reply() -> Reply {
        Reply { blocks: Vec::new(), stop: Stop::Done, usage: None }
    }

    fn busy(seconds: Option<u64>) -> Result<Reply, ModelError> {
        let retry_after = seconds.map(Duration::from_secs);
        let message = "overloaded".to_owned();
        let (hopeless, begun) = (false, false);
        Err(ModelError::Busy { status: 529, message, retry_after, hopeless, begun })
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_longer_each_time_and_then_gives_up() {
        let told = told((0..8).map(|_| busy(None)).collect(), 0.0, 0.0).await;
        assert_eq!(told.waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        assert_eq!(told.left, 1, "one request and six retries");
        assert_eq!(
            told.outcome.unwrap_err().to_string(),
            "the model's service is not answering (529): overloaded; gave up after 6 retries"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn chance_shortens_a_wait_by_a_quarter_at_most() {
        let told = told(vec![busy(None), busy(None), Ok(reply())], 0.0, 1.0).await;
        assert_eq!(told.waits, [0.75, 1.5]);
        assert!(told.outcome.is_ok());
        assert_eq!(told.reasons[0], "the model's service is not answering (529): overloaded");
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_as_long_as_it_is_asked_to() {
        let told = told(vec![busy(Some(120)), busy(Some(0)), Ok(reply())], 0.0, 1.0).await;
        assert_eq!(told.waits, [120.0, 0.0]);
        assert!(told.outcome.is_ok());
        assert!((120.0..120.1).contains(&told.seconds));
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_when_asked_to_wait_too_long() {
        let told = told(vec![busy(Some(121)), Ok(reply())], 0.0, 0.0).await;
        assert_eq!(told.waits, [0.0; 0]);
        let Err(ModelError::Busy { status: 529, message, retry_after, .. }) = told.outcome else {
            panic!("not busy");
        };
        assert_eq!(message, "overloaded; it asks to come back in 121 s: resume then");
        assert_eq!(retry_after, Some(Duration::from_secs(121)));
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_after_ten_minutes() {
        let told = told((0..8).map(|_| busy(Some(119))).collect(), 10.0, 0.0).await;
        assert_eq!(told.waits, [119.0; 4]);
        assert_eq!(
            told.outcome.unwrap_err().to_string(),
            "the model's service is not answering (529): overloaded; gave up after 526 s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_not_asked_again() {
        let key = || Err(ModelError::Key { status: 401, message: "no".to_owned() });
        let told = told(vec![key(), Ok(reply())], 0.0, 0.0).await;
        assert!(matches!(told.outcome, Err(ModelError::Key { status: 401, .. })));
        assert_eq!((told.waits.len(), told.left), (0, 1));
    }

    #[test]
    fn chance_stays_between_0_and_1_and_varies() {
        let drawn: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(
            drawn.iter().any(|number| *number < 0.5) && drawn.iter().any(|number| *number > 0.5)
        );
    }
}
