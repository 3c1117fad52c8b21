//! Pins: what certificate an instance may show.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::time::Timestamp;

const PREFIX: &str = "sha256:";

/// The SHA-256 of a certificate's exact DER, written as `sha256:<64 hex>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Wraps a digest; the `tls` room computes it.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The first 16 hex digits, for a person to tell two fingerprints apart at a glance.
    pub fn short(&self) -> String {
        self.to_string().chars().take(PREFIX.len() + 16).collect()
    }
}

impl Fingerprint {
    /// `AB:CD:…`, as openssl prints it.
    pub fn with_colons(&self) -> String {
        let bytes: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PREFIX)?;
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A text that is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is 64 hexadecimal digits, with or without colons, after an optional 'sha256:'"
)]
pub struct ParseFingerprintError;

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    /// Reads `sha256:<64 hex>`, also bare, in capitals, or with colons between the bytes as openssl prints it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.trim().to_ascii_lowercase();
        let hex: Vec<u8> = lower
            .strip_prefix(PREFIX)
            .unwrap_or(&lower)
            .bytes()
            .filter(|byte| *byte != b':')
            .collect();
        let mut digest = [0; 32];
        if hex.len() != 64 {
            return Err(ParseFingerprintError);
        }
        for (byte, pair) in digest.iter_mut().zip(hex.chunks(2)) {
            *byte = std::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or(ParseFingerprintError)?;
        }
        Ok(Self(digest))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for Fingerprint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fingerprint".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"})
    }
}

/// One accepted end-entity certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// What is compared with the served certificate.
    pub fingerprint: Fingerprint,
    /// When the certificate ends; `None` when only its fingerprint is known.
    pub not_after: Option<Timestamp>,
}

/// How an instance's certificate is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrustMode {
    /// The pin is read from a file, which is watched.
    File,
    /// The pins stand in the config or were accepted by the user.
    Fingerprint,
    /// The pin is what a command prints, which is run when an unknown certificate is served.
    Command,
    /// A CA file decides.
    Ca,
    /// The platform's verifier decides.
    System,
    /// Any certificate is accepted: insecure, and marked so in every view.
    Any,
}

impl TrustMode {
    /// The word used in config, JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Fingerprint => "fingerprint",
            Self::Command => "command",
            Self::Ca => "ca",
            Self::System => "system",
            Self::Any => "any",
        }
    }

    /// Whether only listed certificates are accepted.
    pub fn is_pinned(self) -> bool {
        matches!(self, Self::File | Self::Fingerprint | Self::Command)
    }

    /// Whether something else than the config and the user says what is pinned: a file, or a command.
    pub fn reads_pins(self) -> bool {
        matches!(self, Self::File | Self::Command)
    }

    /// Why the user has no say in a pin, and what to do instead; `None` where the user has.
    pub fn not_by_hand(self) -> Option<&'static str> {
        match self {
            Self::Fingerprint => None,
            Self::File => Some(
                "Its pin is read from its certificate file. Put the right certificate there: it is followed by itself.",
            ),
            Self::Command => Some(
                "Its pin is what its command prints. Have that print the right certificate: it is asked again by itself.",
            ),
            Self::Ca => Some("Its CA file decides. Put the right CA there."),
            Self::System => Some("The system's certificate store decides."),
            Self::Any => Some("It accepts any certificate already, which is insecure."),
        }
    }
}

/// A command that prints a pin, told from others without its arguments, which are nobody's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinCommand {
    /// The program, as shown to people.
    pub program: String,
    /// Of all of its words.
    pub digest: u64,
}

/// What reading the pin file gave, or the command that prints a pin. Only a whole certificate ever changes a pin set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinRead {
    /// A whole certificate.
    Read(Pin),
    /// A whole certificate that no TLS handshake here can succeed with, and why.
    Unusable { pin: Pin, why: String },
    /// No such file (yet).
    Missing,
    /// Present but not a whole certificate: empty, torn or garbage.
    Torn { why: String },
    /// Present but not for us: permissions, a directory, too large.
    Unreadable { why: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_people_paste() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        for text in [
            &plain,
            &colons,
            &format!("sha256:{plain}"),
            &format!(" SHA256:{colons} "),
        ] {
            let read: Fingerprint = text.parse().expect(text);
            assert_eq!(read.to_string(), format!("sha256:{plain}"));
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "sha256:",
            "sha1:abcd",
            &"zz".repeat(32),
            &"+a".repeat(32),
            &"ab".repeat(33),
        ] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
