//! Starts the daemon beside very many stand-ins and prints what it costs: the time until all are connected, memory, CPU,
//! context switches, requests; then how soon an event at a healthy server is told, before and while a tenth of the servers
//! is in trouble: some hang, some refuse, some tell events without end; at last what it costs to read the page for
//! Prometheus while nearly all of them fail, and what that does to events.
//!
//! `cargo bench --bench fleet [-- INSTANCES]`, 1000 by default. Linux only: the figures are those of /proc.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark measures and prints"
)]

#[path = "support/figures.rs"]
mod figures;
mod support;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use figures::Figures;
use secrecy::ExposeSecret;
use syncwatch::core::service::FolderState;
use syncwatch::core::{LinkState, Status};
use syncwatch::engine::{self, Engine};
use syncwatch::outlets::Outlets;
use syncwatch::standin::{Options, Standin};
use tokio::sync::watch;

/// The start-up is over by then.
const SETTLE: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(120);
const EVENTS: usize = 200;
/// Between two events of a server that tells without end.
const FLOOD: Duration = Duration::from_millis(20);
/// Who does not fail while the page is read, and how often it is.
const WELL: usize = 10;
const SCRAPES: usize = 60;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let number = support::number(1000);
    let directory = tempfile::tempdir().expect("a directory");
    // Trust `file`, one for each, in one directory.
    let pins = directory.path().join("pins");
    std::fs::create_dir(&pins).expect("a directory");
    let mut servers = Vec::new();
    for _ in 0..number {
        servers.push(
            Standin::start(Options::default())
                .await
                .expect("a stand-in"),
        );
    }
    println!("{number} instances, each a server of its own");
    idle(&servers, directory.path()).await;
    println!("event at a healthy server -> status published, milliseconds, {EVENTS} events");
    support::heading("the others");
    let figures = told(&servers, directory.path(), 0).await;
    support::row("are well", figures);
    let figures = told(&servers, directory.path(), number / 10).await;
    support::row("a tenth is in trouble", figures);
    page(&servers, directory.path()).await;
}

/// A daemon with nothing to do.
async fn idle(servers: &[Standin], directory: &Path) {
    let config = directory.join("config.toml");
    std::fs::write(&config, text(servers.iter(), &[], directory)).expect("written");
    let begin = Instant::now();
    let mut daemon = daemon(&config, directory);
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let asked = |server: &&Standin| server.requests().len() >= 4;
        if servers.iter().filter(asked).count() == servers.len() {
            break;
        }
    }
    println!(
        "  all connected after   {:>8.2} s",
        begin.elapsed().as_secs_f64()
    );
    tokio::time::sleep(SETTLE).await;
    let before = Figures::of(daemon.id());
    servers.iter().for_each(Standin::forget_requests);
    tokio::time::sleep(IDLE).await;
    let after = Figures::of(daemon.id());
    let requests: usize = servers.iter().map(|server| server.requests().len()).sum();
    let _ = daemon.kill();
    let _ = daemon.wait();
    let length = IDLE.as_secs_f64();
    figures::print(&before, &after, length);
    println!(
        "  requests              {:>8.2} a minute and instance",
        requests as f64 / length * 60.0 / servers.len() as f64
    );
}

/// How soon events at healthy servers are told while the last `troubled` ones are not well.
async fn told(servers: &[Standin], directory: &Path, troubled: usize) -> Vec<Duration> {
    let well = servers.len() - troubled;
    let mut hanging = Vec::new();
    let mut addresses = Vec::new();
    // A third of those in trouble tell without end, and are followed like the others.
    let (others, loud) = servers.split_at(servers.len() - troubled / 3);
    for index in well..others.len() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        addresses.push(listener.local_addr().expect("an address"));
        match index % 2 {
            // Takes connections and never says a word.
            0 => hanging.push(listener),
            // Refuses.
            _ => drop(listener),
        }
    }
    let (well, _) = others.split_at(well);
    let config = directory.join("config.toml");
    std::fs::write(
        &config,
        text(well.iter().chain(loud), &addresses, directory),
    )
    .expect("written");
    let engine = Running::start(directory);
    let mut status = engine.status.clone();
    status
        .wait_for(|status| connected(status) >= well.len())
        .await
        .expect("an engine");
    let flood = async {
        loop {
            tokio::time::sleep(FLOOD).await;
            loud.iter().for_each(Standin::tick);
        }
    };
    let figures = tokio::select! {
        figures = events(well, status) => figures,
        () = flood => Vec::new(),
    };
    engine.end();
    figures
}

