//! What stands beside the icon when the pointer rests on it: a title and a few lines.

use std::cmp::Reverse;
use std::time::Duration;

use super::icon::Icon;
use super::style::clean;
use super::units::{rate, size, span};
use super::{Frame, absence, certificate, safety, words};
use crate::core::service::{DeviceState, FolderState};
use crate::core::{InstanceStatus, Kind, LinkState, Service, Status};

/// What Windows shows of a tooltip, in UTF-16 units.
pub const WINDOWS_UNITS: usize = 127;
/// Instances that are told of; what needs the user comes first.
const MOST: usize = 6;
/// Facts of a service that has neither folders nor devices.
const MOST_FACTS: usize = 3;
/// Characters of a line.
const LONGEST_LINE: usize = 120;

/// Plain, cleaned text; who shows it escapes what the platform gives a meaning to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tooltip {
    /// The state in few words.
    pub title: String,
    /// Lines, without a newline at the end.
    pub text: String,
}

impl Tooltip {
    /// Title and text in one, of at most `units` UTF-16 units; what is cut ends with `…`.
    pub fn short(&self, units: usize) -> String {
        let whole = [self.title.as_str(), self.text.as_str()];
        let whole: Vec<&str> = whole.into_iter().filter(|part| !part.is_empty()).collect();
        cut_units(&whole.join("\n"), units)
    }
}

/// What to say of a status. With `rates`, how fast data moves too.
pub fn tooltip(status: &Status, rates: bool, frame: &Frame) -> Tooltip {
    let mut instances: Vec<&InstanceStatus> = status.instances.iter().map(AsRef::as_ref).collect();
    // Equals stay in the order of their names.
    instances.sort_by_key(|instance| Reverse(Icon::of_instance(instance).weight()));
    let problem = status.engine.config_problem.as_deref();
    let mut lines: Vec<String> = problem.map(words::unchanged_config).into_iter().collect();
    for instance in instances.iter().take(MOST) {
        let name = match instances.len() {
            1 => String::new(),
            _ => format!("{}: ", instance.name),
        };
        let insecure = certificate::insecure(&instance.link).map(str::to_owned);
        let sentences = [Some(now(instance, frame)), aside(instance), insecure];
        lines.extend(
            sentences
                .into_iter()
                .flatten()
                .map(|said| name.clone() + &said),
        );
    }
    if let Some(more @ 1..) = instances.len().checked_sub(MOST) {
        lines.push(format!("{more} more"));
    }
    if rates {
        lines.extend(speed(&instances));
    }
    let lines: Vec<String> = lines.iter().map(|line| bounded(line)).collect();
    Tooltip {
        title: format!("syncwatch: {}", title(status)),
        text: lines.join("\n"),
    }
}

/// The state of everything together.
fn title(status: &Status) -> String {
    let in_state = |state| {
        let mut instances = status.instances.iter();
        instances.find(|instance| instance.link.state == state)
    };
    let synced = |instance: &InstanceStatus| {
        let service = instance.service.as_ref();
        instance.link.state == LinkState::Paused || service.is_some_and(|service| service.synced)
    };
    let title = match Icon::of(status) {
        Icon::Starting => "starting",
        Icon::UpToDate if status.instances.is_empty() => "nothing is watched",
        Icon::UpToDate if status.instances.iter().all(|instance| synced(instance)) => "up to date",
        Icon::UpToDate => "in order",
        Icon::Scanning => "scanning",
        Icon::Syncing => "syncing",
        Icon::Paused if status.instances.iter().all(|it| it.link.is_shut_down()) => {
            "shut down by you"
        }
        Icon::Paused => "paused",
        Icon::Attention => "needs a look",
        Icon::Error if in_state(LinkState::Untrusted).is_some() => "a certificate is not trusted",
        Icon::Error => match in_state(LinkState::Unauthorized) {
            Some(instance) => return format!("the {} is refused", instance.kind.login()),
            None => "cannot work as configured",
        },
        Icon::Disconnected => "disconnected",
    };
    title.to_owned()
}

/// What an instance is at, or was when it was last heard of.
fn now(instance: &InstanceStatus, frame: &Frame) -> String {
    let failing = instance.link.failure.as_ref();
    match (instance.link.state, instance.service.as_deref()) {
        (LinkState::Paused, _) => "Monitoring is paused".into(),
        _ if instance.link.is_shut_down() => "Shut down by you".into(),
        (LinkState::Untrusted, _) => "The certificate is not trusted".into(),
        _ if instance.link.is_unpinned() => "No certificate is pinned yet".into(),
        (LinkState::Unauthorized, _) => format!("The {} is refused", instance.kind.login()),
        (LinkState::Misconfigured, _) => "It cannot work as configured".into(),
        (LinkState::Disconnected, _) => match failing {
            Some(failure) => format!(
                "It cannot be reached for {}",
                span(frame.now.since(failure.since))
            ),
            None => "It cannot be reached".into(),
        },
        (LinkState::Starting, _) | (_, None) => "Waiting for the first answer".into(),
        (_, Some(service)) => work(instance, service, frame),
    }
}

