//! What the clients of one engine share: the platform's own verifier, which on Linux holds a parsed copy of every CA
//! certificate of the computer, and the threads on which names are looked up, each of which a name server that does not
//! answer keeps for many seconds.
//!
//! Invariant: lookups that hang never take all the threads that files are read on.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::client::danger::ServerCertVerifier;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::budget::Budget;
use super::provider;
use crate::core::{Class, Fault};

/// Lookups under way at one time; tokio has 512 threads for everything that waits.
const MOST: usize = 256;

/// What is shared; so do clones.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    pub(super) roots: SystemRoots,
    pub(super) names: Names,
    pub(super) budget: Budget,
}

impl Shared {
    /// Clients that are built from now on trust what the computer trusts by then.
    pub fn read_anew(&self) {
        *self.roots.known() = None;
    }
}

/// One verifier for all clients that are built until it is to be read anew; clones share it. Kept for as long as there
/// is such a client. The default knows none yet.
#[derive(Clone, Default)]
pub(super) struct SystemRoots {
    /// Locked for no longer than it takes to look.
    known: Arc<Mutex<Option<Weak<dyn ServerCertVerifier>>>>,
    /// Locked while they are read, which may take as long as a disk likes.
    loading: Arc<Mutex<()>>,
}

impl SystemRoots {
    /// May wait for a disk.
    ///
    /// # Errors
    /// The platform's certificates could not be read.
    pub(super) fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, Fault> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.known().as_ref().and_then(Weak::upgrade);
        if let Some(verifier) = known {
            return Ok(verifier);
        }
        let verifier: Arc<dyn ServerCertVerifier> = Arc::new(load()?);
        *self.known() = Some(Arc::downgrade(&verifier));
        Ok(verifier)
    }

    fn known(&self) -> MutexGuard<'_, Option<Weak<dyn ServerCertVerifier>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load() -> Result<rustls_platform_verifier::Verifier, Fault> {
    rustls_platform_verifier::Verifier::new(provider()).map_err(|error| {
        Fault::with_detail(
            Class::Certificate,
            format!("this computer's own CA certificates could not be loaded ({error})"),
        )
    })
}

impl fmt::Debug for SystemRoots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SystemRoots")
            .finish_non_exhaustive()
    }
}

/// The lookups of one engine; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Names(Arc<Semaphore>);

impl Default for Names {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

impl Names {
    /// The addresses of a name, with port 0.
    async fn look_up(self, host: String) -> io::Result<Vec<SocketAddr>> {
        let place = self.0.acquire_owned().await.map_err(io::Error::other)?;
        let looking = spawn_blocking(move || {
            // Whoever asked may have gone long since; the thread counts until it is free again.
            let _place = place;
            (host.as_str(), 0).to_socket_addrs().map(Iterator::collect)
        });
        looking.await.map_err(io::Error::other)?
    }
}

/// Resolves names: each to its own addresses, or all to those of one host.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    pub(super) names: Names,
    /// Dialled in place of every name.
    pub(super) host: Option<String>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = self.host.clone();
        let host = host.unwrap_or_else(|| name.as_str().to_owned());
        let looking = self.names.clone().look_up(host);
        Box::pin(async move { Ok(Box::new(looking.await?.into_iter()) as Addrs) })
    }
}
