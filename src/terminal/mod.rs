//! Paints the full-screen view: where each pane is, borders, colours, sparklines.
//!
//! Invariant: this room is pure. It fills the buffer that it is given and knows no terminal; whatever the size, it
//! writes nothing outside of it.

mod layout;
mod lists;
mod sheet;
mod style;

use std::collections::BTreeMap;

use ratatui::Frame as Canvas;
use ratatui::layout::Rect;

use crate::view::Frame;
use crate::view::screen::{Pane, Screen};
use crate::view::style::Line;

use layout::Layout;
use style::Palette;

/// Paints a [`Screen`], and remembers how far its lists are scrolled.
#[derive(Debug)]
pub struct Painter {
    palette: Palette,
    /// The first row that is shown of each list.
    first: BTreeMap<Pane, usize>,
}

impl Painter {
    /// With colours, or with no style at all.
    pub fn new(colours: bool) -> Self {
        Self {
            palette: Palette { colours },
            first: BTreeMap::new(),
        }
    }

    /// Fills the canvas.
    pub fn paint(&mut self, screen: &mut Screen, canvas: &mut Canvas<'_>, frame: &Frame) {
        let area = canvas.area();
        if area.is_empty() {
            return;
        }
        let heading = screen.heading(area.width.into(), layout::heading_rows(area), frame);
        let rows = u16::try_from(heading.len()).unwrap_or(area.height);
        match layout::of(area, rows, &screen.panes()) {
            Layout::Wide(wide) => {
                self.lines(canvas, wide.heading, &heading);
                for (pane, place) in wide.panes {
                    self.boxed_list(screen, pane, canvas, place, frame);
                }
                self.boxed_rates(screen, canvas, wide.rates, frame);
                self.line(canvas, wide.footer, &screen.footer(area.width.into()));
            }
            Layout::Narrow(narrow) => {
                self.lines(canvas, narrow.heading, &heading);
                self.only_list(screen, canvas, narrow.tabs, narrow.list, frame);
                self.rates_in_a_line(screen, canvas, narrow.rates, frame);
                self.line(canvas, narrow.footer, &screen.footer(area.width.into()));
            }
        }
        self.sheet(screen, canvas, area, frame);
    }

    fn lines(&self, canvas: &mut Canvas<'_>, area: Rect, lines: &[Line]) {
        for (line, row) in lines.iter().zip(area.rows()) {
            self.line(canvas, row, line);
        }
    }

    fn line(&self, canvas: &mut Canvas<'_>, area: Rect, line: &Line) {
        if !area.is_empty() {
            let line = self.palette.line(line);
            canvas
                .buffer_mut()
                .set_line(area.x, area.y, &line, area.width);
        }
    }
}

#[cfg(test)]
mod tests;
