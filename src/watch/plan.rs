//! What must be watched to notice any change of one path: a walk along the path, link by link.
//!
//! Invariant: directories in a plan are free of symlinks, so that no directory is watched under two names.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// As many symlinks as Linux follows before it says ELOOP (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The places whose entries decide what a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// In the order of the walk; the last one is the file, or the first thing that is missing.
    pub(super) steps: Vec<Step>,
    /// The walk arrived: the last step is the file itself (there or not), its directory exists.
    pub(super) arrives: bool,
}

/// One name in one directory: a symlink on the way, the file, or the first missing part of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) directory: PathBuf,
    pub(super) name: OsString,
}

impl Plan {
    /// Walks along an absolute path as the disk is now. Costs one `lstat` per part of the path.
    pub(super) fn of(path: &Path) -> Self {
        let mut plan = Self {
            steps: Vec::new(),
            arrives: false,
        };
        let mut directory = PathBuf::new();
        let mut todo = Vec::new();
        let mut links = 0;
        push_reversed(&mut todo, path);
        while let Some(part) = todo.pop() {
            let name = match part {
                Part::Root(root) => {
                    directory = root;
                    continue;
                }
                Part::Up => {
                    directory.pop();
                    continue;
                }
                Part::Name(name) => name,
            };
            let place = directory.join(&name);
            let last = todo.is_empty();
            match place.symlink_metadata() {
                Ok(found) if found.is_symlink() => {
                    plan.step(&directory, name);
                    links += 1;
                    match place.read_link() {
                        Ok(target) if links <= MAX_LINKS => push_reversed(&mut todo, &target),
                        // A loop, or swapped this moment: the step just made tells of the next change.
                        _ => return plan,
                    }
                }
                Ok(found) if found.is_dir() && !last => directory = place,
                Ok(_) => {
                    plan.step(&directory, name);
                    plan.arrives = last;
                    return plan;
                }
                Err(error) => {
                    plan.arrives = last && error.kind() == io::ErrorKind::NotFound;
                    plan.step(&directory, name);
                    return plan;
                }
            }
        }
        plan
    }

    fn step(&mut self, directory: &Path, name: OsString) {
        let directory = directory.to_path_buf();
        self.steps.push(Step { directory, name });
    }
}

enum Part {
    Root(PathBuf),
    Up,
    Name(OsString),
}

/// Puts the parts of `path` on the stack, the first one on top.
fn push_reversed(todo: &mut Vec<Part>, path: &Path) {
    let mut root = PathBuf::new();
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => root.push(component),
            Component::CurDir => {}
            Component::ParentDir => parts.push(Part::Up),
            Component::Normal(name) => parts.push(Part::Name(name.to_owned())),
        }
    }
    todo.extend(parts.into_iter().rev());
    if !root.as_os_str().is_empty() {
        todo.push(Part::Root(root));
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn shown(root: &Path, path: &str) -> (Vec<String>, bool) {
        let plan = Plan::of(&root.join(path));
        let show = |step: &Step| {
            let directory = step.directory.strip_prefix(root).expect("inside");
            directory.join(&step.name).display().to_string()
        };
        (plan.steps.iter().map(show).collect(), plan.arrives)
    }

    #[test]
    fn follows_every_hop() {
        let temp = tempfile::tempdir().expect("temp");
        let root = temp.path().canonicalize().expect("real");
        for directory in ["k/..1", "plain", "elsewhere"] {
            fs::create_dir_all(root.join(directory)).expect("mkdir");
        }
        for file in ["k/..1/tls.crt", "plain/file", "elsewhere/real"] {
            fs::write(root.join(file), "x").expect("write");
        }
        for (target, link) in [
            ("..data/tls.crt", "k/tls.crt"),
            ("..1", "k/..data"),
            ("../elsewhere/./real", "plain/link"),
            ("plain", "alias"),
            ("nowhere/at/all", "dangling"),
            ("loop", "loop"),
        ] {
            symlink(target, root.join(link)).expect("symlink");
        }
        symlink(root.join("elsewhere"), root.join("absolute")).expect("symlink");

        let table: &[(&str, &[&str], bool)] = &[
            ("plain/file", &["plain/file"], true),
            ("plain/../plain/./file", &["plain/file"], true),
            (
                "k/tls.crt",
                &["k/tls.crt", "k/..data", "k/..1/tls.crt"],
                true,
            ),
            ("plain/link", &["plain/link", "elsewhere/real"], true),
            ("alias/file", &["alias", "plain/file"], true),
            ("absolute/real", &["absolute", "elsewhere/real"], true),
            ("dangling", &["dangling", "nowhere"], false),
            ("plain/missing", &["plain/missing"], true),
            ("a/b/c", &["a"], false),
            ("plain/file/below", &["plain/file"], false),
        ];
        for (path, steps, arrives) in table {
            let steps = steps.iter().map(|step| (*step).to_owned()).collect();
            assert_eq!(shown(&root, path), (steps, *arrives), "{path}");
        }
        let (steps, arrives) = shown(&root, "loop");
        assert!(steps.iter().all(|step| step == "loop") && !arrives);
    }
}
