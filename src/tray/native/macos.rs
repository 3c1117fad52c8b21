//! macOS: the main thread runs AppKit's loop; what is to be done there is put on its queue.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use dispatch2::{DispatchQueue, MainThreadBound};
use objc2::MainThreadMarker;
use objc2_app_kit::{NSApplication, NSApplicationActivationPolicy};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use super::alone::Alone;
use super::panel::{self, AGAIN, Panel};
use crate::tray::{Face, Told, TrayError};

/// The panel, for whoever is on the main thread.
type Kept = Arc<MainThreadBound<RefCell<Panel>>>;

/// Gives the main thread to AppKit. It ends with the process.
pub fn serve() {
    if let Some(main) = MainThreadMarker::new() {
        let application = NSApplication::sharedApplication(main);
        // No picture in the Dock, no menu bar of its own.
        application.setActivationPolicy(NSApplicationActivationPolicy::Accessory);
        application.run();
    }
}

/// Shows `faces` until they end, while the main thread is in [`serve`]. Tells what happens at the panel. `lock` is held
/// meanwhile.
///
/// # Errors
/// Another tray of this user is there, or the system gives none.
pub async fn run(
    mut faces: watch::Receiver<Arc<Face>>,
    told: mpsc::UnboundedSender<Told>,
    lock: PathBuf,
) -> Result<(), TrayError> {
    let _alone = Alone::take(&lock)?.ok_or(TrayError::AlreadyRunning)?;
    let mut touched = panel::listen();
    let face = Arc::clone(&faces.borrow_and_update());
    let made = on_main(move |main| {
        let panel = Panel::new(face, told)?;
        Some(Arc::new(MainThreadBound::new(RefCell::new(panel), main)))
    });
    let panel: Kept = made.await.flatten().ok_or(TrayError::NoIcon)?;
    let mut behind = false;
    loop {
        tokio::select! {
            changed = faces.changed() => match changed {
                Ok(()) => {
                    let face = Arc::clone(&faces.borrow_and_update());
                    behind = with(&panel, move |panel| panel.show(face)).await;
                }
                Err(_) => return Ok(()),
            },
            Some(touched) = touched.recv() => {
                behind = with(&panel, move |panel| panel.touched(&touched)).await;
            }
            () = sleep(AGAIN), if behind => behind = with(&panel, Panel::catch_up).await,
        }
    }
}

/// Works on the panel. Returns whether it is behind.
async fn with(panel: &Kept, work: impl FnOnce(&mut Panel) + Send + 'static) -> bool {
    let panel = Arc::clone(panel);
    let done = on_main(move |main| {
        let mut panel = panel.get(main).borrow_mut();
        work(&mut panel);
        panel.is_behind()
    });
    done.await.unwrap_or(false)
}

async fn on_main<T: Send + 'static>(
    work: impl FnOnce(MainThreadMarker) -> T + Send + 'static,
) -> Option<T> {
    let (give, given) = oneshot::channel();
    DispatchQueue::main().exec_async(move || {
        if let Some(main) = MainThreadMarker::new() {
            let _ = give.send(work(main));
        }
    });
    given.await.ok()
}
