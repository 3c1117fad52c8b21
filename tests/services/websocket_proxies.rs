//! Tunnels behind real reverse proxies, Caddy and nginx: what each answer of a proxy means, and by which name it is
//! reached.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::path::Path;

use crate::support::easytier::EasyTier;
use crate::support::monitor::{Monitor, eventually, short_patience};
use crate::support::proxy::{BESIDE, Kind, Proxy, TUNNEL};
use crate::support::websocket_server::{Manner, WebsocketServer};
use syncwatch::core::{Class, InstanceStatus, LinkState, Status};

/// How one instance asks, and what must be seen of it.
struct Row {
    name: &'static str,
    /// After `wss://` unless it has a scheme, where `PORT` stands for that of the proxy.
    url: &'static str,
    /// Further keys.
    keys: String,
    state: LinkState,
    class: Option<Class>,
}

fn row(
    name: &'static str,
    url: &'static str,
    keys: impl Into<String>,
    state: LinkState,
    class: Option<Class>,
) -> Row {
    Row {
        name,
        url,
        keys: keys.into(),
        state,
        class,
    }
}

fn file(certificate: &Path) -> String {
    format!("trust = {{ file = {certificate:?} }}")
}

fn ca(certificate: &Path) -> String {
    format!("trust = {{ ca = {certificate:?} }}")
}

fn config(rows: &[Row], proxy: &Proxy) -> String {
    let mut text = String::new();
    for Row {
        name, url, keys, ..
    } in rows
    {
        let (url, at) = (
            url.replace("PORT", &proxy.address.port().to_string()),
            proxy.address,
        );
        let url = match url.contains("://") {
            true => url,
            false => format!("wss://{url}"),
        };
        let connect = match keys.contains("connect") {
            true => String::new(),
            false => format!("connect = \"{at}\""),
        };
        let _ = writeln!(
            text,
            "[[instance]]\nname = \"{name}\"\nkind = \"websocket\"\nurl = \"{url}\"\ninterval = \"200ms\"\n{connect}\n{keys}\n"
        );
    }
    // Hidden failures come to light soon, but not before a doubted one was looked at again.
    let more = ["sni-refused", "wrong-name"];
    let more = more.map(|class| format!("{class} = \"400ms\"\n")).concat();
    format!("{text}{}\n{more}", short_patience())
}

fn is_as(instance: &InstanceStatus, row: &Row) -> bool {
    let link = &instance.link;
    let class = link.failure.as_ref().map(|failure| failure.class);
    let known = class.is_some() || instance.service.is_some();
    link.state == row.state && class == row.class && known
}

async fn until_all(monitor: &mut Monitor, rows: &[Row]) {
    for row in rows {
        let what = format!("{} as {:?} {:?}", row.name, row.state, row.class);
        let is = |status: &Status| status.instance(row.name).is_some_and(|one| is_as(one, row));
        monitor.until_status(&what, is).await;
    }
}

/// What both proxies say alike.
fn common(proxy: &Proxy) -> Vec<Row> {
    use LinkState::{Connected, Misconfigured, Untrusted};
    let tunnel = &proxy.certificate(TUNNEL);
    vec![
        row("up", "vpn.test:PORT/_et/", file(tunnel), Connected, None),
        // The port of the URL is another one than that which is dialled.
        row(
            "default port",
            "vpn.test/_et/",
            file(tunnel),
            Connected,
            None,
        ),
        row(
            "ca",
            "vpn.test:PORT/_et/",
            format!("{}\ntoken = 'open-sesame'", ca(tunnel)),
            Connected,
            None,
        ),
        row(
            "any",
            "vpn.test:PORT/_et/",
            "trust = 'any'",
            Connected,
            None,
        ),
        row(
            "server-name",
            "127.0.0.1:PORT/_et/",
            format!("{}\nserver-name = '{TUNNEL}'", ca(tunnel)),
            Connected,
            None,
        ),
        row(
            "in the clear",
            "ws://vpn.test:PORT/_et/",
            "",
            Misconfigured,
            Some(Class::TlsExpected),
        ),
        row(
            "not routed",
            "vpn.test:PORT/elsewhere/",
            file(tunnel),
            Misconfigured,
            Some(Class::NotWebsocket),
        ),
        row(
            "a page",
            "vpn.test:PORT/page",
            file(tunnel),
            Misconfigured,
            Some(Class::NotWebsocket),
        ),
        row(
            "other site",
            "vpn.test:PORT/_et/",
            format!("trust = 'any'\nserver-name = '{BESIDE}'"),
            Misconfigured,
            Some(Class::SniRefused),
        ),
        row(
            "other certificate",
            "vpn.test:PORT/_et/",
            format!("{}\nserver-name = '{BESIDE}'", file(tunnel)),
            Untrusted,
            Some(Class::PinMismatch),
        ),
    ]
}

