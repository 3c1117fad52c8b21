//! A real Syncthing whose GUI moves from a port to a unix socket: TLS is spoken there too, and nothing is shown.

use crate::support::syncthing::{Options, RealSyncthing, each_version};
use crate::support::watched::Watched;
use serde_json::json;

#[tokio::test]
async fn a_gui_that_moves_to_a_unix_socket_is_followed() {
    each_version(async |binary| {
        let syncthing = RealSyncthing::start(&binary, Options::default()).await;
        let mut watched = Watched::home(syncthing.home()).await;
        watched.connected().await;

        let socket = syncthing.home().join("gui.sock");
        syncthing
            .api_patch("/rest/config/gui", json!({ "address": socket }))
            .await;
        let url = format!("unix:{}", socket.display());
        let moved = watched
            .wait_for("connected over the socket", |instance| {
                instance["url"] == *url && instance["link"]["state"] == "connected"
            })
            .await;
        assert_eq!(
            moved["link"]["trust"]["served"],
            syncthing.file_fingerprint().to_string()
        );
        watched.assert_never_loud();
    })
    .await;
}
