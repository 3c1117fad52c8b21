//! One HTTPS client for one generation of pins: immutable, so that a pin that was retired can never be used again.
//!
//! Invariant: no plain HTTP but under a `ws` address, where no secret is ever sent; no proxy, no redirect, no resumed
//! session; the key is marked sensitive and goes nowhere but into the request's header. Bodies are bounded, and a reply
//! that broke off is never taken for a whole one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{CONNECTION, CONTENT_TYPE, DATE, HOST, HeaderMap, LOCATION};
use reqwest::tls::TlsInfo;
use reqwest::{Response, Url};
use secrecy::SecretString;
use serde::de::IgnoredAny;

use super::body::{whole_body, without_secrets, words};
use super::budget::Budget;
use super::carry::{carried, said_back, sensitive};
use super::certificate::printable;
use super::classify::{self, Stage};
use super::endpoint::{Dial, Endpoint};
use super::look::{look_briefly, speaks_tls};
use super::meter::Meter;
use super::pin::pin_of;
use super::reply::Reply;
use super::request::Request;
use super::shared::{Resolver, Shared};
use super::transport::{noticing_silence, over_unix_socket};
use super::verifier::{Trust, Verifier, Witness, client_config, noticing_handshakes};
use crate::core::{Class, Fault, Pin, PinSet, Timestamp};

/// Syncthing closes idle connections after 15 s (`lib/api/api.go` ReadTimeout); ours go first.
const POOL_IDLE: Duration = Duration::from_secs(10);
/// How long a peer that was too slow for a handshake may take in another one, before it is taken for one without TLS.
const SNIFF: Duration = Duration::from_secs(1);
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const USER_AGENT: &str = concat!("syncwatch/", env!("CARGO_PKG_VERSION"));

/// What a client is built from.
#[derive(Clone)]
pub struct ClientSpec {
    /// `https`, or `ws`, which goes without TLS and without secrets; a path in it goes before the path of each request.
    /// A user name or password in it is not used.
    pub base: Url,
    /// The name for SNI, name checks and the Host header; the host in `base` is still what is connected to.
    pub server_name: Option<String>,
    /// Connect to this instead of the host and port in `base`; names, checks and the Host header stay.
    pub dial: Option<Dial>,
    pub trust: Trust,
    /// Counts for [`Trust::Pinned`] alone.
    pub pins: PinSet,
    pub generation: u64,
}

/// A client that trusts one generation of pins.
#[derive(Clone)]
pub struct Client {
    endpoint: Endpoint,
    verifier: Arc<Verifier>,
    http: reqwest::Client,
    /// Who did not answer a handshake in time was looked at, and is no server without TLS.
    silent: Arc<AtomicBool>,
    /// The time that the peer told last, milliseconds; 0 before it did.
    told_time: Arc<AtomicI64>,
    generation: u64,
    budget: Budget,
    pub(super) meter: Arc<Meter>,
}

impl Client {
    /// Builds the client. Opens no connection.
    ///
    /// # Errors
    /// The address is not usable, or the CA file or the platform's CA certificates could not be read.
    pub fn build(spec: &ClientSpec) -> Result<Self, Fault> {
        Self::build_sharing(spec, &Shared::default(), None)
    }

