//! API keys from their sources.
//!
//! Invariant: no message holds any part of a key, nor of what a command wrote.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::encoding::decode;
use super::environment::Environment;
use super::instance::{InstanceConfig, KeySource};
use super::load::exposed;
use super::problem::Warning;

/// Far more than any key has.
const LARGEST: u64 = 4096;
/// So many bytes are too long for one in any encoding.
const MOST_BYTES: u64 = 2 * LARGEST + 4;
/// A password manager may ask first, but nobody waits for it forever.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// A secret as far as it can be had without asking anybody.
pub(super) enum Given {
    /// It is in config.xml.
    Elsewhere,
    Here(SecretString, Vec<Warning>),
    /// A command tells it.
    Asked(Asking),
}

/// A command that is still to be run.
#[derive(Debug)]
pub(super) struct Asking {
    command: Command,
    called: String,
}

impl Asking {
    /// Takes up to 10 s. Touches no file.
    ///
    /// # Errors
    /// Why there is no secret, as the end of a sentence.
    pub(super) async fn answer(self) -> Result<SecretString, String> {
        from_command(self.command, &self.called).await
    }
}

/// Reads the secret that the config calls `called`, unless it takes a command. May wait for a disk.
///
/// # Errors
/// Why there is no secret, as the end of a sentence.
pub(super) fn look(
    source: &KeySource,
    called: &str,
    environment: &Environment,
) -> Result<Given, String> {
    let mut warnings = Vec::new();
    let asked = |command| {
        Ok(Given::Asked(Asking {
            command,
            called: called.to_owned(),
        }))
    };
    let key = match source {
        KeySource::ConfigXml => return Ok(Given::Elsewhere),
        KeySource::Nothing => SecretString::default(),
        KeySource::Literal(key) => key.clone(),
        KeySource::File(path) => {
            let path = environment.expand(path);
            let key = from_file(&path)?;
            if !environment.is_credential(&path) {
                warnings.extend(exposed(&path, &format!("holds {}", secret(called))));
            }
            key
        }
        KeySource::Env(name) => {
            let value = environment.variable(name);
            let value =
                value.ok_or_else(|| format!("the environment variable {name} is not set"))?;
            let text = value.to_str().unwrap_or("\0");
            clean(text, || format!("the environment variable {name}"))?
        }
        KeySource::Shell(line) => return asked(shell(line)),
        KeySource::Command(list) => return asked(words(list, environment)),
    };
    Ok(Given::Here(key, warnings))
}

/// Reads an instance's second secret whenever it is needed.
#[derive(Clone, Debug)]
pub struct SecretReader {
    source: KeySource,
    /// The config's word for it.
    called: &'static str,
    environment: Environment,
}

impl SecretReader {
    /// Reads `source`, which the config calls `called`.
    pub(super) fn of(source: KeySource, called: &'static str, environment: &Environment) -> Self {
        Self {
            source,
            called,
            environment: environment.clone(),
        }
    }

    /// Where the secret is, when that is a file.
    pub fn file(&self) -> Option<std::path::PathBuf> {
        match &self.source {
            KeySource::File(path) => Some(self.environment.expand(path)),
            _ => None,
        }
    }

    /// `None` for an instance that has only one secret, or none.
    pub(super) fn new(instance: &InstanceConfig, environment: &Environment) -> Option<Self> {
        (instance.second != KeySource::Nothing).then(|| Self {
            source: instance.second.clone(),
            called: instance.settings.second_secret(),
            environment: environment.clone(),
        })
    }

    /// Reads it anew. Takes up to 10 s for a command, and as long as it likes for a disk.
    ///
    /// # Errors
    /// Why there is none, as the end of a sentence.
    pub async fn read(&self) -> Result<SecretString, String> {
        match look(&self.source, self.called, &self.environment)? {
            Given::Elsewhere => Ok(SecretString::default()),
            Given::Here(secret, _) => Ok(secret),
            Given::Asked(asking) => asking.answer().await,
        }
    }
}

/// Equal when they read from the same place.
impl PartialEq for SecretReader {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.called == other.called
    }
}

/// Why a text cannot be an API key, as the end of a sentence. Keys travel in an HTTP header.
pub(super) fn unfit(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if text.lines().nth(1).is_some() {
        Some("has more than one line")
    } else if text.len() as u64 > LARGEST {
        Some("is far too long for a key")
    } else if !text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    {
        Some("has characters that no key has")
    } else {
        None
    }
}

fn secret(called: &str) -> String {
    match called {
        "api-key" => "an API key".to_owned(),
        other => format!("a {other}"),
    }
}

/// What cannot be a key stays what it is: none.
fn text(bytes: &[u8]) -> String {
    decode(bytes).unwrap_or_else(|_| "\0".to_owned())
}

/// Trims what editors and `echo` add, then checks.
fn clean(text: &str, source: impl FnOnce() -> String) -> Result<SecretString, String> {
    let key = text.trim_start_matches('\u{feff}').trim();
    match unfit(key) {
        Some(wrong) => Err(format!("{} {wrong}", source())),
        None => Ok(key.into()),
    }
}

fn from_file(path: &Path) -> Result<SecretString, String> {
    use std::io::Read as _;
    let shown = path.display();
    // Asked first: opening a FIFO would wait for its writer.
    let found = path
        .metadata()
        .map_err(|error| format!("{shown}: {error}"))?;
    if !found.is_file() {
        return Err(format!("{shown} is not a regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
        .map_err(|error| format!("{shown}: {error}"))?;
    clean(&text(&bytes), || shown.to_string())
}

async fn from_command(mut command: Command, called: &str) -> Result<SecretString, String> {
    // Its messages could hold the secret, and nobody would see them.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|error| format!("{called}-command could not be started: {error}"))?;
    let stdout = child.stdout.take();
    let work = async {
        let mut written = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MOST_BYTES).read_to_end(&mut written).await?;
        }
        let cut = written.len() as u64 >= MOST_BYTES;
        // Nobody reads the rest, so the program need not come to its end.
        let status = if cut { None } else { Some(child.wait().await?) };
        Ok::<_, std::io::Error>((written, status))
    };
    let (written, status) = tokio::time::timeout(COMMAND_TIMEOUT, work)
        .await
        .map_err(|_| format!("{called}-command took longer than 10 s"))?
        .map_err(|error| format!("{called}-command: {error}"))?;
    let Some(status) = status else {
        return Err(format!(
            "what {called}-command wrote is far too long for a key"
        ));
    };
    if !status.success() {
        return Err(format!("{called}-command {}", ending(status)));
    }
    clean(&text(&written), || format!("what {called}-command wrote"))
}

/// A program with its arguments, where `~/` is the home directory.
pub(super) fn words(list: &[String], environment: &Environment) -> Command {
    let mut list = list.iter().map(|word| environment.expand(Path::new(word)));
    let mut command = Command::new(list.next().unwrap_or_default());
    command.args(list);
    command
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        // Of `sh`, and of Windows' `cmd`.
        Some(code @ (127 | 9009)) => {
            format!("ended with exit code {code}: the program was not found")
        }
        Some(code) => format!("ended with exit code {code}"),
        None => "was ended by a signal".to_owned(),
    }
}

#[cfg(not(windows))]
pub(super) fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(windows)]
pub(super) fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    // With /S it takes what is between the first and the last quote as it is; quotes within are the user's own.
    command
        .args(["/D", "/S", "/C"])
        .raw_arg(format!("\"{line}\""));
    command
}
