//! The tray on Linux: a StatusNotifierItem with a `com.canonical.dbusmenu`, on whatever session bus there is.
//!
//! Invariant: no bus, no panel, a panel or a bus that comes and goes: nothing of it ends the program.

mod item;
mod session;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ksni::TrayMethods;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{debug, warn};

use super::{Face, Hidden, Told, TrayError};
use item::PanelItem;
use session::Session;

/// Between two looks for a session bus: the first, and the longest.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// Shows `faces` until they end. Tells what happens at the panel. The bus tells of another tray, so there is no lock.
///
/// # Errors
/// Another tray of this user is there; it was asked to be seen.
pub async fn run(
    mut faces: watch::Receiver<Arc<Face>>,
    told: mpsc::UnboundedSender<Told>,
    _lock: PathBuf,
) -> Result<(), TrayError> {
    let mut look = FIRST_LOOK;
    let mut was_hidden = false;
    loop {
        match Session::open(&told).await {
            Ok(Some(session)) => {
                look = FIRST_LOOK;
                was_hidden = false;
                if on_bus(&session, &mut faces, &told).await {
                    return Ok(());
                }
            }
            Ok(None) => return Err(TrayError::AlreadyRunning),
            Err(error) => debug!("no session bus: {error}"),
        }
        if !was_hidden {
            was_hidden = true;
            let _ = told.send(Told::Hidden(Hidden::NoBus));
        }
        tokio::select! {
            () = sleep(look) => {}
            () = ended(&mut faces) => return Ok(()),
        }
        look = (look * 2).min(LONGEST_LOOK);
    }
}

/// Shows faces on one bus. Returns whether the faces ended; else the bus did.
async fn on_bus(
    session: &Session,
    faces: &mut watch::Receiver<Arc<Face>>,
    told: &mpsc::UnboundedSender<Told>,
) -> bool {
    let face = Arc::clone(&faces.borrow_and_update());
    let item = PanelItem::new(face, told.clone())
        // In a sandbox only the names that its manifest lists may be owned.
        .disable_dbus_name(session.is_sandboxed())
        // At the start of a session the panel often comes later.
        .assume_sni_available(true);
    let handle = match item.spawn().await {
        Ok(handle) => handle,
        Err(error) => {
            warn!("the tray icon could not be put on the bus: {error}");
            return false;
        }
    };
    let ended = loop {
        tokio::select! {
            changed = faces.changed() => match changed {
                Ok(()) => {
                    let face = Arc::clone(&faces.borrow_and_update());
                    handle.update(|item: &mut PanelItem| item.show(face)).await;
                }
                Err(_) => break true,
            },
            () = session.closed() => break false,
        }
    };
    handle.shutdown().await;
    ended
}

async fn ended(faces: &mut watch::Receiver<Arc<Face>>) {
    while faces.changed().await.is_ok() {}
}
