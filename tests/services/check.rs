//! `syncwatch check` before a real server of each kind, well and in trouble. What it says is a page of the documentation,
//! which this test writes (`UPDATE_PAGES=1`) and holds equal; the README quotes it.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use futures_util::future::join_all;

use crate::support::centrifugo::{Centrifugo, Manners, forged, token};
use crate::support::proxy::{Kind, Proxy, TUNNEL};
use crate::support::syncthing::{Binary, Options, RealSyncthing, free_port};
use crate::support::tls_server::Identity;
use crate::support::watched::Watched;
use crate::support::websocket_server::{Manner, WebsocketServer};
use crate::support::weechat::{PASSWORD, Weechat};

const PAGE: &str = "docs/check.md";
/// What the README shows of it.
const QUOTED: &str = "--instance shop\n";
const HEAD: &str = "\
# What `syncwatch check` says

Recorded before real servers: Syncthing, WeeChat, a stand-in for Centrifugo, a websocket behind Caddy, a page of nginx; each well
and in trouble. This page is written by the test that asks them (`UPDATE_PAGES=1 cargo test --test services check`) and held
equal by it, but for ports, fingerprints, sizes, dates and times. [failures.md](failures.md) has every failure.
";

/// One server, well or not.
struct Case {
    /// The instance's name.
    name: &'static str,
    /// What is so, as a heading.
    what: &'static str,
    /// Its keys in the config.
    keys: String,
    exit: i32,
}

fn case(name: &'static str, what: &'static str, exit: i32, keys: String) -> Case {
    Case {
        name,
        what,
        keys,
        exit,
    }
}

fn syncthing(server: &RealSyncthing) -> Vec<Case> {
    let home = format!("home = {:?}", server.home());
    let at = |url: &str, key: &str, pin: &str| {
        format!("url = {url:?}\napi-key = {key:?}\ntrust = {{ fingerprint = [{pin:?}] }}")
    };
    let (url, key) = (server.url(), server.api_key());
    let pin = server.file_fingerprint().to_string();
    let nobody = format!("https://127.0.0.1:{}", free_port());
    vec![
        case("laptop", "A Syncthing on this computer", 0, home),
        case(
            "wrong-key",
            "With another API key",
            6,
            at(&url, "no-key", &pin),
        ),
        case(
            "stranger",
            "With another certificate than the pinned one",
            5,
            at(&url, key, &format!("sha256:{}", "07".repeat(32))),
        ),
        case("stopped", "Nobody listens", 4, at(&nobody, key, &pin)),
    ]
}

fn weechat(server: &Weechat, in_the_clear: SocketAddr) -> Vec<Case> {
    let pin = format!("{{ file = {:?} }}", server.certificate_file());
    let at = |address: SocketAddr, password: &str, trust: &str| {
        let url = format!("https://{address}");
        format!("kind = \"weechat\"\nurl = {url:?}\npassword = {password:?}\ntrust = {trust}")
    };
    let relay = SocketAddr::from(([127, 0, 0, 1], server.port));
    vec![
        case("irc", "A WeeChat", 0, at(relay, PASSWORD, &pin)),
        case(
            "wrong-password",
            "With another password",
            6,
            at(relay, "sesame", &pin),
        ),
        case(
            "not-accepted",
            "Its certificate was never accepted",
            1,
            at(relay, PASSWORD, "{ fingerprint = [] }"),
        ),
        case(
            "no-tls",
            "A relay without TLS",
            1,
            at(in_the_clear, PASSWORD, &pin),
        ),
    ]
}

fn centrifugo(server: &Centrifugo, pin: &Path) -> Vec<Case> {
    let at = |key: &str, token: &str| {
        let url = server.url();
        format!(
            "kind = \"centrifugo\"\nurl = {url:?}\napi-key = {key:?}\ntoken = {token:?}\ntrust = {{ file = {pin:?} }}"
        )
    };
    let key = "the-api-key";
    vec![
        case("push", "A Centrifugo", 0, at(key, &token(600))),
        case(
            "wrong-api-key",
            "With another API key",
            6,
            at("no-key", &token(600)),
        ),
        case(
            "forged-token",
            "With a token that somebody else signed",
            6,
            at(key, &forged(600)),
        ),
        case(
            "old-token",
            "With a token that has ended",
            6,
            at(key, &token(-60)),
        ),
    ]
}

fn websocket(proxy: &Proxy) -> Vec<Case> {
    let (at, pin) = (proxy.address, proxy.certificate(TUNNEL));
    let keys = |scheme: &str, path: &str| {
        let url = format!("{scheme}://{TUNNEL}:{}{path}", at.port());
        format!(
            "kind = \"websocket\"\nurl = {url:?}\nconnect = \"{at}\"\ntrust = {{ file = {pin:?} }}"
        )
    };
    vec![
        case(
            "tunnel",
            "A websocket behind Caddy",
            0,
            keys("wss", "/_et/"),
        ),
        case(
            "wrong-path",
            "On another path",
            1,
            keys("wss", "/elsewhere"),
        ),
        case(
            "in-the-clear",
            "Without TLS, where TLS is spoken",
            1,
            keys("ws", "/_et/")
                .split("\ntrust")
                .next()
                .unwrap()
                .to_owned(),
        ),
    ]
}

/// Caddy, when what is behind it has ended.
fn upstream(proxy: &Proxy) -> Case {
    let mut cases = websocket(proxy).into_iter();
    let keys = cases.next().map(|case| case.keys).unwrap();
    case("upstream-down", "What is behind it is down", 4, keys)
}

