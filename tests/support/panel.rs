//! A real panel on a virtual screen: Xvfb and xfce4-panel, clicks by xdotool, screenshots by ImageMagick.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::bus::{DEADLINE, Group, Session, available, until};
use super::dbusmenu::{Entry, Item};
pub use super::pictures::{Area, colours, difference, screenshots, strip};
use super::pictures::{Film, geometry, picture_of};

/// What the panel needs of the machine.
pub const PROGRAMS: [&str; 6] = [
    "Xvfb",
    "xfce4-panel",
    "xdotool",
    "import",
    "convert",
    "display",
];

const WIDTH: u32 = 1200;
const HEIGHT: u32 = 800;

/// What the panel looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub dark: bool,
    /// Size of the icons, pixels.
    pub icon: u32,
}

impl Look {
    /// Such as `dark-24`.
    pub fn name(self) -> String {
        let shade = if self.dark { "dark" } else { "light" };
        format!("{shade}-{}", self.icon)
    }

    fn panel(self) -> u32 {
        self.icon + 8
    }
}

/// The screen and its panel, as long as this lives.
#[derive(Debug)]
pub struct Panel {
    look: Look,
    // In the order of their end: a client that loses its screen complains.
    panel: Option<Group>,
    _screen: Group,
    display: String,
}

/// Whether a panel can be had here; if not, that is said loudly.
pub fn possible() -> bool {
    available(&PROGRAMS)
}

impl Panel {
    /// Starts the screen and the panel.
    pub fn start(session: &Session, look: Look) -> Self {
        session.allow_activation("org.xfce.Xfconf");
        write_config(session, look);
        let mut command = session.command("Xvfb");
        command
            .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0"])
            .arg(format!("{WIDTH}x{HEIGHT}x24"))
            .stdout(Stdio::piped())
            .stderr(session.log("xvfb.log"));
        let mut screen = Group::spawn(&mut command);
        let mut line = String::new();
        let printed = screen.child().stdout.take().expect("piped");
        BufReader::new(printed).read_line(&mut line).expect("reads");
        assert!(
            !line.trim().is_empty(),
            "Xvfb: {}",
            session.read("xvfb.log")
        );
        let mut this = Self {
            look,
            panel: None,
            _screen: screen,
            display: format!(":{}", line.trim()),
        };
        this.paint();
        this.launch(session);
        this
    }

    /// Something quiet in place of black.
    fn paint(&self) {
        let sky = if self.look.dark { "#3b4a5a" } else { "#b8c9d9" };
        let size = format!("{WIDTH}x{HEIGHT}");
        let mut display = self.program("display");
        display.args(["-size", &size, "-window", "root", &format!("xc:{sky}")]);
        // It does so, and ends with 1.
        display.status().expect("display");
    }

    /// Starts the panel, perhaps again.
    pub fn launch(&mut self, session: &Session) {
        let mut command = session.command("xfce4-panel");
        self.dress(&mut command);
        command
            .arg("--disable-wm-check")
            .stdout(session.log("panel.log"))
            .stderr(session.log("panel.log"));
        self.panel = Some(Group::spawn(&mut command));
    }

    /// Has a program draw on this screen as a part of this desktop.
    pub fn dress(&self, command: &mut Command) {
        let theme = match self.look.dark {
            true => "Adwaita:dark",
            false => "Adwaita",
        };
        command
            .env("DISPLAY", &self.display)
            .env("XDG_CURRENT_DESKTOP", "XFCE")
            .env("XDG_DATA_DIRS", "/usr/local/share:/usr/share")
            .env("GTK_THEME", theme)
            // No accessibility bus, no file system daemons.
            .env("NO_AT_BRIDGE", "1")
            .env("GTK_A11Y", "none")
            .env("GIO_USE_VFS", "local")
            .env("GSETTINGS_BACKEND", "memory");
    }

    /// Kills the panel; the screen stays.
    pub fn kill(&mut self) {
        self.panel = None;
    }

    pub fn look(&self) -> Look {
        self.look
    }

    /// Where the only icon is: at the right end of the panel.
    pub fn icon_area(&self) -> Area {
        let size = self.look.panel();
        Area {
            x: WIDTH - size,
            y: 0,
            width: size,
            height: size,
        }
    }

    /// The whole panel's right end, for a look at it.
    pub fn corner(&self) -> Area {
        let size = self.look.panel();
        Area {
            x: WIDTH - 3 * size,
            y: 0,
            width: 3 * size,
            height: size,
        }
    }

    /// Waits until there is an icon, and returns its pixels once they rest.
    pub async fn wait_for_icon(&self) -> Vec<u8> {
        let area = self.icon_area();
        let mut before = Vec::new();
        until("an icon on the panel", async || {
            let now = self.pixels(area);
            let rests = now == before;
            before.clone_from(&now);
            (rests && colours(&now) > 3).then_some(now)
        })
        .await
    }

