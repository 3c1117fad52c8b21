//! What the desktop starts with the session, and what opens things: real files, a real validator, a made-up opener.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use syncwatch::children::Hidden;
use syncwatch::desktop::autostart::Autostart;
use syncwatch::desktop::open::Opener;
use tempfile::TempDir;

const NAME: &str = "syncwatch.desktop";

/// A home with both autostart directories; `program` is ours.
struct Home {
    directory: TempDir,
    autostart: Autostart,
}

impl Home {
    fn new(program: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        let executable = path.join(program);
        script(
            &executable,
            &format!("echo \"$@\" > '{}'", path.join("ran").display()),
        );
        let shared = path.join("etc/xdg/autostart");
        fs::create_dir_all(&shared).expect("a directory");
        let autostart = Autostart {
            directory: path.join(".config/autostart"),
            shared: vec![path.join("none"), shared],
            executable,
        };
        Self {
            autostart,
            directory,
        }
    }

    fn own(&self) -> PathBuf {
        self.autostart.directory.join(NAME)
    }

    fn write_own(&self, text: &str) {
        fs::create_dir_all(&self.autostart.directory).expect("a directory");
        fs::write(self.own(), text).expect("a file");
    }

    fn write_shared(&self, text: &str) {
        let directory = self.autostart.shared.last().expect("one");
        fs::write(directory.join(NAME), text).expect("a file");
    }

    fn text(&self) -> String {
        fs::read_to_string(self.own()).expect("a file")
    }

    fn set(&self, on: bool) {
        self.autostart.set(on).expect("it can be set");
        assert_eq!(self.autostart.state(), Some(on));
        let files = fs::read_dir(&self.autostart.directory).map_or(0, Iterator::count);
        assert!(files <= 1, "something was left behind");
        if self.own().is_file() {
            validated(&self.own());
        }
    }
}

fn script(path: &Path, lines: &str) {
    fs::create_dir_all(path.parent().expect("one")).expect("a directory");
    fs::write(path, format!("#!/bin/sh\n{lines}\n")).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// Where desktop-file-validate is installed, it has nothing to say.
fn validated(path: &Path) {
    match Command::new("desktop-file-validate").arg(path).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
    }
}

#[test]
fn on_writes_an_entry_and_off_leaves_nothing() {
    let home = Home::new("bin/syncwatch");
    assert_eq!(home.autostart.state(), Some(false));
    home.set(false);
    home.set(true);
    let executable = home.autostart.executable.display().to_string();
    assert!(home.text().contains(&format!("\nExec={executable} tray\n")));
    home.set(true);
    home.set(false);
    assert!(!home.own().exists());
}

#[test]
fn what_the_user_edited_stays() {
    let home = Home::new("bin/syncwatch");
    home.set(true);
    let edited = home
        .text()
        .replace(
            "Name=syncwatch",
            "# mine\nName=Sync\nName[de]=Abgleich\nOnlyShowIn=KDE;",
        )
        .replace(" tray\n", " --config /x tray\n");
    home.write_own(&edited);
    assert_eq!(home.autostart.state(), Some(true));
    home.set(false);
    assert_eq!(home.text(), format!("{edited}Hidden=true\n"));
    home.set(true);
    assert_eq!(home.text(), edited);
    // GNOME's own switch.
    home.write_own(&format!("{edited}X-GNOME-Autostart-enabled=false\n"));
    assert_eq!(home.autostart.state(), Some(false));
    home.set(true);
    assert_eq!(home.text(), edited);
    // A program that is gone is replaced by this one.
    home.write_own(
        "[Desktop Entry]\nType=Application\nName=Sync\nExec=\"/gone/a b\" tray\nHidden=true\n",
    );
    home.set(true);
    let executable = home.autostart.executable.display();
    assert_eq!(
        home.text(),
        format!(
            "[Desktop Entry]\nType=Application\nName=Sync\nExec={executable} tray\nTryExec={executable}\n"
        )
    );
}

#[test]
fn an_entry_for_everybody_is_hidden_and_shown_again() {
    let home = Home::new("bin/syncwatch");
    let shared = "[Desktop Entry]\nType=Application\nName=Everybody's\nExec=syncwatch tray\n";
    home.write_shared(shared);
    assert_eq!(home.autostart.state(), Some(true));
    home.set(true);
    assert!(!home.own().exists());
    home.set(false);
    assert_eq!(home.text(), format!("{shared}Hidden=true\n"));
    home.set(true);
    assert_eq!(home.text(), shared);
}

