//! What a user calls folders, devices and requests -> what they are. Pure.

use crate::cli::error::{CliError, Exit};
use crate::core::service::{PendingDevice, PendingFolder, short_id};
use crate::core::{Part, Service};

/// Candidates that an error lists.
const MOST: usize = 8;

/// Something with an ID and a name.
struct Named<'a, T> {
    what: T,
    id: &'a str,
    name: &'a str,
    /// How the ID is shown.
    short: &'a str,
}

/// A request that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer<'a> {
    Device(&'a PendingDevice),
    Folder(&'a PendingFolder),
}

/// The folder that is called `text`.
///
/// # Errors
/// None is, or several; with those that there are.
pub fn folder(service: &Service, text: &str) -> Result<String, CliError> {
    let text = text.strip_prefix("folder:").unwrap_or(text);
    let found = pick(text, folders(service), "folder")?;
    Ok(match found {
        Part::Folder(id) | Part::Device(id) => id,
    })
}

/// The device that is called `text`.
///
/// # Errors
/// As [`folder()`].
pub fn device(service: &Service, text: &str) -> Result<String, CliError> {
    let text = text.strip_prefix("device:").unwrap_or(text);
    let found = pick(text, devices(service), "device")?;
    Ok(match found {
        Part::Folder(id) | Part::Device(id) => id,
    })
}

/// The folder or device that is called `text`, perhaps with `folder:` or `device:` before it.
///
/// # Errors
/// As [`folder()`].
pub fn part(service: &Service, text: &str) -> Result<Part, CliError> {
    match text.split_once(':') {
        Some(("folder", name)) => pick(name, folders(service), "folder"),
        Some(("device", name)) => pick(name, devices(service), "device"),
        _ => {
            let all = folders(service).chain(devices(service));
            let is_known = |it: Named<'_, Part>| matches(text, it.id, it.name) > 0;
            let is_several = folders(service).any(is_known) && devices(service).any(is_known);
            let found = pick(text, all, "folder or device");
            found.map_err(|error| match is_several {
                true => error
                    .hint("A folder and a device of one name: write folder:NAME or device:NAME."),
                false => error,
            })
        }
    }
}

/// The request that is called `text`, of the device `from` where that is said; the only one without a name.
///
/// # Errors
/// As [`folder()`].
pub fn offer<'a>(
    service: &'a Service,
    text: Option<&str>,
    from: Option<&str>,
) -> Result<Offer<'a>, CliError> {
    let devices = service.pending_devices.iter().map(|device| Named {
        what: Offer::Device(device),
        id: &device.id,
        name: &device.name,
        short: short_id(&device.id),
    });
    let folders = service.pending_folders.iter().map(|folder| Named {
        what: Offer::Folder(folder),
        id: &folder.id,
        name: &folder.label,
        short: &folder.id,
    });
    let is_from = |offer: &Offer<'_>| match (offer, from) {
        (_, None) => true,
        (Offer::Device(_), Some(_)) => false,
        (Offer::Folder(folder), Some(from)) => {
            let name = service.devices.iter().find(|it| it.id == folder.offered_by);
            let name = name.map_or("", |device| device.name.as_str());
            matches(from, &folder.offered_by, name) > 0
        }
    };
    let all: Vec<_> = devices
        .chain(folders)
        .filter(|it| is_from(&it.what))
        .collect();
    match (text, all.as_slice()) {
        (_, []) => Err(CliError::new(
            Exit::Wrong,
            "No device or folder waits for an answer.",
        )),
        (None, [one]) => Ok(one.what),
        (None, several) => {
            let error = CliError::new(Exit::Usage, "Several wait for an answer.");
            Err(error.hint(format!("Name one of: {}.", listed(several))))
        }
        (Some(text), _) => {
            let named = all.iter().filter(|it| matches(text, it.id, it.name) > 0);
            let is_several = named.count() > 1;
            let found = pick(text, all.into_iter(), "request");
            found.map_err(|error| match is_several {
                true => error.hint("Where several devices offer one folder, say --from."),
                false => error,
            })
        }
    }
}

fn folders(service: &Service) -> impl Iterator<Item = Named<'_, Part>> {
    service.folders.iter().map(|folder| Named {
        what: Part::Folder(folder.id.clone()),
        id: &folder.id,
        name: &folder.label,
        short: &folder.id,
    })
}

fn devices(service: &Service) -> impl Iterator<Item = Named<'_, Part>> {
    service.devices.iter().map(|device| Named {
        what: Part::Device(device.id.clone()),
        id: &device.id,
        name: &device.name,
        short: short_id(&device.id),
    })
}

/// How well `text` names something: 4 its ID, 3 its name, 2 its name but for the case, 1 a beginning, 0 not at all.
fn matches(text: &str, id: &str, name: &str) -> u8 {
    let lower = text.to_lowercase();
    if text == id {
        4
    } else if text == name {
        3
    } else if lower == name.to_lowercase() || lower == id.to_lowercase() {
        2
    } else {
        let begins = |whole: &str| !lower.is_empty() && whole.to_lowercase().starts_with(&lower);
        u8::from(begins(name) || begins(id))
    }
}

