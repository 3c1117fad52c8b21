//! What no other device has, over real Syncthings: who counts as having it, and what is said of those that do not.

use std::fs;

use crate::support::syncthing::{Binary, Options, RealSyncthing, each_version};
use crate::support::watched::Watched;
use reqwest::Method;
use serde_json::{Value, json};

/// Two that are connected; the first is watched.
struct Pair {
    one: RealSyncthing,
    two: RealSyncthing,
    watched: Watched,
    /// The first is told by its server what the other shares.
    tells: bool,
}

impl Pair {
    async fn start(binary: &Binary) -> Self {
        let one = RealSyncthing::start(binary, Options::default()).await;
        let two = RealSyncthing::start(binary, Options::default()).await;
        one.connect(&two).await;
        let watched = Watched::home(one.home()).await;
        Self {
            one,
            two,
            watched,
            tells: binary.number() >= (1, 21, 0),
        }
    }

    /// The same with a folder that both have.
    async fn sharing(binary: &Binary, folder: &str) -> Self {
        let mut pair = Self::start(binary).await;
        pair.one.share_folder(folder, &pair.two).await;
        pair.write(folder, "first", 1000).await;
        pair.arrives(folder, "first").await;
        pair.wait_for("both have it", |it| {
            it["folders"][0]["local_bytes"] == 1000 && it["safe"] == true && it["synced"] == true
        })
        .await;
        pair
    }

    async fn write(&self, folder: &str, name: &str, size: usize) {
        let path = self.one.folder_path(folder).join(name);
        fs::write(path, "x".repeat(size)).unwrap();
        self.one.scan(folder).await;
    }

    async fn arrives(&self, folder: &str, name: &str) {
        let copy = self.two.folder_path(folder).join(name);
        self.two
            .wait_until(&format!("{name} arrives"), async |_| copy.exists())
            .await;
    }

    async fn wait_for(&mut self, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        let instance = self
            .watched
            .wait_for(what, |instance| {
                instance["service"].is_object() && check(&instance["service"])
            })
            .await;
        instance["service"].clone()
    }

    async fn safe(&mut self, when: &str) -> Value {
        let service = self.wait_for(when, |it| it["safe"] == true && it["synced"] == true);
        let service = service.await;
        assert_eq!(
            service["only_here"],
            json!({"items": 0, "bytes": 0, "folders": []})
        );
        service
    }

    /// So many bytes in one item of one folder are only here, for that reason.
    async fn only_here(&mut self, when: &str, folder: &str, bytes: u64, why: Value) -> Value {
        let only_here = json!({"items": 1, "bytes": bytes, "folders": [folder]});
        self.wait_for(when, |it| {
            let mut folders = it["folders"].as_array().unwrap().iter();
            let one = folders.find(|it| it["id"] == folder);
            let behind = one.map(|it| &it["behind"]);
            let why = behind.is_some_and(|behind| behind[0]["why"] == why);
            it["safe"] == false && it["synced"] == true && it["only_here"] == only_here && why
        })
        .await
    }

