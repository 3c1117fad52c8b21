//! Where everything is: all panes side by side where there is room, else the focused one alone.

use ratatui::layout::{Constraint, Layout as Split, Rect};

use crate::view::screen::Pane;

/// Below this only one pane is shown.
const WIDE: u16 = 80;
const HIGH: u16 = 16;
/// The frame and two sparklines.
const RATES: u16 = 6;

/// The places of everything.
#[derive(Debug)]
pub(super) enum Layout {
    Wide(Wide),
    Narrow(Narrow),
}

#[derive(Debug)]
pub(super) struct Wide {
    pub heading: Rect,
    pub panes: Vec<(Pane, Rect)>,
    pub rates: Rect,
    pub footer: Rect,
}

#[derive(Debug)]
pub(super) struct Narrow {
    pub heading: Rect,
    pub tabs: Rect,
    pub list: Rect,
    pub rates: Rect,
    pub footer: Rect,
}

/// How many lines the heading may take.
pub(super) fn heading_rows(area: Rect) -> usize {
    match area.height {
        0..8 => 1,
        8..24 => 2,
        _ => 4,
    }
}

/// The places in `area`, for a heading of so many lines.
pub(super) fn of(area: Rect, heading: u16, panes: &[Pane]) -> Layout {
    if area.width >= WIDE && area.height >= HIGH {
        Layout::Wide(wide(area, heading, panes))
    } else {
        Layout::Narrow(narrow(area, heading))
    }
}

fn wide(area: Rect, heading: u16, panes: &[Pane]) -> Wide {
    let has = |pane| panes.contains(&pane);
    let rows = [
        Constraint::Length(heading),
        Constraint::Fill(1),
        Constraint::Length((area.height / 4).clamp(4, 12)),
        Constraint::Length(1),
    ];
    let [heading, middle, journal, footer] = Split::vertical(rows).areas(area);
    let columns = [
        Constraint::Length((area.width / 3).clamp(30, 60)),
        Constraint::Fill(1),
    ];
    let [left, right] = Split::horizontal(columns).areas(middle);
    let rows = [Constraint::Fill(1), Constraint::Length(RATES)];
    let [instances, rates] = Split::vertical(rows).areas(left);
    let requests = match has(Pane::Requests) {
        true => (right.height / 4).clamp(3, 6),
        false => 0,
    };
    let rows = [Constraint::Fill(1), Constraint::Length(requests)];
    let [main, requests] = Split::vertical(rows).areas(right);
    let rows = [Constraint::Fill(3), Constraint::Fill(2)];
    let [folders, devices] = Split::vertical(rows).areas(main);
    let places = [
        (Pane::Instances, instances),
        (Pane::Folders, folders),
        (Pane::Devices, devices),
        (Pane::Facts, main),
        (Pane::Requests, requests),
        (Pane::Journal, journal),
    ];
    Wide {
        heading,
        panes: places.into_iter().filter(|(pane, _)| has(*pane)).collect(),
        rates,
        footer,
    }
}

/// What there is no room for is left out, the list of what is chosen last of all.
fn narrow(area: Rect, heading: u16) -> Narrow {
    let from = |height: u16| u16::from(area.height >= height);
    let rows = [
        Constraint::Length(heading.min(area.height.saturating_sub(1)).max(from(2))),
        Constraint::Length(from(4)),
        Constraint::Fill(1),
        Constraint::Length(from(8)),
        Constraint::Length(from(3)),
    ];
    let [heading, tabs, list, rates, footer] = Split::vertical(rows).areas(area);
    Narrow {
        heading,
        tabs,
        list,
        rates,
        footer,
    }
}
