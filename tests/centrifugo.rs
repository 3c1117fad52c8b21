//! A Centrifugo over real TLS: its figures, its client websocket, its tokens, its certificate; and that its log stays
//! without a handshake error.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use support::centrifugo::{Centrifugo, Manners, Seen, forged, token};
use support::monitor::{Monitor, eventually, short_patience};
use support::tls_server::Identity;
use syncwatch::core::{Class, InstanceStatus, LinkState, Overall};

const LOCAL: &str = "127.0.0.1";

/// A stand-in with its certificate in a file.
struct World {
    server: Centrifugo,
    home: tempfile::TempDir,
}

impl World {
    async fn new(manners: Manners) -> Self {
        let home = tempfile::tempdir().unwrap();
        let identity = Identity::new(LOCAL);
        std::fs::write(home.path().join("cert.pem"), &identity.pem).unwrap();
        let server = Centrifugo::start(identity, manners).await;
        Self { server, home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    /// A config with these further keys, and the token in a file.
    fn config(&self, keys: &str) -> String {
        let (url, pin) = (self.server.url(), self.path("cert.pem"));
        format!(
            "[[instance]]\nname = \"push\"\nkind = \"centrifugo\"\nurl = \"{url}\"\ntrust = {{ file = {pin:?} }}\n{keys}\n"
        )
    }

    fn with_token_file(&self) -> String {
        format!("token-file = {:?}", self.path("token"))
    }
}

fn fact(instance: &InstanceStatus, name: &str) -> Option<String> {
    let facts = &instance.service.as_ref()?.facts;
    let fact = facts.iter().find(|fact| fact.name == name)?;
    Some(fact.value.clone())
}

fn class(instance: &InstanceStatus) -> Option<Class> {
    instance.link.failure.as_ref().map(|failure| failure.class)
}

#[tokio::test]
async fn figures_and_a_client() {
    let world = World::new(Manners::default()).await;
    world.write("token", &token(600));
    let keys = format!("api-key = 'the-api-key'\n{}", world.with_token_file());
    let mut monitor = Monitor::start(&world.config(&keys)).await;
    let instance = monitor.connected().await;
    for (name, value) in [
        ("nodes", "1"),
        ("clients", "3"),
        ("users", "2"),
        ("channels", "5"),
        ("subscriptions", "7"),
        ("websocket", "connected"),
    ] {
        assert_eq!(fact(&instance, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(instance.overall(), Overall::Ok);
    assert_eq!(instance.service.as_ref().unwrap().version, "6.2.0");
    monitor.stop().await;
    eventually("a goodbye", || world.server.seen().clients == 0).await;
    let seen = world.server.seen();
    assert_eq!(
        (&seen.goodbyes[..], seen.vanished),
        (&[Some(1000)][..], 0),
        "{seen:?}"
    );
    assert!(seen.handshake_errors.is_empty(), "{seen:?}");
    let keyed: Vec<_> = seen
        .requests
        .iter()
        .filter(|(_, _, key)| key.is_some())
        .collect();
    assert!(
        keyed.iter().all(|(_, path, _)| path == "/api/info"),
        "{keyed:?}"
    );
}
