//! In a sandbox as Flatpak makes it: the same two programs (bubblewrap and xdg-dbus-proxy), the same layout, and no more
//! of the session bus than a manifest would ask for.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use zbus::connection::Builder;

use crate::support::bus::{Group, Session, available, until};
use crate::support::dbusmenu::{Item, Watcher};
use crate::support::desktop::Portal;
use crate::support::notifications::Notifications;
use crate::support::tray::watching;

use syncwatch::standin::{Options, PendingDevice, Standin, device_id};

const APP: &str = "org.syncwatch.syncwatch";
/// What `packaging/linux/README.md` tells packagers, and what Flatpak lets every application do.
const RULES: [&str; 5] = [
    "--talk=org.kde.StatusNotifierWatcher",
    "--talk=org.freedesktop.Notifications",
    "--call=org.freedesktop.portal.*=*",
    "--broadcast=org.freedesktop.portal.*=@/org/freedesktop/portal/*",
    "--own=org.syncwatch.syncwatch.*",
];

#[tokio::test]
async fn in_a_flatpak_the_icon_the_notices_and_the_portal_are_enough() {
    if !available(&["dbus-daemon", "bwrap", "xdg-dbus-proxy"]) || !sandboxes_work() {
        return;
    }
    let session = Session::start().expect("a bus");
    let server = Standin::start(Options::default()).await;
    let server = server.expect("a stand-in");
    server.world(|world| {
        world.pending_devices.push(PendingDevice {
            id: device_id("tablet"),
            name: "Anna's tablet".into(),
            address: "192.168.1.23:22000".into(),
            time: jiff::Timestamp::now(),
        });
    });
    let config = watching(server.home().path());
    std::fs::write(session.path("config.toml"), config).unwrap();

    let watcher = Watcher::start(session.connect().await).await;
    let notifications = Notifications::start(session.connect().await).await;
    let address = session.address();
    let bus = Builder::address(address.as_str()).expect("an address");
    let portal = Portal::on(bus, 0).await;
    let _proxy = proxy(&session).await;
    let _tray = Group::spawn(&mut sandboxed(&session, server.home().path()));

    // It has no name on the bus outside, so that the panel knows it by its connection.
    let name = until("a registered icon", async || watcher.items().pop()).await;
    assert!(name.starts_with(':'), "{name}");
    let connection = session.connect().await;
    let item = Item::open(&connection, &name).await;
    assert_eq!(item.id().await, "syncwatch");
    item.wait_for("the folders", |menu| menu.at(&["Photos:"]).map(drop))
        .await;
    let bus = zbus::fdo::DBusProxy::new(&connection)
        .await
        .expect("the bus");
    let names = bus.list_names().await.expect("names");
    let ours = |name: &str| name.contains("syncwatch") || name.contains("StatusNotifierItem");
    assert!(!names.iter().any(|name| ours(name.as_str())), "{names:?}");
    // The session's own places cannot be seen from here.
    let menu = item.menu().await;
    assert!(menu.at(&["Start with the session"]).is_none(), "{menu}");

    let asked = notifications.wait_for("the request", |one| one.title.contains("Anna's tablet"));
    notifications.press(&asked.await, "Accept").await;
    until("it was accepted", async || {
        let requests = server.requests();
        let mut paths = requests.iter().map(|request| request.path.as_str());
        paths
            .any(|path| path.starts_with("/rest/config/devices"))
            .then_some(())
    })
    .await;

    let opened = async |what: &str| {
        until(what, async || {
            let opened = portal.opened.lock().expect("no panic");
            opened.iter().any(|line| line.contains(what)).then_some(())
        })
        .await;
    };
    item.click(&["Open the web page"]).await;
    opened("https://127.0.0.1:").await;
    // A file goes over the proxy as what it is: open.
    item.click(&["Open the config file"]).await;
    opened("config.toml").await;
    assert!(session.opened().is_empty(), "{:?}", session.opened());
}

/// What Flatpak puts between an application and the session bus.
async fn proxy(session: &Session) -> Group {
    let socket = session.path("proxy");
    let mut command = session.command("xdg-dbus-proxy");
    command
        .arg(session.address())
        .arg(&socket)
        .arg("--filter")
        .args(RULES)
        .stdout(session.log("proxy.log"))
        .stderr(session.log("proxy.log"));
    let proxy = Group::spawn(&mut command);
    until("the proxy", async || socket.exists().then_some(())).await;
    proxy
}

/// A tray in the sandbox: the program in `/app`, the system's libraries, its own directories, and the proxy for a bus.
fn sandboxed(session: &Session, syncthing: &Path) -> Command {
    let info = session.path("flatpak-info");
    std::fs::write(&info, format!("[Application]\nname={APP}\n")).expect("a file");
    let home = session.path("");
    let mut command = session.command("bwrap");
    command
        .args(["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"])
        .args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"])
        .args(["--unshare-pid", "--die-with-parent"]);
    for name in ["bin", "lib", "lib64"] {
        command.args(["--symlink", &format!("usr/{name}"), &format!("/{name}")]);
    }
    command.arg("--bind").args([&home, &home]);
    command.arg("--ro-bind").args([syncthing, syncthing]);
    command
        .arg("--bind")
        .args([session.path("proxy"), session.path("bus")]);
    command.arg("--ro-bind").arg(info).arg("/.flatpak-info");
    command
        .args([
            "--ro-bind",
            env!("CARGO_BIN_EXE_syncwatch"),
            "/app/bin/syncwatch",
        ])
        .args(["/app/bin/syncwatch", "tray"])
        .env("FLATPAK_ID", APP)
        .env("SYNCWATCH_CONFIG", session.path("config.toml"))
        .stdout(session.log("tray.log"))
        .stderr(session.log("tray.log"));
    command
}

/// Whether the kernel lets us make sandboxes. If not, that is said loudly; no installed package changes it.
fn sandboxes_work() -> bool {
    let mut command = Command::new("bwrap");
    command.args(["--ro-bind", "/", "/", "--unshare-pid", "true"]);
    let works = command.stderr(Stdio::null()).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        let _ = writeln!(
            std::io::stderr(),
            "\n  *** SKIPPED: bwrap cannot make a sandbox here\n"
        );
    }
    works
}
