//! A real systemd: a user manager with its own bus, in a mount namespace of its own, because systemd serves users only
//! where it seems to have booted the computer.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use zbus::Connection;
use zbus::connection::Builder;

use super::bus::DEADLINE;

const MANAGER: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const DBUS_SERVICE: &str = "[Service]\nType=notify\nNotifyAccess=main\n\
    ExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation\n";
const BOOT: &str = "mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec \"$0\" --user";

/// A user manager and all that it started.
#[derive(Debug)]
pub struct Systemd {
    process: Child,
    address: String,
}

impl Systemd {
    /// Starts it in `home`, where its bus is the socket `bus` and its runtime directory is `run`; with a connection to
    /// that bus. `None` where it cannot be started.
    pub async fn start(home: &Path) -> Option<(Self, Connection)> {
        let programs = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"];
        let program = programs.iter().find(|path| Path::new(path).exists())?;
        let run = home.join("run");
        if !run.exists() {
            let mut private = fs::DirBuilder::new();
            private.mode(0o700).create(&run).expect("a directory");
        }
        put_unit(home, "dbus.service", DBUS_SERVICE);
        let bus = home.join("bus");
        let socket = format!("[Socket]\nListenStream={}\n", bus.display());
        let socket = put_unit(home, "dbus.socket", &socket);
        let wanted = socket.with_file_name("sockets.target.wants");
        fs::create_dir_all(&wanted).expect("a directory");
        symlink("../dbus.socket", wanted.join("dbus.socket")).expect("a link");
        let address = format!("unix:path={}", bus.display());
        let process = Command::new("unshare")
            .args(["--mount", "sh", "-c", BOOT, program])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", run)
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let mut this = Self {
            process: process.ok()?,
            address,
        };
        let bus = tokio::time::timeout(DEADLINE, this.bus()).await;
        let bus = bus.expect("systemd answers, or ends")?;
        Some((this, bus))
    }

    /// The D-Bus address of its bus.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Until it answers on its bus; `None` when it ended instead.
    async fn bus(&mut self) -> Option<Connection> {
        while matches!(self.process.try_wait(), Ok(None)) {
            let builder = Builder::address(self.address.as_str()).expect("an address");
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
    }
}

/// Writes the file of a unit for the manager of `home`.
pub fn put_unit(home: &Path, name: &str, text: &str) -> PathBuf {
    let units = home.join(".config/systemd/user");
    fs::create_dir_all(&units).expect("a directory");
    let file = units.join(name);
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
