//! Which Syncthing binaries there are to test with.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One Syncthing executable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// The executable.
    pub path: PathBuf,
    /// Such as `1.29.5`.
    pub version: String,
}

impl Binary {
    /// Every version there is, oldest first: what `SYNCTHING_BINARIES` names (as `PATH` does), else what `tests/run`
    /// found, else the one on the `PATH`. None is a loud skip, and in CI a failure.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = candidates().iter().filter_map(|path| probe(path)).collect();
        all.sort_by_key(Self::number);
        all.dedup_by(|one, other| one.version == other.version);
        if all.is_empty() {
            let words = "no Syncthing to test with: run tests/run --setup-only";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{words}");
            // Not eprintln!, which a passing test swallows.
            let _ = writeln!(std::io::stderr(), "\n  *** SKIPPED: {words}\n");
        }
        all
    }

    /// The newest version there is.
    pub fn newest() -> Option<Self> {
        Self::all().pop()
    }

    /// For comparing: `(1, 29, 5)`.
    pub fn number(&self) -> (u32, u32, u32) {
        let mut parts = self
            .version
            .split('.')
            .map(|part| part.parse().unwrap_or(0));
        let mut next = || parts.next().unwrap_or(0);
        (next(), next(), next())
    }
}

impl fmt::Display for Binary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Syncthing {}", self.version)
    }
}

/// Runs a test on every version there is, one after the other.
pub async fn each_version(test: impl AsyncFn(Binary)) {
    for binary in Binary::all() {
        eprintln!("--- on {binary}");
        test(binary).await;
    }
}

/// A command that runs as root's own ordinary user where the tests run as root, and that is possible: Syncthing lists an
/// error at each start as root.
pub(super) fn as_a_user(program: &Path) -> Command {
    let prefix = ["unshare", "--map-user=1000", "--map-group=1000", "--"];
    let prefixed = |program: &Path| {
        let mut command = Command::new(prefix[0]);
        command.args(&prefix[1..]).arg(program);
        command
    };
    let root = rustix::process::geteuid().is_root();
    let runs = || prefixed(Path::new("true")).output();
    match root && runs().is_ok_and(|output| output.status.success()) {
        true => prefixed(program),
        false => Command::new(program),
    }
}

fn candidates() -> Vec<PathBuf> {
    if let Some(paths) = std::env::var_os("SYNCTHING_BINARIES") {
        return std::env::split_paths(&paths).collect();
    }
    // Cargo's own target/tmp, wherever the target directory is.
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-env");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let found: Vec<PathBuf> = text
        .lines()
        .filter(|line| line.starts_with("SYNCTHING_"))
        .filter_map(|line| line.split_once('='))
        .map(|(_, path)| PathBuf::from(path))
        .collect();
    if found.is_empty() {
        return vec![PathBuf::from("syncthing")];
    }
    found
}

fn probe(path: &Path) -> Option<Binary> {
    let output = Command::new(path).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text
        .strip_prefix("syncthing v")?
        .split(['-', '+', ' '])
        .next()?;
    Some(Binary {
        path: path.to_owned(),
        version: version.to_owned(),
    })
}