    /// Every line of `status`, without breaks.
    async fn text(&self) -> String {
        let output = self.watched.run(&["status"]).await;
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What needs remote states.
    fn told(&self, why: &str) -> Value {
        if self.tells { json!(why) } else { Value::Null }
    }
}

#[tokio::test]
async fn what_changes_while_the_other_is_away_is_only_here() {
    each_version(async |binary| {
        let mut pair = Pair::sharing(&binary, "notes").await;
        let text = pair.text().await;
        assert!(
            text.contains("Everything is synced: safe to shut down."),
            "{text}"
        );

        pair.two.kill().await;
        let other = pair.two.device().to_owned();
        pair.one.wait_for_device(&other, false).await;
        pair.wait_for("away", |it| it["devices"][0]["connected"] == false)
            .await;
        pair.safe("away, with everything").await;
        pair.write("notes", "work", 105_000).await;
        let service = pair
            .only_here("only here", "notes", 105_000, json!("away"))
            .await;
        assert_eq!(service["folders"][0]["behind"][0]["device"], other);
        let text = pair.text().await;
        assert!(!text.contains("safe to shut down"), "{text}");
        let says = "Up to date; 1 file (103 KiB) of notes is nowhere else yet:";
        assert!(text.contains(says), "{text}");

        pair.two.launch().await;
        pair.arrives("notes", "work").await;
        pair.safe("it is back and has it").await;
        // A copy is no longer needed for what was deleted here.
        pair.two.kill().await;
        pair.one.wait_for_device(&other, false).await;
        fs::remove_file(pair.one.folder_path("notes").join("work")).unwrap();
        pair.one.scan("notes").await;
        pair.wait_for("it has yet to delete it", |it| {
            it["safe"] == true && it["folders"][0]["behind"][0]["items"] == 1
        })
        .await;
        pair.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn one_that_has_not_accepted_a_folder_is_not_behind_and_has_nothing_of_it() {
    each_version(async |binary| {
        let mut pair = Pair::sharing(&binary, "notes").await;
        let other = pair.two.device().to_owned();
        pair.one.put_folder("photos", &[&other]).await;
        pair.one.wait_for_folder("photos", "idle").await;
        pair.write("photos", "cat", 4000).await;
        let not_accepted = pair.told("not-accepted");
        let service = pair
            .only_here("never accepted", "photos", 4000, not_accepted)
            .await;
        assert_eq!(service["devices"][0]["state"], "in-sync");
        assert_eq!(service["devices"][0]["percent"], 100);
        let text = pair.text().await;
        assert!(!text.contains("safe to shut down"), "{text}");
        if pair.tells {
            let name = service["devices"][0]["name"].as_str().unwrap();
            assert!(
                text.contains(&format!("{name} has not accepted photos")),
                "{text}"
            );
        }

        pair.two.put_folder("photos", &[pair.one.device()]).await;
        pair.arrives("photos", "cat").await;
        pair.safe("accepted later").await;

        let path = "/rest/config/folders/photos";
        pair.two.api(Method::DELETE, path, None).await.unwrap();
        if pair.tells {
            pair.only_here("removed there", "photos", 4000, json!("not-accepted"))
                .await;
        }
        pair.one.api(Method::DELETE, path, None).await.unwrap();
        pair.safe("removed here").await;
        pair.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn what_is_paused_takes_nothing_here_or_there() {
    each_version(async |binary| {
        let mut pair = Pair::sharing(&binary, "notes").await;
        let other = pair.two.device().to_owned();

        pair.two.pause_folder("notes", true).await;
        pair.write("notes", "paused-there", 4900).await;
        if pair.tells {
            let service = pair
                .only_here("paused there", "notes", 4900, json!("paused"))
                .await;
            assert_eq!(
                service["devices"][0]["state"], "in-sync",
                "it is not syncing"
            );
            // The devices tell each other of the pause over a new connection, which knows nothing at its beginning.
            let says = pair.one.wait_until("it says who has paused it", async |_| {
                let text = pair.text().await;
                text.contains("has paused notes") && !text.contains("syncing to")
            });
            says.await;
        } else {
            pair.wait_for("it lacks it", |it| it["safe"] == false).await;
        }
        pair.two.pause_folder("notes", false).await;
        pair.arrives("notes", "paused-there").await;
        pair.safe("resumed there").await;

        pair.one.pause_device(&other, true).await;
        pair.write("notes", "paused-here", 300).await;
        pair.only_here("the device is paused here", "notes", 300, json!("paused"))
            .await;
        let text = pair.text().await;
        assert!(text.contains("is paused."), "{text}");
        pair.one.pause_device(&other, false).await;
        pair.arrives("notes", "paused-here").await;
        pair.safe("resumed here").await;

        // Nothing is known of a folder that is paused here.
        pair.one.pause_folder("notes", true).await;
        pair.wait_for("the folder is paused here", |it| {
            it["folders"][0]["state"] == "paused" && it["safe"] == Value::Null
        })
        .await;
        let text = pair.text().await;
        assert!(text.contains("except what is paused: notes"), "{text}");
        pair.one.pause_folder("notes", false).await;
        pair.safe("the folder goes on").await;
        pair.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_only_receives_holds_a_copy_and_keeps_its_own_changes() {
    each_version(async |binary| {
        let mut pair = Pair::sharing(&binary, "notes").await;
        let only_receives = json!({"type": "receiveonly"});
        let path = "/rest/config/folders/notes";
        pair.two.api_patch(path, only_receives.clone()).await;
        pair.write("notes", "second", 700).await;
        pair.arrives("notes", "second").await;
        pair.safe("the other only receives").await;

        // What is changed over there in place of it is no copy of it.
        fs::write(pair.two.folder_path("notes").join("second"), "other").unwrap();
        pair.two.scan("notes").await;
        pair.wait_for("changed there", |it| {
            it["safe"] == false && it["only_here"]["bytes"] == 700
        })
        .await;
        pair.two
            .api_post("/rest/db/revert?folder=notes", None)
            .await;
        pair.safe("reverted there").await;

        pair.two
            .api_patch(path, json!({"type": "sendreceive"}))
            .await;
        pair.one.api_patch(path, only_receives).await;
        pair.one.wait_for_folder("notes", "idle").await;
        pair.write("notes", "mine", 50).await;
        pair.only_here("changed here", "notes", 50, Value::Null)
            .await;
        let text = pair.text().await;
        assert!(
            text.contains("receive-only folder is not sent to others"),
            "{text}"
        );
        pair.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn one_that_holds_it_encrypted_has_it() {
    each_version(async |binary| {
        let mut pair = Pair::start(&binary).await;
        let path = "/rest/config/folders/vault";
        pair.one.put_folder("vault", &[]).await;
        let password =
            |id: &str, password: &str| json!({"deviceID": id, "encryptionPassword": password});
        let members = json!([
            password(pair.one.device(), ""),
            password(pair.two.device(), "secret")
        ]);
        pair.one.api_patch(path, json!({"devices": members})).await;
        // The type is for ever, so that it is one from the beginning.
        pair.two.put_folder("vault", &[pair.one.device()]).await;
        let mut folder = pair.two.api_get(path).await;
        pair.two.api(Method::DELETE, path, None).await.unwrap();
        folder["type"] = json!("receiveencrypted");
        pair.two.api_put(path, folder).await;
        pair.one.reconnect(&pair.two).await;
        pair.write("vault", "secret", 600).await;
        pair.wait_for("it lacks it at first", |it| {
            it["folders"][0]["safe"] == false
        })
        .await;
        pair.safe("it holds it encrypted").await;
        pair.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn one_of_three_is_enough() {
    each_version(async |binary| {
        let mut pair = Pair::start(&binary).await;
        let mut three = RealSyncthing::start(&binary, Options::default()).await;
        pair.one.connect(&three).await;
        let others = [pair.two.device().to_owned(), three.device().to_owned()];
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        pair.one.put_folder("notes", &others).await;
        three.put_folder("notes", &[pair.one.device()]).await;
        pair.write("notes", "all", 4000).await;
        let copy = three.folder_path("notes").join("all");
        three
            .wait_until("it arrives", async |_| copy.exists())
            .await;
        // One never accepted it.
        // It has told so as well.
        pair.wait_for("all of it is here", |it| {
            it["folders"][0]["local_bytes"] == 4000 && it["safe"] == true
        })
        .await;
        let service = pair.safe("one of them has it").await;
        let behind = &service["folders"][0]["behind"];
        let why = behind[0]["why"].clone();
        assert!(
            why == pair.told("not-accepted") || why == Value::Null,
            "{behind}"
        );

        three.kill().await;
        pair.one.wait_for_device(three.device(), false).await;
        pair.safe("it is away with everything").await;
        pair.write("notes", "more", 70).await;
        pair.wait_for("neither has it", |it| {
            it["safe"] == false && it["only_here"]["bytes"] == 70
        })
        .await;
        pair.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn what_is_shared_with_nobody_is_not_called_safe() {
    each_version(async |binary| {
        let mut pair = Pair::start(&binary).await;
        pair.wait_for("no folder", |it| it["synced"] == true).await;
        let text = pair.text().await;
        assert!(text.starts_with("Up to date."), "{text}");
        pair.one.add_folder("diary").await;
        pair.write("diary", "day", 4_000_000).await;
        let service = pair
            .wait_for("only here", |it| {
                it["synced"] == true && it["folders"][0]["local_bytes"] == 4_000_000
            })
            .await;
        assert_eq!(service["safe"], Value::Null);
        assert_eq!(service["folders"][0]["safe"], Value::Null);
        let text = pair.text().await;
        assert!(
            text.starts_with("Up to date, but only here: diary is shared with nobody."),
            "{text}"
        );
    })
    .await;
}
