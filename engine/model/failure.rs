//! What a service said went wrong, and what that means for us.

use std::time::Duration;

use serde_json::Value;

use crate::model::ModelError;

/// A refusal or a break, as it came over the wire.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Failure {
    /// The HTTP status, or the one an event named; 0 for a connection that failed.
    pub(super) status: u16,
    /// The service's own words for the kind of failure: its `type` and `code`.
    pub(super) kind: String,
    /// What it said, for people.
    pub(super) message: String,
    /// How long it asked us to wait.
    pub(super) retry_after: Option<Duration>,
    /// Whether it said that asking again helps, or does not.
    pub(super) again: Option<bool>,
    /// Whether it may have begun to answer, and may count that.
    pub(super) begun: bool,
}

/// The most characters of a message that are kept.
const MOST_CHARS: usize = 600;

/// The kind of a broken connection that stays broken until somebody changes something.
const LASTING: &str = "lasting";

/// How services say that the conversation does not fit.
const TOO_LONG: [&str; 9] = [
    "context_length_exceeded",
    "exceed_context_size",
    "contextwindowexceeded",
    "prompt is too long",
    "exceed context limit",
    "maximum context length",
    "available context size",
    "context window",
    // More in one request than a whole minute allows: waiting does not help.
    "request too large for",
];

/// How services say that there is no money left, under whatever status.
const SPENT: [&str; 7] = [
    "insufficient_quota",
    "enforced_spend_limit_reached",
    "billing_error",
    "billing_hard_limit_reached",
    "exceeded your current quota",
    "credit balance is too low",
    "spend limit",
];

/// The status that stands for an error an event names. Words that begin with what stands here.
const NAMED: [(&str, u16); 19] = [
    ("authentication_error", 401),
    ("invalid_api_key", 401),
    ("billing", 402),
    ("permission", 403),
    ("not_found", 404),
    ("model_not_found", 404),
    ("request_too_large", 413),
    ("context_length_exceeded", 400),
    ("exceed_context_size", 400),
    ("invalid_request", 400),
    ("badrequest", 400),
    ("insufficient_quota", 429),
    ("rate_limit", 429),
    ("tokens", 429),
    ("requests", 429),
    ("timeout", 504),
    ("overloaded", 529),
    ("server_error", 500),
    ("api_error", 500),
];

impl Failure {
    /// Makes a failure of the connection or of the stream: worth asking again.
    pub(super) fn broken(message: impl Into<String>) -> Self {
        Failure { message: message.into(), ..Failure::default() }
    }

    /// Makes a failure of a request that arrived: what was answered so far may be counted.
    pub(super) fn cut(message: impl Into<String>) -> Self {
        Failure { begun: true, ..Self::broken(message) }
    }

    /// Makes it one that does not pass by itself.
    pub(super) fn lasting(mut self) -> Self {
        LASTING.clone_into(&mut self.kind);
        self
    }

    /// Reads the body of an answer that is not a stream.
    pub(super) fn of_body(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let told = serde_json::from_str(&text).ok().and_then(|value: Value| {
            let value = value.as_array().and_then(|list| list.first()).unwrap_or(&value);
            let error = ["error", "detail"].iter().find_map(|key| value.get(key));
            error.or_else(|| value.get("message").map(|_| value)).and_then(Self::of_value)
        });
        let mut failure = told.unwrap_or_else(|| Failure::broken(shorten(&text)));
        failure.status = status;
        failure
    }

    /// Reads an event inside a stream, if it is an error.
    pub(super) fn of_event(event: &Value) -> Option<Self> {
        event.get("error").and_then(Self::of_value)
    }

    fn of_value(error: &Value) -> Option<Self> {
        if error.is_null() {
            return None;
        }
        let word = |key: &str| error.get(key).and_then(Value::as_str);
        let kinds: Vec<&str> =
            ["code", "type", "status"].iter().filter_map(|key| word(key)).collect();
        let message = error.as_str().or_else(|| word("message"));
        let message = message.map_or_else(|| shorten(&error.to_string()), shorten);
        let number = error.get("code").and_then(Value::as_u64);
        let number = number.or_else(|| word("code")?.parse().ok());
        let number = number.and_then(|number| u16::try_from(number).ok());
        let status = number.filter(|number| (400..600).contains(number));
        let named = kinds.iter().find_map(|kind| named(kind));
        Some(Failure {
            status: status.or(named).unwrap_or(500),
            kind: kinds.join(" "),
            message,
            ..Failure::default()
        })
    }

    /// Returns what the run is told. `model` and `url` are named where they may be at fault.
    pub(super) fn into_error(self, model: &str, url: &str) -> ModelError {
        let Failure { status, message, retry_after, again, begun, .. } = self.clone();
        let says = |phrases: &[&str]| {
            let text = format!("{} {}", self.kind, self.message).to_lowercase();
            phrases.iter().any(|phrase| text.contains(phrase))
        };
        let hopeless = again == Some(false);
        let busy = |message| ModelError::Busy { status, message, retry_after, hopeless, begun };
        match status {
            0 if self.kind == LASTING => ModelError::Settings(message),
            402 => ModelError::Spent { status, message },
            401 | 403 => ModelError::Key { status, message },
            400 | 422 | 429 if says(&SPENT) => ModelError::Spent { status, message },
            413 => ModelError::TooLong { message },
            400 | 422 | 429 if says(&TOO_LONG) => ModelError::TooLong { message },
            404 => ModelError::Refused {
                status,
                message: format!("`{url}` does not know the model `{model}`: {message}"),
            },
            0 | 408 | 409 | 429 | 500.. => busy(message),
            // Some servers say so with a status of their own.
            _ if says(&TOO_LONG) => ModelError::TooLong { message },
            400 | 422 => ModelError::Refused { status, message },
            _ if again == Some(true) => busy(message),
            _ => ModelError::Refused { status, message },
        }
    }
}

