//! The other side of a tray icon: a watcher to register with, and a client of `org.kde.StatusNotifierItem` and
//! `com.canonical.dbusmenu` that reads, clicks, and counts what is signalled.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zbus::message::Header;
use zbus::names::{BusName, WellKnownName};
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{Connection, MatchRule, MessageStream, interface};

use super::bus::{DEADLINE, until};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// The part of a panel that icons register with.
#[derive(Debug)]
pub struct Watcher {
    connection: Connection,
    items: watch::Receiver<Vec<String>>,
}

struct WatcherObject(watch::Sender<Vec<String>>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl WatcherObject {
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        // Either a bus name, or a path on the connection of the caller.
        let name = match (service.starts_with('/'), header.sender()) {
            (true, Some(sender)) => sender.to_string(),
            _ => service.to_owned(),
        };
        self.0.send_modify(|items| items.push(name));
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// An entry as GetLayout gives it: its number, its properties, its children.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Watcher {
    /// Takes the watcher's name on this connection, which should be its own: it ends with it.
    pub async fn start(connection: Connection) -> Self {
        let (sender, items) = watch::channel(Vec::new());
        connection
            .object_server()
            .at("/StatusNotifierWatcher", WatcherObject(sender))
            .await
            .expect("a watcher");
        connection
            .request_name(WATCHER)
            .await
            .expect("the watcher's name");
        Self { connection, items }
    }

    /// Waits for the item of a process; `connection` is what it is read over.
    pub async fn item(&mut self, connection: &Connection, process: u32) -> Item {
        // The number behind the process counts its items: a new one on every bus.
        let start = format!("{ITEM}-{process}-");
        let of_process = |items: &Vec<String>| {
            let mut names = items.iter().rev();
            names.find(|name| name.starts_with(&start)).cloned()
        };
        let found = self.items.wait_for(|items| of_process(items).is_some());
        let name = match tokio::time::timeout(DEADLINE, found).await {
            Ok(items) => of_process(&items.expect("the watcher lives")),
            Err(_) => None,
        };
        let Some(name) = name else {
            panic!("{start}* never registered: {:?}", self.items());
        };
        Item::open(connection, &name).await
    }

    /// Every name that registered, once for each time.
    pub fn items(&self) -> Vec<String> {
        self.items.borrow().clone()
    }

    /// Ends as a panel that crashes.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}

/// One signal of an item or its menu.
#[derive(Clone, Debug)]
pub struct Signalled {
    pub member: String,
    /// For `ItemsPropertiesUpdated`: how many items it names.
    pub items: usize,
    /// How many of them became something else: XFCE shows such a one as a blank entry.
    pub retyped: usize,
}

/// A tray icon, seen over the bus.
pub struct Item {
    connection: Connection,
    name: String,
    signals: Arc<Mutex<Vec<Signalled>>>,
    arrived: watch::Receiver<usize>,
    listener: JoinHandle<()>,
}

impl fmt::Debug for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Item").field(&self.name).finish()
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// A picture of an icon: its width, its height, and ARGB32 in network order.
pub type Picture = (i32, i32, Vec<u8>);

impl Item {
    /// The item of this bus name.
    pub async fn open(connection: &Connection, name: &str) -> Self {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(name)
            .expect("a name")
            .build();
        let mut stream = MessageStream::for_match_rule(rule, connection, Some(100_000))
            .await
            .expect("a stream");
        let signals: Arc<Mutex<Vec<Signalled>>> = Arc::default();
        let (told, arrived) = watch::channel(0);
        let record = Arc::clone(&signals);
        let listener = tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let header = message.header();
                let member = header.member().map(ToString::to_string).unwrap_or_default();
                let body = message.body();
                let (items, retyped) = match body.deserialize::<Structure<'_>>() {
                    Ok(body) if member == "ItemsPropertiesUpdated" => {
                        (named(&body), retyped(&body))
                    }
                    _ => (0, 0),
                };
                let signal = Signalled {
                    member,
                    items,
                    retyped,
                };
                record.lock().expect("no panic").push(signal);
                told.send_modify(|count| *count += 1);
            }
        });
        Self {
            connection: connection.clone(),
            name: name.to_owned(),
            signals,
            arrived,
            listener,
        }
    }

    /// The item of a process, once its name is on the bus; no watcher is needed.
    pub async fn of_process(connection: &Connection, process: u32) -> Self {
        let name = format!("{ITEM}-{process}-1");
        until(&name, async || {
            has_owner(connection, &name).await.then_some(())
        })
        .await;
        Self::open(connection, &name).await
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub async fn title(&self) -> String {
        String::try_from(self.property("Title").await).expect("a string")
    }

    pub async fn id(&self) -> String {
        String::try_from(self.property("Id").await).expect("a string")
    }

    pub async fn category(&self) -> String {
        String::try_from(self.property("Category").await).expect("a string")
    }

    pub async fn status(&self) -> String {
        String::try_from(self.property("Status").await).expect("a string")
    }

    pub async fn pictures(&self) -> Vec<Picture> {
        pictures(self.property("IconPixmap").await.into())
    }

    pub async fn attention_pictures(&self) -> Vec<Picture> {
        pictures(self.property("AttentionIconPixmap").await.into())
    }

    /// The tooltip's title and text.
    pub async fn tooltip(&self) -> (String, String) {
        let Value::Structure(tooltip) = Value::from(self.property("ToolTip").await) else {
            panic!("no tooltip");
        };
        let text = |index: usize| match &tooltip.fields()[index] {
            Value::Str(text) => text.to_string(),
            other => panic!("no text: {other:?}"),
        };
        (text(2), text(3))
    }

    /// Left click.
    pub async fn activate(&self) -> zbus::Result<()> {
        self.call("/StatusNotifierItem", ITEM, "Activate", &(0, 0))
            .await
            .map(drop)
    }

    /// What a panel does before it shows the menu.
    pub async fn about_to_show(&self) -> bool {
        let reply = self.call("/MenuBar", MENU, "AboutToShow", &0_i32).await;
        let reply = reply.expect("AboutToShow");
        reply.body().deserialize().expect("a boolean")
    }

    /// The whole menu as it is now.
    pub async fn menu(&self) -> Entry {
        self.try_menu().await.expect("GetLayout")
    }

    pub async fn try_menu(&self) -> zbus::Result<Entry> {
        let body = (0_i32, -1_i32, Vec::<String>::new());
        let reply = self.call("/MenuBar", MENU, "GetLayout", &body).await?;
        let body = reply.body();
        let (_, root): (u32, Layout) = body.deserialize()?;
        Ok(Entry::read(root.0, root.1, root.2))
    }

    /// The layout's revision: a new one means that every entry has a new number.
    pub async fn revision(&self) -> u32 {
        let body = (0_i32, 0_i32, Vec::<String>::new());
        let reply = self.call("/MenuBar", MENU, "GetLayout", &body).await;
        let reply = reply.expect("GetLayout");
        let body = reply.body();
        let (revision, _): (u32, Layout) = body.deserialize().expect("a layout");
        revision
    }

    /// Waits until the menu passes `check`, looking again after every signal.
    pub async fn wait_for<T>(&self, what: &str, check: impl Fn(&Entry) -> Option<T>) -> T {
        let mut arrived = self.arrived.clone();
        let waiting = async {
            loop {
                arrived.mark_unchanged();
                // What is not signalled to a closed menu is asked for before it is shown.
                self.about_to_show().await;
                if let Some(found) = check(&self.menu().await) {
                    return found;
                }
                let _ = tokio::time::timeout(Duration::from_millis(250), arrived.changed()).await;
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("never in the menu: {what}\n{}", self.menu().await),
        }
    }

    /// Waits for a visible, enabled entry at this path of words (each the beginning of a label).
    pub async fn wait_for_entry(&self, path: &[&str]) -> Entry {
        self.wait_for(&path.join(" > "), |menu| menu.enabled(path).cloned())
            .await
    }

    /// Waits for the entry and clicks it.
    pub async fn click(&self, path: &[&str]) {
        let entry = self.wait_for_entry(path).await;
        self.click_id(entry.id).await;
    }

    /// Clicks the entry of this number, as a panel does that has the menu open.
    pub async fn click_id(&self, id: i32) {
        let body = (id, "clicked", Value::from(0_i32), 0_u32);
        self.call("/MenuBar", MENU, "Event", &body)
            .await
            .expect("a click");
    }

    /// Reads the icon at every `NewIcon` from now on.
    pub fn watch_pictures(&self) -> Pictures {
        let seen: Arc<Mutex<Vec<Vec<Picture>>>> = Arc::default();
        let (record, mut arrived) = (Arc::clone(&seen), self.arrived.clone());
        let (connection, name) = (self.connection.clone(), self.name.clone());
        let signals = Arc::clone(&self.signals);
        let reader = tokio::spawn(async move {
            let mut read = icons_in(&signals);
            while arrived.changed().await.is_ok() {
                let now = icons_in(&signals);
                if now == std::mem::replace(&mut read, now) {
                    continue;
                }
                if let Ok(value) = get(&connection, &name, "IconPixmap").await {
                    record
                        .lock()
                        .expect("no panic")
                        .push(pictures(value.into()));
                }
            }
        });
        Pictures { seen, reader }
    }

    /// Every signal so far, oldest first.
    pub fn signals(&self) -> Vec<Signalled> {
        self.signals.lock().expect("no panic").clone()
    }

    /// How many signals of that name came so far.
    pub fn count(&self, member: &str) -> usize {
        let signals = self.signals.lock().expect("no panic");
        signals
            .iter()
            .filter(|signal| signal.member == member)
            .count()
    }

    /// Fails if an entry became a separator, or stopped being one, at its place.
    pub fn assert_nothing_retyped(&self) {
        let retyped: usize = self.signals().iter().map(|signal| signal.retyped).sum();
        assert_eq!(retyped, 0, "entries that became something else");
    }

    /// Forgets the signals so far.
    pub fn forget_signals(&self) {
        self.signals.lock().expect("no panic").clear();
    }

    async fn property(&self, name: &str) -> OwnedValue {
        let body = (ITEM, name);
        let reply = self
            .call(
                "/StatusNotifierItem",
                "org.freedesktop.DBus.Properties",
                "Get",
                &body,
            )
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        reply.body().deserialize().expect("a value")
    }

    async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let name = self.name.as_str();
        let call = self
            .connection
            .call_method(Some(name), path, Some(interface), method, body);
        match tokio::time::timeout(DEADLINE, call).await {
            Ok(reply) => reply,
            Err(_) => panic!("{name}: {method} was not answered"),
        }
    }
}

