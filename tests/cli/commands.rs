//! The program as scripts and packagers meet it: help, exit codes, files. The server is the stand-in.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use syncwatch::standin::{Options, Standin};
use tempfile::TempDir;

/// A home of its own, with nothing of the machine's environment.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::with_prefix("syncwatch-cli-").expect("a directory"))
    }

    fn with_config(config: &str) -> Self {
        let home = Self::new();
        let file = home.config_file();
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("directory");
        std::fs::write(file, config).expect("written");
        home
    }

    /// The stand-in is the local Syncthing.
    fn watching(server: &Standin) -> Self {
        let home = server.home().path();
        Self::with_config(&format!(
            "[[instance]]\nname = \"laptop\"\nhome = {home:?}\n"
        ))
    }

    /// The stand-in is on another computer.
    fn asking(server: &Standin, key: &str, pin: &str) -> Self {
        let url = server.url();
        Self::with_config(&format!(
            "[[instance]]\nname = \"nas\"\nurl = {url:?}\napi-key = {key:?}\ntrust = {{ fingerprint = [{pin:?}] }}\n"
        ))
    }

    fn config_file(&self) -> PathBuf {
        self.0.path().join(".config/syncwatch/config.toml")
    }

    fn command(&self) -> Command {
        let mut command = Command::cargo_bin("syncwatch").expect("built");
        command
            .env_clear()
            .env("HOME", self.0.path())
            .env("XDG_RUNTIME_DIR", self.0.path());
        command
    }

    /// The exit code of `status`.
    async fn code(&self) -> Option<i32> {
        self.run(&["status"]).await.status.code()
    }

    /// Runs to the end, without holding up the stand-in.
    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(arguments);
        let ended = tokio::task::spawn_blocking(move || command.output());
        ended.await.expect("ran").expect("ran")
    }
}