    /// The same with what many clients share, and with a witness of the handshakes.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_sharing(
        spec: &ClientSpec,
        shared: &Shared,
        witness: Option<Witness>,
    ) -> Result<Self, Fault> {
        Self::assemble(spec, shared, witness, None)
    }

    /// The same with another time limit for connecting, handshake included, than 5 s on this computer and 10 s elsewhere.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_with_connect_timeout(
        spec: &ClientSpec,
        connect_timeout: Duration,
    ) -> Result<Self, Fault> {
        Self::assemble(spec, &Shared::default(), None, Some(connect_timeout))
    }

    /// The same client, counting with others into `meter`.
    #[must_use]
    pub fn counting(self, meter: Arc<Meter>) -> Self {
        Self { meter, ..self }
    }

    /// The generation of pins that this client trusts.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The time by the peer's clock when it answered last, to the second; `None` where it did not say.
    pub fn time_of_peer(&self) -> Option<Timestamp> {
        let time = self.told_time.load(Ordering::Relaxed);
        (time != 0).then(|| Timestamp::from_millis(time))
    }

    /// Sends a request and reads the whole reply, whatever its status.
    ///
    /// A GET, or what else may be repeated, is sent once more when it found its kept connection closed.
    ///
    /// # Errors
    /// What went wrong; a redirect is an error too, because only here its target is known.
    pub async fn send(&self, request: Request<'_>) -> Result<Reply, Fault> {
        self.within(request.timeout, self.exchange(&request)).await
    }

    /// What `work` comes to, unless it takes longer than `timeout`.
    pub(super) async fn within<T>(
        &self,
        timeout: Duration,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let verified_before = self.verifier.handshakes();
        match tokio::time::timeout(timeout, work).await {
            Ok(Err(fault)) if self.endpoint.plain => Err(self.or_tls(fault).await),
            Ok(Err(fault)) => Err(self.or_plain(fault).await),
            Ok(Ok(done)) => {
                self.silent.store(false, Ordering::Release);
                Ok(done)
            }
            // The connect timeout is the shorter one as a rule; where it is not, nobody was ever reached.
            Err(_) if verified_before == 0 && self.verifier.handshakes() == 0 => {
                Err(Fault::new(Class::ConnectTimeout))
            }
            Err(_) => Err(Fault::new(Class::RequestTimeout)),
        }
    }

    /// What a fault met without TLS comes down to: a peer that was not understood, and can do a handshake, wants one.
    async fn or_tls(&self, fault: Fault) -> Fault {
        if !matches!(fault.class, Class::BadReply | Class::Lost) {
            return fault;
        }
        match speaks_tls(&self.endpoint, self.endpoint.connect_timeout()).await {
            true => Fault::with_detail(Class::TlsExpected, "it answers a TLS handshake"),
            false => fault,
        }
    }

    /// What a fault met with TLS comes down to: who asks for a certificate and then refuses says why it did; who was
    /// silent may wait for the end of a request in the clear, and is looked at once more.
    async fn or_plain(&self, fault: Fault) -> Fault {
        match fault.class {
            Class::TlsAlert if self.verifier.was_asked() => classify::asked_for_certificate(fault),
            Class::ConnectTimeout if !self.silent.load(Ordering::Acquire) => {
                match look_briefly(&self.endpoint, SNIFF).await.outcome {
                    Err(found) if found.class == Class::NotTls => found,
                    // Whoever listens there is not bothered again.
                    _ => {
                        self.silent.store(true, Ordering::Release);
                        fault
                    }
                }
            }
            _ => fault,
        }
    }

    fn assemble(
        spec: &ClientSpec,
        shared: &Shared,
        witness: Option<Witness>,
        connect_timeout: Option<Duration>,
    ) -> Result<Self, Fault> {
        let endpoint = Endpoint::new(&spec.base, spec.server_name.as_deref(), spec.dial.as_ref())?;
        let mut verifier = Verifier::new(&spec.trust, &spec.pins, &shared.roots)?.telling(witness);
        if endpoint.stands_in() {
            verifier = verifier.checking(endpoint.server_name.clone());
        }
        let verifier = Arc::new(verifier);
        let mut config = client_config(verifier.clone())?;
        config.enable_sni = !endpoint.stands_in();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .https_only(!endpoint.plain)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .tls_info(true)
            .user_agent(USER_AGENT)
            .pool_idle_timeout(POOL_IDLE)
            .connect_timeout(connect_timeout.unwrap_or_else(|| endpoint.connect_timeout()))
            .tcp_nodelay(true)
            .dns_resolver(Arc::new(Resolver {
                names: shared.names.clone(),
                host: endpoint.other_host(),
            }));
        builder = noticing_silence(builder);
        if let Dial::Unix(path) = &endpoint.dial {
            builder = over_unix_socket(builder, path)?;
        }
        let http = builder
            .build()
            .map_err(|error| classify::of_error(&error, Stage::Connect))?;
        Ok(Self {
            endpoint,
            verifier,
            http,
            silent: Arc::default(),
            told_time: Arc::default(),
            generation: spec.generation,
            budget: shared.budget.clone(),
            meter: Arc::default(),
        })
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Reply, Fault> {
        let (result, connected) = noticing_handshakes(self.attempt(request)).await;
        match result {
            // Without a new handshake it went over a kept connection, which the server may close at any moment.
            Err(fault) if fault.class == Class::Lost && request.is_repeatable() && !connected => {
                self.attempt(request).await
            }
            result => result,
        }
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Reply, Fault> {
        let (response, secrets) = self.head(request, HeaderMap::new()).await?;
        self.rest(request, response, &secrets).await
    }

    /// The head of the reply to a request, and the forms in which its secret was sent.
    pub(super) async fn head(
        &self,
        request: &Request<'_>,
        headers: HeaderMap,
    ) -> Result<(Response, Vec<SecretString>), Fault> {
        let mut builder = self
            .http
            .request(request.method.clone(), self.endpoint.at(request.path))
            .headers(headers);
        if let Some(host) = &self.endpoint.host {
            builder = builder.header(HOST, host);
        }
        if request.terms.last {
            builder = builder.header(CONNECTION, "close");
        }
        let mut secrets = Vec::new();
        if let Some(key) = request.key {
            if self.endpoint.plain {
                let why = "a secret is never sent without encryption";
                return Err(Fault::with_detail(Class::BadSource, why));
            }
            let (name, value) = carried(request.terms.credential, key, &self.http)?;
            secrets = said_back(&value, key);
            builder = builder.header(name, value);
        }
        for (name, secret) in request.terms.further {
            builder = builder.header(*name, sensitive(secret)?);
            secrets.push(secret.clone());
        }
        if let Some(body) = &request.body {
            let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
            let kind = if is_json { JSON } else { TEXT };
            builder = builder.header(CONTENT_TYPE, kind).body(body.clone());
        }
        self.meter.asked(request.body.as_ref().map_or(0, Vec::len));
        let response = builder
            .send()
            .await
            .map_err(|error| classify::of_reqwest(&error, Stage::Head))?;
        let date = response
            .headers()
            .get(DATE)
            .and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| rfc2822::parse(date).ok()) {
            let time = date.timestamp().as_millisecond();
            self.told_time.store(time, Ordering::Relaxed);
        }
        Ok((response, secrets))
    }

    /// The whole reply to a request whose head is there.
    pub(super) async fn rest(
        &self,
        request: &Request<'_>,
        response: Response,
        secrets: &[SecretString],
    ) -> Result<Reply, Fault> {
        let mut response = response;
        let served = served(&response);
        let fingerprint = served.map(|pin| pin.fingerprint);
        let status = response.status();
        let wanted = request.wants(status.as_u16());
        if !wanted && let Some(fault) = redirect(&response, secrets) {
            return Err(fault.with_served(fingerprint));
        }
        let body = if wanted {
            whole_body(&mut response, request.limit, &self.budget.share())
                .await
                .map_err(|fault| fault.with_served(fingerprint))?
        } else {
            without_secrets(words(&mut response).await, secrets)
        };
        self.meter.received(body.len());
        let headers = std::mem::take(response.headers_mut());
        drop(response);
        back_to_the_pool().await;
        Ok(Reply {
            status: status.as_u16(),
            served,
            headers,
            body,
        })
    }
}