/// What else is to be known of an instance: why it fails, or why its state may be old.
fn aside(instance: &InstanceStatus) -> Option<String> {
    let announced = absence::in_short(&instance.link).map(capital);
    let calm = match instance.link.state {
        _ if instance.link.is_shut_down() => return None,
        LinkState::Reconnecting if announced.is_some() => announced.as_deref().unwrap_or_default(),
        LinkState::Rotating => "The certificate is being renewed",
        LinkState::Reconnecting => "Reconnecting",
        state if state.is_loud() => {
            let failure = instance.link.failure.as_ref()?;
            return Some(failure.message.clone()).filter(|message| !message.is_empty());
        }
        _ => return None,
    };
    let last = instance
        .service
        .as_ref()
        .map_or("", |_| "; last known state");
    Some(format!("{calm}{last}"))
}

fn capital(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn work(instance: &InstanceStatus, service: &Service, frame: &Frame) -> String {
    let scanning = |state| matches!(state, FolderState::Scanning | FolderState::ScanWaiting);
    match Icon::of_service(instance, service) {
        Icon::Attention => words::reasons(instance).join("; "),
        Icon::Paused => "Paused".into(),
        Icon::Syncing => syncing(service),
        Icon::Scanning => match labels(service, scanning) {
            Some(labels) => format!("Scanning {labels}"),
            None => match labels(service, FolderState::is_busy) {
                Some(labels) => format!("Working on {labels}"),
                None => "Scanning".into(),
            },
        },
        _ if words::accepted(instance).is_some() => {
            format!(
                "In order; {}",
                words::accepted(instance).unwrap_or_default()
            )
        }
        _ if service.unread.is_some() => {
            let waiting = service.unread.as_ref().and_then(words::waiting);
            waiting.unwrap_or_else(|| "Nothing is unread".into())
        }
        _ if instance.kind != Kind::Syncthing => told(service),
        _ => safety::verdict(service, frame.now),
    }
}

/// What comes first of what a service says of itself.
fn told(service: &Service) -> String {
    let facts = service.facts.iter().take(MOST_FACTS);
    let facts: Vec<String> = facts
        .map(|fact| format!("{}: {}", fact.name, fact.value))
        .collect();
    match facts.is_empty() {
        true => "In order".into(),
        false => facts.join(", "),
    }
}

/// `Syncing Photos, 45%, 1.2 GiB left, about 10 min`.
fn syncing(service: &Service) -> String {
    let folders = || {
        service
            .folders
            .iter()
            .filter(|folder| folder.state.is_syncing())
    };
    let devices = || {
        let devices = service.devices.iter();
        devices.filter(|device| device.state == DeviceState::Syncing)
    };
    let receiving = folders().next().is_some();
    let what = match labels(service, FolderState::is_syncing) {
        Some(labels) => labels,
        None => {
            let names: Vec<&str> = devices().map(|device| device.name.as_str()).collect();
            format!("to {}", words::list(&names))
        }
    };
    let sum = |parts: &mut dyn Iterator<Item = u64>| parts.fold(0, u64::saturating_add);
    let (left, speed, percent) = if receiving {
        let percent = folders().map(|folder| folder.percent).min();
        let left = sum(&mut folders().map(|folder| folder.need_bytes));
        (left, service.rates.in_bps, percent)
    } else {
        let percent = devices().map(|device| device.percent).min();
        let left = sum(&mut devices().map(|device| device.need_bytes));
        (left, service.rates.out_bps, percent)
    };
    let percent = percent.map(|percent| format!("{percent}%"));
    let to_go = (left > 0).then(|| format!("{} left", size(left)));
    // A rate of a few bytes would promise nonsense.
    let time = (left > 0 && speed >= 1024)
        .then(|| format!("about {}", span(Duration::from_secs(left / speed + 1))));
    let parts = [Some(format!("Syncing {what}")), percent, to_go, time];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

fn labels(service: &Service, wanted: impl Fn(FolderState) -> bool) -> Option<String> {
    let folders = service.folders.iter();
    let labels: Vec<&str> = folders
        .filter(|folder| wanted(folder.state))
        .map(|folder| folder.label.as_str())
        .collect();
    (!labels.is_empty()).then(|| words::list(&labels))
}

/// `Down 2.1 MiB/s, up 0 B/s`; nothing while nothing moves.
fn speed(instances: &[&InstanceStatus]) -> Option<String> {
    let connected = instances
        .iter()
        .filter(|instance| instance.link.state == LinkState::Connected);
    let rates = connected.filter_map(|instance| Some(instance.service.as_ref()?.rates));
    let (down, up) = rates.fold((0u64, 0u64), |(down, up), rates| {
        (
            down.saturating_add(rates.in_bps),
            up.saturating_add(rates.out_bps),
        )
    });
    (down > 0 || up > 0).then(|| format!("Down {}, up {}", rate(down), rate(up)))
}

/// A line, cleaned and cut.
fn bounded(line: &str) -> String {
    let line = clean(line);
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

fn cut_units(text: &str, units: usize) -> String {
    if text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let mut left = units.saturating_sub(1);
    let fits = |char: &char| match left.checked_sub(char.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.truncate(cut.trim_end().len());
    if units > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests;
