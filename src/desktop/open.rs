//! Has the desktop show something: a page in the browser, a directory in the file manager, a file in an editor.
//!
//! Invariant: no shell is involved; what is opened is a web address or an absolute path that exists, so that it is
//! never read as an option; what was started outlives us and gets none of our standard streams.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Command;
use url::Url;

use super::Trouble;
use crate::children::{Hidden, launch};

#[cfg(target_os = "linux")]
mod portal;

/// Openers end at once, or stay as long as the program that they started: what runs after this has not failed.
const SOON: Duration = Duration::from_secs(3);
/// Variables that are about our own start, not about what we start.
const OWN_VARIABLES: &[&str] = &[
    "XDG_ACTIVATION_TOKEN",
    "DESKTOP_STARTUP_ID",
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
];
const TOKEN_VARIABLES: &[&str] = &["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];

/// Has the user's systemd start the opener outside of our own unit: a browser could not work under a service's
/// restrictions, and would end with it. What the opener starts stays when it ends.
const OUTSIDE: &[&str] = &[
    "--user",
    "--quiet",
    "--collect",
    "--wait",
    "--slice=app.slice",
    "--property=KillMode=process",
    "--",
    "xdg-open",
];

/// How things are opened.
#[derive(Clone, Debug)]
pub struct Opener {
    /// The program for pages and files.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
    /// The program for directories and its first arguments, when it is another.
    pub folders: Option<(PathBuf, Vec<String>)>,
    /// We are in a sandbox, and the desktop's portal opens things.
    #[cfg(target_os = "linux")]
    pub portal: Option<super::bus::Bus>,
    /// What the click gave: it lets the new window come to the front.
    pub token: Option<String>,
    /// The variables that what is started does not get.
    pub hidden: Hidden,
}

impl Opener {
    /// What this platform has. What it starts does not get what is `hidden`.
    pub fn here(hidden: &Hidden) -> Self {
        let owned = |program: &str, words: &[&str]| {
            let words = words.iter().map(|&word| word.to_owned());
            (PathBuf::from(program), words.collect::<Vec<_>>())
        };
        let ((program, arguments), folders) = if cfg!(target_os = "macos") {
            // A directory called `x.app` is a directory to us, not a program.
            (owned("open", &[]), Some(owned("open", &["-a", "Finder"])))
        } else if cfg!(windows) {
            let rundll = owned("rundll32", &["url.dll,FileProtocolHandler"]);
            (rundll, Some(owned("explorer", &[])))
        } else if is_confined() {
            (owned("systemd-run", OUTSIDE), None)
        } else {
            (owned("xdg-open", &[]), None)
        };
        Self {
            program,
            arguments,
            folders,
            #[cfg(target_os = "linux")]
            portal: Path::new("/.flatpak-info")
                .exists()
                .then_some(super::bus::Bus::Session),
            token: None,
            hidden: hidden.clone(),
        }
    }

    /// Opens a web page in the browser.
    pub async fn page(&self, url: &str) -> Result<(), Trouble> {
        let what = What::page(url)?;
        self.open(&what).await
    }

    /// Opens a directory in the file manager.
    pub async fn folder(&self, path: &Path) -> Result<(), Trouble> {
        let what = What::path(path, true)?;
        self.open(&what).await
    }

    /// Opens a file in the program for its kind.
    pub async fn file(&self, path: &Path) -> Result<(), Trouble> {
        let what = What::path(path, false)?;
        self.open(&what).await
    }

    async fn open(&self, what: &What) -> Result<(), Trouble> {
        #[cfg(target_os = "linux")]
        if let Some(bus) = &self.portal {
            return portal::open(bus, what, self.token.as_deref()).await;
        }
        let (program, arguments) = match (&self.folders, what) {
            (Some((program, arguments)), What::Folder(_)) => (program, arguments),
            _ => (&self.program, &self.arguments),
        };
        let mut command = Command::new(program);
        command.args(arguments);
        match what {
            What::Page(url) => command.arg(url.as_str()),
            What::Folder(path) | What::File(path) => command.arg(path),
        };
        OWN_VARIABLES.iter().for_each(|name| {
            command.env_remove(name);
        });
        if let Some(token) = &self.token {
            command.envs(TOKEN_VARIABLES.iter().map(|name| (name, token)));
        }
        let started = launch(command, &self.hidden, SOON).await;
        what.started(started, program)
    }
}

/// Whether this is a service of systemd that may not gain privileges (proc(5), `NoNewPrivs`); what it starts may not
/// either.
fn is_confined() -> bool {
    let of_systemd = Path::new("/run/systemd/system").exists();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    of_systemd && status.lines().any(|line| line == "NoNewPrivs:\t1")
}

/// What is to be opened, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Page(Url),
    Folder(PathBuf),
    File(PathBuf),
}

impl What {
    fn page(url: &str) -> Result<Self, Trouble> {
        let refused = || {
            Trouble::new(
                &format!("{url} is not for a browser."),
                "Only https:// and http:// addresses are opened.",
            )
        };
        let url = Url::parse(url).map_err(|_| refused())?;
        match url.scheme() {
            "https" | "http" => Ok(Self::Page(url)),
            _ => Err(refused()),
        }
    }

    fn path(path: &Path, folder: bool) -> Result<Self, Trouble> {
        let shown = path.display();
        let refused = |why: &str| {
            let hint = "Syncthing may run elsewhere, or have moved it.";
            Trouble::new(&format!("{shown} was not opened: {why}."), hint)
        };
        if !path.is_absolute() {
            return Err(refused("it is not an absolute path"));
        }
        match path.metadata() {
            Ok(found) if found.is_dir() == folder => Ok(match folder {
                true => Self::Folder(path.to_path_buf()),
                false => Self::File(path.to_path_buf()),
            }),
            Ok(_) if folder => Err(refused("it is no directory")),
            Ok(_) => Err(refused("it is a directory")),
            Err(error) => Err(refused(&error.to_string())),
        }
    }

    fn trouble(&self, why: &str) -> Trouble {
        let (what, hint) = match self {
            Self::Page(url) => ("No browser", format!("Open {url} by hand.")),
            Self::Folder(path) => (
                "No file manager",
                format!("Open {} by hand.", path.display()),
            ),
            Self::File(path) => ("No program", format!("Open {} by hand.", path.display())),
        };
        Trouble::new(&format!("{what} was opened: {why}."), &hint)
    }

    /// How `program` fared until now.
    fn started(
        &self,
        started: io::Result<Option<ExitStatus>>,
        program: &Path,
    ) -> Result<(), Trouble> {
        let name = program.display();
        match started {
            // Explorer ends with 1 when all is well.
            Ok(Some(status)) if !status.success() && !cfg!(windows) => {
                Err(self.trouble(&format!("{name} ended with {status}")))
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.trouble(&format!("{name} is not installed")))
            }
            Err(error) => Err(self.trouble(&format!("{name}: {error}"))),
        }
    }
}
