//! An embedded stand-in for Syncthing, over HTTPS, for the demo, the integration tests and the benchmarks.
//!
//! It does on the wire what the real one does, rotations included. It listens on loopback only, never reads
//! a real Syncthing's files, and all of its tasks end when the [`Standin`] is dropped.

mod api;
mod certificate;
mod completion;
mod configure;
mod control;
mod device_id;
mod events;
mod folders;
mod home;
mod http;
mod impostor;
mod knobs;
mod listener;
mod moment;
mod motion;
mod options;
mod replies;
mod rotation;
mod server;
mod shared;

use std::io;
use std::path::PathBuf;

pub use certificate::{Pair, Writing};
pub use device_id::device_id;
pub use folders::{Counts, Device, Folder, PendingDevice, PendingFolder, World};
pub use home::Home;
pub use impostor::{Kind as ImpostorKind, Report, Takeover};
pub use knobs::{Answer, Ending, Seen};
pub use moment::{Moment, Served, What};
pub use options::Options;
pub use server::Standin;

/// Why the stand-in could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StandinError {
    /// A file of its home directory could not be read or written.
    #[error("{path}: cannot {doing}: {source}")]
    File {
        /// What was tried: `write`, `read`, `create`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The loopback port could not be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where it was to listen.
        address: std::net::SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// A certificate could not be made or read.
    #[error("certificate: {0}")]
    Certificate(String),
    /// The TLS library refused the certificate or its settings.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The system's source of randomness failed.
    #[error("the system gave no random bytes")]
    Random,
}
