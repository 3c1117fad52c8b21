//! A face as tray-icon wants it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{debug, warn};
use tray_icon::menu::{Menu, MenuEvent};
use tray_icon::{TrayIcon, TrayIconBuilder, TrayIconEvent};

use super::entries::Holder;
use super::tree::{self, Tree};
use crate::tray::icons::{Pixmap, pixmaps};
use crate::tray::{Face, Told};
use crate::view::tooltip::WINDOWS_UNITS;

/// Until the icon is set again: the system's panel may be starting.
pub(super) const AGAIN: Duration = Duration::from_secs(5);
/// Of the pictures, the one that the system scales. Windows shows 16 pixels and their multiples, macOS 22 points.
const PIXELS: u32 = if cfg!(windows) { 32 } else { 48 };
const TOOLTIP_UNITS: usize = if cfg!(windows) { WINDOWS_UNITS } else { 1000 };

/// The icon with its menu.
pub(super) struct Panel {
    icon: TrayIcon,
    root: Holder,
    tree: Tree<Holder>,
    face: Arc<Face>,
    /// The icon or its tooltip could not be set.
    behind: bool,
    told: mpsc::UnboundedSender<Told>,
}

/// What the system tells of the panel, from whatever thread.
pub(super) enum Touched {
    /// The entry of this id was clicked.
    Entry(String),
    /// The pointer has come to the icon.
    Icon,
}

/// Passes on what the system tells. Once in a process.
pub(super) fn listen() -> mpsc::UnboundedReceiver<Touched> {
    let (touch, touched) = mpsc::unbounded_channel();
    let clicked = touch.clone();
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        let _ = clicked.send(Touched::Entry(event.id.0));
    }));
    TrayIconEvent::set_event_handler(Some(move |event| {
        if matches!(event, TrayIconEvent::Enter { .. }) {
            let _ = touch.send(Touched::Icon);
        }
    }));
    touched
}

impl Panel {
    /// Puts it on the panel.
    pub(super) fn new(face: Arc<Face>, told: mpsc::UnboundedSender<Told>) -> Option<Self> {
        let root = Menu::new();
        let built = TrayIconBuilder::new()
            .with_id("syncwatch")
            .with_menu(Box::new(root.clone()))
            .build();
        let icon = built
            .inspect_err(|error| warn!("the tray icon could not be made: {error}"))
            .ok()?;
        let mut panel = Self {
            icon,
            root: Holder::Root(root),
            tree: Tree::new(),
            face,
            behind: false,
            told,
        };
        panel.tree.show(&panel.root, &panel.face.menu.items);
        panel.set_picture();
        panel.set_tooltip();
        let _ = panel.told.send(Told::Shown);
        Some(panel)
    }

    /// Shows another face. What is the same is left alone.
    pub(super) fn show(&mut self, face: Arc<Face>) {
        let before = std::mem::replace(&mut self.face, face);
        let face = &self.face;
        if before.menu != face.menu {
            self.tree.show(&self.root, &face.menu.items);
        }
        let drawn = |face: &Face| (face.icon, face.frame, face.look);
        let (picture, words) = (
            drawn(&before) != drawn(face),
            before.tooltip != face.tooltip,
        );
        if self.behind {
            self.catch_up();
            return;
        }
        if picture {
            self.set_picture();
        }
        if words {
            self.set_tooltip();
        }
    }

    /// Whether [`Panel::catch_up`] is to be called in a while.
    pub(super) fn is_behind(&self) -> bool {
        self.behind
    }

    /// Sets again what could not be set: there was no panel of the system's.
    pub(super) fn catch_up(&mut self) {
        self.behind = false;
        self.set_picture();
        self.set_tooltip();
    }

    /// Tells what was touched.
    pub(super) fn touched(&self, touched: &Touched) {
        let told = match touched {
            Touched::Icon => Some(Told::Opening),
            Touched::Entry(id) => {
                self.tree.restore(id);
                tree::command(&self.face.menu.items, id)
                    .map(|command| Told::Clicked(command.clone()))
            }
        };
        if let Some(told) = told {
            // Nobody listens any more only at the end.
            let _ = self.told.send(told);
        }
    }

    fn set_picture(&mut self) {
        let (icon, look) = (self.face.icon, self.face.look);
        let pictures = pixmaps(icon, look, self.face.frame);
        let Some(picture) = pictures.into_iter().find(|picture| picture.size == PIXELS) else {
            return;
        };
        let picture = match tray_icon::Icon::from_rgba(rgba(&picture), PIXELS, PIXELS) {
            Ok(picture) => picture,
            Err(error) => return debug!("no icon can be made of {icon:?}: {error}"),
        };
        // The menu bar of macOS colours what has one colour.
        #[cfg(target_os = "macos")]
        let set = match look.monochrome {
            true => self.icon.set_icon_templated(Some(picture)),
            false => self.icon.set_icon(Some(picture)),
        };
        #[cfg(not(target_os = "macos"))]
        let set = self.icon.set_icon(Some(picture));
        self.note("icon", set);
    }

    fn set_tooltip(&mut self) {
        let words = self.face.tooltip.short(TOOLTIP_UNITS);
        let set = self.icon.set_tooltip(Some(words));
        self.note("tooltip", set);
    }

    fn note(&mut self, what: &str, set: Result<(), tray_icon::Error>) {
        if let Err(error) = set {
            debug!("the {what} could not be set: {error}");
            self.behind = true;
        }
    }
}

/// From alpha, red, green, blue.
fn rgba(picture: &Pixmap) -> Vec<u8> {
    let (pixels, _) = picture.argb.as_chunks::<4>();
    let turned = pixels
        .iter()
        .map(|[alpha, red, green, blue]| [*red, *green, *blue, *alpha]);
    turned.flatten().collect()
}