fn http(proxy: &Proxy) -> Vec<Case> {
    let (at, ca) = (proxy.address, proxy.certificate(TUNNEL));
    let keys = |host: &str, path: &str, trust: &str| {
        format!(
            "kind = \"http\"\nurl = \"https://{host}{path}\"\nconnect = \"{at}\"\ntrust = {trust}"
        )
    };
    let ca = format!("{{ ca = {ca:?} }}");
    vec![
        case("page", "A page of nginx", 0, keys(TUNNEL, "/page", &ca)),
        case(
            "not-there",
            "A page that is not there",
            1,
            keys(TUNNEL, "/pages", &ca),
        ),
        case(
            "shop",
            "A name that it does not serve",
            1,
            keys("shop.example.org", "/page", &ca),
        ),
        case(
            "not-trusted",
            "An issuer that this computer does not trust",
            5,
            keys(TUNNEL, "/page", "\"system\""),
        ),
    ]
}

/// What a check of one instance said; its exit code is held.
async fn asked(watched: &Watched, case: &Case) -> String {
    let output = watched.run(&["check", "--instance", case.name]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(case.exit),
        "{}: {text}",
        case.name
    );
    text
}

async fn record(cases: &[Case]) -> String {
    let config = cases.iter().map(|case| {
        let Case { name, keys, .. } = case;
        format!("[[instance]]\nname = {name:?}\n{keys}\n")
    });
    let watched = Watched::prepare(&config.collect::<String>());
    let said = join_all(cases.iter().map(|case| asked(&watched, case))).await;
    let mut page = String::new();
    for (case, said) in cases.iter().zip(said) {
        let said = at_home(&said);
        let Case { name, what, .. } = case;
        let _ = write!(
            page,
            "\n### {what}\n\n```console\n$ syncwatch check --instance {name}\n{said}```\n"
        );
    }
    page
}

#[tokio::test]
async fn each_kind_is_checked_well_and_in_trouble() {
    let Some(binary) = Binary::newest() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let identity = Identity::new("127.0.0.1");
    let pin = place.path().join("push.pem");
    std::fs::write(&pin, &identity.pem).unwrap();
    let node = WebsocketServer::plain(Manner::Polite).await;
    let plain = free_port();
    let plain_relay = format!("/relay add api {plain}");
    let commands = [plain_relay.as_str()];
    let (synced, irc, pushed, caddy, nginx) = tokio::join!(
        RealSyncthing::start(&binary, Options::default()),
        Weechat::start(&commands),
        Centrifugo::start(identity, Manners::default()),
        Proxy::start(Kind::Caddy, node.address),
        Proxy::start(Kind::Nginx, node.address),
    );
    let (Some(irc), Some(caddy), Some(nginx)) = (irc, caddy, nginx) else {
        return;
    };
    let mut page = HEAD.to_owned();
    for (title, cases) in [
        ("Syncthing", syncthing(&synced)),
        ("WeeChat", weechat(&irc, ([127, 0, 0, 1], plain).into())),
        ("Centrifugo", centrifugo(&pushed, &pin)),
        ("Any other page", http(&nginx)),
        ("A websocket", websocket(&caddy)),
    ] {
        let _ = write!(page, "\n## {title}\n{}", record(&cases).await);
    }
    drop(node);
    page.push_str(&record(&[upstream(&caddy)]).await);

    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap_or_default();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(file(PAGE), &page).unwrap();
    }
    let (now, kept) = (lasting(&page), lasting(&read(PAGE)));
    let differs = now.iter().zip(&kept).find(|(now, kept)| now != kept);
    assert!(
        now == kept,
        "{PAGE} says otherwise; if the change is wanted: UPDATE_PAGES=1 cargo test --test services check\n{differs:#?}"
    );
    let quoted = page
        .split("```console\n")
        .find(|part| part.contains(QUOTED));
    let quoted = quoted.and_then(|part| part.split("```").next());
    let quoted = lasting(quoted.unwrap()).concat();
    assert!(
        lasting(&read("README.md")).concat().contains(&quoted),
        "{quoted}"
    );
}

/// With everything in a home, in place of directories that are gone with the test, of a computer called `laptop`.
fn at_home(text: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let text = text.replace(&format!("CN={}", host.trim()), "CN=laptop");
    let temporary = format!("{}/", std::env::temp_dir().display());
    let mut parts = text.split(&temporary);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("/home/me");
        out.push_str(part.trim_start_matches(|char| !matches!(char, '/' | '\n' | ' ')));
    }
    out
}

/// The paragraphs, without line breaks, and without what differs from run to run: numbers, fingerprints, dates.
fn lasting(page: &str) -> Vec<String> {
    let figure = |char: char| char.is_ascii_digit() || char == '.';
    let word = |word: &str| {
        let word = match word.find("sha256:") {
            Some(at) => &word[..at],
            None => word,
        };
        // As openssl prints one, which may be broken between two lines.
        let of_colons = |char: char| char.is_ascii_hexdigit() || matches!(char, ':' | '.');
        let word = match word.matches(':').count() >= 3 && word.chars().all(of_colons) {
            true => "",
            false => word,
        };
        match word.chars().any(|char| char.is_ascii_digit()) {
            true => word.replace(figure, ""),
            false if matches!(word, "ms" | "ms." | "s" | "s.") => "seconds".to_owned(),
            false => word.to_owned(),
        }
    };
    let paragraphs = page.split("\n\n").map(|paragraph| {
        let words = paragraph.split_whitespace().map(word);
        words.collect::<Vec<_>>().join(" ")
    });
    paragraphs.collect()
}
