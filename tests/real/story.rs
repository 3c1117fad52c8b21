//! A long random story of folders, after each step of which what is published is what REST says: no state rests on events
//! alone. `STORY_SEED` repeats one, `STORY_STEPS` makes it longer.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs;
use std::hash::{BuildHasher, Hasher};

use crate::support::page::agree;
use crate::support::syncthing::{Options, RealSyncthing, each_version};
use crate::support::watched::Watched;
use serde_json::json;

/// The folders, by the type that they have here.
const FOLDERS: [(&str, &str); 3] = [
    ("both", "sendreceive"),
    ("recv", "receiveonly"),
    ("vault", "receiveencrypted"),
];
/// A part of CI: some seconds for each version.
const STEPS: u64 = 14;

/// Numbers that look random and come again with the seed (xorshift64).
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let given = env::var("STORY_SEED")
            .ok()
            .map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("    STORY_SEED={seed}");
        Self(seed.max(1))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Whoever is watched, and another that shares the first two folders.
struct Cast {
    here: RealSyncthing,
    there: RealSyncthing,
}

impl Cast {
    async fn step(&self, dice: &mut Dice) -> String {
        let (id, kind) = FOLDERS[dice.below(FOLDERS.len())];
        let name = format!("file-{}", dice.below(3));
        let file = self.here.folder_path(id).join(&name);
        match dice.below(8) {
            0..=2 => {
                fs::write(&file, "x".repeat(1 + dice.below(5_000))).unwrap();
                self.scan(id).await;
                format!("{id}: {name} written here")
            }
            3 | 4 => {
                let _ = fs::remove_file(&file);
                self.scan(id).await;
                format!("{id}: {name} deleted here")
            }
            5 if id != "vault" => {
                let file = self.there.folder_path(id).join(&name);
                fs::write(file, "y".repeat(1 + dice.below(5_000))).unwrap();
                self.there.scan(id).await;
                format!("{id}: {name} written there")
            }
            6 if kind == "receiveonly" => {
                let path = format!("/rest/db/revert?folder={id}");
                self.here.api_post(&path, None).await;
                format!("{id}: reverted")
            }
            7 => {
                self.here.pause_folder(id, true).await;
                self.here.pause_folder(id, false).await;
                self.here.wait_for_folder(id, "idle").await;
                format!("{id}: paused, and not")
            }
            _ => {
                self.scan(id).await;
                format!("{id}: scanned")
            }
        }
    }

    async fn scan(&self, id: &str) {
        self.here.wait_for_folder(id, "idle").await;
        self.here.scan(id).await;
    }
}

#[tokio::test]
async fn after_each_step_it_is_as_on_the_page() {
    let steps = env::var("STORY_STEPS").map_or(STEPS, |steps| steps.parse().unwrap());
    each_version(async |binary| {
        let here = RealSyncthing::start(&binary, Options::default()).await;
        let there = RealSyncthing::start(&binary, Options::default()).await;
        here.connect(&there).await;
        let mut watched = Watched::home(here.home()).await;
        for (id, kind) in FOLDERS {
            let path = format!("/rest/config/folders/{id}");
            let mut change = json!({ "type": kind, "fsWatcherEnabled": false });
            if kind == "receiveencrypted" {
                // It cannot become one later.
                change["id"] = json!(id);
                change["path"] = json!(here.folder_path(id));
                here.api_put(&path, change).await;
            } else {
                here.share_folder(id, &there).await;
                here.api_patch(&path, change).await;
            }
            here.wait_for_folder(id, "idle").await;
        }
        let cast = Cast { here, there };
        // What was seen to stay for ever: an item that came and went again between two scans.
        for id in ["recv", "vault"] {
            let file = cast.here.folder_path(id).join("came and went");
            fs::write(&file, "x").unwrap();
            cast.scan(id).await;
            agree(&mut watched, &cast.here, "an item was added here").await;
            fs::remove_file(&file).unwrap();
            cast.scan(id).await;
            let now = agree(&mut watched, &cast.here, "and deleted by hand").await;
            let folders = now["service"]["folders"].as_array().unwrap();
            let folder = folders.iter().find(|folder| folder["id"] == id).unwrap();
            assert_eq!(folder["receive_only_items"], 0);
        }
        let mut dice = Dice::new();
        for number in 0..steps {
            let what = cast.step(&mut dice).await;
            agree(&mut watched, &cast.here, &format!("{number}: {what}")).await;
        }
        watched.assert_never_loud();
    })
    .await;
}
