//! Real Syncthings whose certificate only a command can read.

use std::path::PathBuf;

use crate::support::syncthing::{Binary, Options, RealSyncthing, Renewal, each_version};
use crate::support::watched::Watched;
use serde_json::{Value, json};

/// A Syncthing, and a daemon that knows its certificate by a command alone.
struct Elsewhere {
    syncthing: RealSyncthing,
    watched: Watched,
    script: PathBuf,
}

impl Elsewhere {
    async fn start(binary: &Binary) -> Self {
        let syncthing = RealSyncthing::start(binary, Options::default()).await;
        let watched = Watched::prepare("");
        let script = watched.path("tell-certificate");
        // Longer than a command may take, since a busy machine adds to it.
        watched.write_config(&format!(
            "[[instance]]\nname = \"nas\"\nurl = {:?}\napi-key = {:?}\ntrust = {{ command = [\"sh\", {script:?}] }}\n[patience]\npin-mismatch = \"40s\"\n",
            syncthing.url(),
            syncthing.api_key(),
        ));
        let mut this = Self {
            syncthing,
            watched,
            script,
        };
        this.tell(&this.truth());
        this.watched.launch().await;
        this.watched.connected().await;
        this
    }

    fn truth(&self) -> String {
        format!("cat {:?}", self.syncthing.certificate_path())
    }

    fn tell(&self, script: &str) {
        std::fs::write(&self.script, script).expect("written");
    }

    async fn follows(&mut self, served: &str) -> Value {
        let check = |instance: &Value| {
            let link = &instance["link"];
            link["state"] == "connected" && link["trust"]["current"] == *served
        };
        self.watched
            .wait_for("connected under the new one", check)
            .await
    }
}

#[tokio::test]
async fn a_rotation_elsewhere_is_as_calm_as_one_here() {
    each_version(async |binary| {
        let mut nas = Elsewhere::start(&binary).await;
        for (number, how) in [Renewal::Process, Renewal::Listener]
            .into_iter()
            .enumerate()
        {
            let served = nas.syncthing.renew(how).await.to_string();
            let instance = nas.follows(&served).await;
            let trust = &instance["link"]["trust"];
            assert_eq!(trust["mode"], "command");
            assert_eq!(trust["command"], "sh");
            assert_eq!(trust["pending"], json!(null));
            assert_eq!(instance["link"]["rotations"], number + 1);
        }
        nas.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn a_command_of_no_use_keeps_what_was_and_one_that_is_mended_is_asked_again() {
    each_version(async |binary| {
        let mut nas = Elsewhere::start(&binary).await;
        let old = nas.watched.path("old.pem");
        std::fs::copy(nas.syncthing.certificate_path(), &old).expect("copied");
        for script in [
            "exit 3",
            "echo garbage",
            "sleep 600",
            &format!("cat {old:?}"),
        ] {
            nas.tell(script);
            let before = nas.syncthing.served_fingerprint().await.to_string();
            let served = nas.syncthing.renew(Renewal::Listener).await.to_string();
            let failing = |instance: &Value| {
                let link = &instance["link"];
                link["failure"]["class"] == "pin-mismatch"
                    && link["failure"]["attempts"].as_u64() > Some(1)
            };
            let instance = nas.watched.wait_for_news("the mismatch", failing).await;
            assert_eq!(instance["link"]["state"], "rotating", "{script}");
            assert_eq!(instance["link"]["trust"]["current"], *before, "{script}");
            nas.tell(&nas.truth());
            nas.follows(&served).await;
        }
        nas.watched.assert_never_loud();
    })
    .await;
}
