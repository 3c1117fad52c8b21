//! Every entry of the menu, clicked over the bus, and its effect read back over Syncthing's own API.

mod ordinary;
mod requests;
mod several;
mod unit;

use std::time::Duration;

use serde_json::Value;

use crate::support::bus::{Session, available, until};
use crate::support::clicks::clickable;
use crate::support::dbusmenu::Item;
use crate::support::syncthing::{Binary, Options, RealSyncthing};
use crate::support::tray::Desk;

/// How long each entry of a "Pause" submenu pauses.
const PAUSES: [(&str, Pause); 4] = [
    ("For 30 minutes", Pause::Minutes(30)),
    ("For 1 hour", Pause::Minutes(60)),
    ("Until tomorrow", Pause::Tomorrow),
    ("Until I resume", Pause::Resumed),
];

#[derive(Clone, Copy)]
enum Pause {
    Minutes(i64),
    Tomorrow,
    Resumed,
}

/// Each scene returns what was clicked in it. An entry that nobody clicks fails the test, and so does a new one.
#[tokio::test]
async fn every_entry_of_the_menu_does_what_it_says() {
    let Some(binary) = Binary::newest().filter(|_| available(&["dbus-daemon"])) else {
        return;
    };
    let ((mut clicked, sample), requests, several, unit) = tokio::join!(
        ordinary::scene(&binary),
        requests::scene(&binary),
        several::scene(&binary),
        unit::scene(&binary),
    );
    clicked.extend(requests);
    clicked.extend(several);
    let clickable = clickable(&sample);
    let with_systemd = unit.is_some();
    clicked.extend(unit.unwrap_or_default());
    let left_out: Vec<&String> = clickable
        .difference(&clicked)
        .filter(|kind| with_systemd || !kind.contains(" Unit {"))
        .collect();
    eprintln!(
        "    {} of {} entries were clicked",
        clickable.len() - left_out.len(),
        clickable.len()
    );
    assert!(left_out.is_empty(), "nobody clicked these: {left_out:#?}");
    let unknown: Vec<&String> = clicked.difference(&clickable).collect();
    assert!(
        unknown.is_empty(),
        "in no menu that was looked at: {unknown:#?}"
    );
}

/// "Everything" is folders and devices; what is away is told of at once.
const EVERYTHING: &str =
    "[pause]\nall = \"everything\"\n[patience]\nrefused = \"1s\"\npin-mismatch = \"1s\"\n";

/// A Syncthing, the tray that watches it, and the tray's item.
struct Scene {
    syncthing: RealSyncthing,
    desk: Desk,
    item: Item,
}

impl Scene {
    async fn start(session: Session, binary: &Binary, options: Options) -> Self {
        let syncthing = RealSyncthing::start(binary, options).await;
        let connection = session.connect().await;
        let desk = Desk::home(session, syncthing.home(), EVERYTHING);
        let item = desk.item(&connection).await;
        Self {
            syncthing,
            desk,
            item,
        }
    }

    async fn click(&self, path: &[&str]) {
        self.item.click(path).await;
    }

    /// Waits until Syncthing's API says so.
    async fn until(&self, what: &str, check: impl AsyncFn(&RealSyncthing) -> bool) {
        until(what, async || check(&self.syncthing).await.then_some(())).await;
    }

    async fn folder(&self, id: &str) -> Value {
        let path = format!("/rest/config/folders/{id}");
        self.syncthing.api_get(&path).await
    }

    async fn last_scan(&self, id: &str) -> Value {
        let stats = self.syncthing.api_get("/rest/stats/folder").await;
        stats[id]["lastScan"].clone()
    }

    /// Clicks, and waits until these folders were scanned again.
    async fn scanned_by(&self, path: &[&str], folders: &[&str]) {
        let mut before = Vec::new();
        for id in folders {
            before.push(self.last_scan(id).await);
        }
        // Syncthing tells the time of a scan in whole seconds.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        self.click(path).await;
        for (id, before) in folders.iter().zip(before) {
            self.until("a new scan", async |_| self.last_scan(id).await != before)
                .await;
        }
    }
}

/// Fails if the hold of an instance does not end when the words of the entry say. The click was not before `asked`.
fn assert_ends(hold: &Value, pause: Pause, asked: &jiff::Zoned) {
    let until = hold["until"].as_str();
    let until = until.map(|text| text.parse::<jiff::Timestamp>().expect("a time"));
    let now = jiff::Zoned::now();
    // In milliseconds, of a clock that may be a little behind.
    let slack = jiff::SignedDuration::from_secs(1);
    match pause {
        Pause::Minutes(minutes) => {
            let length = jiff::SignedDuration::from_mins(minutes);
            let (first, last) = (asked.timestamp() + length - slack, now.timestamp() + length);
            let until = until.expect("an end");
            assert!(
                (first..=last).contains(&until),
                "{until}: {first} to {last}"
            );
        }
        Pause::Tomorrow => {
            let tomorrow = |day: &jiff::Zoned| {
                let day = day.tomorrow().and_then(|day| day.start_of_day());
                day.expect("a day").timestamp()
            };
            let until = until.expect("an end");
            assert!(
                [tomorrow(asked), tomorrow(&now)].contains(&until),
                "{until}"
            );
        }
        Pause::Resumed => assert_eq!(until, None),
    }
}
