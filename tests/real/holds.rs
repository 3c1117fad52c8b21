//! Pauses for a while on a real Syncthing: just what was paused goes on, also over a restart of either program.

use std::time::Duration;

use crate::support::monitor::Monitor;
use crate::support::syncthing::{Options, RealSyncthing, each_version};
use syncwatch::core::{HoldCause, InstanceStatus, LinkState};
use syncwatch::engine::protocol::{Answer, Ask};

/// What is paused, as Syncthing's config says: folders by ID, devices by name, sorted.
async fn paused(syncthing: &RealSyncthing) -> Vec<String> {
    let config = syncthing.api_get("/rest/config").await;
    let mut names = Vec::new();
    for (list, key) in [("folders", "id"), ("devices", "name")] {
        for entry in config[list].as_array().unwrap() {
            if entry["paused"] == true {
                names.push(entry[key].as_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

async fn done(monitor: &Monitor, ask: Ask) {
    assert_eq!(monitor.engine().ask(ask).await, Answer::Done);
}

fn is_held(now: &InstanceStatus) -> bool {
    let paused = |now: &InstanceStatus| {
        let service = now.service.as_deref();
        service.is_some_and(|service| {
            let parts = now.holds.iter().flat_map(|hold| &hold.parts);
            let json = serde_json::to_value(service).unwrap();
            parts.into_iter().all(|part| {
                let (list, id) = match part {
                    syncwatch::core::Part::Folder(id) => ("folders", id),
                    syncwatch::core::Part::Device(id) => ("devices", id),
                };
                let entries = json[list].as_array().unwrap();
                entries.iter().any(|entry| {
                    let state = entry["state"].as_str().unwrap();
                    entry["id"] == *id && state.ends_with("paused")
                })
            })
        })
    };
    !now.holds.is_empty() && now.holds.iter().all(|hold| !hold.parts.is_empty()) && paused(now)
}

fn is_free(now: &InstanceStatus) -> bool {
    now.holds.is_empty()
}

async fn start(
    options: Options,
    config: &str,
    version: &crate::support::syncthing::Binary,
) -> (RealSyncthing, Monitor) {
    let syncthing = RealSyncthing::start(version, options).await;
    let config = config.replace("HOME", &format!("{:?}", syncthing.home()));
    let mut monitor = Monitor::start(&config).await;
    monitor.connected().await;
    (syncthing, monitor)
}

const CONFIG: &str = r#"
[pause]
all = "everything"
[[instance]]
name = "laptop"
home = HOME
pause-on-metered = ["folder:Folder 1", "device:device-0"]
pause-on-battery = "all"
"#;

#[tokio::test]
async fn a_timed_pause_ends_by_itself_and_leaves_what_was_paused_before() {
    each_version(async |binary| {
        let options = Options {
            folders: 2,
            devices: 2,
            ..Options::default()
        };
        let (mut syncthing, mut monitor) = start(options, CONFIG, &binary).await;
        syncthing.pause_folder("folder-1", true).await;
        monitor
            .until("one is paused", |now| {
                let folders = &now.service.as_ref().unwrap().folders;
                folders
                    .iter()
                    .any(|it| it.state == syncwatch::core::service::FolderState::Paused)
            })
            .await;

        let past = Ask::PauseAll {
            instance: None,
            until: Some(monitor.now().engine.since),
        };
        assert!(matches!(
            monitor.engine().ask(past).await,
            Answer::Refused { .. }
        ));
        // Long enough to be seen, short enough to be waited for.
        let until = Some(monitor.now().time + Duration::from_secs(4));
        done(
            &monitor,
            Ask::PauseAll {
                instance: None,
                until,
            },
        )
        .await;
        monitor.until("held", is_held).await;
        assert_eq!(
            paused(&syncthing).await,
            ["device-0", "device-1", "folder-0", "folder-1"]
        );
        assert_eq!(monitor.now().instances[0].holds[0].until, until);
        monitor.until("over", is_free).await;
        assert_eq!(paused(&syncthing).await, ["folder-1"]);

        // Without an end, over a restart of syncwatch, with somebody else at Syncthing's own page.
        done(
            &monitor,
            Ask::PauseAll {
                instance: Some("laptop".into()),
                until: None,
            },
        )
        .await;
        monitor.until("held", is_held).await;
        monitor.stop().await;
        syncthing.pause_folder("folder-0", false).await;
        monitor.start_again().await;
        monitor
            .until("still held, without the folder", |now| {
                is_held(now) && now.holds[0].parts.len() == 2
            })
            .await;
        assert_eq!(
            paused(&syncthing).await,
            ["device-0", "device-1", "folder-1"]
        );

        // Its end comes while syncwatch is away.
        done(&monitor, Ask::ResumeAll { instance: None }).await;
        monitor.until("over", is_free).await;
        let until = Some(monitor.now().time + Duration::from_secs(2));
        let pause = |until| Ask::PauseAll {
            instance: None,
            until,
        };
        done(&monitor, pause(until)).await;
        monitor.until("held", is_held).await;
        assert_eq!(paused(&syncthing).await.len(), 4);
        monitor.stop().await;
        monitor.start_again().await;
        monitor.until("over", is_free).await;
        assert_eq!(paused(&syncthing).await, ["folder-1"]);
        done(&monitor, pause(None)).await;
        monitor.until("held", is_held).await;

        // Its end comes while Syncthing is away.
        syncthing.stop().await;
        monitor
            .until("gone", |now| now.link.state != LinkState::Connected)
            .await;
        done(&monitor, Ask::ResumeAll { instance: None }).await;
        syncthing.launch().await;
        monitor.until("over", is_free).await;
        assert_eq!(paused(&syncthing).await, ["folder-1"]);
        let journal = monitor.journal_text();
        for word in ["hold-began", "hold-ended"] {
            assert!(journal.contains(word), "{journal}");
        }
    })
    .await;
}

#[tokio::test]
async fn conditions_pause_what_was_chosen() {
    each_version(async |binary| {
        let options = Options {
            folders: 2,
            devices: 2,
            ..Options::default()
        };
        let (syncthing, mut monitor) = start(options, CONFIG, &binary).await;
        let told = |metered, on_battery| Ask::Conditions {
            metered,
            on_battery,
        };
        done(&monitor, told(true, false)).await;
        monitor.until("metered", is_held).await;
        assert_eq!(paused(&syncthing).await, ["device-0", "folder-1"]);
        done(&monitor, told(true, true)).await;
        monitor
            .until("on battery too", |now| is_held(now) && now.holds.len() == 2)
            .await;
        assert_eq!(paused(&syncthing).await.len(), 4);

        monitor.start_again().await;
        monitor
            .until("both are remembered", |now| {
                is_held(now) && now.holds.len() == 2
            })
            .await;
        done(&monitor, told(true, false)).await;
        monitor
            .until("metered only", |now| now.holds.len() == 1)
            .await;
        assert_eq!(
            monitor.now().instances[0].holds[0].cause,
            HoldCause::Metered
        );
        assert_eq!(paused(&syncthing).await, ["device-0", "folder-1"]);
        done(&monitor, told(false, false)).await;
        monitor.until("over", is_free).await;
        assert!(paused(&syncthing).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn monitoring_stays_switched_off_over_a_restart() {
    each_version(async |binary| {
        let (_syncthing, mut monitor) = start(Options::default(), CONFIG, &binary).await;
        let instance = || "laptop".to_owned();
        done(
            &monitor,
            Ask::SetPaused {
                instance: instance(),
                paused: true,
            },
        )
        .await;
        monitor.until_state(LinkState::Paused).await;
        monitor.start_again().await;
        monitor.until_state(LinkState::Paused).await;
        let action = syncwatch::core::Action::ClearErrors;
        let ask = Ask::Control {
            instance: instance(),
            action,
        };
        let answer = monitor.engine().ask(ask).await;
        assert!(
            matches!(answer, Answer::Refused { message, .. } if message.contains("switched off"))
        );
        done(
            &monitor,
            Ask::SetPaused {
                instance: instance(),
                paused: false,
            },
        )
        .await;
        monitor.connected().await;
        monitor.start_again().await;
        monitor.connected().await;
        let unknown = Ask::SetPaused {
            instance: "nas".into(),
            paused: true,
        };
        assert!(matches!(
            monitor.engine().ask(unknown).await,
            Answer::Refused { .. }
        ));
    })
    .await;
}

/// Names for the same server, written by hand and found in its home.
fn by_home(name: &str, syncthing: &RealSyncthing) -> String {
    format!(
        "[[instance]]\nname = \"{name}\"\nhome = {:?}\n",
        syncthing.home()
    )
}

fn by_url(name: &str, syncthing: &RealSyncthing) -> String {
    let (url, key) = (syncthing.url(), syncthing.api_key());
    let trust = syncthing.certificate_path();
    format!(
        "[[instance]]\nname = \"{name}\"\nurl = \"{url}\"\napi-key = \"{key}\"\ntrust = {{ file = {trust:?} }}\n"
    )
}

async fn until_paused(syncthing: &RealSyncthing, names: &[&str]) {
    let what = format!("{names:?} are paused, and nothing else");
    let check = async |syncthing: &RealSyncthing| paused(syncthing).await == names;
    syncthing.wait_until(&what, check).await;
}

#[tokio::test]
async fn what_is_paused_goes_on_whatever_the_config_calls_its_server() {
    each_version(async |binary| {
        let options = Options {
            folders: 1,
            devices: 2,
            ..Options::default()
        };
        let syncthing = RealSyncthing::start(&binary, options).await;
        let mut monitor = Monitor::start(&by_home("syncthing", &syncthing)).await;
        monitor.connected().await;
        let devices = ["device-0", "device-1"];
        let all = |until| Ask::PauseAll {
            instance: None,
            until,
        };
        let is = |name: &'static str| move |now: &InstanceStatus| now.name == name && is_held(now);

        // Another name, then another name and another way to its address, then the daemon again: in time it ends.
        let until = Some(monitor.now().time + Duration::from_secs(8));
        done(&monitor, all(until)).await;
        monitor.until("held", is_held).await;
        monitor.write_config(&by_home("laptop", &syncthing));
        monitor.until("held as laptop", is("laptop")).await;
        monitor.write_config(&by_url("desk", &syncthing));
        monitor.until("held as desk", is("desk")).await;
        monitor.start_again().await;
        let now = monitor.until("still held", is("desk")).await;
        assert_eq!(now.holds[0].until, until);
        assert_eq!(paused(&syncthing).await, devices);
        monitor.until("over", is_free).await;
        assert_eq!(paused(&syncthing).await, [""; 0]);
        assert!(monitor.journal_text().contains("\"renamed\""));

        // Renamed while no daemon runs; its end passes meanwhile.
        let until = Some(monitor.now().time + Duration::from_secs(1));
        done(&monitor, all(until)).await;
        until_paused(&syncthing, &devices).await;
        monitor.stop().await;
        monitor.write_config(&by_home("box", &syncthing));
        monitor.start_again().await;
        until_paused(&syncthing, &[]).await;

        // Two names for one server: what the one paused is the other's when the first one goes.
        let both = by_home("box", &syncthing) + &by_url("second", &syncthing);
        monitor.write_config(&both);
        let two = |status: &syncwatch::core::Status| {
            let connected = |it: &std::sync::Arc<InstanceStatus>| it.service.is_some();
            status.instances.len() == 2 && status.instances.iter().all(connected)
        };
        monitor.until_status("two names", two).await;
        let instance = Some("second".to_owned());
        let until = None;
        done(&monitor, Ask::PauseAll { instance, until }).await;
        until_paused(&syncthing, &devices).await;
        monitor.write_config(&by_home("box", &syncthing));
        monitor.until("held by the other", is("box")).await;
        done(&monitor, Ask::ResumeAll { instance: None }).await;
        until_paused(&syncthing, &[]).await;

        // Taken out of the config: nobody could let it go later, so that it is let go now.
        done(&monitor, all(None)).await;
        monitor.until("held", is_held).await;
        let other = "[[instance]]\nname = \"box\"\nurl = \"https://127.0.0.1:1\"\n";
        monitor.write_config(other);
        until_paused(&syncthing, &[]).await;

        // Taken out while nobody was there to do so: it goes on as soon as it is known again.
        monitor.write_config(&by_home("box", &syncthing));
        monitor.connected().await;
        let until = Some(monitor.now().time + Duration::from_secs(2));
        done(&monitor, all(until)).await;
        monitor.until("held", is_held).await;
        monitor.stop().await;
        monitor.write_config(other);
        monitor.start_again().await;
        monitor.stop().await;
        assert_eq!(paused(&syncthing).await, devices);
        monitor.write_config(&by_url("again", &syncthing));
        monitor.start_again().await;
        until_paused(&syncthing, &[]).await;
        monitor.until("over", is_free).await;
    })
    .await;
}
