//! The view's menu and icon on a real panel.
//!
//! Invariant: this room shows values and hands back commands; it decides nothing.

pub mod icons;
