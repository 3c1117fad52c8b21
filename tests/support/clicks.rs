//! Which entries of the menu can be clicked, and which were, so that one that no test clicks is found.
//!
//! An entry counts by its place in the menu and by what its click does; which folder, device or instance it is about
//! makes no difference: `*/folder/*/pause Control { instance: "", action: Pause { parts: [Folder("")] } }`.

use std::collections::BTreeSet;
use std::sync::Arc;

use syncwatch::core::service::{
    Conflict, Device, DeviceState, Folder, FolderState, PendingDevice, PendingFolder, ServiceError,
};
use syncwatch::core::status::Failure;
use syncwatch::core::{
    Class, Hold, HoldCause, InstanceStatus, LinkState, Status, Timestamp, TrustMode,
};
use syncwatch::view::Frame;
use syncwatch::view::command::{Unit, UnitStatus};
use syncwatch::view::menu::{Desk, Item, ItemKind, Menu, Slots, menu};

/// Entries by place and effect.
pub type Kinds = BTreeSet<String>;

/// What belongs to a thing of one of these lists has the thing's key in its ID.
const LISTS: [&str; 5] = ["folder", "device", "new-device", "new-folder", "conflict"];
/// Columns of a label.
const WIDTH: usize = 60;

/// What was clicked, as a tray logged it that logs at `debug`.
pub fn clicked(log: &str) -> Kinds {
    let lines = log.lines().filter_map(|line| line.split_once(" clicked "));
    lines
        .filter_map(|(_, click)| click.split_once(": "))
        .map(|(id, command)| kind(id, command))
        .collect()
}

/// Everything that can ever be clicked in the menu of an instance such as `sample`, and of several.
pub fn clickable(sample: &Status) -> Kinds {
    let mut places = BTreeSet::new();
    let mut kinds = Kinds::new();
    for menu in situations(sample) {
        collect(&menu.items, true, &mut places, &mut kinds);
    }
    // Entries are there all the time, visible or not: none must be without a situation that shows it.
    let seen: BTreeSet<&str> = kinds
        .iter()
        .filter_map(|kind| kind.split(' ').next())
        .collect();
    let unseen: Vec<&String> = places
        .iter()
        .filter(|place| !seen.contains(place.as_str()))
        .collect();
    assert!(
        unseen.is_empty(),
        "add a situation that shows these: {unseen:#?}"
    );
    kinds
}

fn collect(items: &[Item], usable: bool, places: &mut BTreeSet<String>, kinds: &mut Kinds) {
    for item in items {
        let usable = usable && item.visible && item.enabled;
        match &item.kind {
            ItemKind::Submenu(items) => collect(items, usable, places, kinds),
            ItemKind::Button(command) | ItemKind::Check { command, .. } => {
                places.insert(place(&item.id));
                if usable {
                    kinds.insert(kind(&item.id, &format!("{command:?}")));
                }
            }
            ItemKind::Text | ItemKind::Separator => {}
        }
    }
}

fn kind(id: &str, command: &str) -> String {
    format!("{} {}", place(id), shape(command))
}

/// The ID without what tells one thing from another.
fn place(id: &str) -> String {
    let mut parts: Vec<&str> = id.split('/').collect();
    if !parts[0].is_empty() {
        parts[0] = "*";
    }
    if parts.len() > 2 && LISTS.contains(&parts[1]) {
        // A free place has a number behind an empty key.
        if parts[2].is_empty() && parts.len() > 3 {
            parts.remove(3);
        }
        parts[2] = "*";
    }
    let digits = |letter: char| letter.is_ascii_digit();
    parts.join("/").trim_end_matches(digits).to_owned()
}

/// The debug form of a command without its strings.
fn shape(command: &str) -> String {
    let mut shape = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for letter in command.chars() {
        match letter {
            '"' if !escaped => {
                quoted = !quoted;
                shape.push('"');
            }
            _ if quoted => {}
            _ => shape.push(letter),
        }
        escaped = letter == '\\' && !escaped;
    }
    match shape.split_once("sha256:") {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
            format!("{before}sha256:{rest}")
        }
        None => shape,
    }
}

