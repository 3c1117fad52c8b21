//! What a relay says, in the shapes of WeeChat's `relay-api` (`src/plugins/relay/api/weechat-relay-api.yaml`).
//!
//! Everything is lenient: what is missing or of another shape is taken for nothing, and numbers come in any form.

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};

use crate::core::Timestamp;

/// What is asked before a login.
#[derive(Debug, Serialize)]
pub(super) struct Offer<'a> {
    pub(super) password_hash_algo: Vec<&'a str>,
}

/// How the relay wants the password.
#[derive(Debug, Deserialize)]
pub(super) struct Handshake {
    /// `None`: none of those that were offered.
    pub(super) password_hash_algo: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    pub(super) password_hash_iterations: Option<i64>,
    #[serde(default)]
    pub(super) totp: bool,
}

/// Why a request was refused.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refused {
    #[serde(default)]
    pub(super) error: Refusal,
}

/// The words of `relay-http.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Refusal {
    #[serde(rename = "Missing password")]
    MissingPassword,
    #[serde(rename = "Invalid password")]
    InvalidPassword,
    #[serde(rename = "Missing TOTP")]
    MissingTotp,
    #[serde(rename = "Invalid TOTP")]
    InvalidTotp,
    #[serde(rename = "Invalid timestamp")]
    InvalidTimestamp,
    #[serde(rename = "Invalid hash algorithm (not found or not supported)")]
    InvalidHash,
    #[serde(rename = "Invalid number of iterations")]
    InvalidIterations,
    #[default]
    #[serde(other)]
    Other,
}

/// What a message over the websocket is, whatever it holds.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    /// A status as of HTTP; 0 for an event.
    #[serde(default, deserialize_with = "whole")]
    pub(super) code: Option<i64>,
    #[serde(default)]
    pub(super) event_name: Option<Event>,
    #[serde(default, deserialize_with = "whole")]
    pub(super) buffer_id: Option<i64>,
}

/// The events that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    BufferOpened,
    BufferRenamed,
    BufferClosed,
    BufferLineAdded,
    Quit,
    Upgrade,
    #[serde(other)]
    Other,
}

/// What a message holds.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(super) struct Held<T> {
    pub(super) body: T,
}

#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) weechat_version: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Buffer {
    #[serde(default, deserialize_with = "whole")]
    pub(super) id: Option<i64>,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) short_name: Option<String>,
}

/// A buffer in which something waits to be read.
#[derive(Debug, Deserialize)]
pub(super) struct Waiting {
    #[serde(default, deserialize_with = "whole")]
    pub(super) buffer_id: Option<i64>,
    #[serde(default, deserialize_with = "time")]
    pub(super) date: Option<Timestamp>,
    /// How many lines: low, messages, private ones, highlights.
    #[serde(default)]
    pub(super) count: Vec<f64>,
}

/// A line of a buffer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Line {
    /// When it came, whatever time it bears.
    #[serde(default, rename = "date_printed", deserialize_with = "time")]
    pub(super) came: Option<Timestamp>,
    #[serde(default)]
    pub(super) displayed: bool,
    #[serde(default)]
    pub(super) highlight: bool,
    /// 1 for a message, 2 for a private one, 3 for a highlight; less for what nobody waits for.
    #[serde(default, deserialize_with = "whole")]
    pub(super) notify_level: Option<i64>,
    #[serde(default)]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) message: String,
}

/// A whole number, also as `1.79522689363296e+15`, which is how cJSON writes a long one.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_i64().or_else(|| exact(value.as_f64()?)))
}

/// A float that stands for a whole number without loss.
#[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
fn exact(number: f64) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= LARGEST).then_some(number as i64)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_come_in_any_form() {
        for (number, expected) in [
            (
                json!(1_795_226_893_632_960_i64),
                Some(1_795_226_893_632_960),
            ),
            (json!(1.795_226_893_632_96e15), Some(1_795_226_893_632_960)),
            (json!(-1), Some(-1)),
            (json!(1.5), None),
            (json!(1e300), None),
            (json!("1"), None),
            (json!(null), None),
        ] {
            let text = json!({"code": 0, "buffer_id": number}).to_string();
            let message: Message = serde_json::from_str(&text).expect("a message");
            assert_eq!(message.buffer_id, expected, "{text}");
        }
        let text = r#"{"code": 0, "buffer_id": 1.79522689363296e+15}"#;
        let message: Message = serde_json::from_str(text).expect("a message");
        assert_eq!(message.buffer_id, Some(1_795_226_893_632_960));
    }

    #[test]
    fn refusals_are_known_by_their_words() {
        for (words, refusal) in [
            ("Missing password", Refusal::MissingPassword),
            ("Invalid password", Refusal::InvalidPassword),
            ("Missing TOTP", Refusal::MissingTotp),
            ("Invalid TOTP", Refusal::InvalidTotp),
            ("Invalid timestamp", Refusal::InvalidTimestamp),
            ("something new", Refusal::Other),
        ] {
            let text = json!({"error": words}).to_string();
            let refused: Refused = serde_json::from_str(&text).expect(words);
            assert_eq!(refused.error, refusal);
        }
        assert_eq!(
            serde_json::from_str::<Refused>("{}").unwrap().error,
            Refusal::Other
        );
    }

    #[test]
    fn events_of_a_newer_weechat_are_no_trouble() {
        let text = r#"{"code": 0, "event_name": "buffer_sprouted", "body": {"new": [1]}}"#;
        let message: Message = serde_json::from_str(text).expect("a message");
        assert_eq!(message.event_name, Some(Event::Other));
    }
}
