//! What Syncthing will do with a certificate and its key when it starts the next time.

use super::Step;
use crate::core::PairTrouble;

/// The pair in `home` cannot be loaded.
pub fn pair(trouble: &PairTrouble, home: &str) -> Step {
    let (what, hint) = match trouble {
        PairTrouble::KeyEncrypted => (
            "the key in https-key.pem is encrypted",
            "Write it without a passphrase: openssl pkey -in https-key.pem -out key.new, then put that in its place.",
        ),
        PairTrouble::NoKey => (
            "https-key.pem holds no private key in PEM",
            "Put the key of this certificate there.",
        ),
        PairTrouble::Mismatch => (
            "the key in https-key.pem does not match the certificate in https-cert.pem",
            "Put the two there that belong together.",
        ),
        PairTrouble::NotFirst => (
            "the key in https-key.pem does not match the first certificate in https-cert.pem, but a later one",
            "Put the server's own certificate first, and those of the CAs after it.",
        ),
        PairTrouble::MarkBeforeCertificate => (
            "https-cert.pem begins with a byte order mark, so that the key does not match what is found behind it",
            "Save it as plain text, without the mark.",
        ),
        PairTrouble::MarkBeforeKey => (
            "https-key.pem begins with a byte order mark, so that the key is not found",
            "Save it as plain text, without the mark.",
        ),
    };
    Step::look(
        "certificate and key",
        format!(
            "{home}: {what}. This pair cannot be loaded: when Syncthing starts the next time it makes a certificate of its own and writes over both files"
        ),
        format!("{hint} Keep a copy of both elsewhere until Syncthing has taken them up."),
    )
}
