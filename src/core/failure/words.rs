//! A fault in words: the row of the table that fits the kind of server, filled in.

use std::time::Duration;

use super::hints::{
    BAD_COMMAND, MISMATCH_WITH_COMMAND, MISMATCH_WITH_FILE, NOT_ITS_OWN, NOT_KNOWN, RENEWED,
    SILENT_COMMAND, THROWN_AWAY, TOO_EARLY,
};
use super::table::fill;
use super::{Class, Fault};
use crate::core::kinds::Kind;
use crate::core::time::Timestamp;

/// Syncthing renews a certificate that ends sooner (lib/api/api.go shouldRegenerateCertificate).
const RENEWAL: Duration = Duration::from_secs(30 * 86_400);

/// Whom a fault is told of.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// The instance's name.
    pub name: &'a str,
    pub kind: Kind,
    /// Empty where no address is known.
    pub url: &'a str,
    /// The pin or CA file.
    pub path: Option<&'a str>,
    /// The pins in force, or where they are to be seen.
    pub pinned: String,
    /// A file or a command says what is pinned, so that there is nothing to accept by hand.
    pub pinned_by_file: bool,
    /// The program that prints the pin.
    pub command: Option<&'a str>,
    /// Why the file or the command told no pin when it was last read.
    pub trouble: Option<&'a str>,
    /// When the pinned certificate ends, where known.
    pub pinned_end: Option<Timestamp>,
}

impl<'a> About<'a> {
    /// Of an instance whose pins do not matter or are not known.
    pub fn new(name: &'a str, kind: Kind, url: &'a str) -> Self {
        Self {
            name,
            kind,
            url,
            path: None,
            pinned: "none".into(),
            pinned_by_file: false,
            command: None,
            trouble: None,
            pinned_end: None,
        }
    }
}

impl Fault {
    /// What happened and what it means; what to do.
    pub fn words(&self, about: &About<'_>) -> (String, String) {
        let (message, hint) = self.class.rule().words(about.kind);
        let (message, hint) = match (self.class, about.command) {
            (Class::PinMismatch, Some(_)) if about.trouble.is_some() => (message, SILENT_COMMAND),
            (Class::PinMismatch, Some(_)) => (message, MISMATCH_WITH_COMMAND),
            (Class::PinMismatch, None) if about.pinned_by_file => (message, MISMATCH_WITH_FILE),
            (Class::BadPinFile, Some(_)) => BAD_COMMAND,
            (Class::Certificate, _) if self.is_syncthings_own(about) => THROWN_AWAY,
            _ => (message, hint),
        };
        let value = |key: &str| self.value(key, about);
        (fill(message, value), fill(hint, value))
    }

    fn value(&self, key: &str, about: &About<'_>) -> Option<String> {
        Some(match key {
            "name" => about.name.to_owned(),
            "url" if about.url.is_empty() => about.name.to_owned(),
            "url" => about.url.to_owned(),
            "path" => about.path.unwrap_or("the configured place").to_owned(),
            "secret" => about.kind.login().to_owned(),
            "detail" => self.detail.clone().unwrap_or_else(|| "no details".into()),
            "served" => self
                .served
                .map_or_else(|| "none".into(), |served| served.to_string()),
            "pinned" => about.pinned.clone(),
            "openssl" => openssl(about.kind).to_owned(),
            "colons" => self
                .served
                .map_or_else(|| "the same".into(), |served| served.with_colons()),
            "likely" => fill(self.likely(about), |key| self.likely_value(key, about)),
            "command" => about.command.unwrap_or("the command").to_owned(),
            "trouble" => about.trouble.unwrap_or("no details").to_owned(),
            _ => return None,
        })
    }
}

/// What prints the fingerprint of a server's certificate, on the server.
pub fn openssl(kind: Kind) -> &'static str {
    match kind {
        Kind::Syncthing => "openssl x509 -noout -fingerprint -sha256 -in https-cert.pem",
        _ => "openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE.pem",
    }
}

impl Fault {
    fn is_syncthings_own(&self, about: &About<'_>) -> bool {
        let own = self.shown.as_ref().is_some_and(|it| it.is_syncthings_own());
        own && about.kind == Kind::Syncthing
    }

    /// Where a new certificate of a Syncthing elsewhere may come from.
    fn likely(&self, about: &About<'_>) -> &'static str {
        let Some(shown) = &self.shown else {
            return NOT_KNOWN;
        };
        match (about.pinned_end, shown.not_before) {
            _ if !shown.self_signed => NOT_ITS_OWN,
            (Some(end), Some(made)) if made + RENEWAL >= end => RENEWED,
            (Some(_), Some(_)) => TOO_EARLY,
            _ => NOT_KNOWN,
        }
    }

    fn likely_value(&self, key: &str, about: &About<'_>) -> Option<String> {
        let day = |time: Timestamp| time.to_string().chars().take(10).collect::<String>();
        let shown = self.shown.as_ref()?;
        Some(match key {
            "ends" => day(about.pinned_end?),
            "due" => day(about.pinned_end? - RENEWAL),
            "made" => day(shown.not_before?),
            "subject" => shown.subject.clone(),
            "issuer" => shown.issuer.clone(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::failure::TABLE;

    fn about(kind: Kind) -> About<'static> {
        About::new("nas", kind, "https://nas.lan")
    }

    #[test]
    fn no_kind_is_told_of_another_one() {
        let kinds = Kind::ALL;
        for (rule, kind) in TABLE
            .iter()
            .flat_map(|rule| kinds.iter().map(move |kind| (rule, *kind)))
        {
            let (message, hint) = Fault::new(rule.class).words(&about(kind));
            let text = format!("{message} {hint}");
            assert!(!text.contains('{') || text.contains("trust = {"), "{text}");
            if kind != Kind::Syncthing && rule.class != Class::NotFound {
                for word in ["Syncthing", "API key,", "config.xml", "'home'"] {
                    assert!(!text.contains(word), "{kind:?} {:?}: {text}", rule.class);
                }
            }
        }
    }

    #[test]
    fn each_kind_is_asked_for_its_own_secret() {
        let refused = |kind| Fault::new(Class::Forbidden).words(&about(kind)).0;
        assert!(refused(Kind::Syncthing).contains("refused the API key (403"));
        assert!(refused(Kind::Weechat).contains("refused the password (403"));
        assert!(refused(Kind::Http).contains("refused the login (403"));
    }
}
