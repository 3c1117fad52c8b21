//! The files behind a figure, one a line.

use super::Frame;
use super::style::{Line, Page, Role};
use super::units::{count, date_time, size};
use crate::core::listing::{FileEntry, FileKind, Listing};
use crate::core::service::Conflict;

/// As wide as the longest of what stands before a name.
const COLUMN: usize = 9;

/// One file.
pub fn row(file: &FileEntry) -> Line {
    let (role, what) = match (file.deleted, file.kind, file.bytes) {
        (true, ..) => (Role::Warn, "deleted".to_owned()),
        (_, Some(FileKind::Directory), _) => (Role::Dim, "directory".to_owned()),
        (_, Some(FileKind::Symlink), _) => (Role::Dim, "link".to_owned()),
        (_, _, Some(bytes)) => (Role::Dim, size(bytes)),
        (_, _, None) => (Role::Dim, String::new()),
    };
    match &file.error {
        Some(error) => Line::plain(&format!("{}: ", file.path)).with(Role::Bad, error),
        None => Line::of(role, &what)
            .fill(COLUMN, true)
            .with(Role::Plain, &format!("  {}", file.path)),
    }
}

/// One conflict copy.
pub fn conflict(conflict: &Conflict, frame: &Frame) -> Line {
    let time = date_time(conflict.time, &frame.zone);
    Line::of(Role::Dim, &time).with(Role::Plain, &format!("  {}", conflict.path))
}

/// Above the files that a device lacks, where several do.
pub fn heading(device: &str) -> Line {
    Line::of(Role::Strong, &format!("{device} lacks:"))
}

/// That there is none. `device` is whom it is about, where it is about one.
pub fn nothing(listing: Option<&Listing>, folder: &str, device: Option<&str>) -> Line {
    let words = match (listing, device) {
        (Some(Listing::Needed { .. }), _) => format!("Nothing is needed in {folder}."),
        (Some(Listing::Local { .. }), _) => format!("Nothing was changed here in {folder}."),
        (Some(Listing::Failed { .. }), _) => format!("Nothing failed in {folder}."),
        (Some(Listing::Behind { .. }), Some(device)) => {
            format!("{device} lacks nothing of {folder}.")
        }
        (Some(Listing::Behind { .. }), None) => format!("Nobody lacks anything of {folder}."),
        (None, _) => format!("No conflict copy was seen in {folder}."),
    };
    Line::plain(&words)
}

/// The first of the files that something is about, how many there are, and how much that is.
pub fn preview(first: &[FileEntry], items: u64, bytes: u64, is_all: bool) -> Page {
    let mut page: Page = first.iter().map(row).collect();
    let shown = u64::try_from(first.len()).unwrap_or(u64::MAX);
    let least = if is_all { "" } else { "at least " };
    let total = format!("{least}{}, {}", count(items, "item"), size(bytes));
    page.push(match items > shown {
        true => Line::plain(&format!("... and {} more: {total}.", items - shown)),
        false => Line::plain(&format!("That is {total}.")),
    });
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, bytes: u64) -> FileEntry {
        FileEntry {
            path: path.into(),
            kind: Some(FileKind::File),
            bytes: Some(bytes),
            ..FileEntry::default()
        }
    }

    #[test]
    fn the_first_are_named_and_the_rest_is_counted() {
        let gone = FileEntry {
            path: "gone".into(),
            deleted: true,
            ..FileEntry::default()
        };
        let failed = FileEntry {
            path: "a\u{1b}[2J".into(),
            error: Some("permission denied".into()),
            ..FileEntry::default()
        };
        let all = [file("photo.jpg", 105_000), gone, failed];
        insta::assert_snapshot!(preview(&all, 3, 105_000, true), @r"
          103 KiB  photo.jpg
          deleted  gone
        a\u{1b}[2J: permission denied
        That is 3 items, 103 KiB.
        ");
        insta::assert_snapshot!(preview(&all[..1], 20_000, 1 << 30, false), @r"
          103 KiB  photo.jpg
        ... and 19999 more: at least 20000 items, 1.0 GiB.
        ");
    }
}