async fn standin() -> Standin {
    let started = Standin::start(Options::default()).await;
    started.expect("a stand-in")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn out(command: &mut Command) -> String {
    said(command, 0)
}

fn said(command: &mut Command, code: i32) -> String {
    text(&command.assert().code(code).get_output().stdout)
}

fn err(command: &mut Command, code: i32) -> String {
    text(&command.assert().code(code).get_output().stderr)
}

#[test]
fn help_is_there_for_every_command() {
    let home = Home::new();
    let help = out(home.command().arg("--help"));
    for part in [
        "Examples:",
        "Exit codes:",
        "Files",
        "Environment:",
        "SYNCWATCH_CONFIG",
    ] {
        assert!(help.contains(part), "{part}");
    }
    for command in [
        "tray",
        "daemon",
        "status",
        "wait",
        "list",
        "check",
        "trust",
        "journal",
        "open",
        "rescan",
        "pause",
        "resume",
        "restart",
        "shutdown",
        "override",
        "revert",
        "accept",
        "ignore",
        "clear-errors",
        "config",
        "hook",
        "demo",
        "generate",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        assert!(out(home.command().args([command, "-h"])).contains("Usage:"));
    }
    assert!(out(home.command().arg("--version")).starts_with("syncwatch "));
}

#[test]
fn wrong_usage_is_2() {
    let home = Home::new();
    for arguments in [
        &["--bogus"][..],
        &["bogus"],
        &["wait", "--for", "lunch"],
        &["wait", "--timeout", "soon"],
        &["trust", "accept", "--fingerprint", "abc"],
        &["status", "--instance", "nobody"],
        &["--log", "a=b=c", "config", "path"],
    ] {
        let said = err(home.command().args(arguments), 2);
        assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    }
}

#[test]
fn the_config_file_is_written_shown_and_checked() {
    let home = Home::new();
    let path = out(home.command().args(["config", "path"]));
    assert_eq!(path.trim_end(), home.config_file().display().to_string());
    assert!(out(home.command().args(["config", "check"])).contains("local Syncthing"));
    out(home.command().args(["config", "init"]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = home
            .config_file()
            .metadata()
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "its owner only");
    }
    assert!(err(home.command().args(["config", "init"]), 3).contains("there already"));
    assert!(out(home.command().args(["config", "check"])).contains("in order"));
    assert!(out(home.command().args(["config", "show"])).contains("[[instance]]"));
}

#[test]
fn a_config_that_cannot_be_used_is_3_with_the_place() {
    let home = Home::with_config("[[instance]]\nname = \"laptop\"\nurll = \"https://nas:8384\"\n");
    for arguments in [
        &["config", "check"][..],
        &["status"],
        &["daemon"],
        &["open"],
    ] {
        let said = err(home.command().args(arguments), 3);
        assert!(said.contains("config.toml:3:1: "), "{arguments:?}: {said}");
        assert!(said.contains("\nhint: "), "{said}");
    }
    let said = err(
        home.command().args(["--config", "/nowhere.toml", "status"]),
        3,
    );
    assert!(said.contains("/nowhere.toml"), "{said}");
    let mut command = home.command();
    let said = err(
        command
            .env("SYNCWATCH_CONFIG", "/elsewhere.toml")
            .args(["config", "show"]),
        3,
    );
    assert!(said.contains("/elsewhere.toml"), "{said}");
}

#[test]
fn secrets_are_not_shown() {
    let home = Home::with_config(
        "[[instance]]\nname = \"nas\"\nurl = \"https://127.0.0.1:1\"\napi-key = \"hush-hush-key\"\n",
    );
    for arguments in [
        &["config", "show"][..],
        &["config", "check"],
        &["open", "--print"],
        &["-vvv", "status"],
    ] {
        let ran = home.command().args(arguments).output().expect("ran");
        let all = text(&ran.stdout) + &text(&ran.stderr);
        assert!(!all.contains("hush-hush"), "{arguments:?}: {all}");
    }
}

#[test]
fn what_packagers_need_is_made() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(out(home.command().args(["generate", "completions", shell])).contains("syncwatch"));
    }
    assert!(out(home.command().args(["generate", "man"])).contains(".TH \"SYNCWATCH\" 1"));
    let pages = home.0.path().join("man");
    out(home
        .command()
        .args(["generate", "man", "--dir"])
        .arg(&pages));
    for page in [
        "syncwatch.1",
        "syncwatch-status.1",
        "syncwatch-trust-accept.1",
    ] {
        assert!(pages.join(page).exists(), "{page}");
    }
    let icons = home.0.path().join("icons");
    out(home
        .command()
        .args(["generate", "icons", "--dir"])
        .arg(&icons));
    let icons = icons.join("hicolor");
    let png = std::fs::read(icons.join("48x48/apps/syncwatch.png")).expect("an icon");
    assert!(png.starts_with(b"\x89PNG"));
    assert!(icons.join("scalable/apps/syncwatch.svg").exists());
}

#[test]
fn the_schema_in_assets_is_current() {
    let schema = out(Home::new().command().args(["generate", "schema"]));
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/status.schema.json");
    let kept = std::fs::read_to_string(kept)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    assert!(
        schema == kept,
        "run: cargo run -- generate schema > assets/status.schema.json, and look at what changed: removing or renaming a key is a new schema"
    );
}

#[test]
fn nothing_to_reach_is_4_and_never_reached_is_7() {
    let home = Home::new();
    let shown = said(home.command().arg("status"), 4);
    assert!(shown.contains("No Syncthing was found"), "{shown}");
    let json = said(home.command().args(["status", "--json"]), 4);
    let status: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        status["instances"][0]["link"]["failure"]["class"],
        "not-found"
    );
    assert_eq!(status["overall"], "offline");
    let said = err(home.command().args(["wait", "--timeout", "50ms"]), 7);
    assert!(said.contains("hint: syncthing is starting"), "{said}");
    assert!(out(home.command().arg("journal")).contains("Nothing"));
    assert_eq!(out(home.command().args(["journal", "--json"])), "");
}

