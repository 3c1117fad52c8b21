//! A pin is retired by the first verified handshake with its successor, whatever becomes of the reply: for every kind.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::monitor::{Monitor, short_patience};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, Then};
use futures_util::future::join_all;
use syncwatch::core::{Class, Kind};

const SECRET: &str = "open-sesame";
const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

fn keys(kind: Kind, server: &Server) -> String {
    let (word, host) = (kind.name(), server.address);
    match kind {
        Kind::Syncthing => format!("url = 'https://{host}'\napi-key = '{SECRET}'"),
        Kind::Weechat => format!("kind = '{word}'\nurl = 'https://{host}'\npassword = '{SECRET}'"),
        Kind::Centrifugo => {
            format!("kind = '{word}'\nurl = 'https://{host}'\napi-key = '{SECRET}'")
        }
        Kind::Websocket => format!("kind = '{word}'\nurl = 'wss://{host}'\ntoken = '{SECRET}'"),
        Kind::Http => format!("kind = '{word}'\nurl = 'https://{host}'\ntoken = '{SECRET}'"),
    }
}

/// A server at one address that is first one identity, then another, then the first again; each says what it is given.
struct Turns {
    server: Server,
    turn: Arc<AtomicUsize>,
}

impl Turns {
    async fn new(old: &Identity, new: &Identity, said: [Answer; 3]) -> Self {
        let turn = Arc::<AtomicUsize>::default();
        let (configs, turns) = ([old.serves(ANY_TLS), new.serves(ANY_TLS)], turn.clone());
        let which = move |turn: &AtomicUsize| turn.load(Ordering::SeqCst).min(2);
        let answers = turn.clone();
        let server = Server::scripted(
            move |_| Arc::clone(&configs[which(&turns) % 2]),
            move |_| said[which(&answers)].clone(),
        );
        Self {
            server: server.await,
            turn,
        }
    }

    fn next(&self) -> usize {
        let before = self.server.connections().len();
        self.turn.fetch_add(1, Ordering::SeqCst);
        before
    }
}

fn write(path: &Path, identity: &Identity) {
    let new = path.with_extension("new");
    std::fs::write(&new, &identity.pem).expect("written");
    std::fs::rename(new, path).expect("renamed");
}

async fn retired(kind: Kind, cut: usize) {
    let (old, new) = (Identity::new("127.0.0.1"), Identity::new("127.0.0.1"));
    let said = [0, cut, WHOLE.len()].map(|length| Answer::new(&WHOLE[..length], Then::Fin));
    let turns = Turns::new(&old, &new, said).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pin.pem");
    write(&file, &old);
    let config = format!(
        "[[instance]]\nname = 'one'\n{}\ntrust = {{ file = {file:?} }}\n{}",
        keys(kind, &turns.server),
        short_patience()
    );
    let mut monitor = Monitor::start(&config).await;
    let trusts = |name: &'static str, current: &Identity, pending: Option<&Identity>| {
        let (current, pending) = (Some(current.pin()), pending.map(Identity::pin));
        (name, move |link: &syncwatch::core::status::TrustStatus| {
            (link.current, link.pending) == (current, pending)
        })
    };
    let (what, before) = trusts("the old pin", &old, None);
    monitor.until(what, |one| before(&one.link.trust)).await;
    write(&file, &new);
    let (what, waiting) = trusts("the new pin waits", &old, Some(&new));
    monitor.until(what, |one| waiting(&one.link.trust)).await;
    // From here on no reply is whole, and yet the handshakes are.
    turns.next();
    let (what, promoted) = trusts("the old pin is retired", &new, None);
    monitor.until(what, |one| promoted(&one.link.trust)).await;
    let thief = turns.next();
    let refused = |one: &syncwatch::core::InstanceStatus| {
        let failure = one.link.failure.as_ref();
        failure.is_some_and(|failure| failure.class == Class::PinMismatch)
    };
    let met = monitor.until("the old one is refused", refused).await;
    let attempts = met
        .link
        .failure
        .as_ref()
        .map_or(0, |failure| failure.attempts);
    let again = monitor.until("refused again", |one| {
        let failure = one.link.failure.as_ref();
        refused(one) && failure.is_some_and(|failure| failure.attempts > attempts)
    });
    assert_eq!(again.await.link.trust.served, Some(old.pin()));
    monitor.stop().await;
    for connection in &turns.server.connections()[thief..] {
        let is_new = connection.handshake.is_some();
        assert!(
            connection.bytes.is_empty() || !is_new,
            "{kind:?}: the holder of the old key was given {} bytes",
            connection.bytes.len()
        );
        assert_eq!(connection.handshake, None, "{kind:?}: a handshake");
    }
}

#[tokio::test]
async fn the_old_key_is_worth_nothing_after_a_handshake_with_the_new_one() {
    let cuts = [0, 9, 20, WHOLE.len() - 3, WHOLE.len() - 1];
    let all = Kind::ALL
        .into_iter()
        .flat_map(|kind| cuts.map(|cut| retired(kind, cut)));
    join_all(all).await;
}
