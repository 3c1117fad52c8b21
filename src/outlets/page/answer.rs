//! A request to the page, and what it is answered with.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::gate::{Gate, Refused};
use crate::core::Status;
use crate::engine::Asker;
use crate::engine::protocol::{Answer, Ask};
use crate::outlets::Sources;
use crate::view::metrics;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
/// The loop answers within a fraction of a millisecond; one that does not within this is not well.
const PATIENCE: Duration = Duration::from_secs(2);
/// Above so many instances, folders and devices the text is made on a thread of its own.
const MANY: usize = 200;

type Reply = Response<Full<Bytes>>;

pub(super) async fn answer(request: &Request<Incoming>, gate: &Gate, sources: &Sources) -> Reply {
    match gate.admits(request.uri(), request.headers()) {
        Ok(()) => {}
        Err(Refused::Token) => return refused(metrics::needs_token()),
        Err(Refused::SeveralHosts) => {
            return reply(StatusCode::BAD_REQUEST, TEXT, metrics::several_hosts());
        }
        Err(Refused::Host(name)) => {
            let words = metrics::wrong_host(&name);
            return reply(StatusCode::MISDIRECTED_REQUEST, TEXT, words);
        }
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut reply = reply(
            StatusCode::METHOD_NOT_ALLOWED,
            TEXT,
            "This page is only read.\n",
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        reply.headers_mut().insert(header::ALLOW, allowed);
        return reply;
    }
    match request.uri().path() {
        "/metrics" => {
            let page = figures(sources).await;
            reply(StatusCode::OK, metrics::TEXT_TYPE, page)
        }
        "/healthz" => health(&sources.asker).await,
        "/status" => {
            let status = Arc::clone(&sources.status.borrow());
            let mut json = serde_json::to_vec_pretty(&*status).unwrap_or_default();
            json.push(b'\n');
            reply(StatusCode::OK, JSON, json)
        }
        "/" => reply(
            StatusCode::OK,
            TEXT,
            metrics::index(env!("CARGO_PKG_VERSION")),
        ),
        _ => reply(StatusCode::NOT_FOUND, TEXT, metrics::nothing_here()),
    }
}

/// The engine's loop is asked, and must answer.
async fn health(asker: &Asker) -> Reply {
    let asked = asker.ask(Ask::Journal { limit: 0 });
    match timeout(PATIENCE, asked).await {
        Ok(Answer::Journal { .. }) => reply(StatusCode::OK, TEXT, "ok\n"),
        _ => reply(
            StatusCode::SERVICE_UNAVAILABLE,
            TEXT,
            metrics::engine_is_silent(),
        ),
    }
}

/// The text for Prometheus. Making it for a fleet takes tens of milliseconds, for which the loop must not wait.
async fn figures(sources: &Sources) -> String {
    let status = Arc::clone(&sources.status.borrow());
    let usage = sources.tally.usage(&sources.meters);
    if size(&status) <= MANY {
        return metrics::text(&status, &usage);
    }
    let made = tokio::task::spawn_blocking(move || metrics::text(&status, &usage));
    made.await.unwrap_or_default()
}

fn size(status: &Status) -> usize {
    let services = status.instances.iter().flat_map(|it| &it.service);
    let parts = services.map(|service| service.folders.len() + service.devices.len());
    status.instances.len() + parts.sum::<usize>()
}

fn refused(words: &'static str) -> Reply {
    let mut reply = reply(StatusCode::UNAUTHORIZED, TEXT, words);
    let scheme = HeaderValue::from_static("Bearer realm=\"syncwatch\"");
    reply.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    reply
}

fn reply(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_does_not_answer_is_not_well() {
        let (asker, questions) = Asker::unanswered();
        let reply = health(&asker).await;
        assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(questions);
        let reply = health(&asker).await;
        assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
