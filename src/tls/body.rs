//! Reads the bodies of replies: bounded, and never taken for whole when they broke off.

use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;

use super::budget::Share;
use super::classify::{self, Stage};
use crate::core::{Class, Fault};

/// What is read of a reply that is no success, bytes: enough for its words.
const WORDS: usize = 4096;
/// As many characters of a key at the end of a text are taken for the beginning of the key.
const KEY_BEGUN: usize = 4;

/// The whole body of a success, or why there is none.
pub(super) async fn whole_body(
    response: &mut Response,
    limit: usize,
    share: &Share,
) -> Result<Vec<u8>, Fault> {
    let too_large = |size: String| Fault::with_detail(Class::TooLarge, size);
    if let Some(length) = response.content_length()
        && length > limit as u64
    {
        return Err(too_large(format!("{length} bytes; {limit} are accepted")));
    }
    let headers = response.headers();
    let close_delimited =
        !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING);
    let crowded = || too_large("other replies need the room that it takes".to_owned());
    let mut body = Vec::new();
    loop {
        let chunk = tokio::select! {
            chunk = response.chunk() => chunk,
            () = share.gives_way() => return Err(crowded()),
        };
        match chunk {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > limit => {
                return Err(too_large(format!("more than {limit} bytes")));
            }
            Ok(Some(chunk)) if !share.grow(chunk.len()) => return Err(crowded()),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => {
                let fault = classify::of_reqwest(&error, Stage::Body);
                let whole =
                    fault.class == Class::Truncated && close_delimited && ends_itself(&body);
                return if whole { Ok(body) } else { Err(fault) };
            }
        }
    }
}

/// The beginning of a body that is only read for its words; whatever came before an error will do.
pub(super) async fn words(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < WORDS {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    body.truncate(WORDS);
    body
}

/// What a server said without the secrets that were sent to it: some repeat a request on their error pages, which are
/// quoted in faults.
pub fn without_secrets(body: Vec<u8>, secrets: &[SecretString]) -> Vec<u8> {
    let mut body = body;
    for key in secrets.iter().map(ExposeSecret::expose_secret) {
        if key.is_empty() {
            continue;
        }
        let mut text = String::from_utf8_lossy(&body).replace(key, "[key]");
        // The body may have been cut, or have broken off, in the middle of the key.
        let begun = (KEY_BEGUN..key.len())
            .rev()
            .find_map(|length| text.strip_suffix(key.get(..length)?));
        if let Some(before) = begun {
            text.truncate(before.len());
        }
        body = text.into_bytes();
    }
    body
}

/// Whether these bytes are JSON that shows its own end. A bare number does not: `12` may be the start of `123`.
fn ends_itself(body: &[u8]) -> bool {
    let delimited = matches!(body.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
    delimited && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_that_shows_its_end_counts_as_whole() {
        for body in ["{}", " [1, 2] ", "\"a\"", "{\"a\":[]}\n"] {
            assert!(ends_itself(body.as_bytes()), "{body}");
        }
        for body in ["", " ", "12", "true", "{", "[1", "{}x", "[] []", "\"a"] {
            assert!(!ends_itself(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn a_key_that_is_said_back_is_taken_out_even_when_it_is_cut() {
        let key = [SecretString::from("secret-key")];
        let echoed = without_secrets(b"you sent secret-key".to_vec(), &key);
        assert_eq!(echoed, b"you sent [key]");
        let cut = without_secrets(b"you sent secret-k".to_vec(), &key);
        assert_eq!(cut, b"you sent ");
    }
}
