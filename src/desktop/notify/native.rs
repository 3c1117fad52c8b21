//! Windows and macOS, by `notify-rust`: a notice is shown and told apart by nothing, so it is never taken away, and its
//! buttons are left out. What they do is in the tray's menu.

use notify_rust::Notification;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::spawn_blocking;

use crate::view::command::Command;
use crate::view::notices::Word;

/// Shows what `words` says until it closes.
pub async fn run(mut words: UnboundedReceiver<Word>, _commands: UnboundedSender<Command>) {
    while let Some(word) = words.recv().await {
        let Word::Show(notice) = word else {
            continue;
        };
        // The platform's call waits for its service.
        let shown = spawn_blocking(move || {
            let mut notification = Notification::new();
            notification.appname("syncwatch");
            notification.summary(&notice.title).body(&notice.body);
            notification.show().map(drop)
        });
        if let Ok(Err(error)) = shown.await {
            tracing::debug!("a notice was not shown: {error}");
        }
    }
}