#[test]
fn the_journal_is_read_from_its_file_when_no_engine_runs() {
    let home = Home::new();
    let file = home.0.path().join(".local/state/syncwatch/journal.jsonl");
    std::fs::create_dir_all(file.parent().expect("a parent")).expect("directory");
    let entry = |second: u32, name: &str| {
        format!(
            "{{\"time\":\"2026-11-21T02:00:{second:02}.000Z\",\"instance\":\"{name}\",\"kind\":\"restart-announced\"}}\n"
        )
    };
    let lines = [
        entry(1, "laptop"),
        entry(2, "nas"),
        "torn {\n".into(),
        entry(3, "laptop"),
    ];
    std::fs::write(file, lines.concat()).expect("written");
    assert_eq!(
        out(home.command().args(["journal", "--json"]))
            .lines()
            .count(),
        3
    );
    let newest = out(home
        .command()
        .args(["journal", "--json", "-n", "1", "-i", "nas"]));
    assert_eq!(newest, lines[1]);
    let shown = out(home.command().args(["journal", "-n", "1"]));
    assert!(
        shown.contains("laptop  The server said that it restarts."),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe: {shown:?}");
    let coloured = out(home
        .command()
        .args(["--color", "always", "journal", "-n", "1"]));
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = Home::new();
    for arguments in [
        &["generate", "schema"][..],
        &["status", "--watch", "--json"],
        &["journal", "--follow"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ran = std::process::Command::new(assert_cmd::cargo::cargo_bin("syncwatch"))
            .args(arguments)
            .env_clear()
            .env("HOME", home.0.path())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("ran");
        assert_eq!(
            (ran.status.code(), text(&ran.stderr).as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[tokio::test]
async fn a_local_server_is_shown_waited_for_and_opened() {
    let server = standin().await;
    let home = Home::watching(&server);
    let waited = home
        .run(&["wait", "--for", "connected", "--timeout", "30s"])
        .await;
    assert_eq!(waited.status.code(), Some(0), "{waited:?}");
    let json = home.run(&["status", "--json"]).await;
    let status: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let link = &status["instances"][0]["link"];
    assert_eq!(link["state"], "connected", "{link:#}");
    assert_eq!(link["trust"]["served"], server.fingerprint());
    let shown = text(&home.run(&["status"]).await.stdout);
    assert!(shown.contains("● laptop  syncthing"), "{shown}");
    let opened = home.run(&["open", "--print"]).await;
    assert_eq!(text(&opened.stdout).trim_end(), server.url());
    let refused = home.run(&["trust", "accept"]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("does not take pins by hand"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_stranger_is_5_until_its_certificate_is_accepted() {
    use secrecy::ExposeSecret;
    let server = standin().await;
    let key = server.api_key();
    let home = Home::asking(&server, key.expose_secret(), &"00".repeat(32));
    let shown = home.run(&["status"]).await;
    assert_eq!(shown.status.code(), Some(5), "{shown:?}");
    assert!(
        text(&shown.stdout).contains(&server.fingerprint()),
        "{shown:?}"
    );
    let asked = home.run(&["trust", "accept"]).await;
    assert_eq!(asked.status.code(), Some(2), "no terminal to ask on");
    assert!(
        text(&asked.stderr).contains(&server.fingerprint()),
        "{asked:?}"
    );
    assert_eq!(home.code().await, Some(5), "nothing was accepted");
    assert!(
        !server.requests().iter().any(|request| request.with_key),
        "no key for a stranger"
    );

    let accepted = home
        .run(&["trust", "accept", "--fingerprint", &server.fingerprint()])
        .await;
    assert_eq!(accepted.status.code(), Some(0), "{accepted:?}");
    assert!(
        text(&accepted.stdout).contains("nas: Connected"),
        "{accepted:?}"
    );
    let trusted = home.run(&["trust", "list", "--json"]).await;
    let trusted: Value = serde_json::from_slice(&trusted.stdout).expect("JSON");
    assert_eq!(trusted[0]["served"], server.fingerprint());
    assert_eq!(trusted[0]["state"], "connected");

    let other = "11".repeat(32);
    let other = home
        .run(&["trust", "accept", "--fingerprint", &other])
        .await;
    assert_eq!(
        other.status.code(),
        Some(0),
        "what was verified counts until the other one is served: {other:?}"
    );
    assert!(
        text(&other.stdout).contains("does not serve the accepted certificate"),
        "{other:?}"
    );
    let forgotten = home.run(&["trust", "forget"]).await;
    assert_eq!(forgotten.status.code(), Some(0), "{forgotten:?}");
    assert!(
        text(&forgotten.stdout).contains("is not pinned any more"),
        "{forgotten:?}"
    );
    assert_eq!(home.code().await, Some(5), "a stranger again");
}

/// A child that does not outlive its test.
#[cfg(unix)]
struct Running(std::process::Child);

#[cfg(unix)]
impl Running {
    fn start(home: &Home, arguments: &[&str], stdout: Stdio) -> Self {
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("syncwatch"))
            .args(arguments)
            .env_clear()
            .env("HOME", home.0.path())
            .env("XDG_RUNTIME_DIR", home.0.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("started"))
    }

    fn end(&mut self) -> Option<i32> {
        let pid = i32::try_from(self.0.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::TERM)
            .expect("told");
        self.0.wait().expect("ended").code()
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads statuses until one is by the engine `pid`, connected, with these news of the engine before it.
#[cfg(unix)]
async fn until_by(
    mut lines: impl Iterator<Item = std::io::Result<String>> + Send + 'static,
    pid: u32,
    news: &'static [&'static str],
) -> impl Iterator<Item = std::io::Result<String>> + Send + 'static {
    let read = tokio::task::spawn_blocking(move || {
        let mut told = Vec::new();
        for line in lines.by_ref() {
            let status: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
            told.extend(status["stream"].as_str().map(str::to_owned));
            let connected = status["instances"][0]["link"]["state"] == "connected";
            if connected && status["engine"]["pid"] == pid {
                assert_eq!(told, news);
                return lines;
            }
        }
        panic!("the watch ended");
    });
    let read = tokio::time::timeout(std::time::Duration::from_secs(60), read);
    read.await.expect("in time").expect("read")
}

#[cfg(unix)]
#[tokio::test]
async fn a_watch_outlives_the_engine_and_prefers_a_running_one() {
    use std::io::BufRead;
    let server = standin().await;
    let home = Home::watching(&server);
    let mut watch = Running::start(&home, &["status", "--watch", "--json"], Stdio::piped());
    let output = watch.0.stdout.take().expect("piped");
    let lines = std::io::BufReader::new(output).lines();
    let own = watch.0.id();
    let lines = until_by(lines, own, &[]).await;
    let mut daemon = Running::start(&home, &["daemon"], Stdio::null());
    let lines = until_by(lines, daemon.0.id(), &["engine-back"]).await;
    let second = home.run(&["daemon"]).await;
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert!(
        text(&second.stderr).contains("running already"),
        "{second:?}"
    );
    assert_eq!(daemon.end(), Some(0));
    let again = Running::start(&home, &["daemon"], Stdio::null());
    let news = &["engine-gone", "engine-back"];
    drop(until_by(lines, again.0.id(), news).await);
    let journal = text(&home.run(&["journal", "--json"]).await.stdout);
    assert_eq!(
        journal.matches("\"kind\":\"connected\"").count(),
        2,
        "{journal}"
    );
    assert_eq!(
        home.run(&["wait", "--timeout", "20s"]).await.status.code(),
        Some(0)
    );
}

#[tokio::test]
async fn a_wrong_key_is_6() {
    let server = standin().await;
    let home = Home::asking(&server, "wrong", &server.fingerprint());
    for command in ["status", "check"] {
        let shown = home.run(&[command]).await;
        assert_eq!(shown.status.code(), Some(6), "{shown:?}");
    }
}
