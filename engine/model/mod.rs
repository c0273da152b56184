//! Asking a language model.

pub mod catalogue;
mod failure;
mod http;
pub mod message;
mod providers;
pub mod retry;
pub mod settings;
pub(crate) mod sse;

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::redact::Clean;

pub use http::Timeouts;
pub use message::{Block, Message, Reply, Request, Role, Stop, ToolSpec, TurnId, Usage};
pub use settings::{Endpoint, Key, connect};

/// A service that answers requests.
///
/// **Invariant:** a reply is returned only when it is complete; nothing of a cut or damaged
/// stream ever reaches the caller.
pub trait Provider: Send + Sync {
    /// Sends a request and waits for the whole reply.
    ///
    /// ```compile_fail
    /// # async fn ask(provider: &dyn wizard::model::Provider, request: wizard::model::Request) {
    /// // A request of which nobody masked the texts.
    /// provider.ask(&request).await;
    /// # }
    /// ```
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>>;

    /// Asks as `ask` does; where it sends the request more than once, the meter is asked before
    /// what may be paid twice.
    fn ask_metered<'a>(
        &'a self,
        request: &'a Clean<Request>,
        _meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        self.ask(request)
    }

    /// Returns the exact body that `ask` would send.
    fn body(&self, request: &Request) -> Value;
}

/// Counts what sending a request again may cost.
pub trait Meter: Send + Sync {
    /// Is asked before a request is sent again of which the service may have counted the try
    /// before. Returns why it must not be sent.
    fn again(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// Why there is no reply.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ModelError {
    /// The service refused the request in a way that asking again does not change.
    #[error("the model's service refused the request ({status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The key is missing or wrong, or may not do this.
    #[error("the model's service refused the key ({status}): {message}")]
    Key {
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// There is no money left, or its limit is reached.
    #[error("the model's service wants money ({status}): {message}")]
    Spent {
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The request is longer than the model can read.
    #[error("the request is longer than the model can read: {message}")]
    TooLong {
        /// What it said.
        message: String,
    },
    /// The service is busy, broken or rate limited; worth asking again.
    #[error("the model's service is not answering{}: {message}", shown(*status))]
    Busy {
        /// The HTTP status; 0 for a connection that failed or a stream that was cut or stalled.
        status: u16,
        /// What it said.
        message: String,
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
        /// Whether it said that asking again does not help.
        hopeless: bool,
        /// Whether it may have begun to answer, and may count that.
        begun: bool,
    },
    /// The settings name no service that could be asked.
    #[error("cannot set up the model's service: {0}")]
    Settings(String),
    /// A cassette holds no reply for this request, or one that no longer fits.
    #[error("{0}")]
    Cassette(String),
}

impl ModelError {
    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, ModelError::Busy { .. })
    }

    /// Whether the service may have begun to answer, and may count that.
    pub fn may_be_counted(&self) -> bool {
        matches!(self, ModelError::Busy { begun: true, .. })
    }

    /// Says what a person can do, where it is theirs to do something.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            ModelError::Key { .. } => Some("`wizard doctor` says where the key comes from"),
            ModelError::Spent { .. } => Some("add money or raise the limit at the service"),
            ModelError::Refused { .. } => {
                Some("`wizard doctor` says which service and model are asked")
            }
            ModelError::TooLong { .. } => {
                Some("a model that reads more, or a stage that reads less, would go on")
            }
            ModelError::Busy { .. } | ModelError::Settings(_) | ModelError::Cassette(_) => None,
        }
    }
}

fn shown(status: u16) -> String {
    if status == 0 { String::new() } else { format!(" ({status})") }
}
