//! What goes wrong at a model's service, and what becomes of it: tries and waits are counted
//! through the real client, against a server that does as it is told, by a clock that never waits.

mod calls;
mod mind;
mod plays;
mod replies;
mod streams;
mod table;

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use wizard::model::retry::{Clock, Retrying, Wait};
use wizard::model::{Endpoint, ModelError, Provider, Reply, TurnId, connect};

use crate::support::clean;
use crate::wire::pages::asked;
use crate::wire::server::Server;

/// The wires.
pub(crate) const WIRES: [&str; 2] = ["anthropic", "openai"];

/// A clock on which a wait is over when it begins.
#[derive(Default)]
pub(crate) struct Hurried(Mutex<(Duration, Vec<f64>)>);

impl Hurried {
    /// Returns the waits so far, in seconds.
    pub(crate) fn waits(&self) -> Vec<f64> {
        self.0.lock().unwrap().1.clone()
    }
}

impl Clock for Hurried {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().0
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'_, ()> {
        let mut clock = self.0.lock().unwrap();
        clock.0 += wait;
        clock.1.push(wait.as_secs_f64());
        futures_util::future::ready(()).boxed()
    }
}

/// Wraps a service as a run does, but for its clock and with waits that chance does not shorten.
pub(crate) fn patient(endpoint: Endpoint) -> (Retrying, Arc<Hurried>) {
    let clock = Arc::new(Hurried::default());
    let notify = Arc::new(|_: &TurnId, _: &Wait| {});
    let service = connect(endpoint).unwrap();
    let retrying = Retrying::with_chance(service, notify, Arc::new(|| 0.0));
    (retrying.by_clock(clock.clone()), clock)
}

/// What became of one request.
struct Told {
    outcome: Result<Reply, ModelError>,
    waits: Vec<f64>,
    tries: usize,
}

/// Sends requests to a service, the last of which is told about.
async fn told(
    wire: &str,
    request: usize,
    answer: impl Fn(usize, &mut TcpStream) + Send + Sync + 'static,
) -> Told {
    let server = Server::start(answer);
    let (provider, clock) = patient(Endpoint::new(wire, &server.url));
    let asked = clean(asked(wire));
    for _ in 1..request {
        provider.ask(&asked).await.unwrap();
    }
    let before = server.seen().len();
    let outcome = provider.ask(&asked).await;
    Told { outcome, waits: clock.waits(), tries: server.seen().len() - before }
}
