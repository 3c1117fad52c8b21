//! Labels: cleaned, bounded, and times that need no update while nothing happens.

use unicode_width::UnicodeWidthStr;

use crate::core::Timestamp;
use crate::view::Frame;
use crate::view::style::{clean, head, wrap};
use crate::view::units::date;

/// No label is wider, in columns.
pub(super) const WIDTH: usize = 60;
/// A name within a longer label.
pub(super) const NAME: usize = 36;

/// `text`, cleaned; its end is cut where it is wider than `columns`.
pub(super) fn line(text: &str, columns: usize) -> String {
    // Nearly every label: a menu of many folders has thousands.
    if text.len() <= columns && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    let text = clean(text);
    if text.width() <= columns {
        return text;
    }
    format!("{}…", head(&text, columns.saturating_sub(1)).trim_end())
}

/// `text`, cleaned; its middle is cut where it is wider than `columns`: the end of a path says most.
pub(super) fn middle(text: &str, columns: usize) -> String {
    let text = clean(text);
    if text.width() <= columns {
        return text;
    }
    let left = columns.saturating_sub(1) / 3;
    let begin = head(&text, left);
    let room = columns.saturating_sub(1 + begin.width());
    let mut end = text.as_str();
    while end.width() > room {
        let mut chars = end.chars();
        chars.next();
        end = chars.as_str();
    }
    format!("{begin}…{end}")
}

/// `text`, cleaned, in at most `most` lines.
pub(super) fn wrapped(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(&clean(text), columns);
    let more = lines.len() > most;
    lines.truncate(most);
    if let Some(last) = lines.last_mut().filter(|_| more) {
        *last = format!("{}…", head(last, columns.saturating_sub(1)).trim_end());
    }
    lines
}

/// `14:02` today, `20 Nov 14:02` within the year, else `2025-11-20`.
pub(in crate::view) fn moment(time: Timestamp, frame: &Frame) -> String {
    let zoned = |time: Timestamp| {
        let instant = jiff::Timestamp::from_millisecond(time.as_millis()).ok()?;
        Some(instant.to_zoned(frame.zone.clone()))
    };
    match (zoned(time), zoned(frame.now)) {
        (Some(time), Some(now)) if time.date() == now.date() => time.strftime("%H:%M").to_string(),
        (Some(time), Some(now)) if time.year() == now.year() => {
            time.strftime("%-d %b %H:%M").to_string()
        }
        _ => date(time, &frame.zone),
    }
}

/// `name`, or `id` where there is none, short enough to stand within a label.
pub(super) fn name_or(name: &str, id: &str) -> String {
    let name = if name.trim().is_empty() { id } else { name };
    middle(name, NAME)
}
