//! Notices on the screen: what is worth one, and where it goes. (Their parts are on their way; nothing is said yet.)

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::preferences::Preferences;
use crate::core::Status;
use crate::desktop::Trouble;
use crate::view::command::Command;

/// Says things.
pub struct Notifier;

impl Notifier {
    pub fn start(
        _statuses: watch::Receiver<Arc<Status>>,
        _preferences: watch::Receiver<Preferences>,
        _commands: mpsc::UnboundedSender<Command>,
    ) -> Self {
        Self
    }

    pub fn say(&self, _title: String, _body: String) {}

    pub fn trouble(&self, _trouble: &Trouble) {}

    pub fn summoned(&self, _status: &Status) {}
}
