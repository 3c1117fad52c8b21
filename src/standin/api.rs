//! The REST API over one connection: host check, key check, routes, long poll (lib/api/api.go).
//!
//! Nothing is answered before the host and the key were checked, except `noauth/health`.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::configure;
use super::control;
use super::events::Mask;
use super::http::{JSON, TEXT, canned, complete, dress, flushed, pretty, text};
use super::knobs::Seen;
use super::listener::Body;
use super::moment::wall_clock;
use super::replies;
use super::shared::Shared;

/// lib/api/api.go defaultEventTimeout.
const POLL: Duration = Duration::from_secs(60);
const LONGEST_POLL: u64 = 3600;
const BODY_LIMIT: usize = 1 << 20;

/// What a route gives back.
pub(super) enum Reply {
    Json(Value),
    /// Status and text.
    Text(StatusCode, String),
    /// 200 without a body, as for most changes.
    Done,
    /// The same, with `Connection: close`: the listener is about to restart.
    DoneAndClose,
}

impl Reply {
    pub(super) fn missing(text: &str) -> Self {
        Self::Text(StatusCode::NOT_FOUND, text.to_owned())
    }
}

/// Answers one request that came over TLS.
pub(super) async fn respond(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, io::Error> {
    record(&shared, &request, false);
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let answer = shared.state().knobs.take(&path);
    if let Some(answer) = answer {
        return canned(answer);
    }
    if !head.headers.get(header::HOST).is_some_and(is_local) {
        return Ok(text(StatusCode::FORBIDDEN, "Host check error"));
    }
    if path == "/rest/noauth/health" {
        return Ok(reply(&shared, Reply::Json(json!({ "status": "OK" }))));
    }
    if !authorized(&shared, &head.headers) {
        return Ok(text(StatusCode::FORBIDDEN, "CSRF Error"));
    }
    let query = Query::new(head.uri.query());
    if let Some(mask) = subscription(&path, &query).filter(|_| head.method == Method::GET) {
        return Ok(long_poll(&shared, mask, &query));
    }
    let body = Limited::new(body, BODY_LIMIT)
        .collect()
        .await
        .map_or_else(|_| Bytes::new(), |body| body.to_bytes());
    let result = match get(&shared, &path, &query) {
        Some(result) if head.method == Method::GET => result,
        known => match control::change(&shared, &head.method, &path, &query, &body) {
            Some(result) => result,
            None if known.is_some() || control::known(&path) => Reply::Text(
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed".to_owned(),
            ),
            None => Reply::missing("404 page not found"),
        },
    };
    Ok(reply(&shared, result))
}

/// Answers one request that came in the clear: a redirect, by when the key has crossed already.
pub(super) async fn redirect(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, io::Error> {
    record(&shared, &request, true);
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let location = format!("https://{}{path}", shared.address());
    let mut response = text(StatusCode::TEMPORARY_REDIRECT, "Temporary Redirect");
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The decoded query of a request.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn new(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of `name` that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(each, value)| each == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }
}

fn get(shared: &Shared, path: &str, query: &Query) -> Option<Reply> {
    let state = shared.state();
    let (world, now) = (&state.world, wall_clock());
    let address = shared.address().to_string();
    let gui = || replies::gui(world, &address, state.key.expose_secret());
    Some(Reply::Json(match path.strip_prefix("/rest/")? {
        "system/ping" => json!({ "ping": "pong" }),
        "system/status" => {
            let uptime = state.started_at.elapsed().try_into().unwrap_or_default();
            replies::system_status(world, &address, state.started, uptime)
        }
        "system/version" => replies::system_version(shared.version()),
        "system/connections" => replies::connections(world, now),
        "system/error" => replies::errors(world),
        "config" | "system/config" => replies::config(world, gui()),
        "config/gui" => gui(),
        "config/options" => replies::options(),
        "config/folders" => world.folders.iter().map(replies::config_folder).collect(),
        "config/devices" => world.devices.iter().map(replies::config_device).collect(),
        "config/defaults/folder" => configure::default_folder(world),
        "config/defaults/device" => configure::default_device(),
        // No directory is there.
        "system/browse" => json!([]),
        "config/restart-required" => json!({ "requiresRestart": world.restart_required }),
        "stats/device" => replies::device_stats(world),
        "stats/folder" => replies::folder_stats(world),
        "cluster/pending/devices" => replies::pending_devices(world),
        "cluster/pending/folders" => replies::pending_folders(world),
        "folder/errors" => {
            let folder = query.get("folder").unwrap_or_default();
            json!({ "folder": folder, "errors": null, "page": 1, "perpage": 65536 })
        }
        "db/status" => match world.folder(query.get("folder").unwrap_or_default()) {
            Some(folder) => replies::folder_status(folder),
            None => return Some(Reply::missing("no such folder")),
        },
        "db/completion" => {
            return Some(completion(world, query.get("device"), query.get("folder")));
        }
        _ => return None,
    }))
}

fn completion(world: &super::World, device: Option<&str>, folder: Option<&str>) -> Reply {
    if let Some(device) = device.filter(|device| !super::device_id::plausible(device)) {
        let words = format!("{device:?}: device ID invalid: incorrect length");
        return Reply::Text(StatusCode::BAD_REQUEST, words);
    }
    let device = device.unwrap_or_else(|| world.my_id());
    match folder.map(|id| world.folder(id)) {
        Some(None) => Reply::missing("no such folder"),
        Some(Some(folder)) if folder.paused => Reply::missing("folder is paused"),
        Some(Some(folder)) => {
            let known = world.device(device);
            let connected = known.is_some_and(|device| device.connected.is_some());
            Reply::Json(super::completion::completion(folder, device, connected))
        }
        None => super::completion::total_completion(world, device)
            .map_or_else(|| Reply::missing("folder is paused"), Reply::Json),
    }
}

/// What is subscribed to at this path, if anything.
fn subscription(path: &str, query: &Query) -> Option<Mask> {
    match path {
        "/rest/events" => Some(Mask::parse(query.get("events"))),
        "/rest/events/disk" => Some(Mask::disk()),
        _ => None,
    }
}

/// The headers go out at once and the body when there is something to say: a client can tell "received" from "answered".
fn long_poll(shared: &Arc<Shared>, mask: Mask, query: &Query) -> Response<Body> {
    let since = query.number("since").unwrap_or(0);
    let limit = query
        .number("limit")
        .and_then(|limit| usize::try_from(limit).ok());
    let wait = query
        .number("timeout")
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(POLL, |seconds| {
            Duration::from_secs(seconds.min(LONGEST_POLL))
        });
    let shared = Arc::clone(shared);
    let version = shared.version().to_owned();
    let id = shared.state().world.my_id().to_owned();
    let body = async move {
        let mut events = poll(&shared, &mask, since, wait).await?;
        if let Some(limit) = limit.filter(|limit| *limit > 0) {
            events.drain(..events.len().saturating_sub(limit));
        }
        let values: Vec<&Value> = events.iter().map(AsRef::as_ref).collect();
        Ok(Frame::data(Bytes::from(pretty(&values))))
    };
    let body = StreamBody::new(futures_util::stream::once(body)).boxed_unsync();
    let mut response = Response::new(body);
    dress(&mut response, JSON, &version, &id);
    response
}

async fn poll(
    shared: &Shared,
    mask: &Mask,
    since: i64,
    wait: Duration,
) -> Result<Vec<Arc<Value>>, io::Error> {
    let cut = || io::Error::new(io::ErrorKind::ConnectionAborted, "long poll cut");
    let mut emitted = shared.emitted();
    let mut cuts = shared.cuts();
    let dropped = shared.state().knobs.take_drop();
    if dropped {
        flushed().await;
        return Err(cut());
    }
    let deadline = Instant::now() + wait;
    loop {
        emitted.mark_unchanged();
        if let Some(events) = shared.state().log.since(mask, since) {
            return Ok(events);
        }
        tokio::select! {
            _ = emitted.changed() => {}
            _ = cuts.changed() => return Err(cut()),
            () = sleep_until(deadline) => return Ok(Vec::new()),
        }
    }
}

fn record(shared: &Shared, request: &Request<Incoming>, plain: bool) {
    let headers = request.headers();
    shared.state().knobs.record(Seen {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        plain,
        with_key: headers.contains_key("x-api-key") || headers.contains_key(header::AUTHORIZATION),
        at: Instant::now(),
    });
}

fn authorized(shared: &Shared, headers: &HeaderMap) -> bool {
    let state = shared.state();
    let key = state.key.expose_secret();
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let given = headers.get("x-api-key").map(HeaderValue::as_bytes);
    given == Some(key.as_bytes()) || bearer == Some(key.as_bytes())
}

/// lib/api/api.go addressIsLocalhost.
fn is_local(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase();
    matches!(name.as_str(), "localhost" | "localhost.")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn reply(shared: &Shared, reply: Reply) -> Response<Body> {
    let (closing, mut response) = match reply {
        Reply::Json(value) => (false, complete(StatusCode::OK, JSON, pretty(&value))),
        Reply::Text(status, words) => (false, text(status, &words)),
        Reply::Done => (false, complete(StatusCode::OK, TEXT, Vec::new())),
        Reply::DoneAndClose => (true, complete(StatusCode::OK, TEXT, Vec::new())),
    };
    let id = shared.state().world.my_id().to_owned();
    let kind = response.headers().get(header::CONTENT_TYPE).cloned();
    let kind = kind
        .as_ref()
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or(TEXT);
    dress(&mut response, kind, shared.version(), &id);
    if closing {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_hosts_pass() {
        for host in [
            "localhost",
            "LOCALHOST:8384",
            "localhost.",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8384",
        ] {
            assert!(is_local(&HeaderValue::from_static(host)), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8384",
            "10.0.0.1",
            "localhost.evil.example",
            "",
        ] {
            assert!(!is_local(&HeaderValue::from_static(host)), "{host}");
        }
    }

    #[test]
    fn an_empty_parameter_is_a_missing_one() {
        let query = Query::new(Some("since=&limit=x&timeout=3&events=A%2CB"));
        assert_eq!((query.number("since"), query.number("limit")), (None, None));
        assert_eq!(
            (query.number("timeout"), query.get("events")),
            (Some(3), Some("A,B"))
        );
    }
}
