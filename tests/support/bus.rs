//! A desktop session for tests: a private D-Bus session bus, and an environment in which nothing of the machine's own
//! is found. Everything is gone with the test.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use zbus::Connection;

/// How long anything may take on a busy machine before the test fails.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A process and all that it started; killed when this is dropped.
#[derive(Debug)]
pub struct Group(Child);

impl Group {
    /// Starts it in a process group of its own.
    pub fn spawn(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).process_group(0);
        Self(
            command
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}")),
        )
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(Pid::from_child(&self.0), signal);
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Waits for its end and returns its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let end = async {
            loop {
                if let Some(status) = self.0.try_wait().expect("waits") {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(DEADLINE, end)
            .await
            .expect("it ends in time")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.0.wait();
    }
}

/// A home directory, a bus, and what there is on the `PATH`.
#[derive(Debug)]
pub struct Session {
    directory: TempDir,
    bus: Option<Group>,
    /// Further variables for its processes.
    pub variables: Vec<(&'static str, String)>,
}

impl Session {
    /// A session with a bus; `None`, after saying so loudly, where there is no `dbus-daemon`.
    pub fn start() -> Option<Self> {
        if !available(&["dbus-daemon"]) {
            return None;
        }
        let mut session = Self::without_bus();
        session.launch_bus();
        Some(session)
    }

    /// Places without a bus.
    pub fn without_bus() -> Self {
        let directory = TempDir::with_prefix("syncwatch-desk-").expect("a directory");
        let session = Self {
            directory,
            bus: None,
            variables: Vec::new(),
        };
        for name in ["config", "state", "data", "cache", "bin", "services"] {
            fs::create_dir_all(session.path(name)).expect("a directory");
        }
        let runtime = session.path("run");
        fs::create_dir_all(&runtime).expect("a directory");
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).expect("private");
        session.put_program(
            "xdg-open",
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >> \"$SYNCWATCH_TEST_OPENED\"\n",
        );
        session
    }

    /// Starts the bus, at the same address as ever.
    pub fn launch_bus(&mut self) {
        assert!(self.bus.is_none(), "it is running already");
        let config = self.path("bus.conf");
        let text = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
            self.path("bus").display(),
            self.path("services").display()
        );
        fs::write(&config, text).expect("bus.conf");
        let _ = fs::remove_file(self.path("bus"));
        let mut command = self.command("dbus-daemon");
        command
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--config-file={}", config.display()))
            .stdout(Stdio::piped())
            .stderr(self.log("bus.log"));
        let mut bus = Group::spawn(&mut command);
        // It prints once it listens.
        let printed = bus.child().stdout.take().expect("piped");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(printed), &mut line)
            .expect("reads");
        assert!(
            line.starts_with("unix:"),
            "dbus-daemon: {}",
            self.read("bus.log")
        );
        self.bus = Some(bus);
    }

    /// Ends the bus: every connection to it breaks.
    pub fn kill_bus(&mut self) {
        self.bus = None;
        let _ = fs::remove_file(self.path("bus"));
    }

    /// Lets the bus start the service of this name as the machine's own session would.
    pub fn allow_activation(&self, name: &str) {
        let file = format!("{name}.service");
        let from = Path::new("/usr/share/dbus-1/services").join(&file);
        fs::copy(from, self.path("services").join(file)).expect("a service file");
    }

    /// A connection of the test's own.
    pub async fn connect(&self) -> Connection {
        let address = self.address();
        let connecting = async {
            zbus::connection::Builder::address(address.as_str())?
                .build()
                .await
        };
        tokio::time::timeout(DEADLINE, connecting)
            .await
            .expect("connects in time")
            .expect("connects")
    }

    pub fn address(&self) -> String {
        format!("unix:path={}", self.path("bus").display())
    }

    /// A program that runs in this session and knows no other.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(
                "PATH",
                format!(
                    "{}:/usr/local/bin:/usr/bin:/bin",
                    self.path("bin").display()
                ),
            )
            .env("HOME", self.directory.path())
            .env("LANG", "C.UTF-8")
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            // No system bus: what the machine runs on is none of the tests' business.
            .env(
                "DBUS_SYSTEM_BUS_ADDRESS",
                format!("unix:path={}", self.path("no-bus").display()),
            )
            .env("SYNCWATCH_TEST_OPENED", self.path("opened"))
            .current_dir(self.directory.path())
            .envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Puts a script in front of the `PATH`.
    pub fn put_program(&self, name: &str, text: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, text).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// What was opened with `xdg-open` so far.
    pub fn opened(&self) -> Vec<String> {
        self.read("opened").lines().map(str::to_owned).collect()
    }

    /// Waits until something was opened that passes `check`.
    pub async fn wait_for_opened(&self, what: &str, check: impl Fn(&str) -> bool) -> String {
        until(what, async || {
            self.opened().into_iter().find(|line| check(line))
        })
        .await
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A file in the session that a process prints into.
    pub fn log(&self, name: &str) -> fs::File {
        fs::File::options()
            .create(true)
            .append(true)
            .open(self.path(name))
            .expect("a log")
    }
}

/// Asks again and again until there is an answer, or fails at the deadline.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking)
        .await
        .unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// Whether these programs are there. If not: a loud skip, and in CI a failure.
pub fn available(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| {
            !["/usr/local/bin", "/usr/bin", "/bin"]
                .iter()
                .any(|place| Path::new(place).join(program).exists())
        })
        .collect();
    missing.is_empty() || skipped(&missing.join(", "))
}

/// Says loudly that tests are skipped for want of this, and fails them in CI. Returns false.
pub fn skipped(missing: &str) -> bool {
    let words = format!("{missing} missing: run tests/run --setup-only");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{words}");
    // Not eprintln!, which a passing test swallows.
    let _ = writeln!(std::io::stderr(), "\n  *** SKIPPED: {words}\n");
    false
}
