//! This tray's own place on the session bus: one tray per user, which a second one asks to be seen.

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::sync::watch;
use zbus::fdo::{RequestNameFlags, RequestNameReply};
use zbus::{Connection, MessageStream};

use crate::tray::Told;

const NAME: &str = "org.syncwatch.Tray";
const PATH: &str = "/org/syncwatch/Tray";
const INTERFACE: &str = "org.syncwatch.Tray";

/// A connection to the session bus that holds the tray's name.
pub(super) struct Session {
    _connection: Connection,
    closed: watch::Receiver<()>,
    sandboxed: bool,
}

struct Door {
    told: mpsc::UnboundedSender<Told>,
}

#[zbus::interface(name = "org.syncwatch.Tray")]
impl Door {
    /// Be seen.
    fn show(&self) {
        let _ = self.told.send(Told::Summoned);
    }
}

impl Session {
    /// Takes the tray's name. `None`: another tray has it, and was asked to be seen.
    pub(super) async fn open(told: &mpsc::UnboundedSender<Told>) -> zbus::Result<Option<Self>> {
        let door = Door { told: told.clone() };
        let connection = zbus::connection::Builder::session()?
            .serve_at(PATH, door)?
            .build()
            .await?;
        let flags = RequestNameFlags::DoNotQueue.into();
        match connection.request_name_with_flags(NAME, flags).await {
            Ok(RequestNameReply::Exists) | Err(zbus::Error::NameTaken) => {
                connection
                    .call_method(Some(NAME), PATH, Some(INTERFACE), "Show", &())
                    .await?;
                return Ok(None);
            }
            // A sandbox may not let it have a name: then a second tray is a second icon.
            Ok(_) | Err(_) => {}
        }
        Ok(Some(Self {
            closed: until_closed(&connection),
            _connection: connection,
            sandboxed: std::path::Path::new("/.flatpak-info").exists(),
        }))
    }

    /// In a Flatpak.
    pub(super) fn is_sandboxed(&self) -> bool {
        self.sandboxed
    }

    /// Waits until the bus is gone.
    pub(super) async fn closed(&self) {
        let mut closed = self.closed.clone();
        while closed.changed().await.is_ok() {}
    }
}

/// Closes with the connection.
fn until_closed(connection: &Connection) -> watch::Receiver<()> {
    let (open, closed) = watch::channel(());
    let mut messages = MessageStream::from(connection);
    tokio::spawn(async move {
        while let Some(Ok(_)) = messages.next().await {}
        drop(open);
    });
    closed
}
