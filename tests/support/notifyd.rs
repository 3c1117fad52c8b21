//! A real notification daemon on a panel's screen (xfce4-notifyd), and a record of what it was asked to show.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::message::Type;
use zbus::{MatchRule, MessageStream};

use super::bus::{Group, Session, skipped, until};
use super::dbusmenu::has_owner;
use super::notifications::Notified;
use super::panel::{Area, Panel};

const NAME: &str = "org.freedesktop.Notifications";
/// Where Debian, Fedora and Arch put it.
const PLACES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/xfce4/notifyd/xfce4-notifyd",
    "/usr/lib/aarch64-linux-gnu/xfce4/notifyd/xfce4-notifyd",
    "/usr/lib64/xfce4/notifyd/xfce4-notifyd",
    "/usr/lib/xfce4/notifyd/xfce4-notifyd",
];

/// The daemon, as long as this lives.
#[derive(Debug)]
pub struct NotificationDaemon {
    _process: Group,
    asked: Arc<Mutex<Vec<Notified>>>,
    listener: JoinHandle<()>,
}

impl NotificationDaemon {
    /// Starts it on the screen of `panel`, at the top left, away from the menu and the pointer.
    pub async fn start(session: &Session, panel: &Panel) -> Self {
        write_config(session);
        let asked: Arc<Mutex<Vec<Notified>>> = Arc::default();
        let listener = listen(session, Arc::clone(&asked)).await;
        let program = program().expect("`possible` was asked");
        let mut command = session.command(program);
        panel.dress(&mut command);
        command
            .stdout(session.log("notifyd.log"))
            .stderr(session.log("notifyd.log"));
        let process = Group::spawn(&mut command);
        let connection = session.connect().await;
        until("the notification daemon", async || {
            has_owner(&connection, NAME).await.then_some(())
        })
        .await;
        Self {
            _process: process,
            asked,
            listener,
        }
    }

    /// Whether there is one here; if not, that is said loudly.
    pub fn possible() -> bool {
        program().is_some() || skipped("xfce4-notifyd")
    }

    /// Everything that it was asked to show so far, oldest first; `id` is always 0.
    pub fn asked(&self) -> Vec<Notified> {
        self.asked.lock().expect("no panic").clone()
    }

    /// What is on the screen now.
    pub fn shown(&self, panel: &Panel) -> Vec<Area> {
        let mut areas = panel.windows("xfce4-notifyd");
        areas.retain(|area| area.width > 40 && area.height > 40);
        areas
    }

    /// Waits until so many are on the screen, at rest.
    pub async fn wait_for_shown(&self, panel: &Panel, number: usize) -> Vec<Area> {
        let mut before = Vec::new();
        until("so many notices on the screen", async || {
            let now = self.shown(panel);
            let rests = now == before && now.len() == number;
            before.clone_from(&now);
            rests.then_some(now)
        })
        .await
    }
}

impl Drop for NotificationDaemon {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

fn program() -> Option<PathBuf> {
    let mut places = PLACES.iter().map(Path::new);
    places.find(|place| place.exists()).map(Path::to_path_buf)
}

/// Copies of the calls, which the bus gives to a monitor.
async fn listen(session: &Session, asked: Arc<Mutex<Vec<Notified>>>) -> JoinHandle<()> {
    let connection = session.connect().await;
    let rule = MatchRule::builder()
        .msg_type(Type::MethodCall)
        .interface(NAME)
        .and_then(|rule| rule.member("Notify"))
        .expect("a rule")
        .build();
    let mut calls = MessageStream::from(&connection);
    let monitoring = zbus::fdo::MonitoringProxy::new(&connection).await;
    let monitoring = monitoring.expect("a monitor");
    monitoring
        .become_monitor(&[rule], 0)
        .await
        .expect("a monitor");
    tokio::spawn(async move {
        while let Some(Ok(call)) = calls.next().await {
            let body = call.body();
            type Call<'a> = (
                &'a str,
                u32,
                &'a str,
                &'a str,
                &'a str,
                Vec<String>,
                std::collections::HashMap<&'a str, zbus::zvariant::Value<'a>>,
                i32,
            );
            let Ok((_, replaces, _, title, text, actions, ..)) = body.deserialize::<Call<'_>>()
            else {
                continue;
            };
            let actions = actions
                .chunks(2)
                .map(|pair| (pair[0].clone(), pair[1].clone()));
            asked.lock().expect("no panic").push(Notified {
                replaces,
                title: title.to_owned(),
                body: text.to_owned(),
                actions: actions.collect(),
                ..Notified::default()
            });
        }
        drop(connection);
    })
}

fn write_config(session: &Session) {
    let directory = session.path("config/xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&directory).expect("a directory");
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-notifyd" version="1.0">
  <property name="notify-location" type="uint" value="0"/>
  <property name="initial-opacity" type="double" value="1.0"/>
  <property name="do-fadeout" type="bool" value="false"/>
  <property name="do-slideout" type="bool" value="false"/>
</channel>
"#;
    fs::write(directory.join("xfce4-notifyd.xml"), xml).expect("xfce4-notifyd.xml");
}
