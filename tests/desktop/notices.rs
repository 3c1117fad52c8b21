//! Notices of `syncwatch daemon` on a private session bus, against a server that rotates its certificate, is replaced,
//! and names things as attackers do.

use std::path::Path;
use std::time::Duration;

use crate::support::bus::{Group, Session, until};
use crate::support::monitor::short_patience;
use crate::support::notifications::{Notifications, Notified};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use syncwatch::core::Timestamp;
use syncwatch::standin::{ImpostorKind, Options, PendingDevice, Standin};

const CRITICAL: Option<u8> = Some(2);

/// A syncwatch in a session.
struct Program {
    process: Group,
    log: &'static str,
}

impl Program {
    /// Starts `daemon` or `tray`.
    fn start(session: &Session, what: &'static str) -> Self {
        let mut command = session.command(env!("CARGO_BIN_EXE_syncwatch"));
        command
            .arg(what)
            .env("SYNCWATCH_CONFIG", session.path("config.toml"))
            .env("SYNCWATCH_LOG", "debug")
            .stdout(session.log(what))
            .stderr(session.log(what));
        Self {
            process: Group::spawn(&mut command),
            log: what,
        }
    }

    async fn end(mut self) {
        self.process.signal(rustix::process::Signal::TERM);
        self.process.ended().await;
    }
}

/// A session, a server, and a daemon that watches it.
struct Desk {
    session: Session,
    server: Standin,
    daemon: Program,
}

impl Desk {
    /// With the server's certificate file followed.
    async fn following() -> Option<Self> {
        Self::start(|server| {
            format!(
                "[[instance]]\nname = \"laptop\"\nhome = {:?}\n",
                server.home().path()
            )
        })
        .await
    }

    /// With the server's certificate pinned by hand.
    async fn pinning() -> Option<Self> {
        Self::start(|server| {
            format!(
                "[[instance]]\nname = \"laptop\"\nurl = \"{}\"\napi-key = \"{}\"\ntrust = {{ fingerprint = [\"{}\"] }}\n\n{}\n",
                server.url(),
                server.api_key().expose_secret(),
                server.fingerprint(),
                short_patience()
            )
        })
        .await
    }

    async fn start(config: impl FnOnce(&Standin) -> String) -> Option<Self> {
        let session = Session::start()?;
        let server = Standin::start(Options::default())
            .await
            .expect("a stand-in");
        let path = session.path("config.toml");
        std::fs::write(&path, config(&server)).expect("config.toml");
        make_private(&path);
        let daemon = Program::start(&session, "daemon");
        let desk = Self {
            session,
            server,
            daemon,
        };
        desk.until("connected", |it| {
            it["link"]["state"] == "connected" && !it["service"].is_null()
        })
        .await;
        Some(desk)
    }

    async fn notifications(&self) -> Notifications {
        Notifications::start(self.session.connect().await).await
    }

    /// Waits for a status of the instance.
    async fn until(&self, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        until(what, async || {
            let status = self.status().await?;
            let instance = status["instances"][0].clone();
            check(&instance).then_some(instance)
        })
        .await
    }

    async fn status(&self) -> Option<Value> {
        let mut command = self.session.command(env!("CARGO_BIN_EXE_syncwatch"));
        command
            .args(["status", "--json"])
            .env("SYNCWATCH_CONFIG", self.session.path("config.toml"))
            // Without the daemon there is no status.
            .stdin(std::process::Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("runs").expect("runs");
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Waits until the daemon listens to the notification service: it queues for its name once it does.
    async fn listening(&self) {
        let connection = self.session.connect().await;
        let bus = zbus::fdo::DBusProxy::new(&connection)
            .await
            .expect("the bus");
        until("the daemon's name", async || {
            let name = "org.syncwatch.Notices".try_into().expect("a name");
            bus.name_has_owner(name).await.ok()?.then_some(())
        })
        .await;
    }

    /// Waits until the server was asked to ignore a device.
    async fn asked_to_ignore(&self) {
        let ignores = ["PUT /rest/config"];
        until("asked to ignore", async || {
            (self.asked() == ignores).then_some(())
        })
        .await;
    }

    /// What the server was asked to change.
    fn asked(&self) -> Vec<String> {
        let requests = self.server.requests().into_iter();
        let writes = requests.filter(|seen| seen.method != "GET");
        writes
            .map(|seen| format!("{} {}", seen.method, seen.path))
            .collect()
    }

    /// A device asks to be let in.
    fn knock(&self, number: u32, name: &str) {
        let id = format!("AAAAAAA-BBBBBBB-{number:07}");
        let device = PendingDevice {
            id: id.clone(),
            name: name.into(),
            address: "127.0.0.1:22000".into(),
            time: Timestamp::from_secs(1_700_000_000)
                .to_string()
                .parse()
                .expect("a time"),
        };
        self.server
            .world(|world| world.pending_devices.push(device));
        let added = json!({"deviceID": id, "name": name, "address": "127.0.0.1:22000"});
        self.server
            .emit("PendingDevicesChanged", json!({"added": [added]}));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.session.read(self.daemon.log));
        }
    }
}

fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("private");
}

fn is_alarm(one: &Notified) -> bool {
    one.urgency == CRITICAL
}

#[tokio::test]
async fn twenty_rotations_are_not_told_and_an_impostor_is_once() {
    let Some(desk) = Desk::following().await else {
        return;
    };
    let notifications = desk.notifications().await;
    desk.listening().await;
    for round in 1..=20 {
        match round % 2 {
            0 => desk.server.rotate_in_process().await,
            _ => desk.server.restart(Duration::from_millis(50), true).await,
        }
        .expect("rotated");
        desk.until("rotated", |it| {
            it["link"]["state"] == "connected" && it["link"]["rotations"].as_u64() >= Some(round)
        })
        .await;
    }
    assert!(
        notifications.shown().is_empty(),
        "{:#?}",
        notifications.shown()
    );

    let pinned = desk.server.fingerprint();
    let takeover = desk
        .server
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    let served = takeover.fingerprint().expect("a certificate");
    let alarm = notifications.wait_for("an alarm", is_alarm).await;
    assert_eq!(alarm.title, "The certificate of laptop is not trusted");
    assert!(alarm.body.contains(&pinned), "{}", alarm.body);
    assert!(alarm.body.contains(&served), "{}", alarm.body);
    let buttons: Vec<&str> = alarm
        .actions
        .iter()
        .map(|(_, words)| words.as_str())
        .collect();
    assert_eq!(buttons, ["Try again"], "the file decides, not a click");
    let attempts = |it: &Value| it["link"]["failure"]["attempts"].as_u64();
    let met = attempts(
        &desk
            .until("untrusted", |it| it["link"]["state"] == "untrusted")
            .await,
    );
    notifications.press(&alarm, "Try again").await;
    desk.until("more attempts", |it| attempts(it) > met).await;
    assert_eq!(
        notifications.shown().len(),
        1,
        "{:#?}",
        notifications.shown()
    );

    takeover.stop().await.expect("the real one is back");
    let back = notifications
        .wait_for("back", |one| one.title == "laptop is back")
        .await;
    assert_eq!((back.replaces, back.urgency), (alarm.id, Some(0)));
    assert_eq!(notifications.shown().len(), 2);
}

#[tokio::test]
async fn a_certificate_is_accepted_in_its_notice() {
    let Some(desk) = Desk::pinning().await else {
        return;
    };
    let notifications = desk.notifications().await;
    desk.listening().await;
    let pinned = desk.server.fingerprint();
    desk.server.rotate_in_process().await.expect("rotated");
    let served = desk.server.fingerprint();
    let alarm = notifications.wait_for("an alarm", is_alarm).await;
    assert!(
        alarm.body.contains(&pinned) && alarm.body.contains(&served),
        "{}",
        alarm.body
    );
    let words = format!("Accept {}", &served[..15]);

    // Others may say that a button was pressed, and a click may come late.
    notifications.press_key(alarm.id, "default").await;
    notifications.press_key(alarm.id, "999-0").await;
    notifications
        .press_key(alarm.id + 1, &alarm.actions[0].0)
        .await;
    notifications.press(&alarm, &words).await;
    let accepted = desk
        .until("accepted", |it| it["link"]["state"] == "connected")
        .await;
    assert_eq!(accepted["link"]["trust"]["current"], json!(served));
    notifications
        .wait_for("back", |one| one.title == "laptop is back")
        .await;
    assert_eq!(
        notifications
            .shown()
            .iter()
            .filter(|one| is_alarm(one))
            .count(),
        1
    );
}

