//! Every way in which a file is known to change, each with the notice that must come of it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use notify::{Config, ErrorKind, EventHandler, RecursiveMode, WatcherKind};

use super::backend::Handler;
use super::{Mode, Subscription, Touch, Watcher};

const GENEROUS: Duration = Duration::from_secs(5);

struct Scene {
    _temp: tempfile::TempDir,
    root: PathBuf,
    watcher: Watcher,
    subscription: Subscription,
    touches: Receiver<Touch>,
}

impl Scene {
    /// Prepares a directory, then watches `path` in it.
    fn new(path: &str, prepare: impl FnOnce(&Path)) -> Self {
        let temp = tempfile::tempdir().expect("temp");
        let root = temp.path().canonicalize().expect("real");
        prepare(&root);
        let watcher = Watcher::new();
        let (tell, touches) = channel();
        let subscription = watcher.subscribe(vec![root.join(path)], move |touch| {
            let _ = tell.send(touch);
        });
        assert!(subscription.is_complete());
        assert_eq!(watcher.mode(), Mode::Events);
        Self {
            _temp: temp,
            root,
            watcher,
            subscription,
            touches,
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn next(&self, what: &str) -> Touch {
        let touch = self.touches.recv_timeout(GENEROUS);
        touch.unwrap_or_else(|_| panic!("no notice: {what}"))
    }

    /// Waits until reading the file, as told by the notices, gives `content`.
    fn reads(&self, path: &str, content: &str) {
        loop {
            let touch = self.next(content);
            let Touch::Changed(touched) = touch else {
                continue;
            };
            assert_eq!(touched, self.at(path));
            if fs::read_to_string(&touched).is_ok_and(|found| found == content) {
                return;
            }
        }
    }

    /// Waits until a notice comes while `path` is gone.
    fn is_gone(&self, path: &str) {
        while self.next("gone") != Touch::Changed(self.at(path)) || self.at(path).exists() {}
    }
}

fn write(path: impl AsRef<Path>, content: &str) {
    fs::write(path, content).expect("write");
}

fn make(path: impl AsRef<Path>) {
    fs::create_dir_all(path).expect("mkdir");
}

fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    fs::rename(from, to).expect("rename");
}

#[test]
fn rewritten_in_place_by_many_small_writes() {
    let scene = Scene::new("cert", |root| write(root.join("cert"), "old"));
    let mut file = fs::File::create(scene.at("cert")).expect("create");
    for _ in 0..35 {
        file.write_all(b"x").expect("write");
    }
    drop(file);
    scene.reads("cert", &"x".repeat(35));
    scene.reads_nothing_more_than_a_few();
    write(scene.at("cert"), "again");
    scene.reads("cert", "again");
}

impl Scene {
    fn reads_nothing_more_than_a_few(&self) {
        let rest = self.touches.try_iter().count();
        assert!(rest < 8, "{rest} notices for one burst");
    }
}

#[test]
fn replaced_by_rename_again_and_again() {
    let scene = Scene::new("cert", |root| write(root.join("cert"), "old"));
    for content in ["one", "two", "three"] {
        write(scene.at("cert.tmp"), content);
        rename(scene.at("cert.tmp"), scene.at("cert"));
        scene.reads("cert", content);
    }
}

#[test]
fn removed_and_created_again() {
    let scene = Scene::new("cert", |root| write(root.join("cert"), "old"));
    fs::remove_file(scene.at("cert")).expect("remove");
    scene.is_gone("cert");
    write(scene.at("cert"), "new");
    scene.reads("cert", "new");
}

#[test]
fn missing_at_first() {
    let scene = Scene::new("cert", |_| {});
    write(scene.at("other"), "noise");
    write(scene.at("cert"), "new");
    scene.reads("cert", "new");
}

#[test]
fn appears_together_with_its_directories() {
    let scene = Scene::new(".config/syncthing/config.xml", |_| {});
    make(scene.at(".config/syncthing"));
    write(scene.at(".config/syncthing/config.xml"), "new");
    scene.reads(".config/syncthing/config.xml", "new");
    write(scene.at(".config/syncthing/config.xml"), "second");
    scene.reads(".config/syncthing/config.xml", "second");
    assert!(scene.subscription.is_complete());
}

#[test]
fn appears_by_moving_a_whole_tree_into_place() {
    let scene = Scene::new("a/b/c/file", |root| {
        make(root.join("x/b/c"));
        write(root.join("x/b/c/file"), "new");
    });
    rename(scene.at("x"), scene.at("a"));
    scene.reads("a/b/c/file", "new");
}

#[test]
fn directory_removed_and_created_again() {
    let scene = Scene::new("home/cert", |root| {
        make(root.join("home"));
        write(root.join("home/cert"), "old");
    });
    for content in ["one", "two", "three"] {
        fs::remove_dir_all(scene.at("home")).expect("remove");
        make(scene.at("home"));
        write(scene.at("home/cert"), content);
        scene.reads("home/cert", content);
    }
    fs::remove_dir_all(scene.at("home")).expect("remove");
    scene.is_gone("home/cert");
    make(scene.at("home"));
    write(scene.at("home/cert"), "four");
    scene.reads("home/cert", "four");
}

#[test]
fn directory_renamed_and_another_put_in_its_place() {
    let scene = Scene::new("home/cert", |root| {
        make(root.join("home"));
        make(root.join("next"));
        write(root.join("home/cert"), "old");
        write(root.join("next/cert"), "new");
    });
    rename(scene.at("home"), scene.at("away"));
    rename(scene.at("next"), scene.at("home"));
    scene.reads("home/cert", "new");
    write(scene.at("home/cert"), "newer");
    scene.reads("home/cert", "newer");
}

#[test]
fn ancestor_renamed_is_found_by_a_refresh() {
    let scene = Scene::new("a/b/cert", |root| {
        make(root.join("a/b"));
        make(root.join("z/b"));
        write(root.join("a/b/cert"), "old");
        write(root.join("z/b/cert"), "new");
    });
    rename(scene.at("a"), scene.at("away"));
    rename(scene.at("z"), scene.at("a"));
    scene.watcher.refresh();
    scene.reads("a/b/cert", "new");
    write(scene.at("a/b/cert"), "newer");
    scene.reads("a/b/cert", "newer");
}

#[test]
fn a_refresh_without_changes_tells_nothing() {
    let scene = Scene::new("cert", |root| write(root.join("cert"), "old"));
    scene.watcher.refresh();
    // A refresh tells before it returns.
    assert_eq!(scene.touches.try_iter().count(), 0);
}

#[test]
fn dropping_a_subscription_leaves_the_others() {
    let scene = Scene::new("cert", |root| write(root.join("cert"), "old"));
    let other = scene.watcher.subscribe(vec![scene.at("cert")], |_| {});
    drop(other);
    scene.watcher.refresh();
    write(scene.at("cert"), "new");
    scene.reads("cert", "new");
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    fn link(target: impl AsRef<Path>, place: impl AsRef<Path>) {
        symlink(target, place).expect("symlink");
    }

    #[test]
    fn kubernetes_swaps_the_data_link() {
        let scene = Scene::new("tls.crt", |root| {
            make(root.join("..1"));
            write(root.join("..1/tls.crt"), "one");
            link("..1", root.join("..data"));
            link("..data/tls.crt", root.join("tls.crt"));
        });
        for (directory, content) in [("..2", "two"), ("..3", "three")] {
            make(scene.at(directory));
            write(scene.at(directory).join("tls.crt"), content);
            link(directory, scene.at("..data_tmp"));
            rename(scene.at("..data_tmp"), scene.at("..data"));
            scene.reads("tls.crt", content);
        }
    }

    #[test]
    fn target_elsewhere_is_rewritten() {
        let scene = Scene::new("live/cert", |root| {
            make(root.join("live"));
            make(root.join("archive"));
            write(root.join("archive/cert1"), "one");
            link("../archive/cert1", root.join("live/cert"));
        });
        write(scene.at("archive/cert1"), "rewritten");
        scene.reads("live/cert", "rewritten");
        write(scene.at("archive/cert2"), "two");
        link("../archive/cert2", scene.at("live/new"));
        rename(scene.at("live/new"), scene.at("live/cert"));
        scene.reads("live/cert", "two");
        write(scene.at("archive/cert2"), "two again");
        scene.reads("live/cert", "two again");
    }

    #[test]
    fn a_file_becomes_a_link_and_its_target_appears_later() {
        let scene = Scene::new("cert", |root| write(root.join("cert"), "old"));
        fs::remove_file(scene.at("cert")).expect("remove");
        link("far/away/cert", scene.at("cert"));
        scene.is_gone("cert");
        make(scene.at("far/away"));
        write(scene.at("far/away/cert"), "new");
        scene.reads("cert", "new");
    }

    #[test]
    fn a_linked_directory_is_swapped() {
        let scene = Scene::new("current/cert", |root| {
            make(root.join("v1"));
            make(root.join("v2"));
            write(root.join("v1/cert"), "one");
            write(root.join("v2/cert"), "two");
            link("v1", root.join("current"));
        });
        link("v2", scene.at("tmp"));
        rename(scene.at("tmp"), scene.at("current"));
        scene.reads("current/cert", "two");
    }

    #[test]
    fn a_loop_is_harmless_and_can_be_mended() {
        let scene = Scene::new("loop", |root| link("loop", root.join("loop")));
        fs::remove_file(scene.at("loop")).expect("remove");
        write(scene.at("loop"), "mended");
        scene.reads("loop", "mended");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn reading_is_no_change() {
    let scene = Scene::new("cert", |root| write(root.join("cert"), "old"));
    fs::read(scene.at("cert")).expect("read");
    assert_eq!(scene.next("opened"), Touch::Opened(scene.at("cert")));
    fs::read(scene.at("cert")).expect("read");
    assert_eq!(scene.next("opened"), Touch::Opened(scene.at("cert")));
    fs::read_dir(&scene.root).expect("list").for_each(drop);
    rename(scene.at("cert"), scene.at("gone"));
    assert_eq!(scene.next("moved"), Touch::Changed(scene.at("cert")));
}

/// A system whose watches run out after `left`.
#[derive(Debug)]
struct Exhausted {
    left: Arc<Mutex<usize>>,
}

impl notify::Watcher for Exhausted {
    fn new<F: EventHandler>(_: F, _: Config) -> notify::Result<Self> {
        unreachable!("made by the test")
    }

    fn watch(&mut self, _: &Path, _: RecursiveMode) -> notify::Result<()> {
        let mut left = self.left.lock().expect("lock");
        *left = left
            .checked_sub(1)
            .ok_or(notify::Error::new(ErrorKind::MaxFilesWatch))?;
        Ok(())
    }

    fn unwatch(&mut self, _: &Path) -> notify::Result<()> {
        *self.left.lock().expect("lock") += 1;
        Ok(())
    }

    fn kind() -> WatcherKind {
        WatcherKind::NullWatcher
    }
}

#[test]
fn no_watches_left() {
    let temp = tempfile::tempdir().expect("temp");
    let paths: Vec<PathBuf> = ["a", "b"].map(|name| temp.path().join(name)).into();
    paths.iter().for_each(make);
    let left = Arc::new(Mutex::new(1));
    let system = Arc::clone(&left);
    let watcher = Watcher::with(Box::new(move |_: Handler| {
        let left = Arc::clone(&system);
        Ok(Box::new(Exhausted { left }))
    }));
    let first = watcher.subscribe(vec![paths[0].join("file")], |_| {});
    assert_eq!((first.is_complete(), watcher.mode()), (true, Mode::Events));
    let (tell, touches) = channel();
    let second = watcher.subscribe(vec![paths[1].join("file")], move |touch| {
        let _ = tell.send(touch);
    });
    assert!(first.is_complete() && !second.is_complete());
    let Mode::Timed { why } = watcher.mode() else {
        panic!("complete");
    };
    assert!(
        why.ends_with("b: the system has no inotify watches left (fs.inotify.max_user_watches)")
    );

    drop(first);
    watcher.refresh();
    assert!(second.is_complete());
    assert_eq!(watcher.mode(), Mode::Events);
    let told = touches.recv_timeout(GENEROUS);
    assert_eq!(told, Ok(Touch::Changed(paths[1].join("file"))));
    drop(second);
    watcher.refresh();
    assert_eq!(*left.lock().expect("lock"), 1, "every watch was given back");
}

#[test]
fn no_descriptor_left() {
    let temp = tempfile::tempdir().expect("temp");
    let fails = Arc::new(Mutex::new(true));
    let now = Arc::clone(&fails);
    let watcher = Watcher::with(Box::new(move |handler| {
        if *now.lock().expect("lock") {
            return Err(notify::Error::io(std::io::Error::from_raw_os_error(24)));
        }
        super::backend::system(handler)
    }));
    let (tell, touches) = channel();
    let path = temp.path().join("cert");
    let subscription = watcher.subscribe(vec![path.clone()], move |touch| {
        let _ = tell.send(touch);
    });
    let why = "the system has no inotify instances left (fs.inotify.max_user_instances)".to_owned();
    assert_eq!(watcher.mode(), Mode::Timed { why });
    *fails.lock().expect("lock") = false;
    watcher.refresh();
    assert!(subscription.is_complete());
    assert_eq!(touches.recv_timeout(GENEROUS), Ok(Touch::Changed(path)));
}
