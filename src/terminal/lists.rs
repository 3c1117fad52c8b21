//! Lists and rates.

use ratatui::Frame as Canvas;
use ratatui::layout::{Constraint, Layout as Split, Rect};
use ratatui::text::{Line as Painted, Span};
use ratatui::widgets::{Block, BorderType, Sparkline, Widget};

use super::Painter;
use crate::view::Frame;
use crate::view::screen::{List, Pane, Rate, Screen};
use crate::view::style::{Line, Role};

/// The chosen row, where keys go to it, and where they do not.
const CHOSEN: &str = "▸";
const KEPT: &str = "▹";

impl Painter {
    /// A list within a frame, which is heavy where keys go to it.
    pub(super) fn boxed_list(
        &mut self,
        screen: &Screen,
        pane: Pane,
        canvas: &mut Canvas<'_>,
        area: Rect,
        frame: &Frame,
    ) {
        let focused = screen.focus() == pane;
        // The frame and the sign before the row.
        let list = screen.list(pane, usize::from(area.width.saturating_sub(3)), frame);
        let rows = usize::from(area.height.saturating_sub(2));
        let title = self.palette.line(&list.title);
        let mut block = self.block(focused).title(title);
        if list.rows.len() > rows.saturating_sub(usize::from(list.header.is_some()))
            && let Some(chosen) = list.chosen
        {
            let where_it_is = format!(" {} of {} ", chosen + 1, list.rows.len());
            let style = self.palette.of(Role::Dim);
            block =
                block.title_bottom(Painted::from(Span::styled(where_it_is, style)).right_aligned());
        }
        let inner = block.inner(area);
        block.render(area, canvas.buffer_mut());
        self.rows(pane, &list, focused, canvas, inner);
    }

    /// The focused list alone, under the names of the others.
    pub(super) fn only_list(
        &mut self,
        screen: &Screen,
        canvas: &mut Canvas<'_>,
        tabs: Rect,
        area: Rect,
        frame: &Frame,
    ) {
        let pane = screen.focus();
        let list = screen.list(pane, usize::from(area.width.saturating_sub(1)), frame);
        self.line(canvas, tabs, &screen.tabs(&list.title, tabs.width.into()));
        self.rows(pane, &list, true, canvas, area);
    }

    /// How fast data goes in and out, over time.
    pub(super) fn boxed_rates(
        &self,
        screen: &Screen,
        canvas: &mut Canvas<'_>,
        area: Rect,
        frame: &Frame,
    ) {
        let title = Span::styled("Rates", self.palette.of(Role::Strong));
        let block = self.block(false).title(title);
        let inner = block.inner(area);
        block.render(area, canvas.buffer_mut());
        let Some([received, sent]) = screen.rates(inner.width.into(), frame) else {
            return;
        };
        let [a, b, c, d] = Split::vertical([Constraint::Length(1); 4]).areas(inner);
        for (rate, label, history) in [(received, a, b), (sent, c, d)] {
            self.line(canvas, label, &rate.label);
            self.sparkline(canvas, history, &rate);
        }
    }

    /// The same in one line.
    pub(super) fn rates_in_a_line(
        &self,
        screen: &Screen,
        canvas: &mut Canvas<'_>,
        area: Rect,
        frame: &Frame,
    ) {
        let halves: [Rect; 2] = Split::horizontal([Constraint::Fill(1); 2]).areas(area);
        let width = halves.first().map_or(0, |half| half.width);
        // `↓ 1023 KiB/s ` stands before it.
        let columns = width.saturating_sub(14);
        let Some(rates) = screen.rates(columns.into(), frame) else {
            return;
        };
        for (rate, half) in rates.into_iter().zip(halves) {
            let cells = [Constraint::Length(13), Constraint::Length(columns)];
            let [label, history] = Split::horizontal(cells).areas(half);
            self.line(canvas, label, &rate.label);
            self.sparkline(canvas, history, &rate);
        }
    }

    fn sparkline(&self, canvas: &mut Canvas<'_>, area: Rect, rate: &Rate) {
        Sparkline::default()
            .data(&rate.history)
            .max(rate.most.max(1))
            .style(self.palette.of(Role::Busy))
            .render(area, canvas.buffer_mut());
    }

    pub(super) fn block(&self, focused: bool) -> Block<'static> {
        let (kind, role) = match focused {
            true => (BorderType::Thick, Role::Busy),
            false => (BorderType::Plain, Role::Dim),
        };
        Block::bordered()
            .border_type(kind)
            .border_style(self.palette.of(role))
    }

    fn rows(
        &mut self,
        pane: Pane,
        list: &List,
        focused: bool,
        canvas: &mut Canvas<'_>,
        area: Rect,
    ) {
        let header = list.header.as_ref().filter(|_| area.height > 2);
        let rows = [
            Constraint::Length(u16::from(header.is_some())),
            Constraint::Fill(1),
        ];
        let [titles, area] = Split::vertical(rows).areas(area);
        if let Some(header) = header {
            self.line(canvas, beside(titles), header);
        }
        let Some(chosen) = list.chosen else {
            let empty = list.empty.clone().cut(beside(area).width.into());
            self.line(canvas, first_row(beside(area)), &empty);
            return;
        };
        let first = self.scroll(pane, chosen, list.rows.len(), area.height.into());
        let shown = list.rows.iter().enumerate().skip(first);
        for ((index, row), place) in shown.zip(area.rows()) {
            self.line(canvas, beside(place), row);
            if index != chosen || !(focused || pane == Pane::Instances) {
                continue;
            }
            let sign = if focused { CHOSEN } else { KEPT };
            self.line(canvas, place, &Line::plain(sign));
            if focused {
                canvas.buffer_mut().set_style(place, self.palette.chosen());
            }
        }
    }

    /// The first row to be shown: the one before, unless what is chosen were out of sight.
    fn scroll(&mut self, pane: Pane, chosen: usize, rows: usize, height: usize) -> usize {
        let first = self.first.entry(pane).or_default();
        let most = rows.saturating_sub(height);
        let least = (chosen + 1).saturating_sub(height);
        *first = (*first)
            .clamp(least, chosen.max(least))
            .min(most.max(least));
        *first
    }
}

/// All but the column of the sign.
fn beside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        width: area.width.saturating_sub(1),
        ..area
    }
}

fn first_row(area: Rect) -> Rect {
    Rect {
        height: area.height.min(1),
        ..area
    }
}
