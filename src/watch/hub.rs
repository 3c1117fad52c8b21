//! Keeps plans and watches in line with the disk, and tells subscribers what happened.
//!
//! Invariant: `table` is never locked while notify is called or a subscriber is told; locks are taken
//! in the order `backend`, `table`; notify's thread takes `table` only. No lock is held while a path is looked at: a
//! disk that does not answer keeps the plans of those whose files are on it waiting, and nobody else's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use notify::Event;

use super::backend::{Backend, Handler, Make, Watched, identity};
use super::happening::Happening;
use super::plan::Plan;
use super::table::{Callback, Followed, Role, Subscriber, Table};
use super::{Mode, Touch};

/// More re-plans in a row than any real change needs; the next refresh goes on from there.
const ROUNDS: usize = 16;
/// Threads that plan at one time; each may wait for a disk.
const PLANNERS: usize = 4;
/// Linux says when a writer closes the file, so that one notice per burst of writes is enough.
const TELLS_CLOSE: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// There events name a file as it is spelled on the disk, however its path was written.
const ANY_CASE: bool = cfg!(any(windows, target_os = "macos"));

pub(super) struct Hub {
    me: Weak<Hub>,
    backend: Mutex<Backend>,
    table: Mutex<Table>,
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
            table.walks(id);
            id
        };
        // It has not read anything yet.
        self.walk(id, Some(id));
        self.plan_soon();
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
        self.plan_soon();
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
        self.plan();
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
        self.plan_soon();
    }

    fn happened(&self, path: &Path, happening: Happening) {
        let mut table = lock(&self.table);
        let Some(places) = table.places(path, ANY_CASE) else {
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
                doubtful.push(place.subscriber);
            }
            void |= place.role == Role::Directory && happening == H::Entry;
        }
        if void {
            table.void_below(path);
        }
        table.dirty.extend(doubtful);
        drop(table);
        tell(tellings);
        // The subscriber knows; only now look whether other directories must be watched.
        self.plan_soon();
    }

    /// Plans on a thread that lives only as long as there is something to do: notify's own thread
    /// cannot change its watches, and a second thread that idles costs memory all day.
    fn plan_soon(&self) {
        {
            let mut table = lock(&self.table);
            if table.planners >= PLANNERS || !table.has_work() {
                return;
            }
            table.planners += 1;
        }
        let me = self.me.clone();
        let work = move || {
            while let Some(hub) = me.upgrade() {
                hub.plan();
                let mut table = lock(&hub.table);
                if !table.has_work() {
                    table.planners -= 1;
                    return;
                }
            }
        };
        let spawned = thread::Builder::new()
            .name("watch-plan".to_owned())
            .spawn(work);
        if spawned.is_err() {
            lock(&self.table).planners -= 1;
        }
    }

    /// Brings plans and watches in line with the disk.
    fn plan(&self) {
        self.let_go();
        loop {
            let next = lock(&self.table).begin_walk();
            let Some(id) = next else { break };
            self.walk(id, None);
            self.let_go();
        }
    }

    /// Gives up watches that are void, or that nobody needs.
    fn let_go(&self) {
        let mut backend = lock(&self.backend);
        let mut table = lock(&self.table);
        let stale = std::mem::take(&mut table.stale);
        let loose = std::mem::take(&mut table.loose);
        let unused = loose.iter().filter(|loose| table.users(loose).is_empty());
        let gone: BTreeSet<&PathBuf> = stale.iter().chain(unused).collect();
        drop(table);
        for directory in gone {
            backend.unwatch(directory);
        }
    }

    /// Plans for a subscriber that nobody else plans for, and watches what its plans need; then tells those for whom
    /// something changed, except `newcomer`.
    fn walk(&self, id: u64, newcomer: Option<u64>) {
        let mut changed = BTreeSet::new();
        for _ in 0..ROUNDS {
            let paths = lock(&self.table).paths(id);
            let plans: Vec<_> = paths
                .into_iter()
                .map(|(path, absolute)| (path, Plan::of(&absolute)))
                .collect();
            let mut directories = BTreeSet::new();
            // In force before the watches are, so that no event finds an empty index.
            let mut table = lock(&self.table);
            for (path, plan) in plans {
                directories.extend(plan.steps.iter().map(|step| step.directory.clone()));
                if table.place(id, path, plan) {
                    changed.insert((id, path));
                }
            }
            drop(table);
            for directory in directories {
                self.watch(&directory, &mut changed);
            }
            if !lock(&self.table).dirty.contains(&id) {
                break;
            }
        }
        lock(&self.table).walking.remove(&id);
        changed.retain(|(subscriber, _)| Some(*subscriber) != newcomer);
        self.tell_changed(changed);
    }

    /// Watches a directory for all that need it. What was not watched before is to be looked at again by each of them.
    fn watch(&self, directory: &Path, changed: &mut BTreeSet<(u64, usize)>) {
        let now = identity(directory);
        let mut backend = lock(&self.backend);
        let mut table = lock(&self.table);
        let (users, stale) = (table.users(directory), table.stale.remove(directory));
        drop(table);
        if users.is_empty() || stale {
            backend.unwatch(directory);
        }
        if users.is_empty() {
            return;
        }
        match backend.watch(directory, now) {
            Watched::Already | Watched::Failed => return,
            Watched::Newly => changed.extend(users.iter().copied()),
            Watched::Gone => {}
        }
        // Between the look and the watch anything can have happened: look again.
        let again = users.into_iter().map(|(subscriber, _)| subscriber);
        lock(&self.table).dirty.extend(again);
    }

    fn tell_changed(&self, changed: BTreeSet<(u64, usize)>) {
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

fn tell(tellings: Vec<Telling>) {
    for (touched, touch) in tellings {
        lock(&touched)(touch);
    }
}

/// A panic elsewhere while holding the lock leaves nothing half done that a re-plan would not mend.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
