//! What a hook can be told of.

/// A kind of thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// A loud state began: `disconnected`, `untrusted`, `unauthorized` or `misconfigured`.
    Loud,
    /// An outage ended of which a loud state was told.
    Recovered,
    /// Everything is up to date, after something was not.
    Synced,
    /// A new certificate was verified on the wire; the old one is retired.
    Rotation,
}

impl Occasion {
    /// Every one, in the order in which they are named to people.
    pub const ALL: [Self; 4] = [Self::Loud, Self::Recovered, Self::Synced, Self::Rotation];

    /// The word used in the config and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loud => "loud",
            Self::Recovered => "recovered",
            Self::Synced => "synced",
            Self::Rotation => "rotation",
        }
    }
}
