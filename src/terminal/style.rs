//! Roles as colours of the terminal: the sixteen that the user's own theme chose.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Painted, Span};

use crate::view::style::{Line, Role};

/// How roles look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    /// Without them nothing has a style: what matters is said in words and signs.
    pub colours: bool,
}

impl Palette {
    pub(super) fn of(self, role: Role) -> Style {
        let style = Style::new();
        if !self.colours {
            return style;
        }
        match role {
            Role::Plain => style,
            Role::Strong => style.add_modifier(Modifier::BOLD),
            Role::Dim => style.add_modifier(Modifier::DIM),
            Role::Ok => style.fg(Color::Green),
            Role::Busy => style.fg(Color::Cyan),
            Role::Warn => style.fg(Color::Yellow),
            Role::Bad => style.fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    /// Of the row that is chosen.
    pub(super) fn chosen(self) -> Style {
        match self.colours {
            true => Style::new().add_modifier(Modifier::REVERSED),
            false => Style::new(),
        }
    }

    pub(super) fn line(self, line: &Line) -> Painted<'_> {
        let pieces = line.pieces();
        let spans = pieces.map(|(role, text)| Span::styled(text, self.of(role)));
        Painted::from_iter(spans)
    }
}
