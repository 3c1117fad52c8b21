//! What is chosen in a list, and how it moves.

use super::{Pane, Screen, Subject};

/// Of a page up or down.
const PAGE: usize = 10;

/// What is chosen in one list, and what it is narrowed down to.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// What it is; `None` is the first, whatever that will be.
    pub chosen: Option<String>,
    /// Where it was seen last, for when it is gone.
    index: usize,
    pub filter: String,
}

/// Where to go in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

impl Screen {
    /// Where the chosen one of `rows` stands; `None` when there is nothing to choose.
    pub(super) fn index(&self, pane: Pane, rows: &[Subject<'_>]) -> Option<usize> {
        let place = self.places.get(&pane);
        let last = rows.len().checked_sub(1)?;
        let Some((chosen, index)) = place.and_then(|it| Some((it.chosen.as_ref()?, it.index)))
        else {
            return Some(0);
        };
        // Nearly always it is where it was.
        let there = |index: &usize| rows.get(*index).is_some_and(|row| row.id() == *chosen);
        let found = Some(index).filter(there);
        let found = found.or_else(|| rows.iter().position(|row| row.id() == *chosen));
        Some(found.unwrap_or(index.min(last)))
    }

    /// What is chosen in the focused pane.
    pub(super) fn subject(&self) -> Option<Subject<'_>> {
        let rows = self.subjects(self.focus);
        let index = self.index(self.focus, &rows)?;
        rows.into_iter().nth(index)
    }

    /// What the focused pane is narrowed down to.
    pub(super) fn filter(&self, pane: Pane) -> &str {
        self.places
            .get(&pane)
            .map_or("", |place| place.filter.as_str())
    }

    pub(super) fn place(&mut self) -> &mut Place {
        self.places.entry(self.focus).or_default()
    }

    /// Notes where what is chosen stands now; what is gone makes way for what took its place.
    pub(super) fn hold_place(&mut self, pane: Pane) {
        let rows = self.subjects(pane);
        let Some(index) = self.index(pane, &rows) else {
            return;
        };
        let id = rows.get(index).map(Subject::id);
        if let Some(place) = self.places.get_mut(&pane)
            && place.chosen.is_some()
        {
            place.index = index;
            place.chosen = id;
        }
    }

    pub(super) fn step(&mut self, step: Step) {
        let rows = self.subjects(self.focus);
        let Some(index) = self.index(self.focus, &rows) else {
            return;
        };
        let last = rows.len().saturating_sub(1);
        let index = match step {
            Step::Up => index.saturating_sub(1),
            Step::Down => index + 1,
            Step::PageUp => index.saturating_sub(PAGE),
            Step::PageDown => index + PAGE,
            Step::First => 0,
            Step::Last => last,
        };
        let index = index.min(last);
        let id = rows.get(index).map(Subject::id);
        // The newest entry of the journal stays the chosen one when a newer one comes.
        let follows = self.focus == Pane::Journal && index == 0;
        let place = self.place();
        place.index = index;
        place.chosen = id.filter(|_| !follows);
    }

    pub(super) fn turn(&mut self, forward: bool) {
        let panes = self.panes();
        let at = panes.iter().position(|pane| *pane == self.focus);
        let at = at.unwrap_or_default();
        let next = match forward {
            true => at + 1,
            false => at + panes.len().saturating_sub(1),
        };
        if let Some(pane) = panes.get(next % panes.len().max(1)) {
            self.focus = *pane;
        }
    }
}
