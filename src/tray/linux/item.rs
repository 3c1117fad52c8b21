//! A face as ksni wants it.
//!
//! Invariant: an update tells the panel only what differs: the items stay at their places, so that an open menu
//! is changed in place (ksni renumbers every entry when the shape changes, and panels then blank the open menu).

use std::sync::Arc;

use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Category, MenuItem, OfflineReason, Status, ToolTip, Tray};
use tokio::sync::mpsc;
use tracing::debug;

use crate::tray::icons::pixmaps;
use crate::tray::{Face, Hidden, Told};
use crate::view::command::Command;
use crate::view::icon::Icon;
use crate::view::menu::{Item, ItemKind};

/// What the panel sees.
pub(super) struct PanelItem {
    face: Arc<Face>,
    pictures: Vec<ksni::Icon>,
    told: mpsc::UnboundedSender<Told>,
}

impl PanelItem {
    pub(super) fn new(face: Arc<Face>, told: mpsc::UnboundedSender<Told>) -> Self {
        // The watcher is asked right away; one that is missing is told of by `watcher_offline`.
        let _ = told.send(Told::Shown);
        Self {
            pictures: pictures(&face),
            face,
            told,
        }
    }

    /// Shows another face from the next look on.
    pub(super) fn show(&mut self, face: Arc<Face>) {
        let same = |a: &Face, b: &Face| (a.icon, a.frame, a.look) == (b.icon, b.frame, b.look);
        if !same(&self.face, &face) {
            self.pictures = pictures(&face);
        }
        self.face = face;
    }

    fn tell(&self, told: Told) {
        // Nobody listens any more only at the end.
        let _ = self.told.send(told);
    }
}

impl Tray for PanelItem {
    /// Panels that ask for a left click too open the menu: every action is in it.
    const MENU_ON_ACTIVATE: bool = true;

    fn id(&self) -> String {
        "syncwatch".into()
    }

    fn title(&self) -> String {
        self.face.tooltip.title.clone()
    }

    fn category(&self) -> Category {
        Category::ApplicationStatus
    }

    fn status(&self) -> Status {
        match self.face.icon {
            Icon::Attention | Icon::Error => Status::NeedsAttention,
            _ => Status::Active,
        }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.pictures.clone()
    }

    // Some panels show this one while the status asks for attention, some the normal one.
    fn attention_icon_pixmap(&self) -> Vec<ksni::Icon> {
        match self.status() {
            Status::NeedsAttention => self.pictures.clone(),
            _ => Vec::new(),
        }
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: escape_markup(&self.face.tooltip.title),
            description: escape_markup(&self.face.tooltip.text),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.face.menu.items.iter().map(entry).collect()
    }

    fn menu_about_to_show(&mut self) {
        self.tell(Told::Opening);
    }

    fn watcher_online(&self) {
        self.tell(Told::Shown);
    }

    fn watcher_offline(&self, _: OfflineReason) -> bool {
        self.tell(Told::Hidden(Hidden::NoPanel));
        true
    }
}

fn pictures(face: &Face) -> Vec<ksni::Icon> {
    pixmaps(face.icon, face.look, face.frame)
        .into_iter()
        .filter_map(|pixmap| {
            let size = i32::try_from(pixmap.size).ok()?;
            Some(ksni::Icon {
                width: size,
                height: size,
                data: pixmap.argb,
            })
        })
        .collect()
}

fn entry(item: &Item) -> MenuItem<PanelItem> {
    let (label, enabled, visible) = (escape_mnemonic(&item.label), item.enabled, item.visible);
    match &item.kind {
        ItemKind::Separator if visible => MenuItem::Separator,
        // A separator has no visibility of its own there: an invisible entry keeps its place.
        ItemKind::Separator => StandardItem {
            visible,
            ..StandardItem::default()
        }
        .into(),
        ItemKind::Text => StandardItem {
            label,
            enabled: false,
            visible,
            ..StandardItem::default()
        }
        .into(),
        ItemKind::Button(command) => StandardItem {
            label,
            enabled,
            visible,
            activate: click(item, command),
            ..StandardItem::default()
        }
        .into(),
        ItemKind::Check { on, command } => CheckmarkItem {
            label,
            enabled,
            visible,
            checked: *on,
            activate: click(item, command),
            ..CheckmarkItem::default()
        }
        .into(),
        ItemKind::Submenu(items) => SubMenu {
            label,
            enabled,
            visible,
            submenu: items.iter().map(entry).collect(),
            ..SubMenu::default()
        }
        .into(),
    }
}

/// What cannot be seen or used does nothing, whatever a panel says was clicked.
fn click(item: &Item, command: &Command) -> Box<dyn Fn(&mut PanelItem) + Send> {
    if !item.visible || !item.enabled {
        return Box::new(|_| ());
    }
    let (id, command) = (item.id.clone(), command.clone());
    Box::new(move |item| {
        debug!("clicked {id}: {command:?}");
        item.tell(Told::Clicked(command.clone()));
    })
}

/// In a label `_` marks the next character as an access key.
fn escape_mnemonic(label: &str) -> String {
    label.replace('_', "__")
}

/// Tooltips may be read as markup.
fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_names_mean_nothing_to_the_panel() {
        assert_eq!(escape_mnemonic("my_files"), "my__files");
        assert_eq!(
            escape_markup("<b>a & b</b>"),
            "&lt;b&gt;a &amp; b&lt;/b&gt;"
        );
    }
}
