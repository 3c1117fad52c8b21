//! Requests that change something, over whatever client is newest.
//!
//! Invariant: a client of retired pins is never used; a request that was cut off by newer ones is repeated over them
//! only where doing it twice is doing it once.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;
use url::form_urlencoded::Serializer;

use super::refusal::of_fault;
use crate::core::{Class, Fault, Refusal};
use crate::tls::{Client, Reply, Request, Terms};

const TIMEOUT: Duration = Duration::from_secs(30);
/// For a config: 2.6 MB with 1000 folders.
const LIMIT: usize = 64 * 1024 * 1024;

/// A server that can be asked to do something.
#[derive(Debug)]
pub struct Remote {
    /// The instance's name in the config.
    pub name: String,
    /// As shown to people.
    pub url: String,
    /// The client of the newest generation of pins.
    pub clients: watch::Receiver<Arc<Client>>,
    pub key: SecretString,
}

impl Remote {
    /// What is at `path`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        let reply = self.send(Method::GET, path, None, TIMEOUT, true).await;
        let content = reply.and_then(|reply| reply.success()?.json());
        content.map_err(|fault| of_fault(self, &fault))
    }

    /// A page that a server need not have: `None` when it answers 404.
    pub(super) async fn get_optional(&self, path: &str) -> Result<Option<Value>, Refusal> {
        let reply = self.send(Method::GET, path, None, TIMEOUT, true).await;
        let content = match reply {
            Ok(reply) if reply.status == 404 => Ok(None),
            reply => reply.and_then(|reply| reply.success()?.json().map(Some)),
        };
        content.map_err(|fault| of_fault(self, &fault))
    }

    /// Has `path` done; twice is as good as once.
    pub(super) async fn post(&self, path: &str) -> Result<(), Refusal> {
        let reply = self.send(Method::POST, path, None, TIMEOUT, true).await;
        self.success(reply)
    }

    /// The same where twice is once too often.
    pub(super) async fn post_once(&self, path: &str) -> Result<(), Refusal> {
        let reply = self.send(Method::POST, path, None, TIMEOUT, false).await;
        self.success(reply)
    }

    /// Has `path` begun: the server answers only at its end, for which nobody waits longer than `patience`. `None` when
    /// it goes on after that.
    pub(super) async fn begin(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<Option<Reply>, Refusal> {
        match self.send(Method::POST, path, None, patience, true).await {
            Err(fault) if fault.class == Class::RequestTimeout => Ok(None),
            reply => reply.map(Some).map_err(|fault| of_fault(self, &fault)),
        }
    }

    /// Puts `body` at `path`.
    pub(super) async fn write(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(), Refusal> {
        let body = body.to_string().into_bytes();
        let reply = self.send(method, path, Some(body), TIMEOUT, true).await;
        self.success(reply)
    }

    pub(super) fn success(&self, reply: Result<Reply, Fault>) -> Result<(), Refusal> {
        let done = reply.and_then(Reply::success).map(drop);
        done.map_err(|fault| of_fault(self, &fault))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        timeout: Duration,
        repeatable: bool,
    ) -> Result<Reply, Fault> {
        let mut clients = self.clients.clone();
        let mut lost_before = false;
        loop {
            let client = Arc::clone(&clients.borrow_and_update());
            let request = Request {
                method: method.clone(),
                path,
                key: Some(&self.key),
                body: body.clone(),
                timeout,
                limit: LIMIT,
                terms: Terms::default(),
            };
            let result = tokio::select! {
                biased;
                newer = clients.changed() => match newer {
                    Ok(()) if repeatable => continue,
                    // Its pins are retired, or nobody knows any more whom to trust.
                    _ => return Err(Fault::new(Class::Lost)),
                },
                result = client.send(request) => result,
            };
            match result {
                Err(_) if repeatable && clients.has_changed().unwrap_or(false) => {}
                // The server may close a kept connection at any moment.
                Err(fault) if repeatable && fault.class == Class::Lost && !lost_before => {
                    lost_before = true;
                }
                result => return result,
            }
        }
    }
}

/// `path` with its query, whatever the values hold: IDs come from other people's machines.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{path}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place() {
        let path = with_query(
            "/rest/db/scan",
            &[("folder", "a&sub=../x #\r\nHost: y"), ("sub", "ü/+")],
        );
        assert_eq!(
            path,
            "/rest/db/scan?folder=a%26sub%3D..%2Fx+%23%0D%0AHost%3A+y&sub=%C3%BC%2F%2B"
        );
    }
}