/// What the page for Prometheus takes while all but a few servers fail.
async fn page(servers: &[Standin], directory: &Path) {
    let (well, others) = servers.split_at(WELL.min(servers.len()));
    let refusing = others.iter().map(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    });
    let refusing: Vec<SocketAddr> = refusing.collect();
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let mut text = text(well.iter(), &refusing, directory);
    let _ = writeln!(
        text,
        "[metrics]\nlisten = \"{address}\"\n[patience]\nrefused = \"1s\""
    );
    let config = directory.join("config.toml");
    std::fs::write(&config, text).expect("written");
    let engine = Running::start(directory);
    let mut status = engine.status.clone();
    status
        .wait_for(|status| connected(status) >= well.len() && failing(status) >= refusing.len())
        .await
        .expect("an engine");
    println!("{} of {} fail, milliseconds", refusing.len(), servers.len());
    support::heading("what");
    let reader = std::thread::spawn(move || {
        let mut size = 0;
        let figures = (0..SCRAPES).map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            let begin = Instant::now();
            size = read_page(address);
            begin.elapsed()
        });
        (figures.collect::<Vec<_>>(), size)
    });
    let figures = events(well, status).await;
    let (scrapes, size) = reader.join().expect("ends");
    support::row("/metrics read", scrapes);
    support::row("an event meanwhile", figures);
    println!("  the page              {:>8.1} KB", size as f64 / 1024.0);
    engine.end();
}

/// Reads the page; its size.
fn read_page(address: SocketAddr) -> usize {
    let mut stream = TcpStream::connect(address).expect("a page");
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("asked");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("read");
    assert!(reply.starts_with(b"HTTP/1.1 200"), "the page is there");
    reply.len()
}

/// An engine on a thread of its own.
struct Running {
    status: watch::Receiver<Arc<Status>>,
    end: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Running {
    fn start(directory: &Path) -> Self {
        let (started, start) = std::sync::mpsc::channel();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let home = directory.to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async move {
                let engine = Engine::start(engine::Options::apart(&home)).await;
                let engine = engine.expect("an engine");
                let _outlets = Outlets::of(&engine);
                started.send(engine.status()).expect("sent");
                let _ = ended.await;
                engine.stop().await;
            });
        });
        Self {
            status: start.recv().expect("started"),
            end,
            thread,
        }
    }

    fn end(self) {
        let _ = self.end.send(());
        self.thread.join().expect("ends");
    }
}

async fn events(servers: &[Standin], mut status: watch::Receiver<Arc<Status>>) -> Vec<Duration> {
    let mut figures = Vec::new();
    for turn in 0..EVENTS {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let index = turn * 37 % servers.len();
        let Some(server) = servers.get(index) else {
            break;
        };
        let folder = server.world(|world| world.folders.first().cloned());
        let mut folder = folder.expect("a folder");
        let (word, state) = match folder.state.as_str() {
            "idle" => ("scanning", FolderState::Scanning),
            _ => ("idle", FolderState::UpToDate),
        };
        word.clone_into(&mut folder.state);
        let (name, id) = (name(index), folder.id.clone());
        let begin = Instant::now();
        server.set_folder(folder);
        let seen = status.wait_for(|status| {
            let service = status.instance(&name).and_then(|it| it.service.as_deref());
            service.is_some_and(|service| {
                let mut folders = service.folders.iter();
                folders.any(|folder| folder.id == id && folder.state == state)
            })
        });
        seen.await.expect("an engine");
        figures.push(begin.elapsed());
    }
    figures
}

fn connected(status: &Status) -> usize {
    let links = status.instances.iter().map(|instance| instance.link.state);
    links.filter(|state| *state == LinkState::Connected).count()
}

fn failing(status: &Status) -> usize {
    let links = status.instances.iter().map(|instance| instance.link.state);
    links
        .filter(|state| *state == LinkState::Disconnected)
        .count()
}

fn name(index: usize) -> String {
    format!("server-{index:04}")
}

/// A config: half of the servers with a pin file, half with a fingerprint; then those at `others`, whose pins count for
/// nothing.
fn text<'a>(
    servers: impl Iterator<Item = &'a Standin>,
    others: &[SocketAddr],
    directory: &Path,
) -> String {
    let mut text = String::new();
    for (index, server) in servers.enumerate() {
        let name = name(index);
        let trust = match index % 2 {
            0 => {
                let pin = directory.join("pins").join(format!("{name}.pem"));
                std::fs::copy(server.home().path().join("https-cert.pem"), &pin).expect("copied");
                format!("{{ file = {pin:?} }}")
            }
            _ => format!("{{ fingerprint = [\"{}\"] }}", server.fingerprint()),
        };
        instance(
            &mut text,
            &name,
            &server.url(),
            server.api_key().expose_secret(),
            &trust,
        );
    }
    for (index, address) in others.iter().enumerate() {
        let trust = format!("{{ fingerprint = [\"sha256:{}\"] }}", "ab".repeat(32));
        instance(
            &mut text,
            &format!("ill-{index:04}"),
            &format!("https://{address}"),
            "none",
            &trust,
        );
    }
    text
}

fn instance(text: &mut String, name: &str, url: &str, key: &str, trust: &str) {
    let _ = writeln!(
        text,
        "[[instance]]\nname = {name:?}\nurl = {url:?}\napi-key = {key:?}\ntrust = {trust}\n"
    );
}

fn daemon(config: &Path, directory: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_syncwatch"))
        .args(["--config", config.to_str().expect("UTF-8"), "daemon"])
        .env_clear()
        .env("HOME", directory)
        .env("XDG_RUNTIME_DIR", directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the daemon")
}