/// The rows, then the node goes and comes back.
async fn see(proxy: &Proxy, rows: Vec<Row>, node: WebsocketServer) {
    let mut monitor = Monitor::start(&config(&rows, proxy)).await;
    until_all(&mut monitor, &rows).await;
    let status = monitor.now();
    let up = status.instance("up").expect("up");
    let service = up.service.as_ref().expect("a service");
    assert!(service.synced, "{service:?}");
    let fact = |name: &str| service.facts.iter().find(|fact| fact.name == name);
    assert_eq!(
        fact("status").map(|fact| fact.value.as_str()),
        Some("400 Bad Request")
    );
    assert_eq!(fact("upgrade").and_then(|fact| fact.number), Some(1.0));
    assert!(status.instance("any").expect("any").link.insecure);
    // What was opened was closed in order, and most questions are plain ones.
    let met = node
        .until("a goodbye", |met| met.upgrade && met.ended)
        .await;
    assert_eq!(met.closed, Some(1000));
    let met = node.meetings();
    let upgrades = met.iter().filter(|met| met.upgrade).count();
    let alive = rows.iter().filter(|row| row.class.is_none()).count();
    assert!(upgrades <= alive + 1, "{upgrades} upgrades of {alive}");
    assert!(met.iter().any(|met| !met.upgrade));
    // The Host header omits the usual port. nginx is told to omit every port.
    assert!(node.heard().contains("\r\nHost: vpn.test\r\n"));
    // The node stops: the proxy is up, and says so.
    let address = node.address;
    drop(node);
    let gone = |row: &Row| match row.class {
        None => Row {
            keys: String::new(),
            state: LinkState::Disconnected,
            class: Some(Class::UpstreamDown),
            ..*row
        },
        _ => Row {
            keys: String::new(),
            ..*row
        },
    };
    let down: Vec<Row> = rows.iter().map(gone).collect();
    until_all(&mut monitor, &down).await;
    let _node = WebsocketServer::plain_at(address).await;
    until_all(&mut monitor, &rows).await;
    assert!(!monitor.journal_text().contains("sesame"));
}

#[tokio::test]
async fn behind_caddy() {
    let node = WebsocketServer::plain(Manner::Polite).await;
    let Some(proxy) = Proxy::start(Kind::Caddy, node.address).await else {
        return;
    };
    let mut rows = common(&proxy);
    let tunnel = &proxy.certificate(TUNNEL);
    rows.extend([
        row(
            "only upgrades",
            "vpn.test:PORT/only-upgrades/",
            file(tunnel),
            LinkState::Connected,
            None,
        ),
        // Caddy has no certificate for it and says so with an internal error.
        row(
            "unknown name",
            "nobody.test:PORT/_et/",
            file(tunnel),
            LinkState::Misconfigured,
            Some(Class::TlsAlert),
        ),
    ]);
    // An upgrade is the only way to see that its node is down: it is asked for again after a while only.
    let mut alone: Vec<Row> = Vec::new();
    alone.extend(rows.extract_if(.., |row| row.name == "only upgrades"));
    let mut monitor = Monitor::start(&config(&alone, &proxy)).await;
    until_all(&mut monitor, &alone).await;
    monitor.stop().await;
    see(&proxy, rows, node).await;
}