/// hyper puts a connection back when tasks of its own have run. A request that follows at once would not find it there,
/// and open another one: with long polls, a handshake a minute.
async fn back_to_the_pool() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// Without what a URL may hold beside an address.
impl fmt::Debug for ClientSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientSpec")
            .field("host", &self.base.host_str())
            .field("port", &self.base.port_or_known_default())
            .field("server_name", &self.server_name)
            .field("dial", &self.dial)
            .field("trust", &self.trust)
            .field("pins", &self.pins)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("dial", &self.endpoint.dial)
            .field("verifier", &self.verifier)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

pub(super) fn served(response: &Response) -> Option<Pin> {
    let info = response.extensions().get::<TlsInfo>()?;
    info.peer_certificate().map(pin_of)
}

fn redirect(response: &Response, secrets: &[SecretString]) -> Option<Fault> {
    if !response.status().is_redirection() {
        return None;
    }
    let target = response.headers().get(LOCATION)?.as_bytes().to_vec();
    let target = String::from_utf8_lossy(&without_secrets(target, secrets)).into_owned();
    // A query may hold what is nobody's business.
    let target = target.split(['?', '#']).next().unwrap_or_default();
    Some(Fault::with_detail(
        Class::Redirect,
        format!("to {}", printable(target, 150)),
    ))
}
