//! Reads the config file from disk, and looks at who else can read it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::encoding::decode;
use super::instance::KeySource;
use super::writable::writable;
use super::{Config, ConfigError, Environment, Warning, parse};

/// No config is longer; what is, is another file.
const LARGEST: u64 = 1 << 20;

/// A config and where it comes from.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub warnings: Vec<Warning>,
    /// Where the file is or would be.
    pub file: PathBuf,
    /// There is no such file: the local Syncthing is watched.
    pub is_default: bool,
}

/// Loads the config file, from when on no program is given what it reads secrets from: `path` (`--config`), else `SYNCWATCH_CONFIG`, else the usual place, where it may be missing.
///
/// # Errors
/// The file cannot be read, or everything that is wrong in it.
pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Loaded, ConfigError> {
    let file = environment.config_file(path);
    let text = match read(&file) {
        Ok(text) => text,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                && environment.chosen_config(path).is_none() =>
        {
            environment.hidden().are(BTreeSet::new());
            return Ok(Loaded {
                config: Config::local(),
                warnings: Vec::new(),
                file,
                is_default: true,
            });
        }
        Err(source) => return Err(ConfigError::Unreadable { file, source }),
    };
    let (config, mut warnings) = parse(&text, &file)?;
    environment.hidden().are(config.secret_variables());
    let literal = |key: &KeySource| matches!(key, KeySource::Literal(_));
    if config.secrets().any(literal) {
        warnings.extend(exposed(&file, "holds a secret"));
    }
    let why = "it says what is trusted, and its commands run as this user";
    warnings.extend(writable(&file, why));
    Ok(Loaded {
        config,
        warnings,
        file,
        is_default: false,
    })
}

/// A warning when others than the owner can read a file with a secret.
#[cfg(unix)]
pub(super) fn exposed(file: &Path, what: &str) -> Option<Warning> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().ok()?.permissions().mode();
    (mode & 0o044 != 0).then(|| {
        let shown = file.display().to_string();
        let quoted = shown.replace('\'', r"'\''");
        Warning(format!(
            "{shown} {what} and other users can read it. Run: chmod 600 '{quoted}'"
        ))
    })
}

/// Access lists are not looked at here.
#[cfg(not(unix))]
pub(super) fn exposed(_: &Path, _: &str) -> Option<Warning> {
    None
}

/// The text of a regular file of bounded size.
fn read(file: &Path) -> io::Result<String> {
    // Asked first: opening a FIFO would wait for its writer.
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(file)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(
            "it is larger than 1 MiB, so it is no config file",
        ));
    }
    decode(&bytes).map_err(|line| io::Error::other(format!("line {line} is not UTF-8 text")))
}
