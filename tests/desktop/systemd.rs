//! Units against a real systemd: a user manager with its own bus, in a mount namespace of its own, because systemd
//! serves users only where it seems to have booted the computer. Where that may not be done, nothing is tested.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::desktop::{PrivateBus, soon};
use rustix::process::{Pid, Signal, kill_process_group};
use syncwatch::desktop::bus::Bus;
use syncwatch::desktop::units::Managers;
use syncwatch::view::command::{Unit, UnitStatus, UnitVerb};
use tokio::sync::watch;
use zbus::Connection;
use zbus::connection::Builder;

const MANAGER: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const DBUS_SERVICE: &str = "[Service]\nType=notify\nNotifyAccess=main\n\
    ExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation\n";
const BOOT: &str = "mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec \"$0\" --user";

/// A user manager and all that it started.
struct Systemd(Child);

impl Systemd {
    fn start(home: &Path, address: &str) -> Option<Self> {
        let programs = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"];
        let program = programs.iter().find(|path| Path::new(path).exists())?;
        let run = home.join("run");
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&run)
            .expect("a directory");
        let child = Command::new("unshare")
            .args(["--mount", "sh", "-c", BOOT, program])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", run)
            .env("DBUS_SESSION_BUS_ADDRESS", address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        child.ok().map(Self)
    }

    /// Until it answers on its bus; `None` when it ended instead.
    async fn bus(&mut self, address: &str) -> Option<Connection> {
        while matches!(self.0.try_wait(), Ok(None)) {
            let builder = Builder::address(address).expect("an address");
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
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_real_unit_is_followed_started_stopped_and_restarted() {
    let home = tempfile::tempdir().expect("a directory");
    let units = home.path().join(".config/systemd/user");
    let wanted = units.join("sockets.target.wants");
    fs::create_dir_all(&wanted).expect("a directory");
    let file = units.join("syncthing.service");
    fs::write(&file, "[Service]\nExecStart=/bin/sleep 1000\n").expect("a file");
    fs::write(units.join("dbus.service"), DBUS_SERVICE).expect("a file");
    fs::write(units.join("dbus.socket"), "[Socket]\nListenStream=%t/bus\n").expect("a file");
    symlink("../dbus.socket", wanted.join("dbus.socket")).expect("a link");
    let address = format!("unix:path={}/run/bus", home.path().display());
    let Some(mut systemd) = Systemd::start(home.path(), &address) else {
        return eprintln!("skipped: no systemd");
    };
    let Some(bus) = soon("systemd", systemd.bus(&address)).await else {
        return eprintln!("skipped: systemd cannot be started here");
    };

    let managers = Managers {
        session: Bus::At(address),
        system: PrivateBus::stopped().bus(),
        account: None,
    };
    let unit = Unit {
        name: "syncthing.service".into(),
        user: true,
    };
    let (told, mut listener) = watch::channel(None);
    let followed = managers.clone();
    tokio::spawn(async move { followed.follow(told).await });
    let mut expect = async |active: Option<bool>| {
        let unit = unit.clone();
        let expected = active.map(|active| UnitStatus { unit, active });
        let found = listener.wait_for(|told| *told == expected);
        soon(&format!("{expected:?}"), found).await.expect("told");
    };
    expect(Some(false)).await;
    for (verb, active) in [
        (UnitVerb::Start, true),
        (UnitVerb::Restart, true),
        (UnitVerb::Stop, false),
    ] {
        let done = soon("the job", managers.act(&unit, verb)).await;
        assert_eq!(done, Ok(()));
        expect(Some(active)).await;
    }

    fs::write(&file, "[Service]\nType=oneshot\nExecStart=/bin/false\n").expect("a file");
    call(&bus, "Reload").await.expect("reloaded");
    let trouble = soon("the job", managers.act(&unit, UnitVerb::Start)).await;
    let trouble = trouble.expect_err("it fails");
    assert_eq!(
        trouble.message,
        "syncthing.service was not started: it failed."
    );
    // The computer may have a unit of this name for everybody, so that removing the file would bring that one up.
    fs::remove_file(&file).expect("a file");
    symlink("/dev/null", &file).expect("a link");
    call(&bus, "ResetFailed").await.expect("reset");
    call(&bus, "Reload").await.expect("reloaded");
    expect(None).await;
    let trouble = soon("the job", managers.act(&unit, UnitVerb::Start)).await;
    let trouble = trouble.expect_err("it is masked");
    assert_eq!(
        trouble.message,
        "syncthing.service was not started: it is masked."
    );
    assert_eq!(
        trouble.hint,
        "Run 'systemctl --user unmask syncthing.service'."
    );
}

async fn call(bus: &Connection, member: &str) -> zbus::Result<()> {
    let interface = "org.freedesktop.systemd1.Manager";
    bus.call_method(Some(MANAGER), MANAGER_PATH, Some(interface), member, &())
        .await
        .map(drop)
}
