//! One command for several real Syncthings at once, of each version there is, while one is away and one hangs.

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::syncthing::{Binary, Options, RealSyncthing};
use crate::support::watched::Watched;

const NAMES: [&str; 3] = ["desk", "nas", "shelf"];

async fn paused(syncthing: &RealSyncthing) -> bool {
    let devices = syncthing.api_get("/rest/config/devices").await;
    let devices = devices.as_array().unwrap().iter();
    devices.filter(|device| device["paused"] == true).count() == 1
}

#[tokio::test]
async fn one_that_is_away_or_hangs_holds_up_no_other() {
    let binaries = Binary::all();
    if binaries.is_empty() {
        return;
    }
    let options = Options {
        devices: 1,
        ..Options::default()
    };
    let started = NAMES.iter().zip(binaries.iter().cycle());
    let started = started.map(|(_, binary)| RealSyncthing::start(binary, options.clone()));
    let mut all = join_all(started).await;
    let config = NAMES.iter().zip(&all).map(|(name, syncthing)| {
        let home = syncthing.home();
        format!("[[instance]]\nname = {name:?}\nhome = {home:?}\n")
    });
    let mut watched = Watched::start(&config.collect::<String>()).await;
    let state = |number: usize, state: &'static str| {
        move |status: &Value| status["instances"][number]["link"]["state"] == state
    };
    let all_are = |status: &Value| (0..3).all(|number| state(number, "connected")(status));
    watched.wait_for_status("all connected", all_are).await;

    all[2].stop().await;
    let away = |status: &Value| !state(2, "connected")(status);
    watched.wait_for_status("one is away", away).await;
    let done = watched.run(&["pause", "--all"]).await;
    assert_eq!(done.status.code(), Some(4), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(
        said,
        "Done: desk was asked to pause everything, and shows it.\n\
         Done: nas was asked to pause everything, and shows it.\n"
    );
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.starts_with("error: shelf is not connected; nothing was done.\nhint: "),
        "{said}"
    );
    assert!(paused(&all[0]).await && paused(&all[1]).await);
    let done = watched.run(&["resume", "--all", "--json"]).await;
    assert_eq!(done.status.code(), Some(4), "{done:?}");
    let lines = String::from_utf8(done.stdout).unwrap();
    let lines = lines.lines().map(serde_json::from_str);
    let lines: Vec<Value> = lines.collect::<Result<_, _>>().unwrap();
    let told = |key: &str| {
        lines
            .iter()
            .map(|line| line[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(told("instance"), NAMES);
    assert_eq!(told("done"), [true, true, false]);
    assert!(
        lines[2]["error"]
            .as_str()
            .unwrap()
            .contains("not connected")
    );
    assert!(!paused(&all[0]).await && !paused(&all[1]).await);

    // Who hangs is asked like the others, and waited for beside them.
    all[0].freeze();
    let under_way = watched.begin(&["pause", "--all"]);
    all[1].wait_until("it is paused", paused).await;
    assert!(!under_way.is_finished());
    all[0].thaw();
    let done = under_way.await.unwrap().unwrap();
    assert_eq!(done.status.code(), Some(4), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    // In the order of the config, whoever is first.
    let in_order = ["Done: desk was", "Done: nas was"].map(|words| said.find(words));
    assert!(in_order.is_sorted() && in_order[0].is_some(), "{said}");
    assert!(paused(&all[0]).await);
}
