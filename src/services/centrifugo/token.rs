//! The client's token: when it ends by its own account, and the page that may give another.
//!
//! Invariant: a token is never shown and never judged here; its server alone says whether it is good. A page is asked
//! over verified TLS, and its reply is bounded.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::{BoxFuture, FutureExt as _};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::client::Trouble;
use crate::core::failure::About;
use crate::core::{Class, Fault, Kind, LinkState, Timestamp};
use crate::services::disks::SILENT;
use crate::services::{DiskReader, ReadSecret};
use crate::tls::{self, Client, ClientSpec, Request, Terms};

/// For the whole of a question to the page.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Far more than any token has, and the JSON around it.
const LARGEST: usize = 8192;

/// When a token ends by its own account (RFC 7519, `exp`); `None` for one that does not say so.
pub(super) fn end(token: &SecretString) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let claims = token.expose_secret().split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(claims.trim_end_matches('='))
        .ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    // As far as a date is one, and no further than the year 9999.
    let exp = (0.0..=253_402_300_799.0).contains(&exp).then_some(exp)?;
    Some(Timestamp::from_secs(exp as i64))
}

/// A time as it is shown: to the second.
pub(super) fn moment(time: Timestamp) -> String {
    let text = time.to_string().replace('T', " ");
    let text = text.split('.').next().unwrap_or_default();
    format!("{text} UTC")
}

/// What it means that a client with this `token` is not let in, and no other token is to be had.
pub(super) fn verdict(trouble: Trouble, token: &SecretString, now: Timestamp) -> Fault {
    let fault = match trouble {
        Trouble::Fault(fault) => return fault,
        Trouble::Token(fault) => fault,
    };
    match end(token) {
        Some(end) if end <= now => Fault {
            served: fault.served,
            ..Fault::with_detail(
                Class::TokenExpired,
                format!("it was valid until {}", moment(end)),
            )
        },
        _ => fault,
    }
}

/// A page that answers a GET with a token, bare or as `{"token": "..."}`.
#[derive(Debug)]
pub struct TokenPage {
    spec: ClientSpec,
    /// Where its pin is read, anew each time.
    pin_file: Option<PathBuf>,
    /// Where what it is trusted by is read from.
    reader: DiskReader,
}

impl TokenPage {
    /// `spec` says where and how it is trusted; with a `pin_file`, the pin is the one in there.
    pub fn new(spec: ClientSpec, pin_file: Option<PathBuf>, reader: DiskReader) -> Self {
        Self {
            spec,
            pin_file,
            reader,
        }
    }

    async fn ask(&self) -> Result<SecretString, Fault> {
        let mut spec = self.spec.clone();
        let path = match spec.base.query() {
            Some(query) => format!("{}?{query}", spec.base.path()),
            None => spec.base.path().to_owned(),
        };
        spec.base.set_path("/");
        let pin_file = self.pin_file.clone();
        let built = self.reader.read(move || {
            if let Some(file) = pin_file {
                spec.pins = tls::pins_in(&file).map_err(no_pin)?;
            }
            // One of its own for each question, so that it needs no upkeep: there are few.
            Client::build(&spec)
        });
        let client = built
            .await
            .unwrap_or_else(|| Err(no_pin(SILENT.to_owned())))?;
        let request = Request {
            method: Method::GET,
            path: &path,
            key: None,
            body: None,
            timeout: TIMEOUT,
            limit: LARGEST,
            terms: Terms::default(),
        };
        let reply = client.send(request).await?.success()?;
        token_in(&reply.body)
    }
}

impl ReadSecret for TokenPage {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, Fault>> {
        async { self.ask().await.map_err(|fault| elsewhere(&fault)) }.boxed()
    }
}

fn no_pin(why: String) -> Fault {
    let words = format!("the certificate file in 'token-trust': {why}");
    Fault::with_detail(Class::NoKey, words)
}

fn token_in(body: &[u8]) -> Result<SecretString, Fault> {
    #[derive(Deserialize)]
    struct Holder {
        token: String,
    }
    let no_token = || Fault::with_detail(Class::NoKey, "'token-url' gives no token");
    let text = std::str::from_utf8(body).map_err(|_| no_token())?.trim();
    let token = match text.starts_with('{') {
        true => {
            serde_json::from_str::<Holder>(text)
                .map_err(|_| no_token())?
                .token
        }
        false => text.to_owned(),
    };
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || !is_plain || token.contains(['<', '"']) {
        return Err(no_token());
    }
    Ok(token.into())
}

/// The words of a fault that another server than the instance's own met with.
fn elsewhere(fault: &Fault) -> Fault {
    if fault.class == Class::NoKey {
        return fault.clone();
    }
    let (class, page) = match fault.class.rule().loud {
        LinkState::Untrusted => (Class::UntrustedTokenPage, "it"),
        _ => (Class::NoKey, "'token-url'"),
    };
    let (message, _) = fault.words(&About::new(page, Kind::Centrifugo, page));
    let first = message.split(". ").next().unwrap_or_default();
    Fault::with_detail(class, first.trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
