//! What is laid over the lists: help, details, a question.

use super::glyphs::steady;
use super::input::Wish;
use super::{Pane, Screen};
use crate::view::Frame;
use crate::view::style::{Line, Page, Role};

/// What lies over the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sheet {
    Help {
        /// The first line that is shown.
        line: usize,
    },
    Details {
        pane: Pane,
        id: String,
        line: usize,
    },
    Question {
        wish: Wish,
        question: String,
    },
}

/// A sheet, ready to be shown in a given size.
#[derive(Clone, Debug)]
pub struct Shown {
    pub title: Line,
    /// What fits.
    pub lines: Vec<Line>,
    /// What closes it, and what else can be done.
    pub foot: Line,
    /// It is a question, which needs no more room than its words.
    pub asks: bool,
}

const KEYS: &[(&str, &str)] = &[
    ("↑ ↓ j k", "choose; PageUp, PageDown, Home, End go further"),
    ("Tab  h l", "the next pane, the one before"),
    ("Enter", "everything about what is chosen"),
    (
        "/",
        "show only what has these letters; Esc shows everything",
    ),
    ("r", "have the folder, or all folders, scanned"),
    ("p", "pause or resume the folder, the device, the instance"),
    ("P", "pause the whole instance for 30 minutes"),
    ("a  i", "accept or ignore a request"),
    ("x", "override or revert a folder that differs"),
    ("c", "empty the server's list of errors"),
    ("R  S", "restart it, shut it down"),
    ("t", "try to connect now"),
    ("m", "stop or go on watching the instance"),
    ("o  f", "open its web page, open the folder"),
    ("^L", "paint everything anew"),
    ("^Z", "back to the shell; 'fg' comes back"),
    ("q", "quit"),
];

impl Screen {
    /// What lies over the lists, in `width` columns and `height` lines of text.
    pub fn sheet(&mut self, width: usize, height: usize, frame: &Frame) -> Option<Shown> {
        let (title, page, mut foot) = match self.sheet.as_ref()? {
            Sheet::Help { .. } => ("Keys".to_owned(), help(width), "Esc closes"),
            Sheet::Question { question, .. } => {
                let mut page = Page::default();
                page.paragraph(Role::Plain, question, 0, width);
                (String::new(), page, "y yes   n no")
            }
            Sheet::Details { pane, id, .. } => {
                let subjects = self.subjects(*pane);
                let Some(subject) = subjects.into_iter().find(|it| it.id() == *id) else {
                    self.sheet = None;
                    return None;
                };
                let (title, page) = self.details(&subject, width, frame);
                (title, page, "Esc closes")
            }
        };
        let lines: Vec<Line> = page.into_lines().map(|line| steady(&line)).collect();
        let last = lines.len().saturating_sub(height);
        let asks = matches!(self.sheet, Some(Sheet::Question { .. }));
        let first = match self.sheet.as_mut()? {
            Sheet::Help { line } | Sheet::Details { line, .. } => {
                *line = (*line).min(last);
                *line
            }
            Sheet::Question { .. } => 0,
        };
        if last > 0 && !asks {
            foot = "↓ ↑ scroll   Esc closes";
        }
        Some(Shown {
            title: steady(&Line::of(Role::Strong, &title)),
            lines: lines.into_iter().skip(first).take(height).collect(),
            foot: Line::of(Role::Dim, foot),
            asks,
        })
    }
}

fn help(width: usize) -> Page {
    let mut page = Page::default();
    for (keys, words) in KEYS {
        let keys = Line::of(Role::Strong, keys).fill(9, false);
        let mut text = Page::default();
        text.paragraph(Role::Plain, words, 0, width.saturating_sub(9));
        for (index, line) in text.into_lines().enumerate() {
            let before = match index {
                0 => keys.clone(),
                _ => Line::plain(&" ".repeat(9)),
            };
            page.push(before.then(line));
        }
    }
    page
}
