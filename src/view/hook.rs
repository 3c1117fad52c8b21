//! The sentences that a hook passes on.

use crate::core::happening::Happening;
use crate::core::occasion::Occasion;

/// What a happening means, where nothing else has said so.
pub fn message(happening: &Happening) -> String {
    let name = &happening.instance;
    match happening.event {
        Occasion::Loud => format!("{name} needs a look."),
        Occasion::Recovered => format!("{name} is connected again."),
        Occasion::Synced => format!("{name}: everything is up to date."),
        Occasion::Rotation => format!("{name} has a new certificate, which was verified."),
    }
}
