//! The tray on a real panel, with pixels: every state, the menu and its submenus, dark and light, small and large.
//! The screenshots stay in `target/screenshots`.

mod calm;
mod menus;
mod states;

use crate::support::bus::{DEADLINE, Session, until};
use crate::support::dbusmenu::{Item, Picture};
use crate::support::panel::{Look, Panel, difference, strip};
use crate::support::syncthing::RealSyncthing;
use crate::support::tray::Desk;
use syncwatch::tray::icons::{self, frames, pixmaps};
use syncwatch::view::icon::Icon;

const DARK: Look = Look {
    dark: true,
    icon: 24,
};

/// What goes wrong is told of at once.
const IMPATIENT: &str = "[patience]\nrefused = \"1s\"\npin-mismatch = \"1s\"\nlost = \"1s\"\nhandshake-eof = \"1s\"\nhandshake-reset = \"1s\"\n";

/// A panel with the tray's icon on it.
struct Scene {
    // In the order of their end.
    panel: Panel,
    item: Item,
    desk: Desk,
    /// The pixels of each state so far.
    seen: Vec<(Icon, Vec<u8>)>,
}

impl Scene {
    async fn start(session: Session, look: Look, config: &str) -> Self {
        let panel = Panel::start(&session, look);
        let theme = if look.dark { "dark" } else { "light" };
        let connection = session.connect().await;
        let config = format!("{config}[tray]\ntheme = \"{theme}\"\nanimate = false\n");
        let desk = Desk::start(session, &config);
        let item = desk.item(&connection).await;
        Self {
            panel,
            item,
            desk,
            seen: Vec::new(),
        }
    }

    /// Waits until the panel shows this icon, and keeps a picture of it.
    async fn shows(&mut self, icon: Icon) {
        let look = icons::Look {
            dark_panel: self.panel.look().dark,
            monochrome: false,
        };
        let pictures: Vec<Picture> = pixmaps(icon, look, 0)
            .into_iter()
            .map(|it| (it.size as i32, it.size as i32, it.argb))
            .collect();
        assert!(!pictures.is_empty() && frames(icon) > 0);
        let what = format!("the icon {}", icon.name());
        let shown = until(&what, async || {
            (self.item.pictures().await == pictures).then_some(())
        });
        if tokio::time::timeout(DEADLINE / 2, shown).await.is_err() {
            let (title, text) = self.item.tooltip().await;
            panic!(
                "never seen: {what}; now: {title}: {text}\n{}",
                self.item.menu().await
            );
        }
        let before = self.seen.last().map(|(_, pixels)| pixels.clone());
        let now = self
            .panel
            .wait_for_other_icon(&before.unwrap_or_default())
            .await;
        let name = format!("{}-{}", self.panel.look().name(), icon.name());
        self.panel.screenshot(&name, Some(self.panel.icon_area()));
        for (other, pixels) in self.seen.iter().filter(|(other, _)| *other != icon) {
            let different = difference(pixels, &now);
            assert!(
                different >= 12,
                "{} and {} differ in {different} pixels only",
                icon.name(),
                other.name()
            );
        }
        self.seen.push((icon, now));
    }

    /// One picture of all states.
    fn overview(&self) {
        for icon in Icon::ALL {
            assert!(
                self.seen.iter().any(|(seen, _)| *seen == icon),
                "no {}",
                icon.name()
            );
        }
        let look = self.panel.look();
        let names = Icon::ALL.map(|icon| format!("{}-{}", look.name(), icon.name()));
        strip(&format!("{}-states", look.name()), &names, 96 / look.icon);
    }
}

/// A config that pins what this Syncthing serves now; its key is in the variable `KEY` of the session.
async fn pinned(syncthing: &RealSyncthing) -> String {
    format!(
        "[[instance]]\nname = \"laptop\"\nurl = \"{}\"\napi-key-env = \"KEY\"\ntrust = {{ fingerprint = [\"{}\"] }}\n",
        syncthing.url(),
        syncthing.served_fingerprint().await
    )
}
