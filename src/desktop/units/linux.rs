//! The unit as systemd's managers tell it: the user's own on the session bus, else the computer's on the system bus.

use std::fs;

use tokio::sync::watch;
use zbus::Connection;

use crate::desktop::bus::{self, Bus, Reading, Unread};
use crate::view::command::{Unit, UnitStatus};

pub(super) const NAME: &str = "org.freedesktop.systemd1";
pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
pub(super) const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const UNIT: &str = "org.freedesktop.systemd1.Unit";

/// Where the managers are, and whose Syncthing is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managers {
    pub session: Bus,
    pub system: Bus,
    /// The name in `syncthing@name.service`.
    pub account: Option<String>,
}

/// A unit that could be the one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    status: UnitStatus,
    /// It starts by itself.
    enabled: bool,
}

/// One unit of one manager.
struct Watched {
    unit: Unit,
    path: String,
    found: watch::Sender<Option<Candidate>>,
}

impl Managers {
    /// Those of the user that this process runs as.
    pub fn of_this_user() -> Self {
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self {
            session: Bus::Session,
            system: Bus::System,
            account: account(&accounts, rustix::process::getuid().as_raw()),
        }
    }

    /// [`super::follow`] with these managers.
    pub async fn follow(&self, told: watch::Sender<Option<UnitStatus>>) {
        let (user, user_found) = watch::channel(None);
        let (system, system_found) = watch::channel(None);
        tokio::select! {
            () = told.closed() => {}
            () = watched(&self.session, user_unit(), user) => {}
            () = watched_instance(&self.system, self.account.as_deref(), system) => {}
            () = merge(user_found, system_found, &told) => {}
        }
    }
}

impl Reading for Watched {
    fn rules(&self) -> Vec<String> {
        let manager = |member: &str| {
            format!(
                "type='signal',sender='{NAME}',path='{MANAGER_PATH}',interface='{MANAGER}',member='{member}'"
            )
        };
        vec![
            bus::owner_rule(NAME),
            bus::properties_rule(NAME, &self.path, UNIT),
            manager("UnitFilesChanged"),
            manager("Reloading"),
        ]
    }

    async fn begin(&mut self, _connection: &Connection) {}

    async fn read(&mut self, connection: &Connection) -> Result<(), Unread> {
        subscribe(connection).await;
        let text = |name| bus::property::<String>(connection, NAME, &self.path, UNIT, name);
        let found = match text("LoadState").await?.as_str() {
            "loaded" => self.candidate(&text("ActiveState").await?, &text("UnitFileState").await?),
            _ => None,
        };
        self.found.send_if_modified(|last| {
            let changed = *last != found;
            *last = found;
            changed
        });
        Ok(())
    }
}

impl Watched {
    fn candidate(&self, active: &str, file: &str) -> Option<Candidate> {
        // A restart passes through "deactivating": what still runs counts as running.
        let active = matches!(
            active,
            "active" | "activating" | "reloading" | "refreshing" | "deactivating"
        );
        let enabled = file.starts_with("enabled");
        // Every user has an instance of the template by name; only one that is used counts.
        let used = self.unit.user || active || enabled;
        used.then(|| Candidate {
            status: UnitStatus {
                unit: self.unit.clone(),
                active,
            },
            enabled,
        })
    }
}

/// Has the manager send signals. Refused when it does so already, which is as good; without it only what is
/// read at other signals is known.
pub(super) async fn subscribe(connection: &Connection) {
    let _refused = connection
        .call_method(Some(NAME), MANAGER_PATH, Some(MANAGER), "Subscribe", &())
        .await;
}

fn user_unit() -> Unit {
    Unit {
        name: "syncthing.service".into(),
        user: true,
    }
}

async fn watched(bus: &Bus, unit: Unit, found: watch::Sender<Option<Candidate>>) {
    let path = object_path(&unit.name);
    let mut watched = Watched { unit, path, found };
    bus::follow(bus, &mut watched).await;
}

