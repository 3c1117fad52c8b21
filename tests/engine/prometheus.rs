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
use crate::support::outlets::{Told, body, exchange, free_port, get};
use crate::support::proxy::skipped;

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
    fn start(binary: &Path, page: u16) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let rules = repository("packaging/prometheus/alerts.yml");
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{rules:?}]\nscrape_configs:\n  - job_name: syncwatch\n    static_configs: [{{ targets: [\"127.0.0.1:{page}\"] }}]\n"
        );
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

#[tokio::test]
async fn a_rotation_and_an_impostor_arrive() {
    let (Some(promtool), Some(prometheus)) = (program("promtool"), program("prometheus")) else {
        return;
    };
    let server = Standin::start(Options::default()).await;
    let server = server.expect("a stand-in");
    let page = free_port();
    let config = format!(
        "{}\n[metrics]\nlisten = \"127.0.0.1:{page}\"\n",
        watching(server.home().path())
    );
    let mut told = Told::start(&config).await;
    told.monitor.connected().await;
    let prometheus = Prometheus::start(&prometheus, page);
    prometheus
        .until("syncwatch_rotations_total{name=\"laptop\"}", "0")
        .await;

    server.rotate_in_process().await.expect("rotated");
    prometheus
        .until("syncwatch_rotations_total{name=\"laptop\"}", "1")
        .await;
    prometheus.until("sum(syncwatch_link_loud)", "0").await;
    prometheus
        .until(
            "count(ALERTS{alertname=\"SyncwatchUntrusted\"}) or vector(0)",
            "0",
        )
        .await;

    let takeover = server.impostor(ImpostorKind::OtherCertificate).await;
    let takeover = takeover.expect("an impostor");
    let state = "syncwatch_link_state{name=\"laptop\",state=\"untrusted\"}";
    prometheus.until(state, "1").await;
    let alert = "ALERTS{alertname=\"SyncwatchUntrusted\",alertstate=\"firing\",name=\"laptop\"}";
    prometheus.until(alert, "1").await;
    prometheus
        .until("syncwatch_alerts_total{state=\"untrusted\"}", "1")
        .await;
    takeover.stop().await.expect("gone");
    prometheus.until(state, "0").await;

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
}
