//! What a completed handshake tells, and what it retires, wherever the reply breaks off.

use std::sync::{Arc, Mutex};

use crate::support::tls_client::{KEY, PATIENT, spec};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, TLS12, TLS13, Then, Versions};
use reqwest::Method;
use secrecy::SecretString;
use syncwatch::core::event::{PinSet, Succession};
use syncwatch::core::{Class, Fault, Pin};
use syncwatch::tls::{Client, Request, Shared, Terms, Trust};

const LOCAL: &str = "127.0.0.1";
const REPLY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// A way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Request,
    Websocket,
}

async fn ask(client: &Client, way: Way) -> Option<Fault> {
    let key = SecretString::from(KEY);
    let request = Request {
        method: Method::GET,
        path: "/",
        key: Some(&key),
        body: None,
        timeout: PATIENT,
        limit: 1024,
        terms: Terms::default(),
    };
    match way {
        Way::Request => client.send(request).await.err(),
        Way::Websocket => client.upgrade(&request, None).await.err(),
    }
}

/// A client for a rotation from `old` to `new`, and what it tells.
fn rotating(server: &Server, old: &Identity, new: &Identity) -> (Client, Arc<Mutex<Vec<Pin>>>) {
    let told = Arc::<Mutex<Vec<Pin>>>::default();
    let mut spec = spec(&server.url(), Trust::Pinned, &[]);
    spec.pins = PinSet {
        succession: Some(Succession {
            heir: new.pin(),
            retired: old.pin(),
        }),
        ..vec![old.pin(), new.pin()].into()
    };
    let witness = told.clone();
    let witness = move |pin| witness.lock().expect("told").push(pin);
    let client = Client::build_sharing(&spec, &Shared::default(), Some(Arc::new(witness)));
    (client.expect("a client"), told)
}

/// The first connection is with `first`, the others with `then`.
async fn cut(first: &Identity, then: &Identity, versions: Versions, at: usize) -> Server {
    let configs = [first.serves(versions), then.serves(versions)];
    Server::scripted(
        move |connection| configs[connection.min(1)].clone(),
        move |turn| match turn.connection {
            0 => Answer::new(&REPLY[..at], Then::Fin),
            _ => Answer::new(REPLY, Then::Fin),
        },
    )
    .await
}

#[tokio::test]
async fn retires_the_old_certificate_wherever_the_reply_is_cut() {
    let (old, new) = (Identity::new(LOCAL), Identity::new(LOCAL));
    for (versions, way) in [
        (TLS12, Way::Request),
        (TLS13, Way::Request),
        (TLS13, Way::Websocket),
    ] {
        for at in 0..=REPLY.len() {
            let server = cut(&new, &old, versions, at).await;
            let (client, told) = rotating(&server, &old, &new);
            let first = ask(&client, way).await;
            assert_eq!(first.is_none(), at == REPLY.len(), "{at}: {first:?}");
            let pins: Vec<_> = told
                .lock()
                .expect("told")
                .iter()
                .map(|pin| pin.fingerprint)
                .collect();
            assert_eq!(pins, [new.pin()], "told once, at {at}");
            let fault = ask(&client, way).await.expect("the holder of the old key");
            assert_eq!(
                (fault.class, fault.served),
                (Class::PinMismatch, Some(old.pin()))
            );
            server.until(1, |one| one.ended).await;
            let given = &server.connections()[1];
            assert!(
                given.handshake.is_none() && given.bytes.is_empty(),
                "{way:?} at {at}"
            );
        }
    }
}

#[tokio::test]
async fn the_old_certificate_serves_until_the_new_one_does() {
    let (old, new) = (Identity::new(LOCAL), Identity::new(LOCAL));
    let server = cut(&old, &new, ANY_TLS, REPLY.len()).await;
    let (client, told) = rotating(&server, &old, &new);
    for _ in 0..2 {
        assert_eq!(ask(&client, Way::Request).await, None);
    }
    let told: Vec<_> = told
        .lock()
        .expect("told")
        .iter()
        .map(|pin| pin.fingerprint)
        .collect();
    assert_eq!(told, [old.pin(), new.pin()]);
}

#[tokio::test]
async fn who_cannot_prove_it_retires_nothing() {
    let (old, new) = (Identity::new(LOCAL), Identity::new(LOCAL));
    let thief = Identity::new(LOCAL);
    for versions in [TLS12, TLS13] {
        let configs = [thief.poses_as(&new, versions), old.serves(versions)];
        let server = Server::scripted(
            move |connection| configs[connection.min(1)].clone(),
            |_| Answer::new(REPLY, Then::Fin),
        )
        .await;
        let (client, told) = rotating(&server, &old, &new);
        let fault = ask(&client, Way::Request).await.expect("a replay");
        assert_eq!(fault.class, Class::BadSignature);
        assert!(told.lock().expect("told").is_empty());
        assert_eq!(ask(&client, Way::Request).await, None);
    }
}
