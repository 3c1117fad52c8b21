//! Puts the tray's face together from everything that it shows. Told the time; does nothing by itself.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::core::preferences::{Preferences, Theme};
use crate::core::{JournalEntry, Status, Timestamp};
use crate::tray::Face;
use crate::tray::icons::{Look, frames};
use crate::view::Frame;
use crate::view::icon::{Icon, Steady};
use crate::view::menu::{Desk, Menu, Slots, UnitStatus, menu};
use crate::view::tooltip::tooltip;

/// Between two pictures of an icon that moves.
const FRAME: Duration = Duration::from_millis(400);
/// Panels tell when a menu opens, not when it closes. Nobody looks at one for so long.
const SURELY_CLOSED: Duration = Duration::from_secs(300);
/// Columns that a tooltip and a label have.
const WIDTH: usize = 60;

/// What the face is made of.
#[derive(Debug)]
pub(super) struct Composer {
    pub(super) status: Arc<Status>,
    pub(super) preferences: Preferences,
    /// The desktop prefers dark.
    pub(super) dark: bool,
    pub(super) unit: Option<UnitStatus>,
    pub(super) autostart: Option<bool>,
    pub(super) journal: Vec<JournalEntry>,
    zone: TimeZone,
    slots: Slots,
    steady: Steady,
    frame: usize,
    /// When the icon's next picture is due, while it moves.
    next_frame: Option<Timestamp>,
    opened: Option<Timestamp>,
    /// As it was put together last; `None` when something in it changed since.
    menu: Option<Arc<Menu>>,
}

impl Composer {
    pub(super) fn new(status: Arc<Status>, preferences: Preferences) -> Self {
        Self {
            status,
            preferences,
            dark: true,
            unit: None,
            autostart: None,
            journal: Vec::new(),
            zone: TimeZone::system(),
            slots: Slots::default(),
            steady: Steady::default(),
            frame: 0,
            next_frame: None,
            opened: None,
            menu: None,
        }
    }

    /// The menu is about to be opened.
    pub(super) fn opening(&mut self, now: Timestamp) {
        self.opened = Some(now);
        self.changed();
    }

    /// Something in the menu was clicked, which closes it.
    pub(super) fn closed(&mut self) {
        self.opened = None;
        self.changed();
    }

    /// Something that the face is made of changed.
    pub(super) fn changed(&mut self) {
        self.menu = None;
    }

    /// The face at `now`.
    pub(super) fn face(&mut self, now: Timestamp) -> Face {
        let icon = self.steady.show(Icon::of(&self.status), now);
        self.move_on(icon, now);
        let frame = Frame::new(now, self.zone.clone(), WIDTH);
        Face {
            icon,
            frame: self.frame,
            look: self.look(),
            tooltip: tooltip(&self.status, self.preferences.tray.rates, &frame),
            menu: match &self.menu {
                Some(menu) => Arc::clone(menu),
                None => self.menu(now, &frame),
            },
        }
    }

    /// When the face is another one though nothing happened.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.steady
            .next_deadline()
            .into_iter()
            .chain(self.next_frame)
            .min()
    }

    fn menu(&mut self, now: Timestamp, frame: &Frame) -> Arc<Menu> {
        let is_open = |opened| now.since(opened) < SURELY_CLOSED;
        if !self.opened.is_some_and(is_open) {
            self.slots.tidy();
        }
        let desk = Desk {
            autostart: self.autostart,
            unit: self.unit.clone(),
            journal: self.journal.clone(),
            rates: self.preferences.tray.rates,
        };
        let menu = Arc::new(menu(&self.status, &desk, &mut self.slots, frame));
        self.menu = Some(Arc::clone(&menu));
        menu
    }

    fn move_on(&mut self, icon: Icon, now: Timestamp) {
        let pictures = frames(icon);
        if pictures < 2 || !self.preferences.tray.animate {
            self.frame = 0;
            self.next_frame = None;
            return;
        }
        match self.next_frame {
            Some(due) if now < due => {}
            Some(_) => {
                self.frame = (self.frame + 1) % pictures;
                self.next_frame = Some(now + FRAME);
            }
            None => self.next_frame = Some(now + FRAME),
        }
    }

    fn look(&self) -> Look {
        Look {
            dark_panel: match self.preferences.tray.theme {
                Theme::Auto => self.dark,
                Theme::Dark => true,
                Theme::Light => false,
            },
            monochrome: self.preferences.tray.monochrome,
        }
    }
}
