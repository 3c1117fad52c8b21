//! The page before a real Prometheus: what it shows is taken without a warning, series and alerts arrive, and every
//! query of the rules and of the dashboard can be asked.

#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use syncwatch::standin::{ImpostorKind, Options, Standin};
use tempfile::TempDir;

use crate::support::monitor::{DEADLINE, watching};
use crate::support::outlets::{body, exchange, free_port, get, status};
use crate::support::proxy::skipped;
use crate::support::tls_server::Identity;
use crate::support::watched::Watched;

/// The programs of Debian's package, where `tests/run` put them.
fn program(name: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("prometheus");
    let path = place.join("usr/bin").join(name);
    if !path.is_file() {
        skipped(&format!("no {name} to test with: tests/run fetches it"));
        return None;
    }
    Some(path)
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs to the end with this on standard input; fails when it complains.
fn fine(mut command: Command, input: &str) {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("ended");
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(status.success(), "{command:?}: {said:?}");
    assert_eq!(said[1], "", "{command:?} warns");
}

#[test]
fn the_rules_and_the_example_are_valid_and_do_what_they_say() {
    let Some(promtool) = program("promtool") else {
        return;
    };
    let place = repository("packaging/prometheus");
    for arguments in [
        &["check", "rules", "alerts.yml"][..],
        &["test", "rules", "alerts_test.yml"],
        &["check", "config", "prometheus.yml"],
    ] {
        let mut command = Command::new(&promtool);
        command.args(arguments).current_dir(&place);
        fine(command, "");
    }
}

/// A Prometheus of its own, which asks one page every second.
struct Prometheus {
    child: Child,
    port: u16,
    directory: TempDir,
}

impl Prometheus {
    /// `jobs`: the name of each, the port of its page, and what else its section says.
    fn start(binary: &Path, jobs: &[(&str, u16, String)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let rules = repository("packaging/prometheus/alerts.yml");
        let mut config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{rules:?}]\nscrape_configs:\n"
        );
        for (name, page, rest) in jobs {
            config.push_str(&format!(
                "  - job_name: {name}\n    static_configs: [{{ targets: [\"127.0.0.1:{page}\"] }}]\n{rest}"
            ));
        }
        std::fs::write(directory.path().join("prometheus.yml"), config).expect("written");
        let log = std::fs::File::create(directory.path().join("log")).expect("a log");
        let child = Command::new(binary)
            .arg(format!(
                "--config.file={}",
                directory.path().join("prometheus.yml").display()
            ))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("started");
        Self {
            child,
            port,
            directory,
        }
    }

    async fn ask(&self, path: &str) -> Value {
        // One request, one connection, no chunks.
        let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        let reply = exchange(self.port, &request).await;
        serde_json::from_str(body(&reply)).unwrap_or_default()
    }

    async fn query(&self, expression: &str) -> Value {
        let encoded: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        self.ask(&format!("/api/v1/query?query={encoded}")).await
    }

    /// Waits until a query has this value.
    async fn until(&self, expression: &str, expected: &str) {
        let seen = async {
            loop {
                let answer = self.query(expression).await;
                if answer["data"]["result"][0]["value"][1] == expected {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(DEADLINE, seen).await.is_err() {
            let answer = self.query(expression).await;
            let log = std::fs::read_to_string(self.directory.path().join("log"));
            panic!(
                "never {expected}: {expression}: {answer}\n{}",
                log.unwrap_or_default()
            );
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every query in the dashboard, with what Grafana fills in.
fn queries() -> Vec<String> {
    fn gather(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(query)) = map.get("expr") {
                    found.push(query.clone());
                }
                map.values().for_each(|value| gather(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| gather(value, found)),
            _ => {}
        }
    }
    let text = std::fs::read_to_string(repository("packaging/prometheus/dashboard.json"));
    let dashboard: Value = serde_json::from_str(&text.expect("there")).expect("JSON");
    let mut found = Vec::new();
    gather(&dashboard, &mut found);
    let filled = found.into_iter().map(|query| {
        let query = query
            .replace("$name", ".*")
            .replace("$__rate_interval", "1m");
        query.replace("$__range", "1h")
    });
    filled.collect()
}

/// Two daemons, the program itself: one shows its page in the clear on this computer, one over TLS to who has the token.
#[tokio::test]
async fn a_rotation_and_an_impostor_arrive() {
    let (Some(promtool), Some(prometheus)) = (program("promtool"), program("prometheus")) else {
        return;
    };
    let server = Standin::start(Options::default()).await;
    let server = server.expect("a stand-in");
    let (page, guarded) = (free_port(), free_port());
    let place = tempfile::tempdir().expect("a directory");
    let identity = Identity::new("127.0.0.1");
    let file = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let certificate = file("page.pem", &identity.pem);
    let key = file("page.key", &identity.key_pem());
    let (token, wrong) = (file("token", "open sesame\n"), file("wrong", "sesame"));
    let watched = watching(server.home().path());
    let mut plain = Watched::start(&format!(
        "{watched}\n[metrics]\nlisten = \"127.0.0.1:{page}\"\n"
    ))
    .await;
    let mut private = Watched::start(&format!(
        "{watched}\n[metrics]\nlisten = \"127.0.0.1:{guarded}\"\ncertificate = {certificate:?}\nkey = {key:?}\ntoken-file = {token:?}\n"
    ))
    .await;
    plain.connected().await;
    private.connected().await;
    let by_token = |token: &Path| {
        format!(
            "    scheme: https\n    tls_config: {{ ca_file: {certificate:?} }}\n    authorization: {{ credentials_file: {token:?} }}\n"
        )
    };
    let jobs = [
        ("syncwatch", page, String::new()),
        ("guarded", guarded, by_token(&token)),
        ("stranger", guarded, by_token(&wrong)),
        ("talks-in-the-clear", guarded, String::new()),
    ];
    let prometheus = Prometheus::start(&prometheus, &jobs);
    let both = |what: &str| format!("count({what})");
    prometheus
        .until(
            &both("syncwatch_rotations_total{name=\"laptop\"} == 0"),
            "2",
        )
        .await;
    for (job, up) in [
        ("guarded", "1"),
        ("stranger", "0"),
        ("talks-in-the-clear", "0"),
    ] {
        prometheus.until(&format!("up{{job={job:?}}}"), up).await;
    }

    server.rotate_in_process().await.expect("rotated");
    prometheus
        .until(
            &both("syncwatch_rotations_total{name=\"laptop\"} == 1"),
            "2",
        )
        .await;
    prometheus.until("sum(syncwatch_link_loud)", "0").await;
    prometheus
        .until(
            "count(ALERTS{alertname=\"SyncwatchUntrusted\"}) or vector(0)",
            "0",
        )
        .await;
    assert_eq!(body(&get(page, "/healthz").await), "ok\n");

    let takeover = server.impostor(ImpostorKind::OtherCertificate).await;
    let takeover = takeover.expect("an impostor");
    let untrusted = "syncwatch_link_state{name=\"laptop\",state=\"untrusted\"}";
    prometheus
        .until(&both(&format!("{untrusted} == 1")), "2")
        .await;
    let alert = "ALERTS{alertname=\"SyncwatchUntrusted\",alertstate=\"firing\",name=\"laptop\"}";
    prometheus.until(&both(&format!("{alert} == 1")), "2").await;
    let told = "syncwatch_alerts_total{state=\"untrusted\"}";
    prometheus.until(&both(&format!("{told} == 1")), "2").await;
    // The engine is well, whatever it watches.
    let health = get(page, "/healthz").await;
    assert_eq!((status(&health), body(&health)), ("200", "ok\n"));
    let report = takeover.stop().await.expect("gone");
    assert_eq!(report.bytes, 0, "{report:?}");
    prometheus
        .until(&both(&format!("{untrusted} == 0")), "2")
        .await;
    prometheus
        .until(
            "syncwatch_page_replies_total{job=\"guarded\",code=\"401\"} > bool 2",
            "1",
        )
        .await;

    // What it is shown now holds every metric of a Syncthing that had its troubles.
    let shown = get(page, "/metrics").await;
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]);
    fine(command, body(&shown));
    let queries = queries();
    assert!(queries.len() > 20, "{queries:?}");
    for query in queries {
        let answer = prometheus.query(&query).await;
        assert_eq!(answer["status"], "success", "{query}: {answer}");
    }
    let rules = prometheus.ask("/api/v1/rules").await;
    let rules = rules["data"]["groups"][0]["rules"].as_array().cloned();
    for rule in rules.expect("rules") {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
    for log in [plain.log(), private.log()] {
        assert!(!log.contains("sesame"), "{log}");
    }
}
