//! Scans: begun, or seen to their end.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::call::{Remote, with_query};
use super::edit::{flag, text};
use super::{FOLDERS, refusal, running_folder};
use crate::core::service::Remedy;
use crate::core::{Outcome, Refusal};

/// A scan is answered at its end (lib/api/api.go postDBScan), which may be hours away; a mistake is told at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// For who waits for the end.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// What is deleted is deleted beside the answer: it is looked for so often, and after such rests.
const LOOKS: u32 = 10;
const REST: Duration = Duration::from_millis(300);

/// Has one folder looked through, or all of them, and returns at the end.
///
/// # Errors
/// What was not scanned, why, and what to do about it.
pub async fn scan(remote: &Remote, folder: Option<&str>) -> Result<Outcome, Refusal> {
    run(remote, folder, None, LONGEST).await
}

/// Has it begun. One that is over soon is seen to its end.
pub(super) async fn rescan(
    remote: &Remote,
    folder: Option<&str>,
    sub: Option<&str>,
) -> Result<Outcome, Refusal> {
    run(remote, folder, sub, PATIENCE).await
}

/// Undoes what was changed here. In an encrypted folder that is deleted, and counted until the next scan.
pub(super) async fn revert(remote: &Remote, id: &str) -> Result<(), Refusal> {
    let folder = running_folder(remote, id, Some(Remedy::Revert)).await?;
    let query = [("folder", id)];
    remote.post(&with_query("/rest/db/revert", &query)).await?;
    if text(&folder, "type") != "receiveencrypted" {
        return Ok(());
    }
    for _ in 0..LOOKS {
        run(remote, Some(id), None, PATIENCE).await?;
        let status: Value = remote.get(&with_query("/rest/db/status", &query)).await?;
        let left = status.get("receiveOnlyTotalItems").and_then(Value::as_u64);
        if left.unwrap_or_default() == 0 {
            break;
        }
        sleep(REST).await;
    }
    Ok(())
}

async fn run(
    remote: &Remote,
    folder: Option<&str>,
    sub: Option<&str>,
    patience: Duration,
) -> Result<Outcome, Refusal> {
    let mut query = Vec::new();
    let mut folders = Value::Null;
    match folder {
        Some(folder) => {
            running_folder(remote, folder, None).await?;
            query.push(("folder", folder));
            query.extend(sub.map(|sub| ("sub", sub)));
        }
        None => {
            folders = remote.get(FOLDERS).await?;
            let mut all = folders.as_array().into_iter().flatten();
            if all.all(|folder| flag(folder, "paused")) {
                return Ok(Outcome::Nothing);
            }
        }
    }
    let path = with_query("/rest/db/scan", &query);
    let Some(reply) = remote.begin(&path, patience).await? else {
        return Ok(Outcome::Done);
    };
    let left_out = not_scanned(&reply.body);
    if folder.is_none() && reply.status == 500 && !left_out.is_empty() {
        return Err(refusal::not_scanned(&folders, &left_out));
    }
    remote.success(Ok(reply)).map(|()| Outcome::Done)
}

/// The IDs of the folders that a scan of all could not scan (lib/api/api.go postDBScan): a sentence, then an object with
/// a line for each. The reply may be cut.
fn not_scanned(body: &[u8]) -> Vec<String> {
    let body = String::from_utf8_lossy(body);
    let ids = body.lines().skip(1).filter_map(|line| {
        let entry = format!("{{{}}}", line.trim().trim_end_matches(','));
        let entry: Value = serde_json::from_str(&entry).ok()?;
        entry.as_object()?.keys().next().cloned()
    });
    ids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_names_those_that_were_not_scanned() {
        // Of 1.19.2 and 1.29.5.
        let reply = b"Error scanning folders\n{\n  \"f/\\\"3\": {},\n  \"f2\": {}\n}\n";
        assert_eq!(not_scanned(reply), ["f/\"3", "f2"]);
        assert_eq!(
            not_scanned(b"Error scanning folders\n{\n  \"f1\": {},\n  \"f"),
            ["f1"]
        );
        for other in [&b""[..], b"folder marker missing\n", b"x\n[1]\n", b"a\nb\n"] {
            assert!(not_scanned(other).is_empty());
        }
    }
}