    /// Waits until the icon is another than `before`, and returns its pixels.
    pub async fn wait_for_other_icon(&self, before: &[u8]) -> Vec<u8> {
        until("another icon", async || {
            let now = self.pixels(self.icon_area());
            (now != before && colours(&now) > 3).then_some(())
        })
        .await;
        self.wait_for_icon().await
    }

    /// Opens the menu with a right click, and waits until it is there.
    pub async fn open_menu(&self) {
        let area = self.icon_area();
        // The tooltip is a window as well.
        self.point_elsewhere();
        until("nothing open", async || {
            self.menus().is_empty().then_some(())
        })
        .await;
        let (x, y) = (area.x + area.width / 2, area.height / 2);
        let (x, y) = (x.to_string(), y.to_string());
        self.xdotool(&["mousemove", &x, &y, "click", "3"]);
        self.point_elsewhere();
        let opens = until("an open menu", async || {
            (!self.menus().is_empty()).then_some(())
        });
        if tokio::time::timeout(DEADLINE / 4, opens).await.is_err() {
            let seen = self.screenshot("no-menu", None);
            panic!("the menu never opened: {}", seen.display());
        }
    }

    /// Opens the submenu at this path of words of an open menu, by the keyboard. `menu` is what the bus says is there.
    pub async fn open_submenu(&self, menu: &Entry, path: &[&str]) {
        let mut here = menu;
        for (depth, words) in path.iter().enumerate() {
            let steps = steps_to(here, words);
            // A submenu that was opened by the keyboard has its first entry chosen already.
            let downs = steps + usize::from(depth == 0);
            let before = self.menus().len();
            for _ in 0..downs {
                self.xdotool(&["key", "Down"]);
            }
            self.xdotool(&["key", "Right"]);
            until("an open submenu", async || {
                (self.menus().len() > before).then_some(())
            })
            .await;
            here = here.at(&[words]).expect("it was found");
        }
    }

    /// Selects an entry of the open menu, by the keyboard.
    pub fn select(&self, menu: &Entry, words: &str) {
        for _ in 0..=steps_to(menu, words) {
            self.xdotool(&["key", "Down"]);
        }
    }

    /// Opens the menu, and the submenu at this path if there is one, keeps a picture of all that, and closes it.
    pub async fn shoot_menu(&self, item: &Item, name: &str, path: &[&str]) {
        self.open_menu().await;
        let menu = item.menu().await;
        self.open_submenu(&menu, path).await;
        let pixels = self.resting(self.menus_area()).await;
        assert!(colours(&pixels) > 16, "{name}: a blank menu");
        self.screenshot(name, Some(self.menus_area()));
        self.close_menu().await;
    }

    /// The pixels of an area once they are the same twice: the drawing follows the windows.
    pub async fn resting(&self, area: Area) -> Vec<u8> {
        let mut before = Vec::new();
        until("a picture that rests", async || {
            let now = self.pixels(area);
            let rests = now == before;
            before.clone_from(&now);
            rests.then_some(now)
        })
        .await
    }

    /// Clicks an entry of the open menu with the mouse. Where it is, its highlight tells.
    pub async fn click_entry(&self, menu: &Entry, words: &str) {
        let area = self.menus()[0];
        let plain = self.resting(area).await;
        self.select(menu, words);
        until("a highlight", async || {
            (self.pixels(area) != plain).then_some(())
        })
        .await;
        let chosen = self.resting(area).await;
        let row = 3 * area.width as usize;
        let differs = |(one, other): (&[u8], &[u8])| difference(one, other) > 0;
        let mut rows = plain.chunks(row).zip(chosen.chunks(row)).map(differs);
        let first = rows.position(|differs| differs).expect("a highlight");
        let height = rows.take_while(|differs| *differs).count();
        self.click(Area {
            y: area.y + u32::try_from(first).expect("small"),
            height: u32::try_from(height).expect("small"),
            ..area
        });
    }

    /// Clicks into the middle of an area.
    pub fn click(&self, area: Area) {
        let x = (area.x + area.width / 2).to_string();
        let y = (area.y + area.height / 2).to_string();
        self.xdotool(&["mousemove", &x, &y, "click", "1"]);
        self.point_elsewhere();
    }

    /// The left end of the first button of a notice: the buttons are its last row.
    pub fn first_button(&self, notice: Area) -> Area {
        let row = Area {
            y: notice.y + notice.height - 30,
            height: 1,
            ..notice
        };
        let pixels = self.pixels(row);
        // Behind the frame of the notice.
        let pixels: Vec<&[u8]> = pixels.chunks_exact(3).skip(6).collect();
        let edge = pixels.iter().position(|pixel| *pixel != pixels[0]);
        Area {
            x: notice.x + 6 + u32::try_from(edge.expect("a button")).expect("small"),
            width: 40,
            ..row
        }
    }

