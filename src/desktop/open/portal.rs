//! Opening through the desktop's portal, as a sandbox demands.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use zbus::zvariant::{Fd, OwnedObjectPath, Value};

use super::What;
use crate::desktop::Trouble;
use crate::desktop::bus::Bus;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.OpenURI";

/// Asks the portal; it does the rest, and asks the user where it must.
pub(super) async fn open(bus: &Bus, what: &What, token: Option<&str>) -> Result<(), Trouble> {
    let asked = ask(bus, what, token).await;
    asked.map_err(|error| what.trouble(&format!("the desktop's portal: {error}")))
}

async fn ask(bus: &Bus, what: &What, token: Option<&str>) -> zbus::Result<()> {
    let connection = bus.connect().await?;
    let portal = zbus::Proxy::new(&connection, NAME, PATH, INTERFACE).await?;
    let mut options: BTreeMap<&str, Value<'_>> = BTreeMap::new();
    if let Some(token) = token {
        options.insert("activation_token", Value::from(token));
    }
    let _request: OwnedObjectPath = match what {
        What::Page(url) => portal.call("OpenURI", &("", url.as_str(), options)).await?,
        // A file is handed over open, for the portal does not see our paths.
        What::Folder(path) | What::File(path) => {
            let file = opened(path).await?;
            portal
                .call("OpenFile", &("", Fd::from(&file), options))
                .await?
        }
    };
    Ok(())
}

async fn opened(path: &Path) -> zbus::Result<File> {
    let path = path.to_path_buf();
    let opened = tokio::task::spawn_blocking(move || File::open(path)).await;
    let opened = opened.map_err(std::io::Error::other)?;
    Ok(opened?)
}