fn named(kind: &str) -> Option<u16> {
    let kind = kind.to_lowercase();
    NAMED.iter().find(|(name, _)| kind.starts_with(name)).map(|(_, status)| *status)
}

/// Makes one short line of what may be a whole page.
pub(super) fn shorten(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if words.chars().count() + word.chars().count() > MOST_CHARS {
            words.push_str(" …");
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    if words.is_empty() { "it said nothing".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(status: u16, body: &str) -> String {
        let error = Failure::of_body(status, body.as_bytes()).into_error("m", "http://x/v1");
        match error {
            ModelError::Key { .. } => "key",
            ModelError::Spent { .. } => "spent",
            ModelError::TooLong { .. } => "too long",
            ModelError::Refused { .. } => "refused",
            ModelError::Busy { .. } => "busy",
            other => panic!("{other}"),
        }
        .to_owned()
    }

    #[test]
    fn statuses_alone_decide_where_the_words_do_not() {
        let cases = [
            (400, "refused"),
            (401, "key"),
            (402, "spent"),
            (403, "key"),
            (404, "refused"),
            (405, "refused"),
            (408, "busy"),
            (409, "busy"),
            (413, "too long"),
            (422, "refused"),
            (429, "busy"),
            (500, "busy"),
            (503, "busy"),
            (529, "busy"),
        ];
        for (status, expected) in cases {
            assert_eq!(kind_of(status, r#"{"error":{"message":"no"}}"#), expected, "{status}");
            assert_eq!(kind_of(status, "<html>"), expected, "{status} without JSON");
        }
    }

    #[test]
    fn a_conversation_that_does_not_fit_is_too_long_in_every_wording() {
        let bodies = [
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000"}}"#,
            r#"{"error":{"message":"Your input exceeds the limit","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
            r#"{"error":{"message":"This model's maximum context length is 4096 tokens","code":400}}"#,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            r#"{"object":"error","message":"This model's maximum context length is 8192 tokens.","code":400}"#,
        ];
        for body in bodies {
            assert_eq!(kind_of(400, body), "too long", "{body}");
        }
    }

    #[test]
    fn money_that_is_gone_is_known_whatever_the_status() {
        let bodies = [
            (
                429,
                r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota"}}"#,
            ),
            (
                429,
                r#"{"error":{"type":"rate_limit_error","message":"x","code":"enforced_spend_limit_reached"}}"#,
            ),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API"}}"#,
            ),
        ];
        for (status, body) in bodies {
            assert_eq!(kind_of(status, body), "spent", "{body}");
        }
        let limit = r#"{"error":{"type":"rate_limit_error","message":"This request would exceed your rate limit of 50 requests"}}"#;
        assert_eq!(kind_of(429, limit), "busy");
    }

    #[test]
    fn an_event_has_the_status_it_names() {
        let status = |text: &str| {
            Failure::of_event(&serde_json::from_str(text).unwrap()).map(|failure| failure.status)
        };
        let cases = [
            (r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, Some(529)),
            (r#"{"error":{"type":"rate_limit_error"}}"#, Some(429)),
            (r#"{"error":{"type":"invalid_request_error","message":"x"}}"#, Some(400)),
            (r#"{"error":{"code":502,"message":"x"}}"#, Some(502)),
            (r#"{"error":{"code":"429","message":"x"}}"#, Some(429)),
            (r#"{"error":{"code":"invalid_api_key","message":"x"}}"#, Some(401)),
            (r#"{"error":{"type":"something_else","message":"x"}}"#, Some(500)),
            (r#"{"error":"it broke"}"#, Some(500)),
            (r#"{"error":null,"choices":[]}"#, None),
            (r#"{"choices":[]}"#, None),
        ];
        for (text, expected) in cases {
            assert_eq!(status(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_model_is_named_with_the_address() {
        let failure = Failure::of_body(404, br#"{"error":{"message":"model: m"}}"#);
        assert_eq!(
            failure.into_error("m", "http://x/v1/messages").to_string(),
            "the model's service refused the request (404): \
             `http://x/v1/messages` does not know the model `m`: model: m"
        );
    }

    #[test]
    fn a_broken_connection_passes_unless_it_lasts() {
        let broken = Failure::broken("x");
        assert!(broken.clone().into_error("m", "u").is_passing());
        assert!(!broken.lasting().into_error("m", "u").is_passing());
    }

    #[test]
    fn a_service_may_say_that_asking_again_helps_or_not() {
        let said = |status: u16, again| {
            let failure = Failure { status, again: Some(again), ..Failure::broken("x") };
            match failure.into_error("m", "u") {
                ModelError::Busy { hopeless, .. } => Some(hopeless),
                _ => None,
            }
        };
        assert_eq!((said(529, true), said(529, false)), (Some(false), Some(true)));
        assert_eq!((said(425, true), said(425, false)), (Some(false), None));
        // What never passes does not pass because somebody says so.
        for status in [400, 401, 402, 403, 404, 413, 422] {
            assert_eq!(said(status, true), None, "{status}");
        }
    }

    #[test]
    fn a_page_becomes_a_line() {
        assert_eq!(shorten("<html>\n  <b>gone</b>\n"), "<html> <b>gone</b>");
        assert_eq!(shorten(" \n"), "it said nothing");
        assert!(shorten(&"word ".repeat(1000)).chars().count() < MOST_CHARS + 10);
    }
}
