//! Who wants which path, and whom an event concerns.
//!
//! Invariant: plain values; nothing here touches the disk or notify.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::Touch;
use super::plan::Plan;

pub(super) type Callback = Box<dyn Fn(Touch) + Send>;

#[derive(Default)]
pub(super) struct Table {
    pub(super) next: u64,
    pub(super) subscribers: HashMap<u64, Subscriber>,
    /// By the path that an event names.
    pub(super) index: HashMap<PathBuf, Vec<Place>>,
    /// Subscribers whose plans must be made again.
    pub(super) dirty: BTreeSet<u64>,
    /// Directories that were removed or moved: their watches are void.
    pub(super) stale: BTreeSet<PathBuf>,
    /// Directories that may no longer be wanted.
    pub(super) loose: BTreeSet<PathBuf>,
    pub(super) replanning: bool,
}

pub(super) struct Subscriber {
    pub(super) touched: Arc<Mutex<Callback>>,
    pub(super) paths: Vec<Followed>,
}

pub(super) struct Followed {
    /// As the subscriber named it.
    pub(super) path: PathBuf,
    pub(super) absolute: PathBuf,
    pub(super) plan: Option<Plan>,
    /// A write was reported, and the writer has not closed the file yet.
    pub(super) writing: bool,
}

/// What a path in the index means to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) role: Role,
    pub(super) subscriber: u64,
    pub(super) path: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    File,
    /// A symlink on the way, or the first missing part of the path.
    Hop,
    /// A directory that is watched.
    Directory,
}

/// Paths to plan (subscriber, index, absolute path), stale directories, loose directories.
pub(super) type Work = (
    Vec<(u64, usize, PathBuf)>,
    BTreeSet<PathBuf>,
    BTreeSet<PathBuf>,
);

impl Table {
    pub(super) fn has_work(&self) -> bool {
        !(self.dirty.is_empty() && self.stale.is_empty() && self.loose.is_empty())
    }

    pub(super) fn take_work(&mut self) -> Option<Work> {
        if !self.has_work() {
            return None;
        }
        let mut paths = Vec::new();
        for id in std::mem::take(&mut self.dirty) {
            let followed = self
                .subscribers
                .get(&id)
                .map(|found| found.paths.as_slice());
            for (index, followed) in followed.unwrap_or_default().iter().enumerate() {
                paths.push((id, index, followed.absolute.clone()));
            }
        }
        let stale = std::mem::take(&mut self.stale);
        Some((paths, stale, std::mem::take(&mut self.loose)))
    }

    pub(super) fn followed(
        &mut self,
        id: u64,
        path: usize,
    ) -> Option<(Arc<Mutex<Callback>>, &mut Followed)> {
        let subscriber = self.subscribers.get_mut(&id)?;
        let followed = subscriber.paths.get_mut(path)?;
        Some((Arc::clone(&subscriber.touched), followed))
    }

    /// Puts a plan in force; whether it differs from the one before.
    pub(super) fn place(&mut self, subscriber: u64, path: usize, plan: Plan) -> bool {
        let Some((_, followed)) = self.followed(subscriber, path) else {
            return false;
        };
        if followed.plan.as_ref() == Some(&plan) {
            return false;
        }
        let before = followed.plan.replace(plan.clone());
        self.unplace(subscriber, path, before.as_ref());
        for (role, key) in roles(&plan) {
            let places = self.index.entry(key).or_default();
            let place = Place {
                role,
                subscriber,
                path,
            };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        true
    }

    pub(super) fn unplace(&mut self, subscriber: u64, path: usize, plan: Option<&Plan>) {
        let Some(plan) = plan else { return };
        for (role, key) in roles(plan) {
            if let Some(places) = self.index.get_mut(&key) {
                places.retain(|place| (place.subscriber, place.path) != (subscriber, path));
                if places.is_empty() {
                    self.index.remove(&key);
                }
            }
            if role == Role::Directory {
                self.loose.insert(key);
            }
        }
    }

    /// Whom an event at `path` concerns; with `any_case` also where it was spelled otherwise.
    pub(super) fn places(&self, path: &Path, any_case: bool) -> Option<Vec<Place>> {
        let exactly = self.index.get(path);
        let alike = |known: &&PathBuf| {
            let known = known.as_os_str();
            known.eq_ignore_ascii_case(path.as_os_str())
        };
        let places = exactly.or_else(|| {
            let known = self.index.keys().filter(|_| any_case).find(alike)?;
            self.index.get(known)
        });
        places.cloned()
    }

    /// The subscribers and paths that need `directory`.
    pub(super) fn users(&self, directory: &Path) -> Vec<(u64, usize)> {
        let places = self.index.get(directory).map(Vec::as_slice);
        let places = places.unwrap_or_default().iter();
        places
            .filter(|place| place.role == Role::Directory)
            .map(|place| (place.subscriber, place.path))
            .collect()
    }

    pub(super) fn directories(&self) -> impl Iterator<Item = &PathBuf> {
        let is_directory =
            |places: &[Place]| places.iter().any(|place| place.role == Role::Directory);
        self.index
            .iter()
            .filter(move |(_, places)| is_directory(places))
            .map(|(directory, _)| directory)
    }

    /// A directory went: its watch and those below it are void, or follow it to its new place.
    pub(super) fn void_below(&mut self, gone: &Path) {
        let below: Vec<PathBuf> = self
            .directories()
            .filter(|directory| directory.starts_with(gone))
            .cloned()
            .collect();
        for directory in below {
            let users = self.users(&directory);
            self.dirty
                .extend(users.into_iter().map(|(subscriber, _)| subscriber));
            self.stale.insert(directory);
        }
    }
}

/// What a plan means in the index.
fn roles(plan: &Plan) -> Vec<(Role, PathBuf)> {
    let last = plan.steps.len().saturating_sub(1);
    let mut roles = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let role = if plan.arrives && index == last {
            Role::File
        } else {
            Role::Hop
        };
        roles.push((role, step.directory.join(&step.name)));
        roles.push((Role::Directory, step.directory.clone()));
    }
    roles
}
