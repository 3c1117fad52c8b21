//! Tells the user on the desktop what the status says, as far as the user wants to hear it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until};

use super::preferences::Preferences;
use crate::core::Status;
use crate::desktop::notify;
use crate::engine::clock::Clock;
use crate::view::command::Command;
use crate::view::notices::{Notices, Word};

/// A status is looked at no sooner after the one before: in a storm of events the notices cost next to nothing.
const REST: Duration = Duration::from_millis(250);

/// Notifies until the status ends. What is clicked in a notice goes to `commands`.
pub fn spawn(
    status: watch::Receiver<Arc<Status>>,
    preferences: watch::Receiver<Preferences>,
    commands: mpsc::UnboundedSender<Command>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (words, heard) = mpsc::unbounded_channel();
        tokio::join!(
            follow(status, preferences, words),
            notify::run(heard, commands)
        );
    })
}

/// Turns every status into words, until there is none any more.
async fn follow(
    mut status: watch::Receiver<Arc<Status>>,
    mut preferences: watch::Receiver<Preferences>,
    words: mpsc::UnboundedSender<Word>,
) {
    let mut notices = Notices::default();
    let mut clock = Clock::start();
    let mut preferences_live = true;
    loop {
        clock.take_jump();
        let wanted = preferences.borrow_and_update().notifications.clone();
        let now_known = Arc::clone(&status.borrow_and_update());
        for word in notices.step(&now_known, &wanted, clock.now()) {
            if words.send(word).is_err() {
                return;
            }
        }
        let deadline = notices.next_deadline().map(|due| clock.instant(due));
        sleep(REST).await;
        let mut due = pin!(async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            () = &mut due => {}
            changed = status.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            changed = preferences.changed(), if preferences_live => {
                preferences_live = changed.is_ok();
            }
        }
    }
}
