//! Windows: a thread of its own with a message loop, which goes on while a menu is open.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use super::alone::Alone;
use super::panel::{self, AGAIN, Panel};
use crate::tray::{Face, Told, TrayError};

/// Shows `faces` until they end. Tells what happens at the panel. `lock` is held meanwhile.
///
/// # Errors
/// Another tray of this user is there, or the system gives none.
pub async fn run(
    faces: watch::Receiver<Arc<Face>>,
    told: mpsc::UnboundedSender<Told>,
    lock: PathBuf,
) -> Result<(), TrayError> {
    let _alone = Alone::take(&lock)?.ok_or(TrayError::AlreadyRunning)?;
    let runtime = Handle::current();
    let (end, ended) = oneshot::channel();
    std::thread::Builder::new()
        .name("tray".into())
        .spawn(move || {
            // Timers are those of the runtime; the waiting is the message loop's.
            let _inside = runtime.enter();
            let _ = end.send(on_panel(faces, told));
        })?;
    ended.await.unwrap_or(Err(TrayError::NoIcon))
}

fn on_panel(
    mut faces: watch::Receiver<Arc<Face>>,
    told: mpsc::UnboundedSender<Told>,
) -> Result<(), TrayError> {
    let mut touched = panel::listen();
    let face = Arc::clone(&faces.borrow_and_update());
    // Outlives the loop: a menu may be open when the faces end.
    let mut panel = Panel::new(face, told).ok_or(TrayError::NoIcon)?;
    winmsg_executor::block_on(async {
        loop {
            tokio::select! {
                changed = faces.changed() => match changed {
                    Ok(()) => panel.show(Arc::clone(&faces.borrow_and_update())),
                    Err(_) => return,
                },
                Some(touched) = touched.recv() => panel.touched(&touched),
                () = sleep(AGAIN), if panel.is_behind() => panel.catch_up(),
            }
        }
    });
    Ok(())
}
