//! Many folders and many events: the menu stays small enough to open at once, and redraws are few.

use std::time::{Duration, Instant};

use crate::support::bus::Session;
use crate::support::dbusmenu::Entry;
use crate::support::tray::{Desk, watching};

use syncwatch::standin::{Options, Standin, World};

const FOLDERS: usize = 500;
/// Events a second, in so many groups a second.
const STORM: usize = 10_000;
const GROUPS: usize = 100;
const STORM_LASTS: Duration = Duration::from_secs(4);
/// Redraws a second: what the eye can follow, and a little for what else happens.
const REDRAWS: f64 = 5.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_folders_and_a_storm() {
    let Some(session) = Session::start() else {
        return;
    };
    let options = Options {
        world: World::sized(FOLDERS, 5, 1),
        ..Options::default()
    };
    let server = Standin::start(options).await.expect("a stand-in");
    let connection = session.connect().await;
    let desk = Desk::start(session, &watching(server.home().path()));
    let item = desk.item(&connection).await;
    item.wait_for("500 folders", |menu| menu.at(&["Folders: 500"]).map(drop))
        .await;
    // Every folder can be reached.
    let menu = item
        .wait_for("every folder", |menu| {
            (folders(menu) == FOLDERS).then(|| menu.clone())
        })
        .await;
    let began = Instant::now();
    item.about_to_show().await;
    let menu_read = item.menu().await;
    let took = began.elapsed();
    let level = menu_read.shown().count();
    let widest = menu_read
        .all_shown()
        .iter()
        .map(|entry| entry.shown().count())
        .max();
    eprintln!(
        "    {FOLDERS} folders: {} entries ({} visible), {level} at the first level, {widest:?} at most in a submenu, read in {took:?}",
        menu.all().len(),
        menu.all_shown().len(),
    );
    assert!(
        level < 60,
        "the first level is longer than a screen: {level}"
    );
    assert!(widest.is_some_and(|widest| widest <= 40), "{widest:?}");

    // A folder behind "more" can be used.
    let path = path_to(&menu_read, "Folder 321:").expect("Folder 321");
    let words: Vec<&str> = path.iter().map(String::as_str).chain(["Rescan"]).collect();
    item.click(&words).await;
    crate::support::bus::until("the click arrived", async || {
        let requests = server.requests();
        let mut paths = requests.iter().map(|request| request.path.as_str());
        paths
            .any(|path| path == "/rest/db/scan?folder=folder-0321")
            .then_some(())
    })
    .await;

    let processor = processor_time(&desk);
    item.forget_signals();
    let began = Instant::now();
    let mut sent = 0_usize;
    let small = serde_json::json!({ "folder": "folder-0001", "item": "a", "type": "file", "action": "update" });
    while began.elapsed() < STORM_LASTS {
        // One in ten changes what is shown.
        for number in 0..STORM / GROUPS {
            match number % 10 {
                0 => change(&server, sent / 10 % FOLDERS, (sent / 5000 % 7) as u64),
                _ => server.emit("ItemStarted", small.clone()),
            }
            sent += 1;
        }
        let due = Duration::from_millis((sent * 1000 / STORM) as u64);
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
    }
    let lasted = began.elapsed().as_secs_f64();
    let spent = processor_time(&desk) - processor;
    let names = [
        "NewIcon",
        "NewTitle",
        "NewToolTip",
        "NewStatus",
        "LayoutUpdated",
        "ItemsPropertiesUpdated",
    ];
    let counts = names.map(|name| (name, item.count(name)));
    eprintln!(
        "    {sent} events in {lasted:.1} s ({:.0} a second): {counts:?}, {spent:.2} s of a processor",
        sent as f64 / lasted
    );
    for (name, count) in counts {
        let most = REDRAWS * (lasted + 1.0);
        assert!((count as f64) <= most, "{name}: {count} in {lasted:.1} s");
    }
    item.assert_nothing_retyped();
    // It comes to rest, and shows what is true.
    for number in 0..FOLDERS {
        change(&server, number, 0);
    }
    item.wait_for("everything synced", |menu| {
        let first = menu.shown().next()?;
        first
            .label
            .starts_with("Everything is synced")
            .then_some(())
    })
    .await;
}

/// Folder `number` needs so many items.
fn change(server: &Standin, number: usize, items: u64) {
    let id = format!("folder-{number:04}");
    let mut folder = server
        .world(|world| world.folder(&id).cloned())
        .expect("a folder");
    folder.need.items = items;
    folder.need.bytes = items * 1_000_000;
    server.set_folder(folder);
}

fn folders(menu: &Entry) -> usize {
    let is_folder = |entry: &&&Entry| {
        let number = entry
            .label
            .strip_prefix("Folder ")
            .and_then(|rest| rest.split_once(':'));
        number.is_some_and(|(number, _)| number.parse::<u32>().is_ok())
            && !entry.children.is_empty()
    };
    menu.all_shown().iter().filter(is_folder).count()
}

/// The labels from the top to the entry that begins so.
fn path_to(menu: &Entry, words: &str) -> Option<Vec<String>> {
    menu.shown().find_map(|child| {
        if child.label.starts_with(words) {
            return Some(vec![words.to_owned()]);
        }
        let mut path = path_to(child, words)?;
        path.insert(0, child.label.clone());
        Some(path)
    })
}

/// Seconds of a processor that the tray has used.
fn processor_time(desk: &Desk) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", desk.pid())).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || {
        fields
            .next()
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks() + ticks()) / 100.0
}
