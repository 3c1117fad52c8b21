//! The kinds of service, and what an instance of each is set to do beyond its address, trust and secrets.
//!
//! `each_kind!` is their one list. Every room that treats kinds differently makes its table of it: what they are, here;
//! how they stand in the config, in `config/kinds/`; how they are asked, in `services/`.
//!
//! Invariant: settings hold no secret.

pub mod centrifugo;
pub mod http;
pub mod syncthing;
pub mod websocket;
pub mod weechat;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hands every kind to the macro `$table`: its variant, the name of its module in each room, the type of its settings.
/// The module's name is also the word for it in config and JSON.
macro_rules! each_kind {
    ($table:ident) => {
        $table! {
            #[default]
            Syncthing(syncthing::SyncthingSettings),
            Weechat(weechat::WeechatSettings),
            Centrifugo(centrifugo::CentrifugoSettings),
            Websocket(websocket::WebsocketSettings),
            Http(http::HttpCheck),
        }
    };
}
pub(crate) use each_kind;

/// What is asked of the settings of any kind.
pub trait KindSettings {
    /// What an instance shows to be let in, as a sentence names it.
    const LOGIN: &'static str;

    /// The config's word for the first secret.
    fn secret(&self) -> &'static str;

    /// The config's word for the second secret, which is read whenever it is needed.
    fn second_secret(&self) -> &'static str {
        "token"
    }

    /// Requests name their whole path, so that the URL's own is none to put before it.
    fn names_whole_paths(&self) -> bool {
        false
    }
}

macro_rules! table {
    ($($(#[$default:meta])? $Kind:ident($module:ident::$Settings:ident),)+) => {
        /// What kind of service an instance is.
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(rename_all = "lowercase")]
        pub enum Kind {
            $($(#[$default])? $Kind,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: [Self; Self::NAMES.len()] = [$(Self::$Kind),+];

            /// Every name, in the same order.
            pub const NAMES: &[&str] = &[$(stringify!($module)),+];

            /// The word used in config, JSON and on screen.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Kind => stringify!($module),)+
                }
            }

            /// The one of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|kind| kind.name() == name)
            }

            /// What an instance of it shows to be let in, as a sentence names it.
            pub fn login(self) -> &'static str {
                match self {
                    $(Self::$Kind => $module::$Settings::LOGIN,)+
                }
            }
        }

        /// The settings of an instance, by its kind.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Settings {
            $($Kind($module::$Settings),)+
        }

        impl Settings {
            /// The kind that they are for.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$Kind(_) => Kind::$Kind,)+
                }
            }

            /// The config's word for the first secret.
            pub fn secret(&self) -> &'static str {
                match self {
                    $(Self::$Kind(own) => own.secret(),)+
                }
            }

            /// The config's word for the second secret, which is read whenever it is needed.
            pub fn second_secret(&self) -> &'static str {
                match self {
                    $(Self::$Kind(own) => own.second_secret(),)+
                }
            }

            /// Requests name their whole path, so that the URL's own is none to put before it.
            pub fn names_whole_paths(&self) -> bool {
                match self {
                    $(Self::$Kind(own) => own.names_whole_paths(),)+
                }
            }
        }

        $(
            impl From<$module::$Settings> for Settings {
                fn from(own: $module::$Settings) -> Self {
                    Self::$Kind(own)
                }
            }
        )+
    };
}

each_kind!(table);

impl Default for Settings {
    fn default() -> Self {
        Self::Syncthing(syncthing::SyncthingSettings)
    }
}
