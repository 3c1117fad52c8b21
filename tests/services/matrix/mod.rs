//! Every kind of server meets every fault, over real listeners. What it makes of each, and what is said of it, is a page
//! of the documentation, which this test writes (`UPDATE_PAGES=1`) and holds equal.

mod faults;
mod page;
mod trust;

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::monitor::Monitor;
use crate::support::watched::Watched;
use syncwatch::core::failure::TABLE;
use syncwatch::core::{Class, InstanceStatus, Kind, LinkState};

use faults::{DEADLINE, Fault, all};

/// The name in every URL; it is dialled as `connect` says.
const NAME: &str = "shop.test";
/// What everybody is asked for, and nobody may see who is not verified.
const SECRET: &str = "open-sesame";
const PAGE: &str = "docs/failures.md";

/// How a kind is watched.
fn instance(kind: Kind, name: &str, fault: &Fault) -> String {
    let host = match fault.peer.address() {
        Some(_) => NAME,
        None => "nowhere.invalid",
    };
    let connect = fault.peer.address();
    let connect = connect.map_or_else(String::new, |at| format!("connect = '{at}'\n"));
    let trust = &fault.trust;
    let keys = keys(kind, host);
    format!("[[instance]]\nname = '{name}'\n{keys}\n{connect}trust = {trust}\n")
}

fn keys(kind: Kind, host: &str) -> String {
    let word = kind.name();
    match kind {
        Kind::Syncthing => format!("url = 'https://{host}'\napi-key = '{SECRET}'"),
        Kind::Weechat => {
            format!("kind = '{word}'\nurl = 'https://{host}'\npassword = '{SECRET}'")
        }
        Kind::Centrifugo => {
            format!("kind = '{word}'\nurl = 'https://{host}'\napi-key = '{SECRET}'")
        }
        Kind::Websocket => {
            format!("kind = '{word}'\nurl = 'wss://{host}'\ntoken = '{SECRET}'")
        }
        Kind::Http => format!("kind = '{word}'\nurl = 'https://{host}'\ntoken = '{SECRET}'"),
    }
}

/// Whatever would stay hidden for longer is shown soon.
fn impatience() -> String {
    let rules = TABLE.iter().filter(|rule| rule.patience > 0);
    let lines: Vec<String> = rules
        .map(|rule| format!("{} = '300ms'\n", rule.class.name()))
        .collect();
    format!("[patience]\n{}", lines.concat())
}

fn name(row: usize, kind: Kind) -> String {
    format!("{}-{row}", kind.name())
}

fn class(instance: &InstanceStatus) -> Option<Class> {
    instance.link.failure.as_ref().map(|failure| failure.class)
}

/// Whether nothing more will come of it.
fn is_settled(instance: &InstanceStatus, fault: &Fault) -> bool {
    match (instance.link.state.is_loud(), fault.class) {
        (true, Some(_)) => class(instance) == fault.class,
        (true, None) => true,
        (false, _) => instance.link.state == LinkState::Connected && instance.service.is_some(),
    }
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the table is to be seen")]
async fn every_kind_meets_every_fault() {
    let home = tempfile::tempdir().unwrap();
    let faults = all(home.path()).await;
    let (met, checked) = tokio::join!(watch(&faults), check(&faults));
    for (row, fault) in faults.iter().enumerate() {
        let heard = fault.peer.heard();
        if fault.class.is_some() {
            assert!(!heard.contains(SECRET), "{}: {heard}", fault.what);
        }
        if let Some(class) = fault.class {
            let all = Kind::ALL.map(|kind| met[&name(row, kind)].class);
            assert_eq!(all, [Some(class); 5], "{}", fault.what);
        }
    }
    let page = page::page(&faults, &met, &checked);
    println!("{page}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let kept = kept.replace("\r\n", "\n");
    let differs = page
        .lines()
        .zip(kept.lines().chain(std::iter::repeat("")))
        .find(|(now, kept)| now != kept);
    assert!(
        page == kept,
        "{PAGE} says otherwise; if the change is wanted: UPDATE_PAGES=1 cargo test --test services matrix\n{differs:#?}"
    );
}

/// What an engine made of it.
struct Met {
    class: Option<Class>,
    state: LinkState,
    message: String,
    hint: String,
}

async fn watch(faults: &[Fault]) -> BTreeMap<String, Met> {
    let rows = || faults.iter().enumerate();
    let mut config: String = rows()
        .flat_map(|(row, fault)| Kind::ALL.map(|kind| instance(kind, &name(row, kind), fault)))
        .collect();
    config.push_str(&impatience());
    let mut monitor = Monitor::start(&config).await;
    let mut met = BTreeMap::new();
    for (row, fault) in rows() {
        for kind in Kind::ALL {
            let name = name(row, kind);
            let what = format!("{name}: {}", fault.what);
            let settled = monitor.until_status(&what, |status| {
                let instance = status.instance(&name);
                instance.is_some_and(|instance| is_settled(instance, fault))
            });
            let status = tokio::time::timeout(DEADLINE, settled).await.expect(&what);
            let instance = status.instance(&name).unwrap();
            met.insert(name, page::met(instance));
        }
    }
    monitor.stop().await;
    met
}

/// What `check` says of each, for the kind `http`: how far it comes is the same for all.
async fn check(faults: &[Fault]) -> Vec<serde_json::Value> {
    let rows = faults.iter().enumerate();
    let config: String = rows
        .map(|(row, fault)| instance(Kind::Http, &name(row, Kind::Http), fault))
        .collect();
    let report = Watched::prepare(&config).run(&["check", "--json"]).await;
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(reports.len(), faults.len());
    reports
}
