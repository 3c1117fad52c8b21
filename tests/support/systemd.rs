//! A real systemd: a manager of units for one user, in a mount namespace of its own, because systemd serves users only
//! where it seems to have booted the computer.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use zbus::Connection;
use zbus::connection::Builder;

use super::bus::DEADLINE;

const MANAGER: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const DBUS_SERVICE: &str = "[Service]\nType=notify\nNotifyAccess=main\n\
    ExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation\n";
/// Debian's `games`: an account that can be looked up and to whom nothing belongs. For setpriv.
const ACCOUNT: [&str; 3] = ["--reuid=5", "--regid=60", "--clear-groups"];
/// A computer that systemd booted; in the name of root. Where a group is named, a place among the control groups as well,
/// which the account may divide.
const BOOT: &str = r#"
group=$1; shift
if [ -n "$group" ]; then
  for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    [ -w "$tree/cgroup.procs" ] || continue
    mkdir "$tree/$group" && chown -R 5:60 "$tree/$group" && echo $$ >"$tree/$group/cgroup.procs" || exit
  done
  chown -R 5:60 "$HOME"
fi
mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec "$@"
"#;
const CLEAN_UP: &str = r#"
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  find "$tree/$0" -depth -type d -exec rmdir {} + 2>/dev/null
done
"#;

/// A user manager and all that it started.
#[derive(Debug)]
pub struct Systemd {
    process: Child,
    environment: Vec<(&'static str, PathBuf)>,
    /// Among the control groups, where it runs as an account of its own.
    group: Option<String>,
}

impl Systemd {
    /// The computer's own, for root, with its units below `home` and a connection to its bus. `None` where it cannot be
    /// started.
    pub async fn start(home: &Path) -> Option<(Self, Connection)> {
        put_unit(home, "dbus.service", DBUS_SERVICE);
        let bus = home.join("bus");
        let socket = format!("[Socket]\nListenStream={}\n", bus.display());
        let socket = put_unit(home, "dbus.socket", &socket);
        let wanted = socket.with_file_name("sockets.target.wants");
        fs::create_dir_all(&wanted).expect("a directory");
        symlink("../dbus.socket", wanted.join("dbus.socket")).expect("a link");
        let address = format!("unix:path={}", bus.display());
        let more = ("DBUS_SESSION_BUS_ADDRESS", PathBuf::from(address));
        let mut this = Self::spawn(&installed()?, home, more, None)?;
        let bus = tokio::time::timeout(DEADLINE, this.bus()).await;
        let bus = bus.expect("systemd answers, or ends")?;
        Some((this, bus))
    }

    /// One that the packaged units are for, for a user who is not root, as on a desktop. `None` where there is none.
    pub fn for_an_account(home: &Path) -> Option<Self> {
        let program = unpacked(home).or_else(installed)?;
        let name = home.file_name().unwrap_or_default();
        let group = format!("syncwatch-test{}", name.display());
        let libraries = ("LD_LIBRARY_PATH", home.join("systemd"));
        Self::spawn(&program, home, libraries, Some(group))
    }

    /// The D-Bus address of its bus.
    pub fn address(&self) -> &str {
        let mut variables = self.environment.iter();
        let address = variables.find(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS");
        address
            .and_then(|(_, value)| value.to_str())
            .expect("a bus")
    }

    /// It did not end by itself.
    pub fn lives(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Runs a program as the account, and waits for it.
    pub fn run(&self, program: impl AsRef<Path>, words: &[&str]) -> Output {
        let mut command = Command::new("setpriv");
        command
            .args(ACCOUNT)
            .arg(program.as_ref())
            .args(words)
            .env_clear()
            .envs(self.environment.iter().cloned());
        command.current_dir("/").output().expect("setpriv")
    }

    fn spawn(
        program: &Path,
        home: &Path,
        more: (&'static str, PathBuf),
        group: Option<String>,
    ) -> Option<Self> {
        let run = home.join("run");
        if !run.exists() {
            let mut private = fs::DirBuilder::new();
            private.mode(0o700).create(&run).expect("a directory");
        }
        let environment = vec![
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("HOME", home.to_owned()),
            ("XDG_RUNTIME_DIR", run),
            more,
        ];
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", BOOT, "sh"]);
        command.arg(group.as_deref().unwrap_or_default());
        if group.is_some() {
            command.arg("setpriv").args(ACCOUNT);
        }
        let process = command
            .arg(program)
            .arg("--user")
            .env_clear()
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        Some(Self {
            process: process.ok()?,
            environment,
            group,
        })
    }

    /// Until it answers on its bus; `None` when it ended instead.
    async fn bus(&mut self) -> Option<Connection> {
        while self.lives() {
            let builder = Builder::address(self.address()).expect("an address");
            if let Ok(bus) = builder.build().await
                && call(&bus, "Subscribe").await.is_ok()
            {
                return Some(bus);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // Its services are in groups of their own: it ends them when it is asked to.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
        if let Some(group) = &self.group {
            let _ = Command::new("sh").args(["-c", CLEAN_UP, group]).status();
        }
    }
}

/// Writes the file of a unit for the manager of `home`.
pub fn put_unit(home: &Path, name: &str, text: &str) -> PathBuf {
    let file = home.join(".config/systemd/user").join(name);
    fs::create_dir_all(file.parent().expect("one")).expect("a directory");
    fs::write(&file, text).expect("a file");
    file
}

/// Calls a method of the manager that takes nothing.
pub async fn call(bus: &Connection, member: &str) -> zbus::Result<()> {
    let interface = "org.freedesktop.systemd1.Manager";
    bus.call_method(Some(MANAGER), MANAGER_PATH, Some(interface), member, &())
        .await
        .map(drop)
}

fn installed() -> Option<PathBuf> {
    let programs = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"];
    let mut programs = programs.iter().map(PathBuf::from);
    programs.find(|path| path.exists())
}

/// The one that tests/run unpacked, where it did because the computer's is an old one; copied to where an account may look.
fn unpacked(home: &Path) -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/systemd");
    let own = unpacked.join("lib/systemd/systemd");
    if !own.exists() {
        return None;
    }
    let place = home.join("systemd");
    fs::create_dir(&place).expect("a directory");
    let libraries = fs::read_dir(unpacked.join("usr/lib")).expect("libraries");
    let libraries = libraries
        .flatten()
        .map(|entry| entry.path().join("systemd"));
    let libraries = libraries
        .filter_map(|place| fs::read_dir(place).ok())
        .flatten()
        .flatten();
    let libraries = libraries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "so"));
    for file in libraries.chain([own]) {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, place.join(name)).expect("copied");
    }
    Some(place.join("systemd"))
}
