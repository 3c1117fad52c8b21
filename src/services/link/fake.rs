//! A server in memory: scripted replies, events with a long poll, a record of what was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::Ask;
use crate::core::{Class, Event, Fault, Pin, Timestamp};
use crate::services::{Memory, Session};
use crate::tls::{Reply, Request, Upgraded};

/// A client of one generation for a [`Server`].
pub(crate) struct Fake {
    generation: u64,
    pub server: Arc<Server>,
    /// What every request comes to, and what happens before.
    pub fails: Option<(Fault, Box<dyn Fn() + Send + Sync>)>,
}

#[derive(Default)]
pub(crate) struct Server {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    asked: Vec<(Instant, u64, String)>,
    replies: BTreeMap<String, (u16, Value)>,
    events: Vec<Value>,
    /// Batches that are sent as they are, whatever was asked for.
    forced: VecDeque<Value>,
    latency: Duration,
    served: Option<Pin>,
    fault: Option<Fault>,
    sockets: VecDeque<Result<Upgraded, Fault>>,
    under_way: usize,
    most_under_way: usize,
}

impl Fake {
    pub fn of(generation: u64, server: &Arc<Server>) -> Self {
        Self {
            generation,
            server: Arc::clone(server),
            fails: None,
        }
    }
}

impl Ask for Fake {
    fn generation(&self) -> u64 {
        self.generation
    }

    async fn send(&self, request: Request<'_>) -> Result<Reply, Fault> {
        if let Some((fault, before)) = &self.fails {
            before();
            return Err(fault.clone());
        }
        self.server.get(self.generation, request.path).await
    }

    async fn upgrade(&self, request: &Request<'_>, _: Option<&str>) -> Result<Upgraded, Fault> {
        if let Some((fault, before)) = &self.fails {
            before();
            return Err(fault.clone());
        }
        self.server.upgrade(self.generation, request.path)
    }
}

impl Server {
    /// A server with an own device `ME`, and what else `config` names.
    pub fn with_config(config: Value) -> Arc<Self> {
        let server = Arc::<Self>::default();
        let set = |path: &str, value: Value| server.set(path, 200, value);
        set(
            "/rest/system/status",
            json!({"myID": "ME", "startTime": "2026-11-21T00:00:00Z", "uptime": 3600}),
        );
        set("/rest/system/version", json!({"version": "v1.29.5"}));
        set("/rest/system/ping", json!({"ping": "pong"}));
        set("/rest/config", config);
        set(
            "/rest/system/connections",
            json!({"connections": {}, "total": {}}),
        );
        for path in [
            "stats/device",
            "stats/folder",
            "cluster/pending/devices",
            "cluster/pending/folders",
        ] {
            set(&format!("/rest/{path}"), json!({}));
        }
        set("/rest/system/error", json!({"errors": null}));
        set(
            "/rest/config/restart-required",
            json!({"requiresRestart": false}),
        );
        server
    }

    pub fn set(&self, path: &str, status: u16, value: Value) {
        self.inner()
            .replies
            .insert(path.to_owned(), (status, value));
    }

    /// The same, and what it said before.
    pub fn replace(&self, path: &str, status: u16, value: Value) -> Option<(u16, Value)> {
        self.inner()
            .replies
            .insert(path.to_owned(), (status, value))
    }

    /// What [`Self::replace`] took away.
    pub fn restore(&self, path: &str, before: Option<(u16, Value)>) {
        match before {
            Some(reply) => drop(self.inner().replies.insert(path.to_owned(), reply)),
            None => drop(self.inner().replies.remove(path)),
        }
    }

    /// What the next upgrade comes to.
    pub fn will_upgrade(&self, upgraded: Result<Upgraded, Fault>) {
        self.inner().sockets.push_back(upgraded);
    }

    /// What the next upgrade comes to, whatever was said before.
    pub fn only_upgrade(&self, upgraded: Result<Upgraded, Fault>) {
        self.inner().sockets.clear();
        self.will_upgrade(upgraded);
    }

    fn upgrade(&self, generation: u64, path: &str) -> Result<Upgraded, Fault> {
        let mut inner = self.inner();
        inner
            .asked
            .push((Instant::now(), generation, format!("upgrade {path}")));
        if let Some(fault) = &inner.fault {
            return Err(fault.clone());
        }
        let refused = || Err(Fault::new(Class::Refused));
        inner.sockets.pop_front().unwrap_or_else(refused)
    }

    pub fn serve(&self, pin: Pin) {
        self.inner().served = Some(pin);
    }

    pub fn slow_down(&self, latency: Duration) {
        self.inner().latency = latency;
    }

