//! A Syncthing that runs as a unit of a real systemd.

use reqwest::Method;
use serde_json::Value;

use super::EVERYTHING;
use crate::support::bus::{Session, until};
use crate::support::clicks::{Kinds, clicked};
use crate::support::syncthing::{Binary, Options, RealSyncthing};
use crate::support::systemd::{Systemd, put_unit};
use crate::support::tray::Desk;

/// `None` where no systemd can be started.
pub(super) async fn scene(binary: &Binary) -> Option<Kinds> {
    let session = Session::without_bus();
    let syncthing = RealSyncthing::install(binary, Options::default(), &session.path("syncthing"));
    let home = session.path("");
    put_unit(&home, "syncthing.service", &syncthing.unit());
    let Some((_systemd, connection)) = Systemd::start(&home).await else {
        eprintln!("    skipped: no systemd that can be started here");
        return None;
    };
    let desk = Desk::home(session, syncthing.home(), EVERYTHING);
    let item = desk.item(&connection).await;

    // It does not run yet.
    item.click(&["Start Syncthing"]).await;
    let first = runs(&syncthing, true).await;
    item.click(&["Syncthing", "Restart the unit", "Yes"]).await;
    until("another process", async || {
        let now = started(&syncthing).await?;
        (now != first).then_some(())
    })
    .await;
    item.click(&["Syncthing", "Stop the unit", "Yes"]).await;
    runs(&syncthing, false).await;
    item.click(&["Syncthing", "Start Syncthing"]).await;
    runs(&syncthing, true).await;
    desk.wait_for_status("connected", |it| it["link"]["state"] == "connected")
        .await;
    Some(clicked(&desk.log()))
}

/// Waits until it answers, or no longer does; returns when it started.
async fn runs(syncthing: &RealSyncthing, running: bool) -> Value {
    until("started or stopped", async || {
        match started(syncthing).await {
            Some(time) if running => Some(time),
            None if !running => Some(Value::Null),
            _ => None,
        }
    })
    .await
}

async fn started(syncthing: &RealSyncthing) -> Option<Value> {
    let path = "/rest/system/status";
    match syncthing.api(Method::GET, path, None).await {
        Ok((200, status)) => Some(status["startTime"].clone()),
        _ => None,
    }
}
