//! Why the desktop did not do what was asked of it, in words for the user.

use crate::view::style;

/// Something that was asked for and did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// What, where and why, in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Trouble {
    /// Text of others in `message` and `hint` becomes harmless and bounded.
    pub fn new(message: &str, hint: &str) -> Self {
        Self {
            message: style::clean(message),
            hint: style::clean(hint),
        }
    }
}
