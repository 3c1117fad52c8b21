//! notify's many kinds of events -> the few that matter here.

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};

/// What happened, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// Created, removed or renamed.
    Entry,
    Written,
    /// Closed after writing, or changed in a way that the system does not tell.
    Complete,
    Metadata,
    Opened,
}

impl Happening {
    pub(super) fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            // Both halves of a rename come on their own as well.
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
            EventKind::Modify(ModifyKind::Name(_)) => Some(Self::Entry),
            EventKind::Modify(ModifyKind::Data(_)) => Some(Self::Written),
            EventKind::Modify(ModifyKind::Metadata(_)) => Some(Self::Metadata),
            EventKind::Modify(_) => Some(Self::Complete),
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Self::Complete),
            EventKind::Access(AccessKind::Open(_)) => Some(Self::Opened),
            EventKind::Access(_) => None,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any | EventKind::Other => {
                Some(Self::Entry)
            }
        }
    }
}
