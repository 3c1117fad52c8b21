//! Where an instance is, once that is known, and the clients for it.

use std::sync::Arc;

use tokio::sync::watch as channel;
use tokio::task::AbortHandle;

use super::client_spec;
use super::stamp::Stamp;
use crate::config::Resolved;
use crate::core::event::PinSet;
use crate::core::{Class, Fault, Pin};
use crate::tls::{Client, ClientSpec, Meter, Shared, Trust, Witness};

#[derive(Debug)]
pub(super) struct Place {
    pub(super) resolved: Resolved,
    pub(super) clients: Result<channel::Sender<Arc<Client>>, Fault>,
    /// What the newest client was built for.
    served_as: Option<Standing>,
    pub(super) pins: Option<PinSet>,
    pub(super) session: Option<Running>,
    pub(super) generation: u64,
    pub(super) stamp: Option<Stamp>,
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) attempt: u64,
    pub(super) task: AbortHandle,
}

/// A client, or why there is none.
pub(super) struct Built {
    pub(super) counts_for: Standing,
    client: Result<Client, Fault>,
}

/// The place and the pins that a client is built for: revision and generation.
pub(super) type Standing = (u64, u64);

/// A client that is to be built.
pub(super) struct Build {
    counts_for: Standing,
    spec: ClientSpec,
    shared: Shared,
    meter: Arc<Meter>,
    witness: Witness,
}

impl Place {
    pub(super) fn new(resolved: Resolved) -> Self {
        Self {
            resolved,
            clients: Err(Fault::new(Class::NoPin)),
            served_as: None,
            pins: None,
            session: None,
            generation: 0,
            stamp: None,
        }
    }

    /// Whether the newest client was built for this.
    pub(super) fn is_served_as(&self, standing: Standing) -> bool {
        self.served_as == Some(standing)
    }

    /// The client of the newest generation, which tells whom it verified; `None` while nothing is trusted.
    pub(super) fn to_build(
        &self,
        revision: u64,
        shared: &Shared,
        meter: &Arc<Meter>,
        tell: impl Fn(u64, Pin) + Send + Sync + 'static,
    ) -> Option<Build> {
        let generation = self.generation;
        Some(Build {
            witness: Arc::new(move |served| tell(generation, served)),
            counts_for: (revision, self.generation),
            spec: client_spec(&self.resolved, self.pins.clone()?, self.generation),
            shared: shared.clone(),
            meter: Arc::clone(meter),
        })
    }

    /// Hands a client to the session, and says why there is none to hand over.
    pub(super) fn take(&mut self, built: Built) -> Option<Fault> {
        self.served_as = Some(built.counts_for);
        match (built.client.map(Arc::new), &self.clients) {
            (Ok(client), Ok(clients)) => {
                clients.send_replace(client);
                None
            }
            (Ok(client), Err(_)) => {
                self.clients = Ok(channel::channel(client).0);
                None
            }
            (Err(fault), _) => {
                self.clients = Err(fault.clone());
                Some(fault)
            }
        }
    }
}

impl Build {
    /// Whether it may wait for a disk: for a CA file, or for the computer's own certificates.
    pub(super) fn reads_files(&self) -> bool {
        matches!(self.spec.trust, Trust::Ca(_) | Trust::System)
    }

    pub(super) fn build(&self) -> Built {
        let witness = Some(Arc::clone(&self.witness));
        let built = Client::build_sharing(&self.spec, &self.shared, witness);
        Built {
            counts_for: self.counts_for,
            client: built.map(|client| client.counting(Arc::clone(&self.meter))),
        }
    }
}
