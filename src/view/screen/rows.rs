//! The lists as lines: titles, aligned columns, and what is said where there is nothing.

use super::glyphs::steady;
use super::{Pane, Screen, Subject};
use crate::core::service::{Device, DeviceState, Fact, Folder, FolderState, short_id};
use crate::core::{InstanceStatus, JournalEntry, LinkState, Overall};
use crate::view::link::link_words;
use crate::view::menu::text::moment;
use crate::view::service::{device_name, label, needed};
use crate::view::style::{Line, Page, Role};
use crate::view::table::{Column, Table};
use crate::view::words::{device_state, doing, folder_state, reasons};
use crate::view::{Frame, absence, journal};

/// A list, ready to be shown in a given width.
#[derive(Clone, Debug)]
pub struct List {
    /// What it is, and how many of how many are shown.
    pub title: Line,
    /// The titles of its columns.
    pub header: Option<Line>,
    pub rows: Vec<Line>,
    /// Which of the rows is chosen.
    pub chosen: Option<usize>,
    /// What is said where there are no rows.
    pub empty: Line,
}

impl Screen {
    /// The list of a pane, in `width` columns.
    pub fn list(&self, pane: Pane, width: usize, frame: &Frame) -> List {
        let subjects = self.subjects(pane);
        let mut table = Table::new(columns(pane));
        for subject in &subjects {
            let cells = self.cells(subject, width, frame);
            table.row(cells.iter().map(steady).collect(), Page::default());
        }
        let mut lines = table.page(0, width).into_lines();
        let header = lines.next().filter(|header| !header.is_empty());
        List {
            title: self.title(pane, subjects.len()),
            header: header.filter(|_| !matches!(pane, Pane::Journal | Pane::Requests)),
            rows: lines.map(|line| line.cut(width)).collect(),
            chosen: self.index(pane, &subjects),
            empty: Line::of(Role::Dim, self.nothing(pane)),
        }
    }

    fn title(&self, pane: Pane, shown: usize) -> Line {
        let name = name(pane);
        let all = match pane {
            Pane::Instances => self.status.instances.len(),
            Pane::Folders => self.service().map_or(0, |it| it.folders.len()),
            Pane::Devices => self.service().map_or(0, |it| it.devices.len()),
            Pane::Facts | Pane::Journal => 0,
            Pane::Requests => self.requests().len(),
        };
        let mut title = Line::of(Role::Strong, name);
        let filter = self.filter(pane);
        if !filter.is_empty() && all > 0 {
            title = title.with(Role::Plain, &format!(" {shown} of {all}"));
        } else if all > 1 {
            title = title.with(Role::Dim, &format!(" {all}"));
        }
        if !filter.is_empty() {
            title = title.with(Role::Busy, &format!(" /{filter}"));
        }
        title
    }

    fn nothing(&self, pane: Pane) -> &'static str {
        match pane {
            _ if !self.filter(pane).is_empty() => "Nothing matches. Esc shows everything.",
            Pane::Instances => "The config names no instance.",
            Pane::Folders | Pane::Devices | Pane::Facts if self.service().is_none() => {
                "Nothing is known of it yet."
            }
            Pane::Folders => "It has no folders.",
            Pane::Devices => "It knows no other devices.",
            Pane::Facts => "It says nothing of itself.",
            Pane::Requests => "Nothing waits for an answer.",
            Pane::Journal => "Nothing happened yet.",
        }
    }

    fn cells(&self, subject: &Subject<'_>, width: usize, frame: &Frame) -> Vec<Line> {
        match subject {
            Subject::Instance(instance) => instance_cells(instance),
            Subject::Folder(folder) => folder_cells(folder, width),
            Subject::Device(device) => device_cells(device, width, frame),
            Subject::Fact(fact) => fact_cells(fact),
            Subject::Entry(entry) => self.entry_cells(entry, frame),
            Subject::Certificate(served) => vec![Line::of(
                Role::Bad,
                &format!("The certificate {} is not trusted", served.short()),
            )],
            Subject::NewDevice(device) => {
                let name = match device.name.as_str() {
                    "" => "A device",
                    name => name,
                };
                let words = format!("{name} ({}) wants to connect", short_id(&device.id));
                vec![Line::of(Role::Warn, &words)]
            }
            Subject::NewFolder(folder) => {
                let by = self.device_called(&folder.offered_by);
                let label = match folder.label.as_str() {
                    "" => folder.id.as_str(),
                    label => label,
                };
                let words = format!("{by} offers the folder {label} ({})", folder.id);
                vec![Line::of(Role::Warn, &words)]
            }
        }
    }

    /// What a device of the chosen instance is called.
    pub(super) fn device_called<'a>(&'a self, id: &'a str) -> &'a str {
        let devices = self.service().into_iter().flat_map(|it| &it.devices);
        let mut known = devices.filter(|device| device.id == id);
        known.next().map_or(short_id(id), device_name)
    }

    fn entry_cells(&self, entry: &JournalEntry, frame: &Frame) -> Vec<Line> {
        let time = Line::of(Role::Dim, &moment(entry.time, frame));
        let words = match self.status.instances.len() {
            1 => journal::happened(entry),
            _ => journal::event(entry),
        };
        vec![time, words]
    }
}

