//! Opening through the desktop's portal, as a sandbox demands.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;
use zbus::MessageStream;
use zbus::zvariant::{Fd, OwnedObjectPath, OwnedValue, Value};

use super::{SOON, What};
use crate::desktop::Trouble;
use crate::desktop::bus::Bus;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.OpenURI";
const RESPONSE: &str = "type='signal',sender='org.freedesktop.portal.Desktop',interface='org.freedesktop.portal.Request',member='Response'";
/// For so long the user may choose.
const LONGEST: Duration = Duration::from_secs(600);

/// Asks the portal; it does the rest, and asks the user where it must.
pub(super) async fn open(bus: &Bus, what: &What, token: Option<&str>) -> Result<(), Trouble> {
    let asked = ask(bus, what, token).await;
    let response =
        asked.map_err(|error| what.trouble(&format!("the desktop's portal: {error}")))?;
    match response {
        // 1: the user thought better of it.
        None | Some(0 | 1) => Ok(()),
        Some(_) => Err(what.trouble("the desktop's portal could not")),
    }
}

/// What the portal says within a moment.
async fn ask(bus: &Bus, what: &What, token: Option<&str>) -> zbus::Result<Option<u32>> {
    let connection = bus.connect().await?;
    let portal = zbus::Proxy::new(&connection, NAME, PATH, INTERFACE).await?;
    let rule = zbus::OwnedMatchRule::try_from(RESPONSE)?;
    let responses = MessageStream::for_match_rule(rule, &connection, None).await?;
    let mut options: BTreeMap<&str, Value<'_>> = BTreeMap::new();
    if let Some(token) = token {
        options.insert("activation_token", Value::from(token));
    }
    let request: OwnedObjectPath = match what {
        What::Page(url) => portal.call("OpenURI", &("", url.as_str(), options)).await?,
        // A file is handed over open, for the portal does not see our paths.
        What::Folder(path) | What::File(path) => {
            let file = opened(path).await?;
            portal
                .call("OpenFile", &("", Fd::from(&file), options))
                .await?
        }
    };
    let mut response = Box::pin(response(responses, request));
    match timeout(SOON, &mut response).await {
        Ok(code) => Ok(code),
        // The portal gives up on who leaves the bus; the user may still be choosing a program.
        Err(_) => {
            tokio::spawn(timeout(LONGEST, response));
            Ok(None)
        }
    }
}

/// How a request ended; `None` when the bus did.
async fn response(mut responses: MessageStream, request: OwnedObjectPath) -> Option<u32> {
    loop {
        let message = responses.next().await?.ok()?;
        if message.header().path() == Some(&*request) {
            let body = message.body();
            let (code, _): (u32, BTreeMap<String, OwnedValue>) = body.deserialize().ok()?;
            return Some(code);
        }
    }
}

async fn opened(path: &Path) -> zbus::Result<File> {
    let path = path.to_path_buf();
    let opened = tokio::task::spawn_blocking(move || File::open(path)).await;
    let opened = opened.map_err(std::io::Error::other)?;
    Ok(opened?)
}
