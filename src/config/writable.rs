//! Files that others can write: whoever writes a pin, a config.xml or this program's own files decides what is trusted, or
//! what runs as this user.

use std::path::Path;

use super::problem::Warning;

/// One for each way in which somebody else can write or replace `path`, of which `what` says why that matters. A file
/// that is not there is its directory's matter. May wait for a disk. Access lists are not looked at.
pub(super) fn writable(path: &Path, what: &str) -> Vec<Warning> {
    #[cfg(unix)]
    return unix::found(path, what);
    #[cfg(not(unix))]
    {
        let _ = (path, what);
        Vec::new()
    }
}

#[cfg(unix)]
mod unix {
    use std::collections::BTreeSet;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Path, PathBuf};

    use rustix::process::{getegid, geteuid};

    use super::Warning;

    const STICKY: u32 = 0o1000;

    pub(super) fn found(path: &Path, what: &str) -> Vec<Warning> {
        let real = path.canonicalize();
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        // The way that is written, and where it leads: a link can be replaced as well as a file.
        let places: BTreeSet<PathBuf> = [Some(absolute), real.ok()]
            .into_iter()
            .flatten()
            .flat_map(|place| place.ancestors().map(Path::to_path_buf).collect::<Vec<_>>())
            .collect();
        let open = places.iter().filter(|place| is_open(place));
        open.map(|place| {
            let shown = place.display().to_string();
            let quoted = shown.replace('\'', r"'\''");
            Warning(format!(
                "other users can write {shown}: {what}. Run: chmod go-w '{quoted}'"
            ))
        })
        .collect()
    }

    /// Whether somebody else can write the file, or replace what is in the directory: one with the sticky bit, as /tmp
    /// has it, guards what is in it.
    fn is_open(place: &Path) -> bool {
        let Ok(found) = place.metadata() else {
            return false;
        };
        let guarded = found.is_dir() && found.mode() & STICKY != 0;
        // Many systems give each user a group of their own, and let it write.
        let own = [0, getegid().as_raw()].contains(&found.gid());
        let others = found.mode() & 0o002 != 0 || (found.mode() & 0o020 != 0 && !own);
        others && !guarded
    }

    /// Whether another user than this one and root owns what is there.
    pub(super) fn of_another(place: &Path) -> bool {
        let owner = place.metadata().map(|found| found.uid());
        owner.is_ok_and(|owner| owner != 0 && owner != geteuid().as_raw())
    }
}

/// The same of a directory that only this user may have, as far as it is there.
pub(super) fn not_own(directory: &Path, what: &str) -> Vec<Warning> {
    let mut found = writable(directory, what);
    #[cfg(unix)]
    if let Some(there) = directory.ancestors().find(|place| place.is_dir())
        && unix::of_another(there)
    {
        found.push(Warning(format!(
            "{} belongs to another user: {what}. Use a directory of your own",
            there.display()
        )));
    }
    found
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
    }

    fn said(path: &Path) -> Vec<String> {
        let found = writable(path, "it matters");
        found.into_iter().map(|warning| warning.0).collect()
    }

    #[test]
    fn a_file_and_every_directory_on_the_way_to_it_are_looked_at() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().canonicalize().expect("a path").join("certs");
        fs::create_dir(&directory).expect("made");
        let file = directory.join("https-cert.pem");
        fs::write(&file, "").expect("written");
        mode(&directory, 0o755);
        for good in [0o600, 0o644, 0o444, 0o640] {
            mode(&file, good);
            assert_eq!(said(&file), [""; 0], "{good:o}");
        }
        for bad in [0o666, 0o777, 0o602] {
            mode(&file, bad);
            let shown = file.display();
            let expected =
                format!("other users can write {shown}: it matters. Run: chmod go-w '{shown}'");
            assert_eq!(said(&file), [expected], "{bad:o}");
        }
        mode(&file, 0o600);
        mode(&directory, 0o777);
        let [only] = &said(&file)[..] else {
            panic!("{:?}", said(&file));
        };
        assert!(
            only.contains(&format!("{}: ", directory.display())),
            "{only}"
        );
        // As /tmp is.
        mode(&directory, 0o1777);
        assert_eq!(said(&file), [""; 0]);
        // What is not there yet can be put there by others.
        mode(&directory, 0o777);
        assert_eq!(said(&directory.join("none")).len(), 1);
        // A link into a safe place stands in an open one.
        let safe = place.path().join("safe.pem");
        fs::write(&safe, "").expect("written");
        mode(&safe, 0o600);
        let link = directory.join("link");
        std::os::unix::fs::symlink(&safe, &link).expect("linked");
        assert_eq!(said(&link).len(), 1);
    }

    #[test]
    fn a_directory_of_another_user_is_none_of_ours() {
        let of_root = Path::new("/usr");
        assert_eq!(not_own(of_root, "it matters"), []);
        let place = tempfile::tempdir().expect("a directory");
        assert_eq!(not_own(&place.path().join("a/b"), "it matters"), []);
        mode(place.path(), 0o777);
        assert_eq!(not_own(&place.path().join("a/b"), "it matters").len(), 1);
        if rustix::process::geteuid().is_root() {
            mode(place.path(), 0o700);
            std::os::unix::fs::chown(place.path(), Some(65_534), None).expect("given away");
            let found = not_own(&place.path().join("a"), "it matters");
            assert!(found[0].0.contains("belongs to another user"), "{found:?}");
        }
    }
}
