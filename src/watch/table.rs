//! Who wants which path, and whom an event concerns.
//!
//! Invariant: plain values; nothing here touches the disk or notify.

use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    /// Those whose paths are being walked just now, or for ever, and the directories of these.
    pub(super) walking: BTreeMap<u64, BTreeSet<PathBuf>>,
    /// Directories that were removed or moved: their watches are void.
    pub(super) stale: BTreeSet<PathBuf>,
    /// Directories that may no longer be wanted.
    pub(super) loose: BTreeSet<PathBuf>,
    /// Threads that plan.
    pub(super) planners: usize,
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

impl Table {
    pub(super) fn has_work(&self) -> bool {
        !(self.stale.is_empty() && self.loose.is_empty()) || self.next_walk().is_some()
    }

    /// Takes on the next subscriber to be planned: one whose directories nobody looks into just now.
    pub(super) fn begin_walk(&mut self) -> Option<u64> {
        let id = self.next_walk()?;
        self.walks(id);
        Some(id)
    }

    /// Takes on a subscriber that nobody else plans.
    pub(super) fn walks(&mut self, id: u64) {
        self.walking.insert(id, self.homes(id));
    }

    /// What is to be planned for a subscriber: index and path of each.
    pub(super) fn paths(&mut self, id: u64) -> Vec<(usize, PathBuf)> {
        self.dirty.remove(&id);
        let subscriber = self.subscribers.get(&id);
        let paths = subscriber.map(|subscriber| subscriber.paths.iter());
        let paths = paths.into_iter().flatten().enumerate();
        paths
            .map(|(index, followed)| (index, followed.absolute.clone()))
            .collect()
    }

    fn next_walk(&self) -> Option<u64> {
        let free = |id: &&u64| {
            let homes = self.homes(**id);
            let mut others = self.walking.iter();
            others.all(|(other, theirs)| other != *id && theirs.is_disjoint(&homes))
        };
        self.dirty.iter().find(free).copied()
    }

    /// Where the paths of a subscriber are.
    fn homes(&self, id: u64) -> BTreeSet<PathBuf> {
        let subscriber = self.subscribers.get(&id);
        let paths = subscriber.map(|subscriber| subscriber.paths.iter());
        let homes = paths.into_iter().flatten().filter_map(|followed| {
            let home = followed.absolute.parent()?;
            Some(home.to_path_buf())
        });
        homes.collect()
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
