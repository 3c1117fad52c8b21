//! What is asked so that "safe" is never said of what nobody else is known to have.

use super::*;
use crate::core::safety::Why;

fn completion(server: &Server, folder: &str, reply: Value) {
    let path = format!("/rest/db/completion?device=D{folder}");
    server.set(&path, 200, reply);
}

fn reply(need: u64, remote: &str) -> Value {
    let global =
        json!({"globalItems": 3, "globalBytes": 300, "sequence": 7, "remoteState": remote});
    let mut reply = global;
    reply["needItems"] = json!(need);
    reply["needBytes"] = json!(100 * need);
    reply
}

async fn rig(remote: &str) -> Rig {
    let server = server();
    for folder in ["&folder=a", "&folder=b"] {
        completion(&server, folder, reply(0, remote));
    }
    let rig = Rig::start(server).await;
    rig.server.asked();
    rig
}

fn asked(rig: &Rig) -> Vec<String> {
    let asked = rig.server.asked().into_iter();
    asked.filter(|path| path.contains("/db/")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_change_here_takes_the_word_back_until_somebody_is_known_to_have_it() {
    let mut rig = rig("valid").await;
    assert_eq!(rig.services().last().unwrap().safe, Some(true));
    let index = |sequence| json!({"folder": "a", "items": 1, "sequence": sequence});
    rig.server
        .emit("StateChanged", changed("a", "idle", "scanning"));
    rig.server.emit("LocalIndexUpdated", index(2));
    settle().await;
    let services = rig.services();
    let service = services.last().unwrap();
    assert_eq!((service.folders[0].safe, service.safe), (None, None));
    assert_eq!(
        service.folders[1].safe,
        Some(true),
        "the other is as it was"
    );
    assert!(asked(&rig).is_empty(), "not while it is scanned");

    completion(&rig.server, "&folder=a", reply(1, "valid"));
    rig.server
        .emit("StateChanged", changed("a", "scanning", "idle"));
    settle().await;
    let services = rig.services();
    let service = services.last().unwrap();
    assert_eq!(asked(&rig), ["/rest/db/completion?device=D&folder=a"]);
    assert_eq!(service.safe, Some(false));
    let only_here = &service.only_here;
    assert_eq!((only_here.items, only_here.bytes), (1, 100));
    assert_eq!(only_here.folders, ["a"]);

    // The same change told again is no other; what is told of it is waited for.
    rig.server.emit("LocalIndexUpdated", index(2));
    let summary = json!({"folder": "a", "summary": {"state": "idle", "sequence": 2}});
    rig.server.emit("FolderSummary", summary);
    let mut done = reply(0, "valid");
    done["folder"] = json!("a");
    done["device"] = json!("D");
    rig.server.emit("FolderCompletion", done);
    settle().await;
    assert_eq!(rig.services().last().unwrap().safe, Some(true));
    assert!(asked(&rig).is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_drawn_up_before_a_change_says_nothing_after_it() {
    let mut rig = rig("valid").await;
    let summary = json!({"folder": "a", "summary": {"state": "idle", "sequence": 2}});
    rig.server.emit("FolderSummary", summary);
    settle().await;
    completion(&rig.server, "&folder=a", json!("the folder is not running"));
    rig.server
        .set("/rest/db/completion?device=D&folder=a", 404, json!(null));
    rig.server
        .emit("LocalIndexUpdated", json!({"folder": "a", "sequence": 3}));
    let mut late = reply(0, "valid");
    late["folder"] = json!("a");
    late["device"] = json!("D");
    rig.server.emit("FolderCompletion", late);
    settle().await;
    assert_eq!(rig.services().last().unwrap().safe, None);
}

#[tokio::test(start_paused = true)]
async fn one_that_no_longer_shares_a_folder_is_found_out_when_it_says_so() {
    let mut rig = rig("valid").await;
    for folder in ["&folder=a", "&folder=b"] {
        let remote = if folder.ends_with('a') {
            "notSharing"
        } else {
            "valid"
        };
        completion(&rig.server, folder, reply(0, remote));
    }
    rig.server
        .emit("ClusterConfigReceived", json!({"device": "D"}));
    settle().await;
    let services = rig.services();
    let service = services.last().unwrap();
    let [a, b] = &service.folders[..] else {
        panic!("two folders");
    };
    assert_eq!(
        (a.safe, b.safe, service.safe),
        (Some(false), Some(true), Some(false))
    );
    assert_eq!((a.behind[0].why, a.behind[0].items), (Why::NotAccepted, 3));
    assert!(service.synced, "it is not behind");
    assert_eq!(service.not_accepted().count(), 1);
    assert_eq!(asked(&rig).len(), 3, "the sum, and either folder");
}

#[tokio::test(start_paused = true)]
async fn one_that_told_of_another_folder_has_not_accepted_this_one() {
    let server = server();
    completion(&server, "&folder=a", reply(0, "valid"));
    let mut untold = reply(0, "unknown");
    untold["sequence"] = json!(0);
    completion(&server, "&folder=b", untold);
    let mut rig = Rig::start(server).await;
    let services = rig.services();
    let service = services.last().unwrap();
    assert_eq!(service.safe, Some(false));
    let told: Vec<_> = service.not_accepted().collect();
    assert_eq!(
        (told.len(), told[0].0.id.as_str(), told[0].1),
        (1, "b", "D")
    );
}

#[tokio::test(start_paused = true)]
async fn of_one_that_lacks_something_only_as_many_folders_are_asked_as_it_takes() {
    let ids: Vec<_> = (0..100).map(|id| format!("f{id:02}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let server = server_of(&ids);
    for id in &ids {
        completion(&server, &format!("&folder={id}"), reply(0, "valid"));
    }
    completion(&server, "", reply(2, "unknown"));
    completion(&server, "&folder=f03", reply(2, "valid"));
    let mut rig = Rig::start(server).await;
    let asked: Vec<_> = asked(&rig);
    let device = asked.iter().filter(|path| path.contains("&folder=f"));
    assert_eq!(device.count(), 100, "each once");
    let services = rig.services();
    let service = services.last().unwrap();
    assert_eq!((service.safe, service.only_here.items), (Some(false), 2));
    assert_eq!(service.only_here.folders, ["f03"]);
}