/// Menus in which, taken together, everything can be seen and clicked.
fn situations(sample: &Status) -> Vec<Menu> {
    let (going, resting) = (going_on(sample), at_rest(sample));
    let with = |status: &Status, change: fn(&mut InstanceStatus)| changed(status, change);
    let several = |status: &Status| {
        let mut both = status.clone();
        let mut other = InstanceStatus::clone(&both.instances[0]);
        other.name = "another".into();
        both.instances.push(Arc::new(other));
        both
    };
    let untrusted = with(&going, |it| {
        it.link.state = LinkState::Untrusted;
        it.link.trust.mode = TrustMode::Fingerprint;
        it.link.trust.served = it.link.trust.current;
    });
    let away = with(&going, |it| {
        it.link.state = LinkState::Disconnected;
        it.link.failure = Some(Failure {
            class: Class::Refused,
            since: Timestamp::default(),
            shown_after: Timestamp::default(),
            attempts: 1,
            message: "It is away.".into(),
            hint: String::new(),
        });
    });
    let unwatched = with(&going, |it| it.link.state = LinkState::Paused);
    let desk = |active, autostart| Desk {
        autostart: Some(autostart),
        unit: Some(UnitStatus {
            unit: Unit {
                name: "syncthing.service".into(),
                user: true,
            },
            active,
        }),
        ..Desk::default()
    };
    let frame = Frame::new(sample.time, jiff::tz::TimeZone::UTC, WIDTH);
    let look = |status: &Status, desk: &Desk| menu(status, desk, &mut Slots::default(), &frame);
    let (runs, stopped) = (desk(true, false), desk(false, true));
    vec![
        look(&going, &runs),
        look(&resting, &stopped),
        look(&untrusted, &runs),
        look(&away, &stopped),
        look(&unwatched, &runs),
        look(&several(&going), &runs),
        look(&several(&away), &runs),
    ]
}

fn changed(status: &Status, change: impl Fn(&mut InstanceStatus)) -> Status {
    let mut status = status.clone();
    for instance in &mut status.instances {
        change(Arc::make_mut(instance));
    }
    status
}

/// Connected; something of everything, and all of it can be used.
fn going_on(sample: &Status) -> Status {
    changed(sample, |it| {
        it.link.state = LinkState::Connected;
        it.holds = vec![Hold {
            cause: HoldCause::User,
            since: Timestamp::default(),
            until: None,
            parts: Vec::new(),
        }];
        let mut service = (*it.service.clone().unwrap_or_default()).clone();
        let folder = |kind: &str| Folder {
            id: kind.into(),
            kind: kind.into(),
            path: "/somewhere".into(),
            state: FolderState::UpToDate,
            need_items: 1,
            receive_only_items: 1,
            ..Folder::default()
        };
        service.folders = ["sendonly", "receiveonly"].map(folder).to_vec();
        service.devices = vec![Device {
            id: "device".into(),
            state: DeviceState::InSync,
            ..Device::default()
        }];
        service.pending_devices = vec![PendingDevice::default()];
        service.pending_folders = vec![PendingFolder::default()];
        service.conflicts = vec![Conflict {
            folder: "sendonly".into(),
            path: "a/b".into(),
            ..Conflict::default()
        }];
        service.errors = vec![ServiceError {
            time: Timestamp::default(),
            message: "An error.".into(),
        }];
        it.service = Some(Arc::new(service));
    })
}

/// The same, all of it paused.
fn at_rest(sample: &Status) -> Status {
    changed(&going_on(sample), |it| {
        let mut service = (*it.service.clone().unwrap_or_default()).clone();
        for folder in &mut service.folders {
            folder.state = FolderState::Paused;
        }
        for device in &mut service.devices {
            device.state = DeviceState::Paused;
        }
        it.service = Some(Arc::new(service));
    })
}
