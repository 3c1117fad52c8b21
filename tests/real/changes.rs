//! Two real Syncthings that change the same files: what changed lately, and the conflict copies that come of it.

use std::fs;
use std::process::Output;

use crate::support::syncthing::{Binary, Options, RealSyncthing, each_version};
use crate::support::watched::Watched;
use serde_json::Value;

const FOLDER: &str = "shared";
const MARK: &str = ".sync-conflict-";

#[tokio::test]
async fn what_changed_and_what_is_in_conflict() {
    each_version(async |binary| {
        let (one, two) = pair(&binary).await;
        let (here, there) = (one.folder_path(FOLDER), two.folder_path(FOLDER));
        let mut watched = Watched::home(one.home()).await;
        watched.connected().await;

        // A file of this side, and one of the other.
        fs::create_dir(there.join("sub")).unwrap();
        for (side, path, name) in [(&one, &here, "mine"), (&two, &there, "sub/theirs")] {
            fs::write(path.join(name), "first").unwrap();
            side.scan(FOLDER).await;
        }
        arrives(&one, &here.join("sub/theirs")).await;
        arrives(&two, &there.join("mine")).await;
        let now = watched
            .wait_for("both changes", |instance| {
                let changes = &instance["service"]["changes"];
                change(changes, "mine").is_object() && change(changes, "sub/theirs").is_object()
            })
            .await;
        let changes = &now["service"]["changes"];
        assert_eq!(change(changes, "mine")["by"], Value::Null);
        assert_eq!(change(changes, "sub/theirs")["by"], short(&two));
        for name in ["mine", "sub/theirs"] {
            assert_eq!(change(changes, name)["kind"], "modified");
            assert_eq!(change(changes, name)["folder"], FOLDER);
        }
        assert_eq!(now["service"]["conflicts"], Value::Null);

        // Each side changes both while they are apart.
        one.pause_device(two.device(), true).await;
        one.wait_for_device(two.device(), false).await;
        for (side, path) in [(&one, &here), (&two, &there)] {
            for name in ["mine", "sub/theirs"] {
                fs::write(path.join(name), format!("by {}", side.device())).unwrap();
            }
            side.scan(FOLDER).await;
        }
        one.pause_device(two.device(), false).await;
        let now = watched
            .wait_for("two conflicts", |instance| conflicts(instance).len() == 2)
            .await;
        let copies = conflicts(&now);
        for (name, copy) in [("mine", &copies[0]), ("sub/theirs", &copies[1])] {
            assert!(copy.starts_with(&format!("{name}{MARK}")), "{copy}");
            assert!(here.join(copy).exists(), "{copy}");
        }
        assert_eq!(now["service"]["synced"], true);
        let text = text(&watched.run(&["status"]).await);
        assert!(text.contains("Conflict copy in shared"), "{text}");

        // One is deleted here and the other over there: both leave, and the deletions are changes.
        arrives(&two, &there.join(&copies[1])).await;
        fs::remove_file(here.join(&copies[0])).unwrap();
        one.scan(FOLDER).await;
        watched
            .wait_for("one conflict left", |it| conflicts(it) == copies[1..])
            .await;
        fs::remove_file(there.join(&copies[1])).unwrap();
        two.scan(FOLDER).await;
        let now = watched
            .wait_for("no conflict left", |it| conflicts(it).is_empty())
            .await;
        let changes = &now["service"]["changes"];
        for copy in &copies {
            assert_eq!(change(changes, copy)["kind"], "deleted", "{copy}");
        }
        watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn a_daemon_that_starts_later_finds_the_conflict() {
    each_version(async |binary| {
        let (mut one, mut two) = pair(&binary).await;
        let (here, there) = (one.folder_path(FOLDER), two.folder_path(FOLDER));
        two.stop().await;
        for path in [&here, &there] {
            fs::write(path.join("note.txt"), format!("at {}", path.display())).unwrap();
        }
        one.scan(FOLDER).await;
        two.launch().await;
        one.wait_until("a conflict copy on either side", async |_| {
            has_copy(&here) && has_copy(&there)
        })
        .await;

        let mut watched = Watched::home(one.home()).await;
        let now = watched
            .wait_for("the conflict", |instance| conflicts(instance).len() == 1)
            .await;
        let [copy] = &conflicts(&now)[..] else {
            panic!("one copy");
        };
        assert!(copy.starts_with(&format!("note{MARK}")) && copy.ends_with(".txt"));

        // Another process of the server counts anew, and tells nothing of what is as it was; what is deleted is told.
        one.stop().await;
        one.launch().await;
        watched
            .wait_for_news("connected again", |instance| {
                instance["link"]["state"] == "connected"
                    && instance["link"]["failure"] == Value::Null
            })
            .await;
        assert!(
            watched
                .seen
                .iter()
                .skip_while(|it| conflicts(&it["instances"][0]).is_empty())
                .all(|it| conflicts(&it["instances"][0]) == [copy.as_str()])
        );
        fs::remove_file(here.join(copy)).unwrap();
        one.scan(FOLDER).await;
        let now = watched
            .wait_for("the deletion", |instance| {
                change(&instance["service"]["changes"], copy)["kind"] == "deleted"
            })
            .await;
        assert!(conflicts(&now).is_empty());
        assert_eq!(now["link"]["state"], "connected");
    })
    .await;
}

async fn pair(binary: &Binary) -> (RealSyncthing, RealSyncthing) {
    let one = RealSyncthing::start(binary, Options::default()).await;
    let two = RealSyncthing::start(binary, Options::default()).await;
    one.connect(&two).await;
    one.share_folder(FOLDER, &two).await;
    (one, two)
}

async fn arrives(side: &RealSyncthing, path: &std::path::Path) {
    let what = format!("{} arrives", path.display());
    side.wait_until(&what, async |_| path.exists()).await;
}

/// The paths of the conflict copies, sorted.
fn conflicts(instance: &Value) -> Vec<String> {
    let conflicts = instance["service"]["conflicts"].as_array();
    let paths = conflicts.into_iter().flatten().map(|it| &it["path"]);
    let mut paths: Vec<_> = paths
        .map(|path| path.as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

/// The change of an item, or null.
fn change<'a>(changes: &'a Value, path: &str) -> &'a Value {
    let mut changes = changes.as_array().into_iter().flatten();
    changes
        .find(|change| change["path"] == path)
        .unwrap_or(&Value::Null)
}

fn short(side: &RealSyncthing) -> &str {
    side.device().split('-').next().unwrap()
}

fn has_copy(folder: &std::path::Path) -> bool {
    let files = fs::read_dir(folder).unwrap();
    let mut names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.any(|name| name.contains(MARK))
}

fn text(output: &Output) -> String {
    // Words may stand on two lines.
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
