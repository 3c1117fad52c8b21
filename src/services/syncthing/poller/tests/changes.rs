//! When changes on disk are asked for, and what is remembered of them.

use super::*;

#[tokio::test(start_paused = true)]
async fn changes_on_disk_are_asked_once_a_folder_is_idle_again() {
    let copy = "a.sync-conflict-20261121-073839-KHWAR2H.txt";
    let item = |id: u64, action: &str, path: &str| {
        let data = json!({"folder": "a", "action": action, "path": path, "modifiedBy": "D"});
        let time = format!("2026-11-21T02:00:0{id}Z");
        json!({"id": id, "time": time, "type": "RemoteChangeDetected", "data": data})
    };
    let disk = |since: u64| format!("/rest/events/disk?since={since}&limit=1000&timeout=0");
    let server = server();
    let made = item(1, "modified", copy);
    server.set(&disk(0), 200, json!([made]));
    let mut rig = Rig::start(Arc::clone(&server)).await;
    let service = rig.services().pop().unwrap();
    assert_eq!(service.changes[0].by.as_deref(), Some("D"));
    assert_eq!(service.conflicts[0].path, copy);
    let mut asked_after = async |from: &str, to: &str| {
        rig.server.asked();
        rig.server.emit("StateChanged", changed("a", from, to));
        sleep(Duration::from_secs(300)).await;
        let asked = rig.server.asked().into_iter();
        let asked = asked
            .filter(|path| path.contains("/disk"))
            .collect::<Vec<_>>();
        (asked, rig.services().pop().unwrap())
    };
    assert!(asked_after("idle", "scanning").await.0.is_empty());

    // It goes on where it was: the known event comes once more.
    let gone = item(2, "deleted", copy);
    server.set(&disk(0), 200, json!([made, gone]));
    let (asked, service) = asked_after("scanning", "idle").await;
    assert_eq!(asked, [disk(0)]);
    assert!(service.conflicts.is_empty());
    assert_eq!(service.changes.len(), 1);

    // Another process begins at 1, and has nothing after 1: everything is asked for.
    server.set(&disk(1), 200, json!([]));
    server.set(&disk(0), 200, json!([item(1, "modified", "b")]));
    let (asked, service) = asked_after("scanning", "idle").await;
    assert_eq!(asked, [disk(1), disk(0)]);
    assert_eq!(service.changes[0].path, "b");
    assert_eq!(service.changes.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_copy_outlives_the_session_and_the_process_of_the_server() {
    let server = server();
    let path = "a.sync-conflict-20261121-073839-KHWAR2H.txt";
    let data = json!({"folder": "a", "action": "modified", "path": path});
    let made = json!([{"id": 1, "type": "LocalChangeDetected", "data": data}]);
    let disk = "/rest/events/disk?since=0&limit=1000&timeout=0";
    server.set(disk, 200, made);
    let (one, _told, _swap) = session(&server);
    let memory = one.memory.clone();
    let task = tokio::spawn(run(one));
    settle().await;
    task.abort();
    server.set(disk, 200, json!([]));
    let (mut two, mut told, _swap) = session(&server);
    two.memory = memory;
    let task = tokio::spawn(run(two));
    settle().await;
    task.abort();
    let told = std::iter::from_fn(|| told.try_recv().ok());
    let services: Vec<_> = told
        .filter_map(|event| match event {
            Told::ServiceChanged { service, .. } => Some(service),
            _ => None,
        })
        .collect();
    assert!(!services.is_empty());
    assert!(services.iter().all(|service| service.conflicts.len() == 1));
}