/// The one that `text` names best.
fn pick<'a, T: Clone>(
    text: &str,
    all: impl Iterator<Item = Named<'a, T>>,
    called: &str,
) -> Result<T, CliError> {
    let all: Vec<_> = all.collect();
    let rank = |it: &Named<'_, T>| matches(text, it.id, it.name);
    let best = all.iter().map(rank).max().unwrap_or_default();
    let found: Vec<_> = match best {
        0 => Vec::new(),
        best => all.iter().filter(|it| rank(it) == best).collect(),
    };
    match found.as_slice() {
        [one] => Ok(one.what.clone()),
        [] => {
            let message = match text.trim() {
                "" => format!("No {called} was named."),
                _ => format!("There is no {called} '{text}'."),
            };
            let error = CliError::new(Exit::Usage, message);
            Err(match all.is_empty() {
                true => error,
                false => error.hint(format!("There are: {}.", listed(&all))),
            })
        }
        several => {
            let message = format!("'{text}' may be one of several.");
            let error = CliError::new(Exit::Usage, message);
            Err(error.hint(format!("Say which: {}.", listed(several.iter().copied()))))
        }
    }
}

fn listed<'a, 'n: 'a, T: 'a>(all: impl IntoIterator<Item = &'a Named<'n, T>>) -> String {
    let mut all = all.into_iter();
    let mut named: Vec<String> = all
        .by_ref()
        .take(MOST)
        .map(|it| match it.name {
            "" => it.id.to_owned(),
            name if name == it.id => name.to_owned(),
            name => format!("{name} ({})", it.short),
        })
        .collect();
    let rest = all.count();
    if rest > 0 {
        named.push(format!("{rest} more"));
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::service::{Device, Folder};

    fn service() -> Service {
        let folder = |id: &str, label: &str| Folder {
            id: id.into(),
            label: label.into(),
            ..Folder::default()
        };
        let device = |id: &str, name: &str| Device {
            id: id.into(),
            name: name.into(),
            ..Device::default()
        };
        let offered = |id: &str, by: &str| PendingFolder {
            id: id.into(),
            label: "Music".into(),
            offered_by: by.into(),
            time: None,
        };
        Service {
            folders: vec![
                folder("abcd-1", "Documents"),
                folder("abcd-2", "Downloads"),
                folder("phone", "Camera"),
                folder("x", "photos"),
            ],
            devices: vec![device("DEV-1", "phone"), device("DEV-2", "nas")],
            pending_folders: vec![offered("m", "DEV-1"), offered("m", "DEV-2")],
            ..Service::default()
        }
    }

    #[test]
    fn the_best_match_is_meant() {
        for (text, id) in [
            ("abcd-1", "abcd-1"),
            ("Documents", "abcd-1"),
            ("documents", "abcd-1"),
            ("Doc", "abcd-1"),
            ("PHOTOS", "x"),
            ("folder:x", "x"),
        ] {
            assert_eq!(folder(&service(), text).expect(text), id, "{text}");
        }
        assert_eq!(
            part(&service(), "nas").expect("nas"),
            Part::Device("DEV-2".into())
        );
        assert_eq!(
            part(&service(), "device:phone").expect("phone"),
            Part::Device("DEV-1".into())
        );
        assert_eq!(
            part(&service(), "phone").expect("by its ID"),
            Part::Folder("phone".into())
        );
    }

    #[test]
    fn what_is_not_clear_is_said() {
        let mut said = String::new();
        for text in ["d", "pho", "", "tablet"] {
            let error = folder(&service(), text).expect_err(text);
            said.push_str(&error.page().render(false));
        }
        let error = offer(&service(), None, None).expect_err("several");
        said.push_str(&error.page().render(false));
        let error = offer(&Service::default(), Some("x"), None).expect_err("none");
        said.push_str(&error.page().render(false));
        insta::assert_snapshot!(said, @r"
        error: 'd' may be one of several.
        hint: Say which: Documents (abcd-1), Downloads (abcd-2).
        error: 'pho' may be one of several.
        hint: Say which: Camera (phone), photos (x).
        error: No folder was named.
        hint: There are: Documents (abcd-1), Downloads (abcd-2), Camera (phone), photos (x).
        error: There is no folder 'tablet'.
        hint: There are: Documents (abcd-1), Downloads (abcd-2), Camera (phone), photos (x).
        error: Several wait for an answer.
        hint: Name one of: Music (m), Music (m).
        error: No device or folder waits for an answer.
        ");
    }

    #[test]
    fn an_offer_is_told_by_who_makes_it() {
        let service = service();
        assert!(offer(&service, Some("music"), None).is_err());
        let Ok(Offer::Folder(folder)) = offer(&service, Some("music"), Some("nas")) else {
            panic!("none");
        };
        assert_eq!(folder.offered_by, "DEV-2");
        assert!(offer(&service, None, Some("phone")).is_ok());
        assert!(offer(&service, None, Some("tablet")).is_err());
    }
}
