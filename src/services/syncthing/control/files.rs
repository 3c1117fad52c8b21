//! The files behind a figure, a page at a time.
//!
//! Invariant: a page is bounded, whatever the server sends; what is no list is an empty one.

use serde::Deserialize;

use super::call::{Remote, with_query};
use super::running_folder;
use crate::core::listing::{FileEntry, FileKind, Listing};
use crate::core::{Refusal, Timestamp};
use crate::services::syncthing::completion::Completion;
use crate::services::syncthing::lenient::{flag, list, number, path, text, time};

/// Entries of a page.
const PER_PAGE: usize = 1000;

/// Page `number` of `listing`, counted from 1, and whether there may be another.
///
/// # Errors
/// The folder is not there or is paused, or the server could not be asked.
pub async fn page(
    remote: &Remote,
    listing: &Listing,
    number: u32,
) -> Result<(Vec<FileEntry>, bool), Refusal> {
    let (path, folder, device) = match listing {
        Listing::Needed { folder } => ("/rest/db/need", folder, None),
        Listing::Local { folder } => ("/rest/db/localchanged", folder, None),
        Listing::Failed { folder } => ("/rest/folder/errors", folder, None),
        Listing::Behind { folder, device } => ("/rest/db/remoteneed", folder, Some(device)),
    };
    if number <= 1 {
        running_folder(remote, folder, None).await?;
    }
    let (number, per_page) = (number.to_string(), PER_PAGE.to_string());
    let mut query = vec![
        ("folder", folder.as_str()),
        ("page", &number),
        ("perpage", &per_page),
    ];
    query.extend(device.map(|device| ("device", device.as_str())));
    let page: Page = remote.get(&with_query(path, &query)).await?;
    let files = page.files();
    let more = files.len() >= PER_PAGE;
    Ok((files, more))
}

/// Those of these folders and devices where the device surely lacks something of the folder, now.
///
/// # Errors
/// The server could not be asked.
pub async fn lacking(
    remote: &Remote,
    shares: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Refusal> {
    let mut lacking = Vec::new();
    for (folder, device) in shares {
        let query = [("folder", folder.as_str()), ("device", &device)];
        let path = with_query("/rest/db/completion", &query);
        let completion: Completion = remote.get(&path).await?;
        if !completion.lacks().is_nothing() {
            lacking.push((folder, device));
        }
    }
    Ok(lacking)
}

/// Whichever of these a version has for what was asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    /// `db/need`: on its way, next, and the rest.
    #[serde(deserialize_with = "list::<_, _, PER_PAGE>")]
    progress: Vec<Item>,
    #[serde(deserialize_with = "list::<_, _, PER_PAGE>")]
    queued: Vec<Item>,
    #[serde(deserialize_with = "list::<_, _, PER_PAGE>")]
    rest: Vec<Item>,
    #[serde(deserialize_with = "list::<_, _, PER_PAGE>")]
    files: Vec<Item>,
    #[serde(deserialize_with = "list::<_, _, PER_PAGE>")]
    errors: Vec<Failed>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    #[serde(deserialize_with = "path")]
    name: String,
    #[serde(deserialize_with = "number")]
    size: u64,
    #[serde(deserialize_with = "time")]
    modified: Option<Timestamp>,
    #[serde(deserialize_with = "flag")]
    deleted: bool,
    #[serde(rename = "type", deserialize_with = "text")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failed {
    #[serde(deserialize_with = "path")]
    path: String,
    /// The reason stands at the end, behind a path.
    #[serde(deserialize_with = "path")]
    error: String,
}

impl Page {
    fn files(self) -> Vec<FileEntry> {
        let needed = self.progress.into_iter().chain(self.queued);
        let items = needed.chain(self.rest).chain(self.files);
        let failed = self.errors.into_iter().map(|failed| FileEntry {
            path: failed.path,
            error: Some(failed.error),
            ..FileEntry::default()
        });
        items.map(Item::entry).chain(failed).collect()
    }
}

impl Item {
    fn entry(self) -> FileEntry {
        let kind = match self.kind.as_str() {
            "FILE_INFO_TYPE_DIRECTORY" => FileKind::Directory,
            kind if kind.starts_with("FILE_INFO_TYPE_SYMLINK") => FileKind::Symlink,
            _ => FileKind::File,
        };
        FileEntry {
            path: self.name,
            kind: Some(kind),
            // 1.x counts 128 bytes for what holds none.
            bytes: (kind == FileKind::File && !self.deleted).then_some(self.size),
            modified: self.modified,
            deleted: self.deleted,
            error: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(json: &str) -> Vec<FileEntry> {
        serde_json::from_str::<Page>(json).expect("JSON").files()
    }

    #[test]
    fn every_version_says_what_it_lists() {
        macro_rules! reply {
            ($version:literal, $name:literal) => {
                listed(include_str!(concat!(
                    "../../../../tests/fixtures/syncthing/",
                    $version,
                    "/",
                    $name,
                    ".json"
                )))
            };
        }
        let shown = |files: Vec<FileEntry>| {
            let shown = files.iter().map(|file| {
                let FileEntry {
                    path,
                    bytes,
                    deleted,
                    error,
                    ..
                } = file;
                format!("{path} {:?} {bytes:?} {deleted} {error:?}", file.kind)
            });
            shown.collect::<Vec<_>>().join("\n")
        };
        let all = [
            reply!("1.19.2", "need"),
            reply!("1.19.2", "localchanged"),
            reply!("1.29.5", "need"),
            reply!("1.29.5", "localchanged"),
            reply!("1.29.5", "remoteneed"),
            reply!("1.29.5", "folder-errors"),
            reply!("2.1.3", "need-sendonly"),
            reply!("2.1.3", "localchanged-recv"),
            reply!("2.1.3", "remoteneed-b-dirs"),
            reply!("2.1.3", "folder-errors-failed"),
        ];
        insta::assert_snapshot!(all.map(shown).join("\n--\n"), @r#"
        dir Some(Directory) None false None
        link Some(Symlink) None false None
        theirs Some(File) Some(600) false None
        --
        d Some(Directory) None false None
        x y Some(File) Some(5) false None
        --
        dir Some(Directory) None false None
        link Some(Symlink) None false None
        theirs Some(File) Some(600) false None
        --
        d Some(Directory) None false None
        x y Some(File) Some(5) false None
        --

        --

        --
        empty Some(File) Some(0) false None
        newdir Some(Directory) None false None
        --
        local.txt Some(File) Some(9) false None
        --
        d Some(Directory) None false None
        empty Some(File) Some(0) false None
        --
        dd None None false Some("syncing: delete dir: directory has been deleted on a remote device but contains ignored files (see ignore documentation for (?d) prefix)")
        "#);
    }

    #[test]
    fn what_is_no_list_is_an_empty_one() {
        for odd in [
            r#"{}"#,
            r#"{"files":null}"#,
            r#"{"files":{"a":1},"rest":3}"#,
        ] {
            assert_eq!(listed(odd), [], "{odd}");
        }
        assert_eq!(listed(r#"{"files":[{"name":7,"size":-1}]}"#).len(), 1);
    }
}
