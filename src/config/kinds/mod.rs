//! How each kind stands in the config: its keys, how they are read, and how they are shown.

mod centrifugo;
mod http;
mod syncthing;
mod websocket;
mod weechat;

use url::Url;

use super::describe::Line;
use super::instance::{KeySource, TokenUrl};
use super::keys::Key;
use super::problem::Findings;
use super::section::Section;
use crate::core::kinds::each_kind;
use crate::core::{Kind, Settings};

/// What a kind brings to the config; implemented by its settings.
trait InConfig: Sized {
    const FORM: Form;

    /// Reads the keys of its own. `url` is what was understood of the address.
    fn read(section: &mut Section<'_>, url: Option<&Url>, findings: &mut Findings<'_>)
    -> Own<Self>;

    /// Writes them, defaults included, without secrets.
    fn describe(&self, line: &mut Line<'_>);
}

/// What the config must know of a kind before it reads an instance of it.
pub(super) struct Form {
    /// Whole sentences, for the reference.
    pub(super) means: &'static str,
    /// Those of its own, in groups.
    pub(super) keys: &'static [&'static [Key]],
    /// The keys for a user, a token or a header go with it too.
    pub(super) who_asks: bool,
    /// What to use in place of a user name and password in its URL.
    pub(super) login: &'static str,
    /// An example of the 'url' that it cannot do without.
    pub(super) needs_url: Option<&'static str>,
    /// Those of its URLs, the usual one first.
    pub(super) schemes: &'static [&'static str],
    /// The server's address, where a URL is that of one of its pages.
    pub(super) server: fn(&Url) -> Option<String>,
}

impl Form {
    const USUAL: Self = Self {
        means: "",
        keys: &[],
        who_asks: false,
        login: "'api-key-file'",
        needs_url: None,
        schemes: &["https"],
        server: |_| None,
    };
}

/// What was read of the keys of a kind.
pub(super) struct Own<S = Settings> {
    pub(super) settings: S,
    pub(super) key: KeySource,
    /// The second secret, where there is one,
    pub(super) second: KeySource,
    /// or the page that gives it.
    pub(super) token_url: Option<TokenUrl>,
}

impl<S> From<S> for Own<S> {
    /// Without secrets.
    fn from(settings: S) -> Self {
        Self {
            settings,
            key: KeySource::Nothing,
            second: KeySource::Nothing,
            token_url: None,
        }
    }
}

impl<S: Into<Settings>> Own<S> {
    fn of_any_kind(self) -> Own {
        Own {
            settings: self.settings.into(),
            key: self.key,
            second: self.second,
            token_url: self.token_url,
        }
    }
}

macro_rules! table {
    ($($(#[$default:meta])? $Kind:ident($module:ident::$Settings:ident),)+) => {
        /// What the config must know of a kind.
        pub(super) fn form(kind: Kind) -> &'static Form {
            match kind {
                $(Kind::$Kind => &<crate::core::kinds::$module::$Settings as InConfig>::FORM,)+
            }
        }

        /// Reads the keys of a kind's own.
        pub(super) fn read(
            kind: Kind,
            section: &mut Section<'_>,
            url: Option<&Url>,
            findings: &mut Findings<'_>,
        ) -> Own {
            match kind {
                $(Kind::$Kind => {
                    crate::core::kinds::$module::$Settings::read(section, url, findings).of_any_kind()
                })+
            }
        }

        /// Writes the keys of a kind's own, defaults included, without secrets.
        pub(super) fn describe(settings: &Settings, line: &mut Line<'_>) {
            match settings {
                $(Settings::$Kind(own) => own.describe(line),)+
            }
        }
    };
}

each_kind!(table);

/// What is asked for: the path of a URL with its query.
fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
