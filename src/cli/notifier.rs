//! Tells the user on the desktop what the status says, as far as the user wants to hear it, and what came of a click.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until};

use crate::core::Status;
use crate::core::preferences::Preferences;
use crate::desktop::{Trouble, notify};
use crate::engine::clock::Clock;
use crate::view::command::Command;
use crate::view::notices::{Notice, Notices, Word, aside};

/// A status is looked at no sooner after the one before: in a storm of events the notices cost next to nothing.
const REST: Duration = Duration::from_millis(250);

/// Notifies as long as it lives.
#[derive(Debug)]
pub struct Notifier {
    words: mpsc::UnboundedSender<Word>,
    preferences: watch::Receiver<Preferences>,
    task: JoinHandle<()>,
}

impl Notifier {
    /// Follows the status. What is clicked in a notice goes to `commands`.
    pub fn start(
        status: watch::Receiver<Arc<Status>>,
        preferences: watch::Receiver<Preferences>,
        commands: mpsc::UnboundedSender<Command>,
    ) -> Self {
        let (words, heard) = mpsc::unbounded_channel();
        let follow = follow(status, preferences.clone(), words.clone());
        let task = tokio::spawn(async move {
            tokio::join!(follow, notify::run(heard, commands));
        });
        Self {
            words,
            preferences,
            task,
        }
    }

    /// Something that no status tells.
    pub fn say(&self, title: String, body: String) {
        self.show(aside::plain(&title, &body));
    }

    /// What was asked for was not done.
    pub fn trouble(&self, trouble: &Trouble) {
        self.show(aside::not_done(&trouble.message, &trouble.hint));
    }

    /// The user started syncwatch once more: how things are.
    pub fn summoned(&self, status: &Status, seen: bool) {
        self.show(aside::running(status, seen));
    }

    fn show(&self, notice: Notice) {
        if self.preferences.borrow().notifications.enabled {
            let _ = self.words.send(Word::Show(notice));
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.task.abort();
    }
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
        let known = Arc::clone(&status.borrow_and_update());
        for word in notices.step(&known, &wanted, clock.now()) {
            if words.send(word).is_err() {
                return;
            }
        }
        let deadline = notices.next_deadline().map(|due| clock.instant(due));
        let mut due = pin!(async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        });
        sleep(REST).await;
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
