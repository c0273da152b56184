//! One POST and the stream that answers it.

#![expect(clippy::disallowed_methods, reason = "this is how models are asked")]

use std::error::Error;
use std::net::IpAddr;
use std::sync::Once;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::model::failure::{Failure, shorten};
use crate::model::sse::{Event, Parser};

/// How long a service may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From there until it begins to answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer; a ping is a piece.
    pub idle: Duration,
    /// Between two events that are no ping: nobody pings for ever.
    pub event: Duration,
}

/// A place to send requests to.
#[derive(Debug)]
pub(super) struct Post {
    client: Client,
    url: Url,
    headers: HeaderMap,
    timeouts: Timeouts,
}

/// The events of one answer.
#[derive(Debug)]
pub(super) struct Events {
    response: Response,
    parser: Parser,
    timeouts: Timeouts,
    /// When the last event came that is no ping.
    heard: Instant,
    /// Bytes that may still come.
    room: usize,
}

/// The most bytes of an answer that is not a stream.
const MOST_BYTES: usize = 64 * 1024;

/// The most bytes of an answer that is one: ten times the longest that any model gives.
const MOST_STREAMED: usize = 64 * 1024 * 1024;

/// The event that says only that somebody is there.
const PING: &str = "ping";

/// The header in which a service says whether asking again helps.
const SHOULD_RETRY: &str = "x-should-retry";

/// How the TLS library says that the other side is not to be trusted.
const BAD_CERTIFICATE: &str = "invalid peer certificate";

/// The longest wait that is understood; a service that asks for more is asked tomorrow.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(1),
            idle: Duration::from_mins(2),
            event: Duration::from_mins(10),
        }
    }
}

impl Post {
    /// Makes ready to send to an address. Returns why it cannot be done as a fragment.
    pub(super) fn new(url: Url, headers: HeaderMap, timeouts: Timeouts) -> Result<Self, String> {
        static CRYPTOGRAPHY: Once = Once::new();
        CRYPTOGRAPHY.call_once(|| {
            // It fails only where another part has chosen already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        let mut builder = Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // A compressed stream arrives in lumps.
            .no_gzip()
            .connect_timeout(timeouts.connect);
        if url.scheme() == "http" {
            // Without TLS there is nothing to verify, and a machine may have no certificates.
            builder = builder.tls_certs_only([]);
        }
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| chain(&error))?;
        Ok(Post { client, url, headers, timeouts })
    }

    /// Returns the address, without what may be secret in it.
    pub(super) fn address(&self) -> String {
        shown(&self.url)
    }

    /// Sends a body and waits until the answer begins.
    pub(super) async fn send(&self, body: &Value) -> Result<Events, Failure> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let limit = self.timeouts.connect.saturating_add(self.timeouts.first_byte);
        let response = match timeout(limit, request.send()).await {
            Err(_) => {
                let seconds = self.timeouts.first_byte.as_secs_f64();
                let address = self.address();
                return Err(Failure::cut(format!("`{address}` was silent for {seconds} s")));
            }
            Ok(Err(error)) => {
                let begun = !error.is_connect();
                let (address, cause) = (self.address(), chain(&error.without_url()));
                let failure = Failure::broken(format!("cannot reach `{address}`: {cause}"));
                let failure = Failure { begun, ..failure };
                return Err(if cause.contains(BAD_CERTIFICATE) {
                    failure.lasting()
                } else {
                    failure
                });
            }
            Ok(Ok(response)) => response,
        };
        if response.status().is_success() && is_stream(response.headers()) {
            return Ok(Events {
                response,
                parser: Parser::default(),
                timeouts: self.timeouts,
                heard: Instant::now(),
                room: MOST_STREAMED,
            });
        }
        Err(self.refusal(response).await)
    }

    /// Reads an answer that is not a stream.
    async fn refusal(&self, mut response: Response) -> Failure {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        // What was read before a break says enough.
        while let Ok(Ok(Some(piece))) = timeout(self.timeouts.idle, response.chunk()).await {
            let room = MOST_BYTES - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if body.len() == MOST_BYTES {
                break;
            }
        }
        let mut failure = Failure::of_body(status.as_u16(), &body);
        failure.retry_after = wait_of(&headers, Timestamp::now());
        failure.again = again_of(&headers);
        let address = self.address();
        if status.is_redirection() {
            let target = headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let target = target.and_then(|target| target.split('?').next());
            let target = target.unwrap_or("somewhere else");
            failure.message = format!("`{address}` redirects to `{target}`: set that as base URL");
        } else if status.is_success() {
            let told = serde_json::from_slice(&body).ok();
            if let Some(told) = told.and_then(|value| Failure::of_event(&value)) {
                let Failure { retry_after, again, .. } = failure;
                return Failure { retry_after, again, begun: true, ..told };
            }
            let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let kind = kind.unwrap_or("something");
            failure.message = format!(
                "`{address}` answers with `{kind}`, not with a stream of events: is the base URL right?"
            );
        }
        failure
    }
}