#[test]
fn odd_files_are_no_reason_to_fail() {
    for text in [
        "",
        "\n\n",
        "not an entry",
        "[Desktop Entry]\n",
        "[Desktop Entry]\nHidden=true",
    ] {
        let home = Home::new("bin/syncwatch");
        home.write_own(text);
        assert_eq!(home.autostart.state(), Some(false), "{text}");
        home.set(true);
        home.set(false);
    }
    // A link is replaced; what it points to is not ours to change.
    let home = Home::new("bin/syncwatch");
    fs::create_dir_all(&home.autostart.directory).expect("a directory");
    let target = home.directory.path().join("target");
    let text = "[Desktop Entry]\nType=Application\nName=a\nExec=syncwatch tray\n";
    fs::write(&target, text).expect("a file");
    symlink(&target, home.own()).expect("a link");
    home.set(false);
    assert_eq!(fs::read_to_string(&target).expect("a file"), text);
    // Linking to nothing is a way to switch an entry off.
    fs::remove_file(home.own()).expect("a file");
    symlink("/dev/null", home.own()).expect("a link");
    assert_eq!(home.autostart.state(), Some(false));
    home.set(true);
    assert_eq!(fs::read_to_string("/dev/null").expect("a file"), "");
}

#[test]
fn what_cannot_be_written_is_said_in_words() {
    let home = Home::new("bin/syncwatch");
    fs::write(home.directory.path().join(".config"), "").expect("a file");
    let trouble = home.autostart.set(true).expect_err("no directory");
    let message = trouble.message;
    assert!(
        message.contains(NAME) && message.contains("could not be"),
        "{message}"
    );
    let home = Home::new("a=b/syncwatch");
    let trouble = home.autostart.set(true).expect_err("no '='");
    assert!(trouble.message.contains("has a '=' in it"));
    assert!(!home.own().exists());
    let home = Home::new("a\nb/syncwatch");
    let trouble = home.autostart.set(true).expect_err("no control characters");
    assert!(
        trouble.message.contains("cannot be written"),
        "{}",
        trouble.message
    );
}

#[test]
fn glib_starts_what_was_written() {
    // GLib looks for a program with a '%' in its path under the wrong name.
    for program in [
        "bin/syncwatch",
        "a b/sync$HOME `x` \"q\" b\\n/s",
        "ä/;&|<>()*?#~/s",
    ] {
        let home = Home::new(program);
        home.set(true);
        let started = Command::new("gio").arg("launch").arg(home.own()).status();
        let Ok(status) = started else {
            return;
        };
        assert!(status.success(), "{program}");
        let ran = home.directory.path().join("ran");
        wait_for(&ran);
        assert_eq!(
            fs::read_to_string(ran).expect("a file"),
            "tray\n",
            "{program}"
        );
    }
}

fn wait_for(file: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(written(file));
}

/// Until somebody wrote a line.
async fn written(file: &Path) -> String {
    let text = async {
        loop {
            match fs::read_to_string(file) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(60), text).await;
    text.expect("it is started in time")
}

/// An opener that writes down how it was started, and then does `lines`.
fn opener(directory: &Path, lines: &str) -> (Opener, PathBuf) {
    let (program, left) = (directory.join("xdg-open"), directory.join("left"));
    let told = left.display();
    script(
        &program,
        &format!(
            "{{ printf '<%s>' \"$@\"; printf '[%s]' \"$XDG_ACTIVATION_TOKEN\" \"$DESKTOP_STARTUP_ID\" \"$(cat)\"; echo; }} > '{told}.new'\nmv '{told}.new' '{told}'\n{lines}"
        ),
    );
    let opener = Opener {
        program,
        arguments: vec!["first".into()],
        folders: None,
        portal: None,
        token: None,
        hidden: Hidden::default(),
    };
    (opener, left)
}

#[tokio::test]
async fn pages_folders_and_files_are_handed_to_the_opener() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut opener, left) = opener(directory.path(), "");
    opener
        .page("https://127.0.0.1:8384/a b?c='\"$(x)&d")
        .await
        .expect("opened");
    assert_eq!(
        written(&left).await,
        "<first><https://127.0.0.1:8384/a%20b?c=%27%22$(x)&d>[][][]\n"
    );
    let folder = directory.path().join("--help; $(touch x) ä");
    fs::create_dir(&folder).expect("a directory");
    opener.token = Some("token".into());
    fs::remove_file(&left).expect("a file");
    opener.folder(&folder).await.expect("opened");
    let shown = folder.display();
    assert_eq!(
        written(&left).await,
        format!("<first><{shown}>[token][token][]\n")
    );
    let file = folder.join("-");
    fs::write(&file, "").expect("a file");
    fs::remove_file(&left).expect("a file");
    opener.file(&file).await.expect("opened");
    assert_eq!(
        written(&left).await,
        format!("<first><{shown}/->[token][token][]\n")
    );
}

