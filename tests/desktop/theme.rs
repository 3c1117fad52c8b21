//! The colour scheme, from a settings portal on a private bus: it is missing, comes, changes, vanishes and comes back,
//! and so does the bus.

use std::time::Duration;

use crate::support::bus::Session;
use syncwatch::desktop::bus::Bus;
use syncwatch::desktop::theme::{self, DARK};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::Value;
use zbus::{Connection, fdo, interface};

const PATH: &str = "/org/freedesktop/portal/desktop";
const NAME: &str = "org.freedesktop.portal.Desktop";
const NONE: u32 = 0;
const PREFERS_DARK: u32 = 1;
const PREFERS_LIGHT: u32 = 2;

/// A portal as it is since version 2.
struct Settings(u32);

#[interface(name = "org.freedesktop.portal.Settings")]
impl Settings {
    async fn read_one(&self, namespace: &str, key: &str) -> fdo::Result<Value<'static>> {
        known(namespace, key).map(|()| self.0.into())
    }

    #[zbus(signal)]
    async fn setting_changed(
        emitter: &SignalEmitter<'_>,
        namespace: &str,
        key: &str,
        value: Value<'_>,
    ) -> zbus::Result<()>;
}

/// A portal of version 1.
struct OldSettings(u32);

#[interface(name = "org.freedesktop.portal.Settings")]
impl OldSettings {
    async fn read(&self, namespace: &str, key: &str) -> fdo::Result<Value<'static>> {
        known(namespace, key).map(|()| Value::Value(Box::new(self.0.into())))
    }
}

/// A portal whose desktop has no colour scheme.
struct NoSettings;

#[interface(name = "org.freedesktop.portal.Settings")]
impl NoSettings {
    async fn read_one(&self, _namespace: &str, _key: &str) -> fdo::Result<Value<'static>> {
        Err(fdo::Error::Failed("Requested setting not found".into()))
    }
}

fn known(namespace: &str, key: &str) -> fdo::Result<()> {
    assert_eq!(
        (namespace, key),
        ("org.freedesktop.appearance", "color-scheme")
    );
    Ok(())
}

async fn offer(session: &Session, settings: impl zbus::object_server::Interface) -> Connection {
    let connection = session.connect().await;
    let server = connection.object_server();
    server.at(PATH, settings).await.expect("offered");
    connection.request_name(NAME).await.expect("the name");
    connection
}

async fn change(portal: &Connection, to: u32) {
    let server = portal.object_server();
    let settings = server.interface::<_, Settings>(PATH).await.expect("there");
    settings.get_mut().await.0 = to;
    let emitter = settings.signal_emitter();
    Settings::setting_changed(
        emitter,
        "org.freedesktop.appearance",
        "color-scheme",
        to.into(),
    )
    .await
    .expect("told");
}

fn follow(session: &Session) -> (watch::Receiver<bool>, JoinHandle<()>) {
    let (dark, seen) = watch::channel(DARK);
    let bus = Bus::At(session.address());
    let task = tokio::spawn(async move { theme::follow_on(&bus, dark).await });
    (seen, task)
}

async fn expect(seen: &mut watch::Receiver<bool>, dark: bool) {
    let changed = seen.wait_for(|now| *now == dark);
    let changed = timeout(Duration::from_secs(60), changed).await;
    changed.expect("in time").expect("followed");
}

#[tokio::test]
async fn the_scheme_is_followed() {
    let Some(session) = Session::start() else {
        return;
    };
    let portal = offer(&session, Settings(PREFERS_LIGHT)).await;
    let (mut seen, task) = follow(&session);
    expect(&mut seen, false).await;
    for (scheme, dark) in [
        (PREFERS_DARK, true),
        (PREFERS_LIGHT, false),
        (NONE, DARK),
        (PREFERS_LIGHT, false),
        (77, DARK),
    ] {
        change(&portal, scheme).await;
        expect(&mut seen, dark).await;
    }
    drop(seen);
    timeout(Duration::from_secs(60), task)
        .await
        .expect("it ends when nobody listens")
        .expect("no panic");
}

#[tokio::test]
async fn a_portal_may_come_late_be_old_and_come_back() {
    let Some(mut session) = Session::start() else {
        return;
    };
    let (mut seen, task) = follow(&session);
    let first = offer(&session, OldSettings(PREFERS_LIGHT)).await;
    expect(&mut seen, false).await;
    first.close().await.expect("gone");
    let second = offer(&session, NoSettings).await;
    second.close().await.expect("gone");
    assert!(!*seen.borrow(), "the last word stands");
    let third = offer(&session, Settings(PREFERS_DARK)).await;
    expect(&mut seen, true).await;
    session.kill_bus();
    drop(third);
    session.launch_bus();
    let _fourth = offer(&session, Settings(PREFERS_LIGHT)).await;
    expect(&mut seen, false).await;
    assert!(!task.is_finished());
}