    /// From now on every request fails, those that wait too.
    pub fn fail(&self, fault: Fault) {
        self.inner().fault = Some(fault);
        self.wake.notify_waiters();
    }

    /// The next event.
    pub fn emit(&self, kind: &str, data: Value) {
        let id = self
            .inner()
            .events
            .last()
            .map_or(0, |last| last["id"].as_u64().unwrap());
        self.emit_as(id + 1, kind, data);
    }

    /// An event with an ID of choice.
    pub fn emit_as(&self, id: u64, kind: &str, data: Value) {
        let event = json!({"id": id, "time": "2026-11-21T02:00:00Z", "type": kind, "data": data});
        self.inner().events.push(event);
        self.wake.notify_waiters();
    }

    /// Forgets the events, as a new process does, and sends this batch.
    pub fn force(&self, batch: Value) {
        let mut inner = self.inner();
        inner.events.clear();
        inner.forced.push_back(batch);
        drop(inner);
        self.wake.notify_waiters();
    }

    /// What was asked since the last time, without the mask.
    pub fn asked(&self) -> Vec<String> {
        self.asked_with_time()
            .into_iter()
            .map(|(_, _, path)| path)
            .collect()
    }

    /// The same with the time and the generation.
    pub fn asked_with_time(&self) -> Vec<(Instant, u64, String)> {
        std::mem::take(&mut self.inner().asked)
    }

    pub fn most_under_way(&self) -> usize {
        self.inner().most_under_way
    }

    async fn get(&self, generation: u64, path: &str) -> Result<Reply, Fault> {
        let short = path.split("&events=").next().unwrap().to_owned();
        let latency = {
            let mut inner = self.inner();
            inner
                .asked
                .push((Instant::now(), generation, short.clone()));
            inner.under_way += 1;
            inner.most_under_way = inner.most_under_way.max(inner.under_way);
            inner.latency
        };
        if !latency.is_zero() {
            sleep(latency).await;
        }
        let result = match short.strip_prefix("/rest/events?") {
            Some(query) => self.events(query).await,
            None => Ok(self.reply(&short)),
        };
        let mut inner = self.inner();
        inner.under_way -= 1;
        if let Some(fault) = inner.fault.clone() {
            return Err(fault);
        }
        let (status, value) = result?;
        Ok(Reply {
            status,
            served: inner.served,
            headers: Default::default(),
            body: value.to_string().into_bytes(),
        })
    }

    fn reply(&self, path: &str) -> (u16, Value) {
        let default = match path.split_once('?') {
            Some(("/rest/db/status", _)) => (200, json!({"state": "idle"})),
            Some(("/rest/db/completion", _)) => (200, json!({"completion": 100})),
            _ => (404, json!("not found")),
        };
        self.inner().replies.get(path).cloned().unwrap_or(default)
    }

    async fn events(&self, query: &str) -> Result<(u16, Value), Fault> {
        let number = |name: &str| -> u64 {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|pair| pair.0 == name)
                .map_or(0, |pair| pair.1.parse().unwrap())
        };
        let (since, limit) = (number("since"), number("limit"));
        let deadline = Instant::now() + Duration::from_secs(number("timeout"));
        loop {
            let woken = self.wake.notified();
            {
                let mut inner = self.inner();
                if limit == 1 {
                    let newest: Vec<_> = inner.events.last().cloned().into_iter().collect();
                    return Ok((200, json!(newest)));
                }
                if let Some(fault) = inner.fault.clone() {
                    return Err(fault);
                }
                if let Some(batch) = inner.forced.pop_front() {
                    return Ok((200, batch));
                }
                let later = |event: &&Value| event["id"].as_u64().unwrap() > since;
                let events: Vec<_> = inner.events.iter().filter(later).cloned().collect();
                if !events.is_empty() {
                    return Ok((200, json!(events)));
                }
            }
            if timeout_at(deadline, woken).await.is_err() {
                return Ok((200, json!([])));
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// A session with `server` under generation 1, what it tells, and how to swap its client.
pub(crate) fn session(
    server: &Arc<Server>,
) -> (
    Session<Fake>,
    mpsc::UnboundedReceiver<Event>,
    watch::Sender<Arc<Fake>>,
) {
    let (events, told) = mpsc::unbounded_channel();
    let (swap, clients) = watch::channel(Arc::new(Fake::of(1, server)));
    let session = Session {
        instance: "laptop".into(),
        attempt: 5,
        clients,
        key: "key".into(),
        memory: Memory::default(),
        fresh: Default::default(),
        entry: Default::default(),
        teller: Default::default(),
        second: None,
        settings: Arc::default(),
        wall_clock: || Timestamp::from_secs(1_800_000_000),
        events,
    };
    (session, told, swap)
}