impl Events {
    /// Returns the next event; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(event) = self.parser.next() {
                if event.name != PING {
                    self.heard = Instant::now();
                }
                return Ok(Some(event));
            }
            let Timeouts { idle, event, .. } = self.timeouts;
            let left = event.saturating_sub(self.heard.elapsed());
            match timeout(idle.min(left), self.response.chunk()).await {
                Err(_) if left < idle => {
                    let seconds = event.as_secs_f64();
                    return Err(Failure::cut(format!("the stream said nothing for {seconds} s")));
                }
                Err(_) => {
                    let seconds = idle.as_secs_f64();
                    return Err(Failure::cut(format!("the stream stalled for {seconds} s")));
                }
                Ok(Err(error)) => {
                    let cause = chain(&error.without_url());
                    return Err(Failure::cut(format!("the stream was cut: {cause}")));
                }
                Ok(Ok(None)) => return Ok(None),
                Ok(Ok(Some(piece))) => self.take(&piece)?,
            }
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.room = self.room.checked_sub(piece.len()).ok_or_else(|| {
            Failure::cut(format!("the stream is longer than {MOST_STREAMED} bytes"))
        })?;
        self.parser.push(piece).map_err(|damage| Failure::cut(damage.to_string()))
    }
}

/// Returns whether an answer may be a stream. A server that names no type gets the benefit.
fn is_stream(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    kind.to_str().is_ok_and(|kind| kind.trim_start().starts_with("text/event-stream"))
}

/// Returns whether an address is on this machine.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Returns an address for people: without a name, password or query.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// Returns an error with everything that caused it, each said once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !causes.iter().any(|cause| cause.ends_with(&text)) {
            causes.push(text);
        }
        next = error.source();
    }
    // The outermost says only that something failed.
    let bare = ["error sending request", "builder error"];
    let skipped =
        usize::from(causes.len() > 1 && bare.iter().any(|text| causes[0].starts_with(text)));
    shorten(&causes[skipped..].join(": "))
}

/// Returns whether a service says that asking again helps.
fn again_of(headers: &HeaderMap) -> Option<bool> {
    headers.get(SHOULD_RETRY)?.to_str().ok()?.trim().parse().ok()
}

/// Returns how long a service asks to wait, in milliseconds, in seconds or until a date.
fn wait_of(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number >= 0.0);
    if let Some(milliseconds) = text("retry-after-ms").and_then(number) {
        return Some(seconds(milliseconds / 1000.0));
    }
    let after = text(RETRY_AFTER.as_str())?;
    if let Some(number) = number(after) {
        return Some(seconds(number));
    }
    let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    // By the service's own clock where it tells the time: ours may be wrong.
    let now = text("date").and_then(date).unwrap_or(now);
    let wait = date(after)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or_default().min(LONGEST_WAIT))
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        wait_of(&headers, "2026-11-24T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_wait_is_read_in_every_form() {
        let seconds = |number| Some(Duration::from_secs(number));
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "7")]), seconds(7));
        assert_eq!(wait(&[("retry-after", "1.5")]), Some(Duration::from_millis(1500)));
        assert_eq!(
            wait(&[("retry-after-ms", "250"), ("retry-after", "7")]),
            Some(Duration::from_millis(250))
        );
        assert_eq!(wait(&[("retry-after", "Tue, 24 Nov 2026 08:01:30 GMT")]), seconds(90));
        assert_eq!(
            wait(&[
                ("retry-after", "Tue, 24 Nov 2026 09:01:30 GMT"),
                ("date", "Tue, 24 Nov 2026 09:01:00 GMT"),
            ]),
            seconds(30)
        );
        assert_eq!(wait(&[("retry-after", "Tue, 24 Nov 2026 07:00:00 GMT")]), seconds(0));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[("retry-after", "-3")]), None);
        assert_eq!(wait(&[("retry-after", "1e300")]), Some(LONGEST_WAIT));
    }

    #[test]
    fn an_address_is_shown_without_secrets() {
        let url = Url::parse("https://me:secret@host:8443/v1/messages?key=secret").unwrap();
        assert_eq!(shown(&url), "https://host:8443/v1/messages");
    }

    #[test]
    fn loopback_is_known_in_every_form() {
        for url in
            ["http://localhost:1", "http://127.0.0.1", "http://[::1]:80/v1", "http://a.localhost"]
        {
            assert!(is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
        for url in ["http://10.0.0.1", "https://localhost.example.com", "http://[::2]"] {
            assert!(!is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn only_an_event_stream_is_a_stream() {
        let headers = |kind: Option<&str>| -> HeaderMap {
            kind.into_iter().map(|kind| (CONTENT_TYPE, kind.parse().unwrap())).collect()
        };
        assert!(is_stream(&headers(None)));
        assert!(is_stream(&headers(Some("text/event-stream; charset=utf-8"))));
        assert!(!is_stream(&headers(Some("text/html"))));
        assert!(!is_stream(&headers(Some("application/json"))));
    }
}