#[tokio::test]
async fn folders_may_have_an_opener_of_their_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut opener, left) = opener(directory.path(), "");
    let own = std::mem::replace(&mut opener.program, "/none".into());
    opener.folders = Some((own, vec!["-a".into(), "Finder".into()]));
    opener.folder(directory.path()).await.expect("opened");
    let shown = directory.path().display();
    assert_eq!(
        written(&left).await,
        format!("<-a><Finder><{shown}>[][][]\n")
    );
}

#[tokio::test]
async fn what_is_not_to_be_opened_is_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let (opener, left) = opener(path, "");
    for url in [
        "",
        "-h",
        "--help",
        "file:///etc/passwd",
        "javascript:1",
        "wss://a/",
        "/etc",
        "a",
        "https://",
        "ftp://a/",
        "\u{1b}[2J",
        "data:text/html,x",
    ] {
        let trouble = opener.page(url).await.expect_err(url);
        assert!(
            trouble.message.ends_with(" is not for a browser."),
            "{trouble}"
        );
        assert!(!trouble.message.contains('\u{1b}'));
    }
    let file = path.join("file");
    fs::write(&file, "").expect("a file");
    for (folder, why) in [
        (Path::new("relative"), "it is not an absolute path"),
        (Path::new(""), "it is not an absolute path"),
        (Path::new("-h"), "it is not an absolute path"),
        (&file, "it is no directory"),
        (&path.join("none"), "No such file or directory"),
    ] {
        let trouble = opener.folder(folder).await.expect_err("refused");
        assert!(trouble.message.contains(why), "{trouble}");
    }
    let trouble = opener.file(path).await.expect_err("refused");
    assert!(trouble.message.ends_with("it is a directory."), "{trouble}");
    assert!(!left.exists());
}

#[tokio::test]
async fn an_opener_that_fails_or_is_missing_is_said_in_words() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut opener, _) = opener(directory.path(), "exit 3");
    let url = "https://127.0.0.1:8384/";
    let trouble = opener.page(url).await.expect_err("3");
    assert!(
        trouble.message.starts_with("No browser was opened: "),
        "{trouble}"
    );
    assert!(
        trouble
            .message
            .ends_with("xdg-open ended with exit status: 3."),
        "{trouble}"
    );
    assert_eq!(trouble.hint, format!("Open {url} by hand."));
    opener.program = "/none/xdg-open".into();
    let trouble = opener.folder(directory.path()).await.expect_err("none");
    assert_eq!(
        trouble.message,
        "No file manager was opened: /none/xdg-open is not installed."
    );
}

#[tokio::test(start_paused = true)]
async fn an_opener_that_stays_is_not_waited_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let pid = directory.path().join("pid");
    let lines = format!(
        "echo $$ > '{0}.new'\nmv '{0}.new' '{0}'\nexec sleep 600",
        pid.display()
    );
    let (opener, _) = opener(directory.path(), &lines);
    opener.page("http://127.0.0.1/").await.expect("opened");
    tokio::time::resume();
    let pid = written(&pid)
        .await
        .trim()
        .parse()
        .ok()
        .and_then(Pid::from_raw);
    let pid = pid.expect("a number");
    kill_process(pid, Signal::KILL).expect("it still runs");
    // The runtime collects it: it is a zombie no longer.
    let gone = async {
        while test_kill_process(pid).is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone)
        .await
        .expect("it is collected");
}
