//! How a Syncthing stands in the config: the keys of an `[[instance]]` of kind `syncthing`.
//!
//! What may be paused when is read beside these: the core's rules for it are the same for every kind.

use url::Url;

use super::{Form, InConfig, Own};
use crate::config::describe::Line;
use crate::config::keys::{API_KEY, Key, Takes};
use crate::config::parse_secret::{self, secret};
use crate::config::problem::Findings;
use crate::config::section::Section;
use crate::core::kinds::syncthing::SyncthingSettings;

const HOME: &[Key] = &[
    Key::new(
        "home",
        Takes::Path,
        "Syncthing's config directory, when that is in no usual place. Address, key and certificate are read from there.",
    )
    .example("\"/srv/syncthing\""),
];

const PAUSES: &[Key] = &[
    Key::new(
        "pause-on-metered",
        Takes::Parts,
        "What is paused while the network is metered; just that goes on afterwards. Folders are named by ID or label, devices by ID or name.",
    )
    .example("\"all\""),
    Key::new(
        "pause-on-battery",
        Takes::Parts,
        "The same while the computer runs on battery.",
    )
    .example("[\"folder:photos\", \"device:nas\"]"),
];

const AWAY: &[Key] = &[
    Key::new(
        "may-be-away",
        Takes::Parts,
        "What is not always there, such as a folder on a disk that is only sometimes mounted: that it is stopped or away is shown, and counts as nothing wrong. Folders are named by ID or label, devices by ID or name.",
    )
    .example("[\"folder:photos\"]"),
];

impl InConfig for SyncthingSettings {
    const FORM: Form = Form {
        means: "On the computer that runs it nothing else is needed. For another computer's, give one of the four keys for its API key.",
        keys: &[HOME, &API_KEY, PAUSES, AWAY],
        ..Form::USUAL
    };

    fn read(
        section: &mut Section<'_>,
        _url: Option<&Url>,
        findings: &mut Findings<'_>,
    ) -> Own<Self> {
        let key = secret(section, &parse_secret::API_KEY, findings);
        Own {
            key: key.unwrap_or_default(),
            ..Own::from(Self)
        }
    }

    fn describe(&self, _line: &mut Line<'_>) {}
}