async fn watched_instance(
    bus: &Bus,
    account: Option<&str>,
    found: watch::Sender<Option<Candidate>>,
) {
    let Some(account) = account else {
        return std::future::pending().await;
    };
    let unit = Unit {
        name: format!("syncthing@{account}.service"),
        user: false,
    };
    watched(bus, unit, found).await;
}

async fn merge(
    mut user: watch::Receiver<Option<Candidate>>,
    mut system: watch::Receiver<Option<Candidate>>,
    told: &watch::Sender<Option<UnitStatus>>,
) {
    loop {
        let best = best(
            user.borrow_and_update().clone(),
            system.borrow_and_update().clone(),
        );
        told.send_if_modified(|last| {
            let changed = *last != best;
            *last = best;
            changed
        });
        let changed = tokio::select! {
            changed = user.changed() => changed,
            changed = system.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

/// What runs, before what starts by itself, before what is only there; the user's own before the computer's.
fn best(user: Option<Candidate>, system: Option<Candidate>) -> Option<UnitStatus> {
    let rank = |candidate: &Candidate| {
        let status = &candidate.status;
        (status.active, candidate.enabled, status.unit.user)
    };
    let best = user.into_iter().chain(system).max_by_key(rank)?;
    Some(best.status)
}

/// The path of a unit's object (systemd's `unit_dbus_path_from_name`).
fn object_path(unit: &str) -> String {
    let mut path = format!("{MANAGER_PATH}/unit/");
    for (index, byte) in unit.bytes().enumerate() {
        let plain = byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit());
        match plain {
            true => path.push(char::from(byte)),
            false => path.push_str(&format!("_{byte:02x}")),
        }
    }
    path
}

/// The name of a user in the text of `/etc/passwd`.
fn account(accounts: &str, id: u32) -> Option<String> {
    let id = id.to_string();
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(user: bool, active: bool, enabled: bool) -> Option<Candidate> {
        let unit = Unit {
            name: String::new(),
            user,
        };
        let status = UnitStatus { unit, active };
        Some(Candidate { status, enabled })
    }

    #[test]
    fn what_runs_is_meant() {
        for (user, system, is_user) in [
            (candidate(true, false, false), None, Some(true)),
            (None, candidate(false, false, true), Some(false)),
            (
                candidate(true, false, false),
                candidate(false, false, true),
                Some(false),
            ),
            (
                candidate(true, false, true),
                candidate(false, false, true),
                Some(true),
            ),
            (
                candidate(true, false, true),
                candidate(false, true, false),
                Some(false),
            ),
            (
                candidate(true, true, false),
                candidate(false, true, true),
                Some(false),
            ),
            (None, None, None),
        ] {
            let found = best(user.clone(), system.clone());
            assert_eq!(
                found.map(|status| status.unit.user),
                is_user,
                "{user:?} {system:?}"
            );
        }
    }

    #[test]
    fn paths_are_those_of_systemd() {
        for (unit, path) in [
            ("syncthing.service", "syncthing_2eservice"),
            ("syncthing@a-b1.service", "syncthing_40a_2db1_2eservice"),
            ("1.service", "_31_2eservice"),
        ] {
            assert_eq!(
                object_path(unit),
                format!("/org/freedesktop/systemd1/unit/{path}")
            );
        }
    }

    #[test]
    fn the_own_account_is_found_by_its_number() {
        let accounts = "root:x:0:0::/root:/bin/sh\n\n:::\nbob:x:1000:1000:,,,:/home/bob:/bin/sh\nbobby:x:1000:1::/:/\n";
        assert_eq!(account(accounts, 1000).as_deref(), Some("bob"));
        assert_eq!(account(accounts, 0).as_deref(), Some("root"));
        assert_eq!(account(accounts, 1), None);
        assert_eq!(account("", 0), None);
    }
}