/// What a pane is called.
pub(super) fn name(pane: Pane) -> &'static str {
    match pane {
        Pane::Instances => "Instances",
        Pane::Folders => "Folders",
        Pane::Devices => "Devices",
        Pane::Facts => "Details",
        Pane::Requests => "Requests",
        Pane::Journal => "Journal",
    }
}

const INSTANCES: &[Column] = &[
    Column::left("Instance", Some(8)),
    Column::left("Link", None),
    Column::left("Doing", Some(4)),
];
const FOLDERS: &[Column] = &[
    Column::left("Folder", Some(8)),
    Column::left("State", Some(7)),
    Column::right("Done", None),
    Column::right("Needed", None),
];
const DEVICES: &[Column] = &[
    Column::left("Device", Some(8)),
    Column::left("State", Some(7)),
    Column::right("Done", None),
    Column::right("Needed", None),
    Column::left("Seen", Some(4)),
];
const FACTS: &[Column] = &[
    Column::left("What", Some(8)),
    Column::left("Value", Some(7)),
];
const REQUESTS: &[Column] = &[Column::left("Request", Some(8))];
const JOURNAL: &[Column] = &[
    Column::left("Time", None),
    Column::left("Happened", Some(8)),
];

fn columns(pane: Pane) -> &'static [Column] {
    match pane {
        Pane::Instances => INSTANCES,
        Pane::Folders => FOLDERS,
        Pane::Devices => DEVICES,
        Pane::Facts => FACTS,
        Pane::Requests => REQUESTS,
        Pane::Journal => JOURNAL,
    }
}

fn instance_cells(instance: &InstanceStatus) -> Vec<Line> {
    let (role, link) = link_words(&instance.link);
    // Else it says no more than the state of the link.
    let doing = match instance.link.state {
        LinkState::Connected => doing(instance),
        _ => absence::in_short(&instance.link).unwrap_or_default(),
    };
    let needs_a_look = instance.overall() == Overall::Attention;
    let reason = reasons(instance);
    let doing = match reason.first().filter(|_| needs_a_look) {
        Some(reason) => Line::of(Role::Warn, reason),
        None => Line::plain(&doing),
    };
    vec![
        Line::of(role, "● ").with(Role::Strong, &instance.name),
        Line::of(role, link),
        doing,
    ]
}

fn folder_cells(folder: &Folder, width: usize) -> Vec<Line> {
    let (role, state) = folder_state(folder.state);
    let percent = match folder.state {
        FolderState::Paused | FolderState::Unknown | FolderState::Stopped => String::new(),
        _ => format!("{}%", folder.percent),
    };
    vec![
        Line::of(Role::Strong, label(folder)),
        Line::of(role, state),
        Line::plain(&percent),
        Line::plain(&needed(folder.need_items, folder.need_bytes, width)),
    ]
}

fn device_cells(device: &Device, width: usize, frame: &Frame) -> Vec<Line> {
    let (role, state) = device_state(device.state);
    let percent = match device.state {
        DeviceState::Unknown => String::new(),
        _ => format!("{}%", device.percent),
    };
    let seen = match device.last_seen {
        _ if device.connected || width < 40 => String::new(),
        Some(time) => moment(time, frame),
        None => "never".into(),
    };
    vec![
        Line::of(Role::Strong, device_name(device)),
        Line::of(role, state),
        Line::plain(&percent),
        Line::plain(&needed(device.need_items, device.need_bytes, width)),
        Line::of(Role::Dim, &seen),
    ]
}

fn fact_cells(fact: &Fact) -> Vec<Line> {
    let role = match fact.attention {
        true => Role::Warn,
        false => Role::Plain,
    };
    vec![
        Line::of(Role::Strong, &fact.name),
        Line::of(role, &fact.value),
    ]
}
