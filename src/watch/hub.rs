//! Who wants which path, what is watched for it, and which event concerns whom.
//!
//! Invariant: `table` is never locked while notify is called or a subscriber is told; locks are taken
//! in the order `backend`, `table`; notify's thread takes `table` only.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use notify::Event;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};

use super::backend::{Backend, Handler, Make, Watched};
use super::plan::Plan;
use super::{Mode, Touch};

/// More re-plans in a row than any real change needs; the next refresh goes on from there.
const ROUNDS: usize = 16;
/// Linux says when a writer closes the file, so that one notice per burst of writes is enough.
const TELLS_CLOSE: bool = cfg!(any(target_os = "linux", target_os = "android"));

type Callback = Box<dyn Fn(Touch) + Send>;

pub(super) struct Hub {
    me: Weak<Hub>,
    backend: Mutex<Backend>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    subscribers: HashMap<u64, Subscriber>,
    /// By the path that an event names.
    index: HashMap<PathBuf, Vec<Place>>,
    /// Subscribers whose plans must be made again.
    dirty: BTreeSet<u64>,
    /// Directories that were removed or moved: their watches are void.
    stale: BTreeSet<PathBuf>,
    /// Directories that may no longer be wanted.
    loose: BTreeSet<PathBuf>,
    replanning: bool,
}

struct Subscriber {
    touched: Arc<Mutex<Callback>>,
    paths: Vec<Followed>,
}

struct Followed {
    /// As the subscriber named it.
    path: PathBuf,
    absolute: PathBuf,
    plan: Option<Plan>,
    /// A write was reported, and the writer has not closed the file yet.
    writing: bool,
}

/// What a path in the index means to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    role: Role,
    subscriber: u64,
    path: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    File,
    /// A symlink on the way, or the first missing part of the path.
    Hop,
    /// A directory that is watched.
    Directory,
}

/// What happened, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    /// Created, removed or renamed.
    Entry,
    Written,
    /// Closed after writing, or changed in a way that the system does not tell.
    Complete,
    Metadata,
    Opened,
}

type Telling = (Arc<Mutex<Callback>>, Touch);

