//! What a Syncthing is set to do: nothing beyond what every instance is.

use super::KindSettings;

/// How one Syncthing is watched: in one way only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncthingSettings;

impl KindSettings for SyncthingSettings {
    const LOGIN: &'static str = "API key";

    fn secret(&self) -> &'static str {
        "api-key"
    }
}
