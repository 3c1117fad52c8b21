//! A terminal that tests can look at: tmux, with a shell in it, on a socket of its own.
//!
//! Nothing sleeps: a client in control mode tells whenever something is written, and then the screen is looked at.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};

/// How long anything may take on a busy machine before the test fails.
const DEADLINE: Duration = Duration::from_secs(60);
/// What the shell asks with.
pub const PROMPT: &str = "ready>";

/// A terminal with a shell; both end when this is dropped.
pub struct Tmux {
    directory: TempDir,
    news: BufReader<ChildStdout>,
    _watcher: Child,
}

impl Tmux {
    /// A terminal of this size in which `shell` runs; `None`, loudly, where there is no tmux.
    pub async fn start(
        size: (u16, u16),
        shell: &[&str],
        environment: &[(&'static str, PathBuf)],
    ) -> Option<Self> {
        if !Path::new("/usr/bin/tmux").exists() {
            eprintln!("SKIPPED: no tmux; tests/run installs it");
            return None;
        }
        let directory = TempDir::with_prefix("syncwatch-tmux-").expect("a directory");
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        let mut command = tmux(directory.path());
        command
            .current_dir(directory.path())
            .env_clear()
            .envs(environment.iter().cloned())
            .env("LANG", "C.UTF-8")
            .env("PS1", PROMPT)
            .args([
                "-f",
                "/dev/null",
                "new-session",
                "-d",
                "-x",
                &columns,
                "-y",
                &rows,
            ])
            .args(shell);
        let made = command.output().expect("tmux runs");
        assert!(made.status.success(), "{made:?}");
        let mut watcher = tokio::process::Command::from(tmux(directory.path()))
            .args(["-C", "attach-session", "-f", "ignore-size"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a watcher");
        let output = watcher.stdout.take().expect("piped");
        let this = Self {
            directory,
            news: BufReader::new(output),
            _watcher: watcher,
        };
        this.tmux(&["set-option", "-g", "window-size", "manual"]);
        this.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
        Some(this)
    }

    /// Presses keys, as tmux calls them; what is no name of a key is typed.
    pub fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a line and presses Enter.
    pub fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.press(&["Enter"]);
    }

    /// Gives the window another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// What is on the screen now.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with its colours, as a terminal shows it that reads this file.
    pub fn coloured(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    /// One of tmux's own figures, such as `alternate_on`.
    pub fn figure(&self, name: &str) -> String {
        let format = format!("#{{{name}}}");
        self.tmux(&["display-message", "-p", &format])
            .trim()
            .to_owned()
    }

    /// Waits until the screen passes `check`, and returns it.
    pub async fn until(&mut self, what: &str, check: impl Fn(&str) -> bool) -> String {
        let seen = async {
            loop {
                let screen = self.screen();
                if check(&screen) {
                    return screen;
                }
                // Cut anywhere, also within a letter.
                let mut line = Vec::new();
                let read = self.news.read_until(b'\n', &mut line).await;
                assert_ne!(read.expect("reads"), 0, "tmux lives");
            }
        };
        match tokio::time::timeout(DEADLINE, seen).await {
            Ok(screen) => screen,
            Err(_) => panic!("never seen: {what}; the screen:\n{}", self.screen()),
        }
    }

    /// Waits until these words are on the screen.
    pub async fn sees(&mut self, words: &str) -> String {
        self.until(words, |screen| screen.contains(words)).await
    }

    /// The process that the shell waits for.
    pub fn child(&self) -> Option<i32> {
        let shell = self.figure("pane_pid");
        let processes = std::fs::read_dir("/proc").expect("/proc");
        let mut pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.find(|pid: &i32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            after_name.split_whitespace().nth(1) == Some(&shell)
        })
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = tmux(self.directory.path()).args(arguments).output();
        let output = output.expect("tmux runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = tmux(self.directory.path()).arg("kill-server").output();
    }
}

/// Where pictures for people are kept.
pub fn screenshots() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    target.expect("target").join("screenshots")
}

fn tmux(directory: &Path) -> Command {
    let mut command = Command::new("/usr/bin/tmux");
    command.arg("-u").arg("-S").arg(directory.join("socket"));
    command
}
