//! How it goes and comes back.
