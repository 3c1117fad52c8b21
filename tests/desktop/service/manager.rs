//! A manager of units for a user who is not root, as on a desktop, of a systemd that the units are for. (`support::systemd`
//! has the computer's own, for root, with a bus.)

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// Debian's `games`: an account that can be looked up and to whom nothing belongs. For setpriv.
const ACCOUNT: [&str; 3] = ["--reuid=5", "--regid=60", "--clear-groups"];
/// In the name of root: a place among the control groups that the user may divide, and a computer that systemd booted.
const BOOT: &str = r#"
group=$1; shift
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [ -w "$tree/cgroup.procs" ] || continue
  mkdir "$tree/$group" && chown -R 5:60 "$tree/$group" && echo $$ >"$tree/$group/cgroup.procs" || exit
done
chown -R 5:60 "$HOME"
mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec setpriv "$@"
"#;
const CLEAN_UP: &str = r#"
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  find "$tree/$0" -depth -type d -exec rmdir {} + 2>/dev/null
done
"#;

/// The manager. Its home goes when it goes.
pub struct Manager {
    child: Child,
    home: TempDir,
    environment: Vec<(String, String)>,
    group: String,
}

impl Manager {
    /// Starts it; `None` where there is no systemd.
    pub fn start(home: TempDir) -> Option<Self> {
        let program = program(home.path())?;
        fs::create_dir(home.path().join("run")).expect("a directory");
        let path = |path: PathBuf| path.display().to_string();
        let environment = vec![
            (
                "PATH".to_owned(),
                "/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            ),
            ("HOME".to_owned(), path(home.path().into())),
            ("USER".to_owned(), "games".to_owned()),
            ("XDG_RUNTIME_DIR".to_owned(), path(home.path().join("run"))),
            (
                "LD_LIBRARY_PATH".to_owned(),
                path(home.path().join("systemd")),
            ),
        ];
        let name = home.path().file_name().unwrap_or_default();
        let group = format!("syncwatch-test{}", name.display());
        let child = Command::new("unshare")
            .args(["--mount", "sh", "-c", BOOT, "sh", &group])
            .args(ACCOUNT)
            .arg(program)
            .arg("--user")
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        Some(Self {
            child,
            home,
            environment,
            group,
        })
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// It did not end by itself.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Runs a program as its user, and waits for it.
    pub fn run(&self, program: impl AsRef<Path>, words: &[&str]) -> Output {
        let mut command = Command::new("setpriv");
        command
            .args(ACCOUNT)
            .arg(program.as_ref())
            .args(words)
            .env_clear();
        let variables = self.environment.iter();
        command.envs(variables.map(|(name, value)| (name, value)));
        command.current_dir("/").output().expect("setpriv")
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // Its services are in groups of their own: it ends them when it is asked to.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
        let _ = Command::new("sh")
            .args(["-c", CLEAN_UP, &self.group])
            .status();
    }
}

/// The one that tests/run unpacked, where it did because the computer's is an old one; copied to where the user may look.
fn program(home: &Path) -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/systemd");
    let own = unpacked.join("lib/systemd/systemd");
    if !own.exists() {
        let programs = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"];
        return programs
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists());
    }
    let place = home.join("systemd");
    fs::create_dir(&place).expect("a directory");
    let libraries = fs::read_dir(unpacked.join("usr/lib")).expect("libraries");
    let libraries = libraries
        .flatten()
        .map(|entry| entry.path().join("systemd"));
    let libraries = libraries
        .filter_map(|place| fs::read_dir(place).ok())
        .flatten()
        .flatten();
    let libraries = libraries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "so"));
    for file in libraries.chain([own]) {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, place.join(name)).expect("copied");
    }
    Some(place.join("systemd"))
}
