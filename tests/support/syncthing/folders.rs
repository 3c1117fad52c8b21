//! Folders, devices, and two instances that sync with each other.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::config::make_folder;
use super::{Method, RealSyncthing};

impl RealSyncthing {
    /// Adds an empty folder and returns once it was scanned. Its directory is returned.
    pub async fn add_folder(&self, id: &str) -> PathBuf {
        self.put_folder(id, &[]).await;
        self.wait_for_folder(id, "idle").await;
        self.folder_path(id)
    }

    /// The directory of a folder that this harness made.
    pub fn folder_path(&self, id: &str) -> PathBuf {
        self.home().join("data").join(id)
    }

    /// `/rest/db/status` of a folder.
    pub async fn folder_status(&self, id: &str) -> Value {
        self.api_get(&format!("/rest/db/status?folder={id}")).await
    }

    /// Returns once the folder is in that state (`idle`, `scanning`, `error`).
    pub async fn wait_for_folder(&self, id: &str, state: &str) {
        let what = format!("folder {id} becomes {state}");
        self.wait_until(&what, async |this| {
            let path = format!("/rest/db/status?folder={id}");
            // Not found for a moment after the folder was added.
            let answer = this.api(Method::GET, &path, None).await;
            answer.is_ok_and(|(status, value)| status == 200 && value["state"] == state)
        })
        .await;
    }

    /// Pauses a folder, or lets it go on.
    pub async fn pause_folder(&self, id: &str, paused: bool) {
        let path = format!("/rest/config/folders/{id}");
        self.api_patch(&path, json!({ "paused": paused })).await;
    }

    /// Pauses a device, or lets it go on.
    pub async fn pause_device(&self, id: &str, paused: bool) {
        let path = format!("/rest/config/devices/{id}");
        self.api_patch(&path, json!({ "paused": paused })).await;
    }

    /// Scans a folder and returns once that is done.
    pub async fn scan(&self, id: &str) {
        self.api_post(&format!("/rest/db/scan?folder={id}"), None)
            .await;
    }

    /// Takes the folder's marker away, so that it stops with an error; returns once it has.
    pub async fn break_folder(&self, id: &str) {
        fs::remove_dir_all(self.folder_path(id).join(".stfolder")).expect("the marker");
        let path = format!("/rest/db/scan?folder={id}");
        // The scan answers 500 with the error.
        let _ = self.api(Method::POST, &path, None).await;
        self.wait_for_folder(id, "error").await;
    }

    /// Undoes [`break_folder`](Self::break_folder).
    pub async fn mend_folder(&self, id: &str) {
        make_folder(self.home(), id);
        self.scan(id).await;
        self.wait_for_folder(id, "idle").await;
    }

    /// Makes two instances devices of each other, and returns once they are connected.
    pub async fn connect(&self, other: &Self) {
        other.add_device(self).await;
        self.add_device(other).await;
        for (one, peer) in [(self, other), (other, self)] {
            one.wait_for_device(peer.device(), true).await;
        }
    }

    /// Returns once a device is connected, or no longer is.
    pub async fn wait_for_device(&self, device: &str, connected: bool) {
        let what = format!("connected to {device}: {connected}");
        self.wait_until(&what, async |this| {
            let connections = this.api_get("/rest/system/connections").await;
            connections["connections"][device]["connected"] == connected
        })
        .await;
    }

    /// Shares a new folder between two that are connected, and returns once both have scanned it.
    pub async fn share_folder(&self, id: &str, other: &Self) {
        for (one, peer) in [(self, other), (other, self)] {
            one.put_folder(id, &[peer.device()]).await;
        }
        for one in [self, other] {
            one.wait_for_folder(id, "idle").await;
        }
    }

    /// Makes the other instance a device of this one, from this side only.
    pub async fn add_device(&self, other: &Self) {
        let path = format!("/rest/config/devices/{}", other.device());
        let device = json!({
            "deviceID": other.device(),
            "name": other.binary().to_string(),
            "addresses": [format!("tcp://127.0.0.1:{}", other.sync_port)],
        });
        self.api_put(&path, device).await;
    }

    /// Has it call another one now, and not when it would try again.
    pub async fn reconnect(&self, other: &Self) {
        for paused in [true, false] {
            self.pause_device(other.device(), paused).await;
        }
    }

    /// Adds a folder that is shared with these devices, from this side only.
    pub async fn put_folder(&self, id: &str, others: &[&str]) {
        let devices = std::iter::once(self.device()).chain(others.iter().copied());
        let folder = json!({
            "id": id,
            "label": id,
            "path": make_folder(self.home(), id),
            "type": "sendreceive",
            "fsWatcherDelayS": 1,
            "minDiskFree": { "value": 0, "unit": "%" },
            "devices": devices.map(|device| json!({ "deviceID": device })).collect::<Vec<_>>(),
        });
        self.api_put(&format!("/rest/config/folders/{id}"), folder)
            .await;
    }
}

/// Bytes that no compression makes smaller.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
    .collect()
}
