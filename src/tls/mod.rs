//! Stub: only the signatures that `services` needs, until the real room is merged.

use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::core::{Class, Fault, Pin};

/// One client for one generation of pins.
#[derive(Debug)]
pub struct Client {
    generation: u64,
}

impl Client {
    /// The generation of pins that this client accepts.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Sends a request.
    ///
    /// # Errors
    /// Always, in this stub.
    pub async fn send(&self, _request: Request<'_>) -> Result<Reply, Fault> {
        Err(Fault::new(Class::Refused))
    }
}

/// A request.
#[derive(Debug)]
pub struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub key: Option<&'a SecretString>,
    pub body: Option<Vec<u8>>,
    pub timeout: Duration,
    pub limit: usize,
}

/// A whole reply.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub served: Option<Pin>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The reply, when its status is 2xx.
    ///
    /// # Errors
    /// The fault that the status stands for.
    pub fn success(self) -> Result<Reply, Fault> {
        match self.status {
            200..=299 => Ok(self),
            401 => Err(Fault::new(Class::Unauthorized)),
            403 => Err(Fault::new(Class::Csrf)),
            400..=499 => Err(Fault::new(Class::BadPath)),
            _ => Err(Fault::new(Class::ServerError)),
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `BadReply` when it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Fault::with_detail(Class::BadReply, error.to_string()))
    }
}
