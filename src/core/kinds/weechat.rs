//! What a WeeChat relay is asked, and what is told of it. Holds no secret.

use super::KindSettings;

/// How one WeeChat is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeechatSettings {
    /// How the password may be sent; of those that the relay allows too, the strongest is taken.
    pub hashes: Vec<PasswordHash>,
}

/// How a password is sent, weakest first. The names are those of WeeChat's `relay.network.password_hash_algo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PasswordHash {
    /// As it is.
    Plain,
    Sha256,
    Sha512,
    Pbkdf2Sha256,
    Pbkdf2Sha512,
}

impl KindSettings for WeechatSettings {
    const LOGIN: &'static str = "password";

    fn secret(&self) -> &'static str {
        "password"
    }

    fn second_secret(&self) -> &'static str {
        "totp-secret"
    }
}

impl PasswordHash {
    /// Every one, weakest first.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Sha256,
        Self::Sha512,
        Self::Pbkdf2Sha256,
        Self::Pbkdf2Sha512,
    ];

    /// The word used in the protocol and in the config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Pbkdf2Sha256 => "pbkdf2+sha256",
            Self::Pbkdf2Sha512 => "pbkdf2+sha512",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name() == name)
    }
}

impl Default for WeechatSettings {
    fn default() -> Self {
        Self {
            hashes: PasswordHash::ALL.to_vec(),
        }
    }
}
