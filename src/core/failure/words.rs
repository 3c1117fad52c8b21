//! A fault in words: the row of the table that fits the kind of server, filled in.

use super::table::{BAD_COMMAND, MISMATCH_WITH_COMMAND, MISMATCH_WITH_FILE, SILENT_COMMAND, fill};
use super::{Class, Fault};
use crate::core::kinds::Kind;

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
            "command" => about.command.unwrap_or("the command").to_owned(),
            "trouble" => about.trouble.unwrap_or("no details").to_owned(),
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
