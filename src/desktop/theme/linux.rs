//! The colour scheme as the settings portal tells it on the session bus.
//! <https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html>

use tokio::sync::watch;
use zbus::proxy::{Builder, CacheProperties, MethodFlags};
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Proxy};

use super::DARK;
use crate::desktop::bus::{self, Bus, Reading, Unread};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const APPEARANCE: &str = "org.freedesktop.appearance";

/// [`super::follow`] on a given bus.
pub async fn follow_on(bus: &Bus, dark: watch::Sender<bool>) {
    let mut scheme = Scheme { dark: dark.clone() };
    tokio::select! {
        () = dark.closed() => {}
        () = bus::follow(bus, &mut scheme) => {}
    }
}

struct Scheme {
    dark: watch::Sender<bool>,
}

impl Reading for Scheme {
    fn rules(&self) -> Vec<String> {
        let changed = format!(
            "type='signal',sender='{PORTAL}',path='{PATH}',interface='{SETTINGS}',member='SettingChanged',arg0='{APPEARANCE}',arg1='color-scheme'"
        );
        vec![bus::owner_rule(PORTAL), changed]
    }

    /// Many desktops run the portal only once somebody asks for it. Where it cannot be started, it is done without.
    async fn begin(&mut self, connection: &Connection) {
        bus::start_service(connection, PORTAL).await;
    }

    async fn read(&mut self, connection: &Connection) -> Result<(), Unread> {
        // `ReadOne` came with version 2; `Read` wraps its answer once more.
        let value = match ask(connection, "ReadOne").await {
            Err(Unread::Absent) => ask(connection, "Read").await?,
            other => other?,
        };
        let now = is_dark(&value).ok_or(Unread::Absent)?;
        self.dark.send_if_modified(|dark| {
            let changed = *dark != now;
            *dark = now;
            changed
        });
        Ok(())
    }
}

/// Asks without starting the portal: one that ends again and again is left alone.
async fn ask(connection: &Connection, method: &str) -> Result<OwnedValue, Unread> {
    let builder = Builder::<Proxy<'_>>::new(connection);
    let proxy = builder
        .destination(PORTAL)
        .and_then(|builder| builder.path(PATH))
        .and_then(|builder| builder.interface(SETTINGS))
        .map_err(|_| Unread::Absent)?
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(|error| unread(&error))?;
    let flags = MethodFlags::NoAutoStart.into();
    let answer: Option<OwnedValue> = proxy
        .call_with_flags(method, flags, &(APPEARANCE, "color-scheme"))
        .await
        .map_err(|error| unread(&error))?;
    answer.ok_or(Unread::Absent)
}

/// Whoever answers with an error knows no colour scheme; whoever does not answer may yet.
fn unread(error: &zbus::Error) -> Unread {
    const SILENT: &[&str] = &[
        "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.Timeout",
        "org.freedesktop.DBus.Error.TimedOut",
    ];
    match error {
        zbus::Error::MethodError(name, ..) if !SILENT.contains(&name.as_str()) => Unread::Absent,
        _ => Unread::Failed,
    }
}

/// 1 is dark, 2 is light, all else is no preference.
fn is_dark(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Value(inner) => is_dark(inner),
        Value::U32(1) => Some(true),
        Value::U32(2) => Some(false),
        Value::U32(_) => Some(DARK),
        _ => None,
    }
}