/// The icons that were shown one after the other.
#[derive(Debug)]
pub struct Pictures {
    seen: Arc<Mutex<Vec<Vec<Picture>>>>,
    reader: JoinHandle<()>,
}

impl Pictures {
    pub fn all(&self) -> Vec<Vec<Picture>> {
        self.seen.lock().expect("no panic").clone()
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn icons_in(signals: &Mutex<Vec<Signalled>>) -> usize {
    let signals = signals.lock().expect("no panic");
    signals
        .iter()
        .filter(|signal| signal.member == "NewIcon")
        .count()
}

async fn get(connection: &Connection, name: &str, property: &str) -> zbus::Result<OwnedValue> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let reply = connection
        .call_method(
            Some(name),
            "/StatusNotifierItem",
            properties,
            "Get",
            &(ITEM, property),
        )
        .await?;
    reply.body().deserialize()
}

/// Whether somebody has this name on the bus.
pub async fn has_owner(connection: &Connection, name: &str) -> bool {
    let bus = zbus::fdo::DBusProxy::new(connection)
        .await
        .expect("the bus");
    let name = WellKnownName::try_from(name).expect("a name");
    bus.name_has_owner(BusName::from(name))
        .await
        .unwrap_or(false)
}

/// An entry of a menu and all that is below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    pub id: i32,
    pub label: String,
    pub enabled: bool,
    pub visible: bool,
    pub separator: bool,
    /// `Some` in an entry that is on or off.
    pub on: Option<bool>,
    pub children: Vec<Entry>,
}

