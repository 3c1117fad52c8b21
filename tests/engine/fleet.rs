//! Many instances in one engine: those that are in trouble delay none of the others.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;

use futures_util::future::join_all;
use secrecy::ExposeSecret;
use syncwatch::core::{Class, InstanceStatus, LinkState, Status};
use syncwatch::standin::{Options, Standin};

use crate::support::monitor::{Monitor, short_patience};

const WELL: usize = 30;
const HANGING: usize = 30;

fn instance(text: &mut String, name: &str, url: &str, key: &str, trust: &str) {
    let _ = writeln!(
        text,
        "[[instance]]\nname = {name:?}\nurl = {url:?}\napi-key = {key:?}\ntrust = {trust}\n"
    );
}

/// A pin file for each of them, all in one directory.
fn config(servers: &[Standin], hanging: &[TcpListener], pins: &Path) -> String {
    let mut text = short_patience() + "\n";
    // By name before the others: whoever is asked first.
    for (index, listener) in hanging.iter().enumerate() {
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        instance(
            &mut text,
            &format!("a-hanging-{index}"),
            &url,
            "none",
            "\"any\"",
        );
    }
    for (index, server) in servers.iter().enumerate() {
        let pin = pin(pins, index);
        std::fs::copy(server.home().path().join("https-cert.pem"), &pin).expect("copied");
        let (key, trust) = (server.api_key(), format!("{{ file = {pin:?} }}"));
        instance(
            &mut text,
            &name(index),
            &server.url(),
            key.expose_secret(),
            &trust,
        );
    }
    text
}

fn name(index: usize) -> String {
    format!("well-{index}")
}

fn pin(pins: &Path, index: usize) -> std::path::PathBuf {
    pins.join(format!("{index}.pem"))
}

fn well(status: &Status) -> impl Iterator<Item = &InstanceStatus> {
    let instances = status.instances.iter().map(AsRef::as_ref);
    instances.filter(|instance: &&InstanceStatus| instance.name.starts_with("well"))
}

#[tokio::test]
async fn who_hangs_refuses_or_floods_delays_nobody() {
    let servers = join_all((0..WELL).map(|_| Standin::start(Options::default()))).await;
    let servers: Vec<Standin> = servers
        .into_iter()
        .map(|server| server.expect("a stand-in"))
        .collect();
    // The kernel takes their connections, and nobody ever says a word.
    let hanging = (0..HANGING).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let hanging: Vec<TcpListener> = hanging.collect();
    let pins = tempfile::tempdir().expect("a directory");
    let mut monitor = Monitor::start(&config(&servers, &hanging, pins.path())).await;
    let connected = |instance: &InstanceStatus| {
        instance.link.state == LinkState::Connected && instance.service.is_some()
    };
    monitor
        .until_status("all others are connected", |status| {
            well(status).filter(|it| connected(it)).count() == WELL
        })
        .await;

    // One tells more than anybody wants to know; another one's news comes through.
    for _ in 0..2000 {
        servers[0].emit("LocalIndexUpdated", serde_json::json!({"folder": "photos"}));
    }
    let mut folder = servers[1].world(|world| world.folders[0].clone());
    folder.label = "News".into();
    folder.state = "scanning".into();
    servers[1].set_folder(folder);
    monitor
        .until_status("the news of a quiet one", |status| {
            let quiet = status.instance(&name(1)).and_then(|it| it.service.as_ref());
            quiet.is_some_and(|service| service.is_busy())
        })
        .await;

    // One pin file of many in the directory: the instance that it is for hears of it, and nobody else.
    let stranger = servers[3].home().path().join("https-cert.pem");
    std::fs::copy(stranger, pin(pins.path(), 2)).expect("copied");
    let status = monitor
        .until_status("the other pin waits", |status| {
            status
                .instance(&name(2))
                .is_some_and(|it| it.link.restart_pending)
        })
        .await;
    let pending = well(&status)
        .filter(|it| it.link.trust.pending.is_some())
        .count();
    assert_eq!(pending, 1);

    // One server goes: of the others, none is in trouble.
    drop(servers.into_iter().nth(4));
    let status = monitor
        .until_status("one is lost", |status| {
            status
                .instance(&name(4))
                .is_some_and(|it| it.link.state == LinkState::Disconnected)
        })
        .await;
    let lost = well(&status).filter(|it| {
        it.link
            .failure
            .as_ref()
            .is_some_and(|it| it.class == Class::Refused)
    });
    assert!(lost.count() >= 1);
    monitor.stop().await;
}
