//! Nothing stays wrong, and why something is so stands beside it.

use super::*;

#[test]
fn why_something_is_so_stands_beside_it() {
    let mut state = state();
    let errors = json!([{"path": "x", "error": "syncing: no space"}]);
    state.apply(&event(
        "FolderErrors",
        json!({"folder": "f", "errors": errors}),
    ));
    let to = "failed to setup inotify handler. Please increase inotify limits";
    state.apply(&event(
        "FolderWatchStateChanged",
        json!({"folder": "f", "to": to}),
    ));
    let service = state.service();
    let folder = service.folders.iter().find(|it| it.id == "f").unwrap();
    assert_eq!(folder.why_failed().as_deref(), Some("syncing: no space"));
    assert_eq!(folder.watch_error.as_deref(), Some(to));
    assert!(state.unexplained().is_empty());
    state.apply(&event(
        "FolderWatchStateChanged",
        json!({"folder": "f", "from": to}),
    ));
    assert_eq!(state.service().folders[0].watch_error, None);
    // Whoever counts other items is asked why.
    let more = Summary {
        errors: 2,
        ..summary("idle", 0)
    };
    state.learn(Answer::Folder("f".into(), Some(more)));
    assert_eq!(state.unexplained(), ["f"]);
    state.learn(Answer::Failures("f".into(), Default::default()));
    assert!(state.unexplained().is_empty());
    state.learn(Answer::Folder("f".into(), Some(summary("idle", 0))));
    assert!(
        state
            .service()
            .folders
            .iter()
            .all(|it| it.failures.is_empty())
    );
}

#[test]
fn counters_that_are_not_zero_are_read_again_after_each_scan() {
    for (counter, asked) in [
        ("receiveOnlyTotalItems", true),
        ("errors", true),
        ("needTotalItems", true),
        ("localBytes", false),
    ] {
        let mut state = state();
        let counted = serde_json::from_value(json!({"state": "scanning", counter: 1}));
        state.learn(Answer::Folder("f".into(), Some(counted.unwrap())));
        let data = json!({"folder": "f", "from": "scanning", "to": "idle"});
        let needs = state.apply(&event("StateChanged", data));
        assert_eq!(
            needs.contains(&Need::Folder("f".into())),
            asked,
            "{counter}"
        );
        // And slowly whatever happens.
        let doubts = state.doubts();
        assert_eq!(
            doubts.contains(&Need::Folder("f".into())),
            counter == "needTotalItems" || counter == "errors"
        );
    }
}

#[test]
fn folders_that_are_not_up_to_date_are_asked_for_in_turns() {
    let folder = |n| json!({"id": format!("f{n:02}"), "type": "sendreceive", "devices": []});
    let config = json!({ "folders": (0..20).map(folder).collect::<Vec<_>>() });
    let mut state = State::from_snapshot(Snapshot {
        config: serde_json::from_value(config).unwrap(),
        ..Snapshot::default()
    });
    let mut asked = Vec::new();
    for _ in 0..3 {
        let doubts = state.doubts();
        assert!(doubts.len() <= 8);
        asked.extend(doubts);
    }
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 20);
}

#[test]
fn devices_are_called_by_their_names_and_the_cause_is_found() {
    let mut state = state();
    let id = |letter: &str| [letter.repeat(7).as_str(); 8].join("-");
    let devices = json!([{"deviceID": id("B"), "name": "bee"}, {"deviceID": id("C"), "name": ""}]);
    let config = json!({ "folders": [], "devices": devices });
    state.configure(serde_json::from_value(config).unwrap());
    let errors: Errors = real!("2.1.3", "errors-encryption-mismatch");
    state.learn(Answer::Errors(errors));
    let said = state.service().errors;
    let said = &said.last().unwrap().message;
    assert!(
        said.contains("device=bee error=\"remote expects") && said.contains("encrypted\""),
        "{said}"
    );
    let (long, short) = (format!("x {}: y", id("B")), "BBBBBBB, CCCCCCC and BBBBBBBB");
    assert_eq!(state.with_names(&long), "x bee: y");
    assert_eq!(state.with_names(short), "bee, CCCCCCC and BBBBBBBB");
    for _ in 0..3 {
        state.apply(&event("DeviceConnected", json!({"id": id("B")})));
        let lost = json!({"id": id("B"), "error": "reading length: EOF"});
        state.apply(&event("DeviceDisconnected", lost));
    }
    let service = state.service();
    let bee = service.devices.iter().find(|it| it.name == "bee").unwrap();
    let cause = "remote expects to exchange plain data, but is configured to be encrypted";
    assert_eq!(bee.unsteady.as_deref(), Some(cause));
}

#[test]
fn the_page_of_a_2_1_3() {
    for (name, percent, failed) in [("db-status-sendonly", 95, 0), ("db-status-failed", 95, 1)] {
        let summary: Summary = match name {
            "db-status-sendonly" => real!("2.1.3", "db-status-sendonly"),
            _ => real!("2.1.3", "db-status-failed"),
        };
        let mut state = state();
        state.version = "v2.1.3".into();
        state.learn(Answer::Folder("f".into(), Some(summary)));
        let service = state.service();
        let folder = service.folders.iter().find(|it| it.id == "f").unwrap();
        assert_eq!(
            (folder.percent, folder.failed_items),
            (percent, failed),
            "{name}"
        );
        assert_eq!(folder.state, FolderState::OutOfSync, "{name}");
    }
    let mut state = state();
    let summary: Summary = real!("2.1.3", "db-status-vault");
    state.folders.get_mut("f").unwrap().config.kind = "receiveencrypted".into();
    state.learn(Answer::Folder("f".into(), Some(summary)));
    assert_eq!(
        folder_state(&state.service(), "f"),
        FolderState::UnexpectedItems
    );
}