impl Hub {
    pub(super) fn new(make: Make) -> Arc<Self> {
        let hub = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            backend: Mutex::new(Backend::new(make)),
            table: Mutex::default(),
        });
        lock(&hub.backend).start(|| hub.handler());
        hub
    }

    pub(super) fn subscribe(&self, paths: Vec<PathBuf>, touched: Callback) -> u64 {
        let follow = |path: PathBuf| Followed {
            absolute: std::path::absolute(&path).unwrap_or_else(|_| path.clone()),
            path,
            plan: None,
            writing: false,
        };
        let subscriber = Subscriber {
            touched: Arc::new(Mutex::new(touched)),
            paths: paths.into_iter().map(follow).collect(),
        };
        let id = {
            let mut table = lock(&self.table);
            let id = table.next;
            table.next += 1;
            table.subscribers.insert(id, subscriber);
            table.dirty.insert(id);
            id
        };
        self.replan(Some(id));
        id
    }

    /// Safe on any thread: the watches go on a thread of their own.
    pub(super) fn unsubscribe(&self, id: u64) {
        let mut table = lock(&self.table);
        let Some(subscriber) = table.subscribers.remove(&id) else {
            return;
        };
        for (index, followed) in subscriber.paths.iter().enumerate() {
            table.unplace(id, index, followed.plan.as_ref());
        }
        drop(table);
        self.replan_soon();
    }

    pub(super) fn refresh(&self) {
        {
            let mut backend = lock(&self.backend);
            backend.start(|| self.handler());
            let directories = backend.directories();
            let mut table = lock(&self.table);
            table.loose.extend(directories);
            table.dirty = table.subscribers.keys().copied().collect();
        }
        self.replan(None);
    }

    pub(super) fn mode(&self) -> Mode {
        match lock(&self.backend).trouble() {
            None => Mode::Events,
            Some(why) => Mode::Timed { why },
        }
    }

    pub(super) fn is_complete(&self, id: u64) -> bool {
        let backend = lock(&self.backend);
        let table = lock(&self.table);
        let watched = |followed: &Followed| {
            let plan = followed.plan.as_ref();
            plan.is_some_and(|plan| {
                let mut steps = plan.steps.iter();
                steps.all(|step| backend.is_watched(&step.directory))
            })
        };
        let subscriber = table.subscribers.get(&id);
        subscriber.is_some_and(|subscriber| subscriber.paths.iter().all(watched))
    }

    fn handler(&self) -> Handler {
        let hub = self.me.clone();
        Box::new(move |event| {
            if let Some(hub) = hub.upgrade() {
                hub.handle(event);
            }
        })
    }

    fn handle(&self, event: notify::Result<Event>) {
        // Errors of the reader itself have no path; the timed refresh stands in.
        let Ok(event) = event else { return };
        if event.need_rescan() {
            return self.lost_events();
        }
        let Some(happening) = Happening::of(&event.kind) else {
            return;
        };
        for path in &event.paths {
            self.happened(path, happening);
        }
    }

    /// The kernel's queue overflowed: anything may have changed, and any watch may be void.
    fn lost_events(&self) {
        let mut table = lock(&self.table);
        let directories: Vec<PathBuf> = table.directories().cloned().collect();
        table.stale.extend(directories);
        table.dirty = table.subscribers.keys().copied().collect();
        drop(table);
        self.replan_soon();
    }

    fn happened(&self, path: &Path, happening: Happening) {
        let mut table = lock(&self.table);
        let Some(places) = table.index.get(path).cloned() else {
            return;
        };
        let mut tellings = Vec::new();
        let mut doubtful = Vec::new();
        let mut void = false;
        for place in places {
            use Happening as H;
            let Some((touched, followed)) = table.followed(place.subscriber, place.path) else {
                continue;
            };
            let path = followed.path.clone();
            let touch = match (place.role, happening) {
                (Role::File, H::Opened) => Touch::Opened(path),
                (Role::File, _) => {
                    let known = std::mem::replace(&mut followed.writing, happening == H::Written);
                    if known && followed.writing && TELLS_CLOSE {
                        continue;
                    }
                    Touch::Changed(path)
                }
                (_, H::Entry | H::Metadata) => Touch::Changed(path),
                (Role::Hop | Role::Directory, _) => continue,
            };
            tellings.push((touched, touch));
            if matches!(happening, H::Entry | H::Metadata) {
                doubtful.push(place);
            }
            void |= place.role == Role::Directory && happening == H::Entry;
        }
        if void {
            table.void_below(path);
        }
        drop(table);
        tell(tellings);
        // The subscriber knows; only now look whether other directories must be watched.
        if self.is_outdated(&doubtful) || void {
            self.replan_soon();
        }
    }

    /// Marks those whose plan is no longer right.
    fn is_outdated(&self, places: &[Place]) -> bool {
        let mut outdated = false;
        for place in places {
            let mut table = lock(&self.table);
            let Some((_, followed)) = table.followed(place.subscriber, place.path) else {
                continue;
            };
            let (absolute, known) = (followed.absolute.clone(), followed.plan.clone());
            drop(table);
            if known != Some(Plan::of(&absolute)) {
                lock(&self.table).dirty.insert(place.subscriber);
                outdated = true;
            }
        }
        outdated
    }

    /// Plans on a thread that lives only as long as there is something to do: notify's own thread
    /// cannot change its watches, and a second thread that idles costs memory all day.
    fn replan_soon(&self) {
        if std::mem::replace(&mut lock(&self.table).replanning, true) {
            return;
        }
        let me = self.me.clone();
        let work = move || {
            while let Some(hub) = me.upgrade() {
                hub.replan(None);
                let mut table = lock(&hub.table);
                if !table.has_work() {
                    table.replanning = false;
                    return;
                }
            }
        };
        let spawned = thread::Builder::new()
            .name("watch-replan".to_owned())
            .spawn(work);
        if spawned.is_err() {
            lock(&self.table).replanning = false;
        }
    }

    /// Brings plans and watches in line with the disk, then tells those for whom something changed,
    /// except `newcomer`, who has not read anything yet.
    fn replan(&self, newcomer: Option<u64>) {
        let mut backend = lock(&self.backend);
        let mut changed = BTreeSet::new();
        for _ in 0..ROUNDS {
            let Some((plans, stale, mut concerned)) = lock(&self.table).take_work() else {
                break;
            };
            for directory in &stale {
                backend.unwatch(directory);
            }
            concerned.extend(stale);
            let plans: Vec<_> = plans
                .into_iter()
                .map(|(subscriber, path, absolute)| (subscriber, path, Plan::of(&absolute)))
                .collect();
            // In force before the watches are, so that no event finds an empty index.
            let mut table = lock(&self.table);
            for (subscriber, path, plan) in plans {
                concerned.extend(plan.steps.iter().map(|step| step.directory.clone()));
                if table.place(subscriber, path, plan) {
                    changed.insert((subscriber, path));
                }
            }
            concerned.append(&mut table.loose);
            drop(table);
            for directory in concerned {
                let users = lock(&self.table).users(&directory);
                if users.is_empty() {
                    backend.unwatch(&directory);
                    continue;
                }
                match backend.watch(&directory) {
                    Watched::Already | Watched::Failed => continue,
                    Watched::Newly => changed.extend(users.iter().copied()),
                    Watched::Gone => {}
                }
                // Between the look and the watch anything can have happened: look again.
                let again = users.into_iter().map(|(subscriber, _)| subscriber);
                lock(&self.table).dirty.extend(again);
            }
        }
        drop(backend);
        changed.retain(|(subscriber, _)| Some(*subscriber) != newcomer);
        let mut tellings = Vec::new();
        let mut table = lock(&self.table);
        for (subscriber, path) in changed {
            if let Some((touched, followed)) = table.followed(subscriber, path) {
                tellings.push((touched, Touch::Changed(followed.path.clone())));
            }
        }
        drop(table);
        tell(tellings);
    }
}

