//! How a certificate is judged, with paths in full.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::instance::TrustConfig;
use super::program::Program;
use crate::core::{Fingerprint, Pin, PinCommand, TrustMode};

/// Syncthing's name for its GUI certificate (lib/locations/locations.go HTTPSCertFile).
pub(super) const CERTIFICATE: &str = "https-cert.pem";

/// How the certificate is judged, with paths in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedTrust {
    File(PathBuf),
    Fingerprint(Vec<Fingerprint>),
    Command(Program),
    Ca(PathBuf),
    System,
    Any,
}

impl ResolvedTrust {
    /// What the core calls it.
    pub fn mode(&self) -> TrustMode {
        match self {
            Self::File(_) => TrustMode::File,
            Self::Fingerprint(_) => TrustMode::Fingerprint,
            Self::Command(_) => TrustMode::Command,
            Self::Ca(_) => TrustMode::Ca,
            Self::System => TrustMode::System,
            Self::Any => TrustMode::Any,
        }
    }

    /// The pin or CA file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Ca(path) => Some(path),
            Self::Fingerprint(_) | Self::Command(_) | Self::System | Self::Any => None,
        }
    }

    /// What tells the command that prints a pin from others.
    pub(super) fn command(&self) -> Option<PinCommand> {
        match self {
            Self::Command(program) => Some(PinCommand {
                program: program.name().to_owned(),
                digest: program.digest(),
            }),
            _ => None,
        }
    }

    /// Those that the config names.
    pub(super) fn pins(&self) -> Vec<Pin> {
        let Self::Fingerprint(pins) = self else {
            return Vec::new();
        };
        let pin = |fingerprint: &Fingerprint| Pin {
            fingerprint: *fingerprint,
            not_after: None,
        };
        pins.iter().map(pin).collect()
    }
}

/// May wait for a disk.
pub(super) fn in_full(trust: &TrustConfig, environment: &Environment) -> ResolvedTrust {
    match trust {
        TrustConfig::File(path) => ResolvedTrust::File(certificate(environment.expand(path))),
        TrustConfig::Fingerprint(pins) => ResolvedTrust::Fingerprint(pins.clone()),
        TrustConfig::Command(program) => ResolvedTrust::Command(program.clone()),
        TrustConfig::Ca(path) => ResolvedTrust::Ca(environment.expand(path)),
        TrustConfig::System => ResolvedTrust::System,
        TrustConfig::Any => ResolvedTrust::Any,
    }
}

/// A directory stands for the certificate that Syncthing keeps in it.
fn certificate(path: PathBuf) -> PathBuf {
    if path.is_dir() {
        path.join(CERTIFICATE)
    } else {
        path
    }
}
