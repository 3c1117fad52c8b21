//! What an instance is set to do beyond its address, trust and secrets: one variant for each kind. Holds no secret.

use super::centrifugo::CentrifugoSettings;
use super::http::HttpCheck;
use super::status::Kind;
use super::websocket::WebsocketSettings;
use super::weechat::WeechatSettings;

/// The settings of an instance, by its kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Settings {
    #[default]
    Syncthing,
    Weechat(WeechatSettings),
    Centrifugo(CentrifugoSettings),
    Websocket(WebsocketSettings),
    Http(HttpCheck),
}

impl Settings {
    /// The kind that they are for.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Syncthing => Kind::Syncthing,
            Self::Weechat(_) => Kind::Weechat,
            Self::Centrifugo(_) => Kind::Centrifugo,
            Self::Websocket(_) => Kind::Websocket,
            Self::Http(_) => Kind::Http,
        }
    }

    /// The config's word for the first secret.
    pub fn secret(&self) -> &'static str {
        match self {
            Self::Syncthing | Self::Centrifugo(_) => "api-key",
            Self::Weechat(_) => "password",
            Self::Websocket(settings) => settings.credential.secret(),
            Self::Http(check) => check.credential.secret(),
        }
    }

    /// The config's word for the second secret, which is read whenever it is needed.
    pub fn second_secret(&self) -> &'static str {
        match self {
            Self::Weechat(_) => "totp-secret",
            _ => "token",
        }
    }

    /// Requests name their whole path, so that the URL's own is none to put before it.
    pub fn names_whole_paths(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Websocket(_))
    }
}