    /// Photographs an area again and again, until the film is taken out.
    pub fn film(&self, area: Area) -> Film {
        let mut command = self.program("import");
        command.args(picture_of(area));
        Film::start(command)
    }

    /// Everything from the top right corner to the ends of the open menus and a little more, at least of the size that
    /// software centres want.
    pub fn menus_area(&self) -> Area {
        let menus = self.menus();
        let left = menus.iter().map(|area| area.x).min().unwrap_or(WIDTH);
        let bottom = menus.iter().map(|area| area.y + area.height).max();
        let x = left.saturating_sub(24).min(WIDTH - 800);
        let height = (bottom.unwrap_or(0) + 24).clamp(450, HEIGHT);
        Area {
            x,
            y: 0,
            width: WIDTH - x,
            height,
        }
    }

    /// Closes all menus.
    pub async fn close_menu(&self) {
        until("no menu", async || {
            if self.menus().is_empty() {
                return Some(());
            }
            self.xdotool(&["key", "Escape"]);
            None
        })
        .await;
    }

    /// Chooses what is selected.
    pub fn press(&self, key: &str) {
        self.xdotool(&["key", key]);
    }

    /// The open menus, the outermost first.
    pub fn menus(&self) -> Vec<Area> {
        let mut areas = self.windows("wrapper|xfce4-panel");
        // The panel itself begins at the top; a menu stands below it, or is higher than it.
        areas.retain(|area| {
            area.height > 20
                && area.width > 40
                && area.width < WIDTH
                && area.y >= self.look.panel() / 2
        });
        areas.sort_by_key(|area| std::cmp::Reverse(area.x + area.width));
        areas
    }

    /// The visible windows of programs whose class is like this.
    pub fn windows(&self, class: &str) -> Vec<Area> {
        let output = self
            .program("xdotool")
            .args(["search", "--onlyvisible", "--class", class])
            .args(["getwindowgeometry", "--shell", "%@"])
            .output()
            .expect("xdotool");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut areas = Vec::new();
        let mut area = Area::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let value = value
                .parse::<i64>()
                .map_or(0, |value| u32::try_from(value.max(0)).unwrap_or(0));
            match name {
                "X" => area.x = value,
                "Y" => area.y = value,
                "WIDTH" => area.width = value,
                "HEIGHT" => {
                    area.height = value;
                    areas.push(area);
                }
                _ => {}
            }
        }
        areas
    }

    /// A screenshot of a part of the screen (all of it when `None`) in `target/screenshots`.
    pub fn screenshot(&self, name: &str, area: Option<Area>) -> PathBuf {
        let path = screenshots().join(format!("{name}.png"));
        let mut command = self.program("import");
        command.args(["-window", "root"]);
        if let Some(area) = area {
            command.args(["-crop", &geometry(area), "+repage"]);
        }
        let status = command.arg(&path).status().expect("import");
        assert!(status.success(), "import {name}: {status}");
        path
    }

    /// Red, green and blue of every pixel.
    pub fn pixels(&self, area: Area) -> Vec<u8> {
        let output = self
            .program("import")
            .args(picture_of(area))
            .output()
            .expect("import");
        output.stdout
    }

    fn point_elsewhere(&self) {
        let bottom = (HEIGHT - 8).to_string();
        self.xdotool(&["mousemove", "8", &bottom]);
    }

    fn xdotool(&self, arguments: &[&str]) {
        let status = self.program("xdotool").args(arguments).status();
        assert!(status.expect("xdotool").success(), "xdotool {arguments:?}");
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("DISPLAY", &self.display).stderr(Stdio::null());
        command
    }
}

/// How many entries that can be selected stand before the one that begins so.
fn steps_to(menu: &Entry, words: &str) -> usize {
    let mut choices = menu
        .shown()
        .filter(|child| child.enabled && !child.separator);
    choices
        .position(|child| child.label.starts_with(words))
        .unwrap_or_else(|| panic!("no {words} to choose in\n{menu}"))
}

fn write_config(session: &Session, look: Look) {
    let directory = session.path("config/xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&directory).expect("a directory");
    let shade = if look.dark { "0.14" } else { "0.93" };
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{dark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="{size}"/>
      <property name="icon-size" type="uint" value="{icon}"/>
      <property name="background-style" type="uint" value="1"/>
      <property name="background-rgba" type="array">
        <value type="double" value="{shade}"/>
        <value type="double" value="{shade}"/>
        <value type="double" value="{shade}"/>
        <value type="double" value="1.0"/>
      </property>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="icon-size" type="int" value="{icon}"/>
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"#,
        dark = look.dark,
        size = look.panel(),
        icon = look.icon,
    );
    fs::write(directory.join("xfce4-panel.xml"), xml).expect("xfce4-panel.xml");
}
