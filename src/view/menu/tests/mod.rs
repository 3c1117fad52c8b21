//! Tests of the menu.
