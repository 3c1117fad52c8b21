//! Replies as bytes: Go's headers, Go's JSON layout, and canned answers with their broken endings.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::knobs::{Answer, Ending};
use super::listener::Body;

pub(super) const JSON: &str = "application/json; charset=utf-8";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// A complete plain text reply.
pub(super) fn text(status: StatusCode, words: &str) -> Response<Body> {
    complete(status, TEXT, format!("{words}\n").into_bytes())
}

/// The headers that every reply of the real one carries.
pub(super) fn dress(response: &mut Response<Body>, content_type: &str, version: &str, id: &str) {
    for (name, value) in [
        ("content-type", content_type),
        ("access-control-allow-origin", "*"),
        ("cache-control", "max-age=0, no-cache, no-store"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-syncthing-id", id),
        ("x-syncthing-version", version),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    }
}

pub(super) fn complete(status: StatusCode, content_type: &str, body: Vec<u8>) -> Response<Body> {
    let full = Full::new(Bytes::from(body)).map_err(|never| match never {});
    let mut response = Response::new(full.boxed_unsync());
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

pub(super) fn canned(answer: Answer) -> Result<Response<Body>, io::Error> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let ended = || io::Error::new(io::ErrorKind::ConnectionAborted, "ended as asked");
    let length = answer.body.len();
    let half = Bytes::copy_from_slice(answer.body.get(..length / 2).unwrap_or_default());
    let mut response = match answer.ending {
        Ending::NoReply => return Err(ended()),
        Ending::Whole => complete(status, &answer.content_type, answer.body),
        Ending::Truncated | Ending::Stalled => {
            let stalled = answer.ending == Ending::Stalled;
            let rest = async move {
                if stalled {
                    std::future::pending::<()>().await;
                }
                flushed().await;
                Err(ended())
            };
            let parts = futures_util::stream::iter([Ok(Frame::data(half))]);
            let body = StreamBody::new(futures_util::StreamExt::chain(
                parts,
                futures_util::stream::once(rest),
            ));
            let mut response = complete(status, &answer.content_type, Vec::new());
            *response.body_mut() = body.boxed_unsync();
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, length.into());
            response
        }
    };
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// As Go's `json.MarshalIndent` with two spaces and a newline.
pub(super) fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Lets hyper send what it holds: it drops that when a body fails at its first poll.
pub(super) async fn flushed() {
    tokio::task::yield_now().await;
}
