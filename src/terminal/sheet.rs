//! What lies over the lists: help, details, a question.

use ratatui::Frame as Canvas;
use ratatui::layout::{Constraint, Layout as Split, Rect};
use ratatui::widgets::{Clear, Widget};

use super::Painter;
use crate::view::Frame;
use crate::view::screen::{Screen, Shown};

/// Wider lines are hard to read.
const WIDEST: u16 = 100;
/// Below this there is no room for a frame.
const LOW: u16 = 7;
const NARROW: u16 = 24;

impl Painter {
    pub(super) fn sheet(
        &self,
        screen: &mut Screen,
        canvas: &mut Canvas<'_>,
        area: Rect,
        frame: &Frame,
    ) {
        if area.height < LOW || area.width < NARROW {
            let height = area.height.saturating_sub(1).max(1);
            let Some(shown) = screen.sheet(area.width.into(), height.into(), frame) else {
                return;
            };
            Clear.render(area, canvas.buffer_mut());
            let rows = [Constraint::Fill(1), Constraint::Length(area.height.min(1))];
            let [text, foot] = Split::vertical(rows).areas(area);
            self.lines(canvas, text, &shown.lines);
            self.line(canvas, foot, &shown.foot.cut(foot.width.into()));
            return;
        }
        let width = area.width.min(WIDEST);
        // The frame, and a blank on each side.
        let (inside, most) = (width.saturating_sub(4), area.height.saturating_sub(2));
        let Some(shown) = screen.sheet(inside.into(), most.into(), frame) else {
            return;
        };
        let lines = u16::try_from(shown.lines.len()).unwrap_or(most);
        let place = middle(area, width, lines.saturating_add(2));
        self.framed(&shown, canvas, place);
    }

    fn framed(&self, shown: &Shown, canvas: &mut Canvas<'_>, area: Rect) {
        Clear.render(area, canvas.buffer_mut());
        let block = self
            .block(true)
            .title(self.palette.line(&shown.title))
            .title_bottom(self.palette.line(&shown.foot).right_aligned());
        let inner = block.inner(area);
        block.render(area, canvas.buffer_mut());
        let text = Rect {
            x: inner.x.saturating_add(1),
            width: inner.width.saturating_sub(2),
            ..inner
        };
        self.lines(canvas, text, &shown.lines);
    }
}

fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}
