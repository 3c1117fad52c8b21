//! Whether a panel shows the icon, and what is said once where none does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::surroundings::News;
use crate::cli::context::Context;
use crate::cli::notifier::Notifier;
use crate::tray::{self, Face, Hidden};
use crate::view::words;

/// At the start of a session panels take a while to come.
const COMES: Duration = Duration::from_secs(20);

/// The tray on its panel.
pub(super) struct Panel {
    /// What the desktop calls itself, such as `ubuntu:GNOME`.
    desktop: String,
    /// Is there once the user was told what to install.
    told: PathBuf,
    news: mpsc::UnboundedSender<News>,
    waiting: Option<JoinHandle<()>>,
    why: Option<Hidden>,
}

impl Panel {
    /// Puts faces on the panel, and tells what happens there.
    pub(super) fn start(
        context: &Context,
        faces: watch::Receiver<Arc<Face>>,
        news: &mpsc::UnboundedSender<News>,
    ) -> Self {
        let (tell, mut told) = mpsc::unbounded_channel();
        let (end, lock) = (news.clone(), context.environment.tray_lock());
        tokio::spawn(async move {
            let ended = tray::run(faces, tell, lock).await;
            let _ = end.send(News::PanelEnded(ended));
        });
        let forward = news.clone();
        tokio::spawn(async move {
            while let Some(told) = told.recv().await {
                let _ = forward.send(News::Told(told));
            }
        });
        Self {
            desktop: context.environment.desktop(),
            told: context.environment.panel_hint(),
            news: news.clone(),
            waiting: None,
            why: None,
        }
    }

    /// Whether a panel shows the icon.
    pub(super) fn is_seen(&self) -> bool {
        self.why.is_none()
    }

    /// A panel shows the icon.
    pub(super) fn shown(&mut self) {
        self.stop_waiting();
        self.why = None;
    }

    /// None does, for now.
    pub(super) fn hidden(&mut self, why: Hidden) {
        self.stop_waiting();
        if why == Hidden::NoBus && self.why.as_ref() != Some(&why) {
            info!("{}", words::no_session());
        }
        if why == Hidden::NoPanel {
            let news = self.news.clone();
            self.waiting = Some(tokio::spawn(async move {
                tokio::time::sleep(COMES).await;
                let _ = news.send(News::PanelMissed);
            }));
        }
        self.why = Some(why);
    }

    /// None came: says what to install, to each user once.
    pub(super) fn missed(&mut self, notifier: &Notifier) {
        let (title, body) = words::no_panel(&self.desktop);
        warn!("{title}. {body}");
        if self.told.exists() {
            return;
        }
        notifier.say(title, body);
        // Where it cannot be noted it is said again at the next start.
        let _ = crate::engine::state_file::replace_private(&self.told, b"");
    }

    fn stop_waiting(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.abort();
        }
    }
}
