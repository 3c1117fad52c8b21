//! Everything that a person reads: [`Status`](crate::core::Status) and journal to text.
//!
//! Invariant: this room is pure. It never prints, never reads a clock, a file or the environment, and what it gives
//! holds no control and no bidirectional character, whatever a server sent.

pub mod absence;
mod certificate;
pub mod check;
pub mod command;
pub mod control;
pub mod hook;
pub mod icon;
pub mod journal;
mod link;
pub mod list;
pub mod menu;
pub mod metrics;
pub mod notices;
mod safety;
pub mod screen;
mod service;
pub mod status;
pub mod style;
mod table;
pub mod tooltip;
pub mod trust;
pub mod units;
pub mod wait;
pub mod watch;
pub mod words;

#[cfg(test)]
pub(crate) mod samples;

use jiff::tz::TimeZone;

use crate::core::Timestamp;

/// What the text is made for.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What "3 min ago" counts from.
    pub now: Timestamp,
    /// Times are shown in it.
    pub zone: TimeZone,
    /// Columns; 40 to 200 are made use of.
    pub width: usize,
    /// Every folder and device, however many are up to date.
    pub all: bool,
}

impl Frame {
    /// A frame for `width` columns, which is taken as at least 40 and at most 200.
    pub fn new(now: Timestamp, zone: TimeZone, width: usize) -> Self {
        Self {
            now,
            zone,
            width: width.clamp(40, 200),
            all: false,
        }
    }
}
