//! The unit for a user, as it is packaged: started, found by the commands, reloaded, watched and stopped by systemd.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use syncwatch::standin::{Options, Standin};
use tempfile::TempDir;

use crate::support::desktop::soon;
use crate::support::monitor::watching;
use crate::support::systemd::{Systemd, put_unit};

const UNIT: &str = include_str!("../../packaging/systemd/user/syncwatch.service");
/// Short, so that the test is.
const IMPATIENT: &str = "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n";

/// The packaged unit with the program that was built, below a home of its own.
struct Installed {
    manager: Systemd,
    program: PathBuf,
    /// Gone after the manager.
    home: TempDir,
}

impl Installed {
    fn start(config: &str) -> Option<Self> {
        let home = tempfile::tempdir().expect("a directory");
        // A directory that only root may enter could be on the way to the one that was built.
        let program = home.path().join("syncwatch");
        fs::copy(env!("CARGO_BIN_EXE_syncwatch"), &program).expect("copied");
        let unit = UNIT.replace("/usr/bin/syncwatch", &program.display().to_string());
        put_unit(home.path(), "syncwatch.service", &unit);
        write(&home.path().join(".config/syncwatch/config.toml"), config);
        let manager = Systemd::for_an_account(home.path())?;
        Some(Self {
            manager,
            program,
            home,
        })
    }

    /// `systemctl --user`; what it says when it does as told.
    fn systemctl(&self, words: &[&str]) -> Result<String, String> {
        let words = [&["--user"], words].concat();
        let output = self.manager.run("systemctl", &words);
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(said)
        } else {
            Err(complaint)
        }
    }

    fn property(&self, name: &str) -> String {
        let shown = self.systemctl(&["show", "syncwatch", "--value", "-p", name]);
        shown.expect("shown")
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.property("MainPID").parse().expect("a number"))
    }

    /// Until systemd can be asked; false when it ended instead.
    async fn is_up(&mut self) -> bool {
        while self.manager.lives() {
            if self.systemctl(&["show", "-p", "Version"]).is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// A command of syncwatch, as its user would type it.
    fn syncwatch(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.manager.run(&self.program, words);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    }

    fn status(&self) -> serde_json::Value {
        let (code, said) = self.syncwatch(&["status", "--json"]);
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str(&said).expect("JSON")
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("one")).expect("a directory");
    fs::write(path, text).expect("a file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_packaged_unit_lives_as_systemd_expects() {
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    // Read by another user than the one that wrote it.
    let place = server.home().path();
    for file in [
        place.to_owned(),
        place.join("config.xml"),
        place.join("https-cert.pem"),
    ] {
        let mode = if file.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("a mode");
    }
    let config = watching(place);
    let Some(mut unit) = Installed::start(&config) else {
        return eprintln!("skipped: no systemd");
    };
    if !soon("systemd", unit.is_up()).await {
        return eprintln!("skipped: systemd cannot be started here");
    }

    assert_eq!(unit.systemctl(&["start", "syncwatch"]), Ok(String::new()));
    let pid = unit.pid().expect("it runs");
    assert_eq!(unit.syncwatch(&["wait", "--timeout", "60s"]).0, Some(0));
    let status = unit.status();
    assert_eq!(
        status.pointer("/engine/pid"),
        Some(&pid.as_raw_nonzero().get().into())
    );
    let kernel = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    for confined in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(
            kernel.lines().any(|line| line == confined),
            "{confined}\n{kernel}"
        );
    }

    // An old systemd does not have it.
    if unit.property("Type") == "notify-reload" {
        write(
            &unit.home.path().join(".config/syncwatch/config.toml"),
            &config.replace("name = \"", "name = \"re"),
        );
        assert_eq!(unit.systemctl(&["reload", "syncwatch"]), Ok(String::new()));
        assert_eq!(unit.pid(), Some(pid));
        let name = unit.status().pointer("/instances/0/name").cloned();
        assert_eq!(name, Some("relaptop".into()));
    } else {
        eprintln!("skipped: the reload, for this systemd is older than 253");
    }

    let impatient = put_unit(
        unit.home.path(),
        "syncwatch.service.d/impatient.conf",
        IMPATIENT,
    );
    assert_eq!(unit.systemctl(&["daemon-reload"]), Ok(String::new()));
    assert_eq!(unit.systemctl(&["restart", "syncwatch"]), Ok(String::new()));
    if let Some(pid) = unit.pid() {
        // Where the machine is slow, systemd did not wait for us.
        let _ = kill_process(pid, Signal::STOP);
    }
    let restarted = async {
        while unit.property("NRestarts") == "0" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    soon("the watchdog", restarted).await;

    fs::remove_file(impatient).expect("removed");
    assert_eq!(unit.systemctl(&["daemon-reload"]), Ok(String::new()));
    assert_eq!(unit.systemctl(&["restart", "syncwatch"]), Ok(String::new()));
    assert_eq!(unit.systemctl(&["stop", "syncwatch"]), Ok(String::new()));
    assert_eq!(unit.property("Result"), "success");
    assert_eq!(unit.property("ExecMainStatus"), "0");
    let runtime = unit.home.path().join("run/syncwatch");
    assert!(runtime.is_dir() && !runtime.join("engine.sock").exists());
}
