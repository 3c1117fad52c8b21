//! A unit variant's name as serde writes it, without going through a document.

use std::fmt::Debug;

/// `PinMismatch` as `pin-mismatch`.
pub(super) fn kebab(variant: &impl Debug) -> String {
    let debug = format!("{variant:?}");
    let mut name = String::with_capacity(debug.len() + 4);
    for (index, char) in debug.char_indices() {
        if char.is_ascii_uppercase() && index > 0 {
            name.push('-');
        }
        name.push(char.to_ascii_lowercase());
    }
    name
}
