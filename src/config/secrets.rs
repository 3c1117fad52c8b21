//! API keys from their sources.
//!
//! Invariant: no message holds any part of a key, nor of what a command wrote.

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use tokio::process::Command;

use super::encoding::decode;
use super::environment::Environment;
use super::instance::{InstanceConfig, KeySource};
use super::load::exposed;
use super::problem::Warning;
use super::program::Program;
use crate::children::{self, Ended, Errors, Run};

/// Far more than any key has.
const LARGEST: usize = 4096;
/// So many bytes are too long for one in any encoding.
const MOST_BYTES: usize = 2 * LARGEST + 4;
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
        KeySource::Shell(_) | KeySource::Command(_) => {
            let program = Program::of(source.clone());
            return program
                .map(|program| {
                    Given::Asked(Asking {
                        command: program.command(environment),
                        called: called.to_owned(),
                    })
                })
                .ok_or_else(|| format!("there is no {called}-command"));
        }
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
    } else if text.len() > LARGEST {
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
        .and_then(|file| file.take(MOST_BYTES as u64).read_to_end(&mut bytes))
        .map_err(|error| format!("{shown}: {error}"))?;
    clean(&text(&bytes), || shown.to_string())
}

async fn from_command(command: Command, called: &str) -> Result<SecretString, String> {
    let run = Run {
        input: &[],
        limit: COMMAND_TIMEOUT,
        kept: MOST_BYTES,
        taken: MOST_BYTES as u64,
        // Its messages could hold the secret, and nobody would see them.
        errors: Errors::Unread,
    };
    let (ended, said) = run.of(command).await;
    if said.output.len() >= MOST_BYTES {
        return Err(format!(
            "what {called}-command wrote is far too long for a key"
        ));
    }
    match ended {
        Ended::Exited(status) => match children::ending(status) {
            None => clean(&text(&said.output), || {
                format!("what {called}-command wrote")
            }),
            Some(why) => Err(format!("{called}-command {why}")),
        },
        Ended::TimedOut => Err(format!("{called}-command took longer than 10 s")),
        Ended::NotStarted(error) => Err(format!("{called}-command could not be started: {error}")),
        Ended::Lost(error) => Err(format!("{called}-command: {error}")),
    }
}