#[tokio::test]
async fn behind_nginx() {
    let node = WebsocketServer::plain(Manner::Polite).await;
    let Some(proxy) = Proxy::start(Kind::Nginx, node.address).await else {
        return;
    };
    let mut rows = common(&proxy);
    let tunnel = &proxy.certificate(TUNNEL);
    rows.extend([
        row(
            "unknown name",
            "nobody.test:PORT/_et/",
            file(tunnel),
            LinkState::Misconfigured,
            Some(Class::SniRefused),
        ),
        // An IP address is never asked for by SNI.
        row(
            "no name",
            "127.0.0.1:PORT/_et/",
            file(tunnel),
            LinkState::Misconfigured,
            Some(Class::SniRefused),
        ),
        row(
            "wrong name",
            "vpn.test:PORT/_et/",
            format!("{}\nserver-name = 'default.test'", ca(tunnel)),
            LinkState::Untrusted,
            Some(Class::Certificate),
        ),
        row(
            "without upgrade",
            "vpn.test:PORT/without-upgrade/",
            file(tunnel),
            LinkState::Connected,
            None,
        ),
    ]);
    see(&proxy, rows, node).await;
}

#[tokio::test]
async fn a_real_easytier() {
    let Some(mut node) = EasyTier::start() else {
        return;
    };
    let caddy = Proxy::start(Kind::Caddy, node.ws).await;
    let nginx = Proxy::start(Kind::Nginx, node.ws).await;
    let (Some(caddy), Some(nginx)) = (caddy, nginx) else {
        return;
    };
    let pinned = "trust = { fingerprint = [\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"] }";
    let wss = format!("connect = '{}'", node.wss);
    let behind = |name, proxy: &Proxy| {
        let pins = file(&proxy.certificate(TUNNEL));
        let keys = format!("{pins}\nconnect = '{}'", proxy.address);
        row(name, "vpn.test/_et/", keys, LinkState::Connected, None)
    };
    let rows = vec![
        behind("caddy", &caddy),
        behind("nginx", &nginx),
        row(
            "any",
            "vpn.test/_et/",
            format!("trust = 'any'\n{wss}"),
            LinkState::Connected,
            None,
        ),
        row(
            "new certificate",
            "vpn.test/_et/",
            format!("{pinned}\n{wss}"),
            LinkState::Untrusted,
            Some(Class::NewCertificateEachTime),
        ),
    ];
    let mut monitor = Monitor::start(&config(&rows, &caddy)).await;
    until_all(&mut monitor, &rows).await;
    // Each of three upgrades costs the tunnel two lines, and no plain GET costs any.
    let (opened, ended) = ("ConnectionAccepted", "ConnectionError");
    while node.events(ended) < 3 {
        tokio::task::yield_now().await;
    }
    let latency = |monitor: &Monitor| {
        let status = monitor.now();
        let one = status.instance("nginx")?.service.clone()?;
        let fact = one
            .facts
            .iter()
            .find(|fact| fact.name == "latency")?
            .clone();
        fact.number
    };
    for _ in 0..3 {
        let before = latency(&monitor);
        eventually("another plain GET", || latency(&monitor) != before).await;
    }
    assert_eq!((node.events(opened), node.events(ended)), (3, 3));
    // It keeps showing other ones, and that is told once.
    let attempts = |monitor: &Monitor| {
        let status = monitor.now();
        let link = &status.instance("new certificate").expect("it").link;
        link.failure.as_ref().expect("a failure").attempts
    };
    let before = attempts(&monitor);
    eventually("more attempts", || attempts(&monitor) > before + 2).await;
    assert_eq!(monitor.told_states(), [LinkState::Untrusted]);
    let status = monitor.now();
    let any = &status.instance("any").expect("any").link;
    assert!(any.insecure && any.rotations == 0, "{any:?}");
    // The tunnel goes: its proxies say so.
    drop(node);
    let down = |name| {
        row(
            name,
            "",
            "",
            LinkState::Disconnected,
            Some(Class::UpstreamDown),
        )
    };
    until_all(&mut monitor, &[down("caddy"), down("nginx")]).await;
}