#[tokio::test]
async fn names_of_others_are_text_and_answers_elsewhere_take_the_notice_away() {
    let Some(desk) = Desk::following().await else {
        return;
    };
    let notifications = desk.notifications().await;
    desk.listening().await;
    desk.knock(
        1,
        "<b>me</b> & <a href=\"https://example.org/\">you</a>\u{202e}\u{1b}[2J",
    );
    let asks = |one: &Notified| one.title.contains("wants to connect");
    let knock = notifications.wait_for("a device", asks).await;
    assert!(
        knock.title.starts_with("<b>me</b> & "),
        "a title is no markup: {}",
        knock.title
    );
    assert!(!knock.body.contains('<'), "{}", knock.body);
    assert!(
        !knock.title.contains(['\u{202e}', '\u{1b}']),
        "{}",
        knock.title
    );

    desk.server.world(|world| world.pending_devices.clear());
    let removed = json!({"removed": [{"deviceID": "AAAAAAA-BBBBBBB-0000001"}]});
    desk.server.emit("PendingDevicesChanged", removed);
    notifications.wait_for_close(knock.id).await;
    // Late clicks do nothing, and are not held against the next notice.
    notifications.press(&knock, "Accept").await;
    desk.knock(2, "phone");
    let second = notifications
        .wait_for("another device", |one| one.title.starts_with("phone "))
        .await;
    notifications.press(&second, "Ignore").await;
    desk.asked_to_ignore().await;
    // What cannot be done is said too: it went away, and nobody told.
    desk.knock(3, "tablet");
    let third = notifications
        .wait_for("a third", |one| one.title.starts_with("tablet "))
        .await;
    desk.server.world(|world| world.pending_devices.clear());
    notifications.press(&third, "Accept").await;
    notifications
        .wait_for("the outcome", |one| one.title == "That was not done")
        .await;
}

#[tokio::test]
async fn a_daemon_and_a_tray_say_things_once() {
    let Some(mut desk) = Desk::following().await else {
        return;
    };
    let notifications = desk.notifications().await;
    desk.listening().await;
    let tray = Program::start(&desk.session, "tray");
    let connection = desk.session.connect().await;
    let bus = zbus::fdo::DBusProxy::new(&connection)
        .await
        .expect("the bus");
    let queue = async || {
        let name = "org.syncwatch.Notices".try_into().expect("a name");
        bus.list_queued_owners(name).await.unwrap_or_default().len()
    };
    until("both queue", async || (queue().await == 2).then_some(())).await;
    desk.knock(1, "phone");
    let asks = |one: &Notified| one.title.starts_with("phone ");
    notifications.wait_for("a device", asks).await;
    desk.knock(2, "tablet");
    notifications
        .wait_for("another", |one| one.title.starts_with("tablet "))
        .await;
    assert_eq!(
        notifications.shown().len(),
        2,
        "{:#?}",
        notifications.shown()
    );

    // The one that speaks ends; the other one goes on with what is new.
    desk.server.world(|world| world.restart_required = true);
    let daemon = std::mem::replace(&mut desk.daemon, tray);
    daemon.end().await;
    notifications
        .wait_for("from the tray", |one| {
            one.title == "laptop asks to be restarted"
        })
        .await;
}

#[tokio::test]
async fn a_bus_and_a_service_may_come_late_go_and_come_back() {
    let Some(mut desk) = Desk::following().await else {
        return;
    };
    desk.listening().await;
    // Nobody is there to show it: it waits.
    desk.knock(1, "phone");
    desk.until("known", |it| it["service"]["pending_devices"] != json!([]))
        .await;
    let log = desk.session.path("daemon");
    until("tried", async || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.contains("no notices for now").then_some(())
    })
    .await;
    let notifications = desk.notifications().await;
    let first = notifications
        .wait_for("held", |one| one.title.starts_with("phone "))
        .await;

    // Another service knows nothing of the numbers of the one before.
    notifications.leave().await;
    let notifications = desk.notifications().await;
    desk.knock(2, "tablet");
    let second = notifications
        .wait_for("told", |one| one.title.starts_with("tablet "))
        .await;
    assert_eq!(second.replaces, 0);
    notifications
        .press_key(second.id, &first.actions[1].0)
        .await;

    desk.session.kill_bus();
    desk.knock(3, "laptop of a friend");
    desk.until("known", |it| {
        it["service"]["pending_devices"].as_array().map(Vec::len) == Some(3)
    })
    .await;
    desk.session.launch_bus();
    let notifications = desk.notifications().await;
    let third = notifications
        .wait_for("held over the bus's end", |one| {
            one.title.starts_with("laptop of")
        })
        .await;
    notifications.press(&third, "Ignore").await;
    desk.asked_to_ignore().await;
    assert!(desk.daemon.process.is_running());
}
