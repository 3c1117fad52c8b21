//! The harness for real Syncthing processes does what the other tests rely on, on every version there is.

use crate::support::syncthing::{
    Binary, Options, RealSyncthing, Renewal, Restarted, each_version, free_port, serves,
};

#[tokio::test]
async fn starts_with_folders_and_devices_and_answers() {
    each_version(async |binary| {
        let options = Options {
            folders: 2,
            devices: 3,
            ..Options::default()
        };
        let syncthing = RealSyncthing::start(&binary, options).await;
        let version = syncthing.api_get("/rest/system/version").await;
        let config = syncthing.api_get("/rest/config").await;

        assert!(
            version["version"]
                .as_str()
                .unwrap()
                .contains(&binary.version)
        );
        assert_eq!(config["folders"].as_array().unwrap().len(), 2);
        // Itself is one.
        assert_eq!(config["devices"].as_array().unwrap().len(), 4);
        assert_eq!(config["options"]["globalAnnounceEnabled"], false);
        assert_eq!(
            syncthing.served_fingerprint().await,
            syncthing.file_fingerprint()
        );
    })
    .await;
}

#[tokio::test]
async fn a_restart_renews_a_certificate_that_ends_soon() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, Options::default()).await;
        let first = syncthing.served_fingerprint().await;

        let expiring = syncthing.put_expiring_certificate();
        assert_eq!(syncthing.file_fingerprint(), expiring);
        assert_eq!(
            syncthing.served_fingerprint().await,
            first,
            "no timer looks at the file"
        );

        assert_eq!(syncthing.restart().await, Restarted::Process);
        let second = syncthing.served_fingerprint().await;
        assert_ne!(second, first);
        assert_ne!(second, expiring);
        assert_eq!(syncthing.file_fingerprint(), second);
    })
    .await;
}

#[tokio::test]
async fn a_gui_change_renews_it_in_the_running_process_and_too_many_start_a_new_one() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, Options::default()).await;
        let started = syncthing.api_get("/rest/system/status").await["startTime"].clone();
        let mut seen = vec![syncthing.served_fingerprint().await];
        for _ in 0..4 {
            seen.push(syncthing.renew(Renewal::Listener).await);
        }
        let status = syncthing.api_get("/rest/system/status").await;
        assert_eq!(status["startTime"], started, "the same process all along");

        assert_eq!(syncthing.restart_listener().await, Restarted::Fresh);
        seen.push(syncthing.renew(Renewal::Listener).await);
        let rotations = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), rotations);
    })
    .await;
}

#[tokio::test]
async fn more_restarts_than_the_monitor_allows_are_spread_over_new_processes() {
    // One version: each restart takes seconds.
    let Some(binary) = Binary::newest() else {
        return;
    };
    let mut syncthing = RealSyncthing::start(&binary, Options::default()).await;
    let mut done = Vec::new();
    for _ in 0..5 {
        done.push(syncthing.restart().await);
    }
    use Restarted::{Fresh, Process};
    assert_eq!(done, [Process, Process, Process, Fresh, Process]);
}

#[tokio::test]
async fn it_can_be_killed_and_stopped_and_comes_back_as_it_was() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, Options::default()).await;
        let first = syncthing.served_fingerprint().await;
        for kill in [true, false] {
            if kill {
                syncthing.kill().await;
            } else {
                syncthing.stop().await;
            }
            assert!(serves(syncthing.gui_port()).await.is_err());
            syncthing.launch().await;
            assert_eq!(syncthing.served_fingerprint().await, first);
        }
    })
    .await;
}

#[tokio::test]
async fn key_and_address_change_while_it_runs() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, Options::default()).await;
        syncthing.set_api_key("another-key").await;
        let port = free_port();
        let url = syncthing.set_gui_address(port).await;

        assert_eq!(url, format!("https://127.0.0.1:{port}"));
        assert_eq!(syncthing.api_get("/rest/system/ping").await["ping"], "pong");
    })
    .await;
}

#[tokio::test]
async fn folders_are_added_paused_broken_and_mended() {
    each_version(async |binary| {
        let syncthing = RealSyncthing::start(&binary, Options::default()).await;
        let path = syncthing.add_folder("docs").await;
        std::fs::write(path.join("a.txt"), "twelve bytes").unwrap();
        syncthing.scan("docs").await;
        assert_eq!(syncthing.folder_status("docs").await["localBytes"], 12);

        syncthing.pause_folder("docs", true).await;
        syncthing.wait_for_folder("docs", "").await;
        syncthing.pause_folder("docs", false).await;
        syncthing.wait_for_folder("docs", "idle").await;

        syncthing.break_folder("docs").await;
        syncthing.mend_folder("docs").await;
    })
    .await;
}

#[tokio::test]
async fn two_instances_sync_a_file_with_each_other() {
    each_version(async |binary| {
        let one = RealSyncthing::start(&binary, Options::default()).await;
        let mut two = RealSyncthing::start(&binary, Options::default()).await;
        one.connect(&two).await;
        one.share_folder("shared", &two).await;

        std::fs::write(one.folder_path("shared").join("hello"), "hello").unwrap();
        one.scan("shared").await;
        let copy = two.folder_path("shared").join("hello");
        two.wait_until("the file arrives", async |_| copy.exists())
            .await;
        assert_eq!(std::fs::read_to_string(copy).unwrap(), "hello");

        let gone = two.device().to_owned();
        two.kill().await;
        one.wait_for_device(&gone, false).await;
    })
    .await;
}
