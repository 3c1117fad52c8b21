//! Everything about one thing.

use super::{Screen, Subject};
use crate::core::Fingerprint;
use crate::core::service::{Device, Fact, Folder, PendingDevice, PendingFolder};
use crate::view::Frame;
use crate::view::journal;
use crate::view::safety;
use crate::view::service::{device_name, label, needed, troubles, unsteady};
use crate::view::status::instance_page;
use crate::view::style::{Page, Role};
use crate::view::units::{count, date_time, rate, size};
use crate::view::words::{device_state, folder_state};

impl Screen {
    /// Its title and its text.
    pub(super) fn details(
        &self,
        subject: &Subject<'_>,
        width: usize,
        frame: &Frame,
    ) -> (String, Page) {
        let mut sheet = Text {
            page: Page::default(),
            width,
        };
        let title = match subject {
            Subject::Instance(instance) => {
                let frame = Frame {
                    width,
                    ..frame.clone()
                };
                sheet.page = instance_page(instance, &frame);
                instance.name.clone()
            }
            Subject::Folder(folder) => {
                self.folder(folder, &mut sheet, frame);
                label(folder).to_owned()
            }
            Subject::Device(device) => {
                self.device(device, &mut sheet, frame);
                device_name(device).to_owned()
            }
            Subject::Fact(fact) => {
                fact_text(fact, &mut sheet);
                fact.name.clone()
            }
            Subject::Certificate(served) => {
                self.certificate(*served, &mut sheet);
                "A certificate that is not trusted".to_owned()
            }
            Subject::NewDevice(device) => {
                new_device(device, &mut sheet, frame);
                "A new device".to_owned()
            }
            Subject::NewFolder(folder) => {
                self.new_folder(folder, &mut sheet, frame);
                "An offered folder".to_owned()
            }
            Subject::Entry(entry) => {
                sheet.say("Time", &date_time(entry.time, &frame.zone));
                sheet.say("Instance", &entry.instance);
                sheet.gap();
                let words = Page::from(journal::happened(entry)).render(false);
                sheet.add(Role::Plain, words.trim_end());
                "From the journal".to_owned()
            }
        };
        (title, sheet.page)
    }

    fn folder(&self, folder: &Folder, sheet: &mut Text, frame: &Frame) {
        let (role, state) = folder_state(folder.state);
        sheet.add(role, &format!("{state}, {}%", folder.percent));
        for (role, trouble) in troubles(folder) {
            sheet.add(role, &trouble);
        }
        if folder.receive_only_items > 0 {
            let items = count(folder.receive_only_items, "item");
            sheet.add(
                Role::Plain,
                &format!("{items} changed here, which is not sent to others."),
            );
        }
        let service = self.service().into_iter();
        for line in service.flat_map(|it| safety::of_folder(folder, it, frame.now)) {
            sheet.add(Role::Plain, &format!("{line}."));
        }
        sheet.gap();
        sheet.say(
            "Needed",
            &needed(folder.need_items, folder.need_bytes, sheet.width),
        );
        sheet.say("Here", &size(folder.local_bytes));
        sheet.say("In all", &size(folder.global_bytes));
        sheet.say("Type", &folder.kind);
        sheet.say("Path", &folder.path);
        sheet.say("ID", &folder.id);
        let shared: Vec<&str> = folder
            .devices
            .iter()
            .map(|id| self.device_called(id))
            .collect();
        sheet.say("Shared", &shared.join(", "));
        sheet.say("Last file", folder.last_file.as_deref().unwrap_or_default());
        if let Some(time) = folder.last_scan {
            sheet.say("Last scan", &date_time(time, &frame.zone));
        }
    }

    fn device(&self, device: &Device, sheet: &mut Text, frame: &Frame) {
        let (role, state) = device_state(device.state);
        sheet.add(role, &format!("{state}, {}%", device.percent));
        if let Some(trouble) = unsteady(device) {
            sheet.add(Role::Warn, &trouble);
        }
        let service = self.service().into_iter();
        for line in service.flat_map(|it| safety::of_device(device, it)) {
            sheet.add(Role::Plain, &format!("It {line}."));
        }
        sheet.gap();
        sheet.say(
            "Needs",
            &needed(device.need_items, device.need_bytes, sheet.width),
        );
        if device.connected {
            sheet.say("Receiving", &rate(device.rates.in_bps));
            sheet.say("Sending", &rate(device.rates.out_bps));
        }
        match device.last_seen {
            _ if device.connected => {}
            Some(time) => sheet.say("Last seen", &date_time(time, &frame.zone)),
            None => sheet.say("Last seen", "never"),
        }
        sheet.say("Address", device.address.as_deref().unwrap_or_default());
        sheet.say(
            "Version",
            device.client_version.as_deref().unwrap_or_default(),
        );
        sheet.say("ID", &device.id);
        let folders = self.service().into_iter().flat_map(|it| &it.folders);
        let shared = folders.filter(|folder| folder.devices.contains(&device.id));
        let shared: Vec<&str> = shared.map(label).collect();
        sheet.say("Shares", &shared.join(", "));
    }

    fn certificate(&self, served: Fingerprint, sheet: &mut Text) {
        let trust = self.instance().map(|instance| &instance.link.trust);
        sheet.say("Served", &served.to_string());
        match trust.and_then(|trust| trust.current) {
            Some(pinned) => sheet.say("Pinned", &pinned.to_string()),
            None => sheet.say("Pinned", "none yet"),
        }
        sheet.gap();
        sheet.add(
            Role::Plain,
            "Compare it on the server itself: openssl x509 -noout -fingerprint -sha256 -in https-cert.pem. If it differs there, somebody is in between: do not accept it.",
        );
    }

    fn new_folder(&self, folder: &PendingFolder, sheet: &mut Text, frame: &Frame) {
        sheet.say("Label", &folder.label);
        sheet.say("ID", &folder.id);
        sheet.say("Offered by", self.device_called(&folder.offered_by));
        sheet.say("Its ID", &folder.offered_by);
        if let Some(time) = folder.time {
            sheet.say("Asked", &date_time(time, &frame.zone));
        }
        sheet.gap();
        sheet.add(
            Role::Plain,
            "a accepts it into the server's default place, i ignores it from now on.",
        );
    }
}

fn new_device(device: &PendingDevice, sheet: &mut Text, frame: &Frame) {
    sheet.say("Name", &device.name);
    sheet.say("ID", &device.id);
    sheet.say("From", &device.address);
    if let Some(time) = device.time {
        sheet.say("Asked", &date_time(time, &frame.zone));
    }
    sheet.gap();
    sheet.add(
        Role::Plain,
        "a accepts it, i ignores it from now on. Its name is whatever it calls itself: compare the ID.",
    );
}

fn fact_text(fact: &Fact, sheet: &mut Text) {
    let role = match fact.attention {
        true => Role::Warn,
        false => Role::Plain,
    };
    sheet.add(role, &fact.value);
}

/// A page that grows.
struct Text {
    page: Page,
    width: usize,
}

impl Text {
    fn add(&mut self, role: Role, text: &str) {
        self.page.paragraph(role, text, 0, self.width);
    }

    /// `title: text`, unless there is no text.
    fn say(&mut self, title: &str, text: &str) {
        if !text.is_empty() {
            self.add(Role::Plain, &format!("{title}: {text}"));
        }
    }

    fn gap(&mut self) {
        self.page.gap();
    }
}
