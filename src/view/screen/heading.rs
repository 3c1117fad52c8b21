//! What stands above the lists and below them.

use super::glyphs::steady;
use super::{Pane, Screen};
use crate::core::service::Rates;
use crate::view::Frame;
use crate::view::style::{Line, Page, Role};
use crate::view::units::{clock, rate};
use crate::view::words::{headline, unchanged_config};

/// How fast one direction was lately.
#[derive(Clone, Debug)]
pub struct Rate {
    pub label: Line,
    /// Bytes a second, oldest first; each stands for a few seconds.
    pub history: Vec<u64>,
    /// The highest of both directions.
    pub most: u64,
}

impl Screen {
    /// What matters most, in at most `rows` lines.
    pub fn heading(&self, width: usize, rows: usize, frame: &Frame) -> Vec<Line> {
        let (role, sentence) = match self.away {
            Some(since) => (
                Role::Busy,
                format!(
                    "The engine has been away since {}. It is looked for; what follows was known then.",
                    clock(since, &frame.zone)
                ),
            ),
            None => headline(&self.status),
        };
        if rows < 2 {
            return vec![steady(&Line::of(role, &sentence)).cut(width)];
        }
        let mut page = Page::default();
        page.paragraph(role, &sentence, 0, width);
        if let Some(problem) = &self.status.engine.config_problem {
            page.paragraph(Role::Warn, &unchanged_config(problem), 0, width);
        }
        let mut lines: Vec<Line> = page.into_lines().map(|line| steady(&line)).collect();
        let more = lines.len() > rows;
        lines.truncate(rows);
        if let Some(last) = lines.last_mut().filter(|_| more) {
            *last = last.clone().with(Role::Plain, " …").cut(width);
        }
        lines
    }

    /// The title of the focused pane, and the names of the others: the next one stands beside it.
    pub fn tabs(&self, title: &Line, width: usize) -> Line {
        let panes = self.panes();
        let at = panes.iter().position(|pane| *pane == self.focus);
        let (before, after) = panes.split_at(at.unwrap_or_default());
        let mut line = Line::plain("[").then(title.clone()).with(Role::Plain, "]");
        for pane in after.iter().skip(1).chain(before) {
            line = line.with(Role::Dim, &format!(" {}", super::rows::name(*pane)));
        }
        line.cut(width)
    }

    /// What was said last, what is being typed, or which keys there are.
    pub fn footer(&self, width: usize) -> Line {
        if self.typing {
            let filter = self.filter(self.focus);
            let line = Line::of(Role::Busy, "/").with(Role::Plain, filter);
            return line
                .with(Role::Busy, "▏")
                .with(Role::Dim, "  Enter keeps it, Esc takes it back")
                .cut(width);
        }
        if let Some((role, words)) = &self.said {
            return steady(&Line::of(*role, words)).cut(width);
        }
        let mut line = Line::default();
        for (key, words) in self.keys() {
            let next = line.clone();
            let next = match next.is_empty() {
                true => next,
                false => next.with(Role::Plain, "  "),
            };
            let next = next
                .with(Role::Strong, key)
                .with(Role::Dim, &format!(" {words}"));
            if next.width() > width {
                break;
            }
            line = next;
        }
        line
    }

    /// How fast the chosen instance receives and sends, over `columns` columns.
    pub fn rates(&self, columns: usize, frame: &Frame) -> Option<[Rate; 2]> {
        let instance = self.instance()?;
        let now = instance.service.as_ref()?.rates;
        let history = self.histories.get(&instance.name)?;
        let lately = |of: fn(&Rates) -> u64| history.columns(frame.now, columns, of);
        let (received, sent) = (lately(|it| it.in_bps), lately(|it| it.out_bps));
        let most = received.iter().chain(&sent).copied().max().unwrap_or(0);
        let line = |arrow, bps| Line::of(Role::Dim, arrow).with(Role::Plain, &rate(bps));
        Some([
            Rate {
                label: line("↓ ", now.in_bps),
                history: received,
                most,
            },
            Rate {
                label: line("↑ ", now.out_bps),
                history: sent,
                most,
            },
        ])
    }

    /// The keys that matter in the focused pane, the most useful first.
    fn keys(&self) -> Vec<(&'static str, &'static str)> {
        let own: &[_] = match self.focus {
            Pane::Folders => &[
                ("r", "rescan"),
                ("p", "pause"),
                ("f", "open"),
                ("x", "settle"),
            ],
            Pane::Devices => &[("p", "pause")],
            Pane::Instances => &[
                ("r", "rescan"),
                ("p", "pause"),
                ("t", "try now"),
                ("R", "restart"),
            ],
            Pane::Requests => &[("a", "accept"), ("i", "ignore")],
            Pane::Facts => &[("t", "try now")],
            Pane::Journal => &[],
        };
        let every = [
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "next"),
            ("Enter", "details"),
            ("/", "filter"),
            ("o", "web page"),
        ];
        let (first, rest) = every.split_at(2);
        first.iter().chain(own).chain(rest).copied().collect()
    }
}
