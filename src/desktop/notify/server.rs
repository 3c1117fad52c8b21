//! The calls of `org.freedesktop.Notifications`, and what the service that answers them can do.

use std::collections::HashMap;

use zbus::zvariant::{DynamicType, Value};
use zbus::{Connection, Message};

use super::shelf::{Shelf, button_name};
use crate::view::notices::{Notice, Urgency};

pub(super) const SERVICE: &str = "org.freedesktop.Notifications";
pub(super) const OBJECT: &str = "/org/freedesktop/Notifications";

/// Whoever shows notices on this desktop.
#[derive(Debug)]
pub(super) struct Server {
    connection: Connection,
    /// `None` until it was asked.
    can: Option<Capabilities>,
}

/// What the notification service can do.
#[derive(Clone, Copy, Debug, Default)]
struct Capabilities {
    actions: bool,
    markup: bool,
}

impl Server {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            can: None,
        }
    }

    /// Another one answers from now on.
    pub(super) fn changed(&mut self) {
        self.can = None;
    }

    /// Shows it; gives its number, who shows it, and what its buttons are named after.
    pub(super) async fn show(
        &mut self,
        notice: &Notice,
        shelf: &mut Shelf,
    ) -> zbus::Result<(u32, String, u64)> {
        let can = self.capabilities().await?;
        let serial = shelf.serial();
        let actions = match can.actions {
            true => buttons(notice, serial),
            false => Vec::new(),
        };
        let body = match can.markup {
            true => escape(&notice.body),
            false => notice.body.clone(),
        };
        let hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", Value::U8(urgency(notice.urgency))),
            ("category", Value::from(notice.category)),
            ("desktop-entry", Value::from("syncwatch")),
        ]);
        // Critical ones stay until they are closed; how long the others stay is the service's to say.
        let expires: i32 = match notice.urgency {
            Urgency::Critical => 0,
            Urgency::Normal | Urgency::Low => -1,
        };
        let arguments = (
            "syncwatch",
            shelf.id(&notice.key),
            "syncwatch",
            notice.title.as_str(),
            body.as_str(),
            actions,
            hints,
            expires,
        );
        let answer = self.call("Notify", &arguments).await?;
        let server = sender(&answer).unwrap_or_default();
        Ok((answer.body().deserialize()?, server, serial))
    }

    /// Takes it off the screen. Whether it still was there does not matter.
    pub(super) async fn close(&self, id: u32) -> zbus::Result<()> {
        match self.call("CloseNotification", &id).await {
            Ok(_) | Err(zbus::Error::MethodError(..)) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn capabilities(&mut self) -> zbus::Result<Capabilities> {
        if let Some(known) = self.can {
            return Ok(known);
        }
        let names: Vec<String> = match self.call("GetCapabilities", &()).await {
            Ok(answer) => answer.body().deserialize()?,
            Err(error) if is_missing(&error) => return Err(error),
            // It shows plain text at least.
            Err(zbus::Error::MethodError(..)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        let can = Capabilities {
            actions: has("actions"),
            markup: has("body-markup"),
        };
        self.can = Some(can);
        Ok(can)
    }

    async fn call<B>(&self, method: &str, body: &B) -> zbus::Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        let bus = &self.connection;
        bus.call_method(Some(SERVICE), OBJECT, Some(SERVICE), method, body)
            .await
    }
}

/// Whoever sent it, by its unique name.
pub(super) fn sender(message: &Message) -> Option<String> {
    message.header().sender().map(ToString::to_string)
}

/// Nobody is there to show anything, or does not answer.
pub(super) fn is_missing(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::MethodError(name, ..) => {
            let name = name.strip_prefix("org.freedesktop.DBus.Error.");
            let spawn = |name: &str| name.starts_with("Spawn.");
            name.is_some_and(|name| ABSENCES.contains(&name) || spawn(name))
        }
        zbus::Error::InputOutput(error) => error.kind() == std::io::ErrorKind::TimedOut,
        _ => false,
    }
}

const ABSENCES: [&str; 6] = [
    "ServiceUnknown",
    "NameHasNoOwner",
    "NoReply",
    "Timeout",
    "TimedOut",
    "Disconnected",
];

/// Name and words of each button, in turn.
fn buttons(notice: &Notice, serial: u64) -> Vec<String> {
    let actions = notice.actions.iter().enumerate();
    actions
        .flat_map(|(number, (words, _))| [button_name(serial, number), words.clone()])
        .collect()
}

fn urgency(urgency: Urgency) -> u8 {
    match urgency {
        Urgency::Low => 0,
        Urgency::Normal => 1,
        Urgency::Critical => 2,
    }
}

/// Names from other people's machines are text, not markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_markup() {
        assert_eq!(
            escape("<a href=\"x\">me & you</a> &lt;"),
            "&lt;a href=&quot;x&quot;&gt;me &amp; you&lt;/a&gt; &amp;lt;"
        );
    }
}
