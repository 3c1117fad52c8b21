//! A real Mongoose with its built-in TLS, which never says goodbye and signs a few handshakes in a thousand wrongly.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::monitor::Monitor;
use crate::support::tls_client::{pinned, send};
use crate::support::tls_server::Identity;
use reqwest::Method;
use syncwatch::core::Class;
use syncwatch::tls::{Client, Reply};

const REQUESTS: usize = 2000;
/// More wrong signatures in a row are no accident: each has a chance of less than a hundredth.
const MOST_IN_A_ROW: usize = 4;

struct Mongoose {
    child: Child,
    url: String,
    identity: Identity,
    home: tempfile::TempDir,
}

impl Mongoose {
    /// `None` where it was not set up, which is said loudly, and is a failure in CI.
    fn start() -> Option<Self> {
        // Cargo's own target/tmp, wherever the target directory is.
        let python =
            Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("mongoose/venv/bin/python");
        if !python.exists() {
            let words = "no Mongoose to test with: run tests/run --setup-only";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{words}");
            // Not eprintln!, which a passing test swallows.
            let _ = writeln!(std::io::stderr(), "\n  *** SKIPPED: {words}\n");
            return None;
        }
        let identity = Identity::new("127.0.0.1");
        let home = tempfile::tempdir().unwrap();
        let (certificate, key) = (home.path().join("cert.pem"), home.path().join("key.pem"));
        std::fs::write(&certificate, &identity.pem).unwrap();
        std::fs::write(&key, identity.key_pem()).unwrap();
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/mongoose.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([&certificate, &key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Mongoose");
        let mut port = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut port)
            .expect("its port");
        let url = format!("https://127.0.0.1:{}", port.trim());
        Some(Self {
            child,
            url,
            identity,
            home,
        })
    }
}

impl Drop for Mongoose {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As the core does: a wrong signature is met with another attempt, which nobody sees.
async fn patiently(client: &Client, method: &Method, path: &str, wrong: &mut usize) -> Reply {
    for _ in 0..MOST_IN_A_ROW {
        match send(client, method.clone(), path).await {
            Ok(reply) => return reply,
            Err(fault) if fault.class == Class::BadSignature => *wrong += 1,
            Err(fault) => panic!("{method} {path}: {fault:?}"),
        }
    }
    panic!("{method} {path}: one wrong signature after the other");
}

fn assert_intact(reply: &Reply) {
    let text = std::str::from_utf8(&reply.body).expect("UTF-8");
    let number = text
        .strip_prefix("{\"number\":")
        .and_then(|rest| rest.split(',').next());
    let number: usize = number
        .and_then(|number| number.parse().ok())
        .expect("a number");
    let filler = "x".repeat(number * 7 % 5000);
    let expected = format!("{{\"number\":{number},\"filler\":\"{filler}\"}}");
    assert!(text == expected, "{number}");
}

async fn all_are_whole(method: Method) {
    let Some(mongoose) = Mongoose::start() else {
        return;
    };
    let client = pinned(&mongoose.url, &[mongoose.identity.pin()]);
    let mut wrong = 0;
    for number in 0..REQUESTS {
        // Half of them over kept connections, half each over its own.
        let path = if number % 2 == 0 { "/keep" } else { "/close" };
        assert_intact(&patiently(&client, &method, path, &mut wrong).await);
    }
    assert!(wrong < REQUESTS / 20, "{wrong} wrong signatures");
}

#[tokio::test]
async fn gets() {
    all_are_whole(Method::GET).await;
}

#[tokio::test]
async fn posts() {
    all_are_whole(Method::POST).await;
}

#[tokio::test]
async fn an_engine_sees_nothing_of_its_manners() {
    let Some(mongoose) = Mongoose::start() else {
        return;
    };
    let file = mongoose.home.path().join("cert.pem");
    let url = &mongoose.url;
    let mut monitor = Monitor::start(&format!(
        "[[instance]]\nname = \"device\"\nkind = \"http\"\nurl = \"{url}/close\"\ninterval = \"100ms\"\ntrust = {{ file = {file:?} }}\nexpect = \"/number >= 0\"\n"
    ))
    .await;
    monitor.connected().await;
    monitor
        .until("no expectation but the number", |instance| {
            instance
                .service
                .as_ref()
                .is_some_and(|service| service.synced)
        })
        .await;
    assert!(monitor.told().is_empty());
}
