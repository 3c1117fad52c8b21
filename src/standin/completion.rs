//! The JSON of `db/completion`: how far another device is, by the counts of 2.x.
//!
//! Pure: the world in, a value out.

use serde_json::{Value, json};

use super::folders::{Counts, Folder, World};

/// `db/completion` of one folder for another device.
/// What a device that has not accepted it told of it is nothing, and of one that is away its state is not known.
pub(super) fn completion(folder: &Folder, device: &str, connected: bool) -> Value {
    let declined = folder.declined.contains(device);
    let sequence = if declined { 0 } else { folder.sequence };
    let state = match connected {
        false => "unknown",
        true if declined => "notSharing",
        true if folder.paused_there.contains(device) => "paused",
        true => "valid",
    };
    let need = need_of(folder, device);
    completion_of(folder.global, need, sequence, state)
}

/// `db/completion` of all folders that a device shares; `None` when one of them is paused (404, measured).
pub(super) fn total_completion(world: &World, device: &str) -> Option<Value> {
    let shared = || {
        world
            .folders
            .iter()
            .filter(|folder| folder.devices.iter().any(|id| id == device))
    };
    if shared().any(|folder| folder.paused) {
        return None;
    }
    let (global, need) = shared().fold(<(Counts, Counts)>::default(), |(global, need), folder| {
        (
            sum(global, folder.global),
            sum(need, need_of(folder, device)),
        )
    });
    Some(completion_of(global, need, 0, "unknown"))
}

fn need_of(folder: &Folder, device: &str) -> Counts {
    match folder.declined.contains(device) {
        true => folder.global,
        false => folder.remote_need.get(device).copied().unwrap_or_default(),
    }
}

fn sum(one: Counts, other: Counts) -> Counts {
    Counts {
        items: one.items + other.items,
        deletes: one.deletes + other.deletes,
        bytes: one.bytes + other.bytes,
    }
}

/// lib/model/model.go FolderCompletion.setCompletionPct: 95 when only deletes are left.
fn completion_of(global: Counts, need: Counts, sequence: u64, remote_state: &str) -> Value {
    let percentage = if need.bytes == 0 && need.deletes > 0 {
        95.0
    } else if global.bytes == 0 {
        100.0
    } else {
        100.0 * (1.0 - need.bytes as f64 / global.bytes as f64)
    };
    json!({
        "completion": percentage, "globalBytes": global.bytes, "globalItems": global.items,
        "needBytes": need.bytes, "needDeletes": need.deletes, "needItems": need.items,
        "sequence": sequence, "remoteState": remote_state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completion_sums_over_shared_folders_and_gives_95_for_deletes() {
        let mut world = World::demo(1);
        let nas = world.device("nas").unwrap().id.clone();
        assert_eq!(total_completion(&world, &nas).unwrap()["completion"], 100.0);
        let need = Counts {
            items: 0,
            deletes: 1,
            bytes: 0,
        };
        world.folders[0].remote_need.insert(nas.clone(), need);
        assert_eq!(total_completion(&world, &nas).unwrap()["completion"], 95.0);
        world.folders[0].paused = true;
        assert!(total_completion(&world, &nas).is_none());
    }

    #[test]
    fn who_has_not_accepted_has_nothing_and_says_so_while_connected() {
        let mut folder = Folder::new("f", "", vec!["phone".into()], 3, 300);
        let told = |folder: &Folder, connected: bool| {
            let reply = completion(folder, "phone", connected);
            let state = reply["remoteState"].as_str().unwrap().to_owned();
            (state, reply["needItems"].clone(), reply["sequence"].clone())
        };
        assert_eq!(told(&folder, true), ("valid".into(), json!(0), json!(3)));
        assert_eq!(told(&folder, false), ("unknown".into(), json!(0), json!(3)));
        folder.paused_there.insert("phone".into());
        assert_eq!(told(&folder, true), ("paused".into(), json!(0), json!(3)));
        folder.declined.insert("phone".into());
        assert_eq!(
            told(&folder, true),
            ("notSharing".into(), json!(3), json!(0))
        );
    }
}