impl Entry {
    fn read(id: i32, properties: HashMap<String, OwnedValue>, children: Vec<OwnedValue>) -> Self {
        let text = |name: &str| match properties.get(name).map(|value| &**value) {
            Some(Value::Str(text)) => text.to_string(),
            _ => String::new(),
        };
        let flag = |name: &str| {
            !matches!(
                properties.get(name).map(|value| &**value),
                Some(Value::Bool(false))
            )
        };
        let on = match properties.get("toggle-state").map(|value| &**value) {
            Some(Value::I32(state)) if !text("toggle-type").is_empty() => Some(*state == 1),
            _ => (!text("toggle-type").is_empty()).then_some(false),
        };
        Self {
            id,
            label: unescaped(&text("label")),
            enabled: flag("enabled"),
            visible: flag("visible"),
            separator: text("type") == "separator",
            on,
            children: children
                .into_iter()
                .map(|child| {
                    let (id, properties, children) = child.try_into().expect("an entry");
                    Self::read(id, properties, children)
                })
                .collect(),
        }
    }

    /// The visible entry at this path of words, each the beginning of a label.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        self.shown()
            .filter(|child| child.label.starts_with(first))
            .find_map(|child| child.at(rest))
    }

    /// The same, if it can be clicked.
    pub fn enabled(&self, path: &[&str]) -> Option<&Self> {
        self.at(path).filter(|entry| entry.enabled)
    }

    /// The visible entries right below.
    pub fn shown(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|child| child.visible)
    }

    /// Every entry below, visible or not.
    pub fn all(&self) -> Vec<&Self> {
        let below = self.children.iter();
        below
            .flat_map(|child| std::iter::once(child).chain(child.all()))
            .collect()
    }

    /// Every visible entry below that can be seen by opening submenus.
    pub fn all_shown(&self) -> Vec<&Self> {
        self.shown()
            .flat_map(|child| std::iter::once(child).chain(child.all_shown()))
            .collect()
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        for child in self.shown() {
            let on = match child.on {
                Some(true) => "[x] ",
                Some(false) => "[ ] ",
                None => "",
            };
            let label = if child.separator {
                "----"
            } else {
                &child.label
            };
            let off = if child.enabled { "" } else { "  (off)" };
            writeln!(
                formatter,
                "{:indent$}{on}{label}{off}",
                "",
                indent = depth * 4
            )?;
            child.write(formatter, depth + 1)?;
        }
        Ok(())
    }
}

/// What a person would see with every submenu open.
impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter, 0)
    }
}

/// How many items an `ItemsPropertiesUpdated` names.
fn named(body: &Structure<'_>) -> usize {
    let fields = body.fields().iter();
    fields
        .map(|field| match field {
            Value::Array(items) => items.len(),
            _ => 0,
        })
        .sum()
}

/// How many of them are not of the type that they were.
fn retyped(body: &Structure<'_>) -> usize {
    let text = format!("{body:?}");
    text.matches("\"type\"").count()
}

fn pictures(value: Value<'_>) -> Vec<Picture> {
    Vec::<Picture>::try_from(value).expect("pictures")
}

/// A single `_` marks the access key, two are one.
fn unescaped(label: &str) -> String {
    let mut letters = label.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '_' => text.extend(letters.next()),
            other => text.push(other),
        }
    }
    text
}