/// Paths to plan (subscriber, index, absolute path), stale directories, loose directories.
type Work = (
    Vec<(u64, usize, PathBuf)>,
    BTreeSet<PathBuf>,
    BTreeSet<PathBuf>,
);

impl Table {
    fn has_work(&self) -> bool {
        !(self.dirty.is_empty() && self.stale.is_empty() && self.loose.is_empty())
    }

    fn take_work(&mut self) -> Option<Work> {
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

    fn followed(&mut self, id: u64, path: usize) -> Option<(Arc<Mutex<Callback>>, &mut Followed)> {
        let subscriber = self.subscribers.get_mut(&id)?;
        let followed = subscriber.paths.get_mut(path)?;
        Some((Arc::clone(&subscriber.touched), followed))
    }

    /// Puts a plan in force; whether it differs from the one before.
    fn place(&mut self, subscriber: u64, path: usize, plan: Plan) -> bool {
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

    fn unplace(&mut self, subscriber: u64, path: usize, plan: Option<&Plan>) {
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

    /// The subscribers and paths that need `directory`.
    fn users(&self, directory: &Path) -> Vec<(u64, usize)> {
        let places = self.index.get(directory).map(Vec::as_slice);
        let places = places.unwrap_or_default().iter();
        places
            .filter(|place| place.role == Role::Directory)
            .map(|place| (place.subscriber, place.path))
            .collect()
    }

    fn directories(&self) -> impl Iterator<Item = &PathBuf> {
        let is_directory =
            |places: &[Place]| places.iter().any(|place| place.role == Role::Directory);
        self.index
            .iter()
            .filter(move |(_, places)| is_directory(places))
            .map(|(directory, _)| directory)
    }

    /// A directory went: its watch and those below it are void, or follow it to its new place.
    fn void_below(&mut self, gone: &Path) {
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

impl Happening {
    fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            // Both halves of a rename come on their own as well.
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
            EventKind::Modify(ModifyKind::Name(_)) => Some(Self::Entry),
            EventKind::Modify(ModifyKind::Data(_)) => Some(Self::Written),
            EventKind::Modify(ModifyKind::Metadata(_)) => Some(Self::Metadata),
            EventKind::Modify(_) => Some(Self::Complete),
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Self::Complete),
            EventKind::Access(AccessKind::Open(_)) => Some(Self::Opened),
            EventKind::Access(_) => None,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any | EventKind::Other => {
                Some(Self::Entry)
            }
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

fn tell(tellings: Vec<Telling>) {
    for (touched, touch) in tellings {
        lock(&touched)(touch);
    }
}

/// A panic elsewhere while holding the lock leaves nothing half done that a re-plan would not mend.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
