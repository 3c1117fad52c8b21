//! What the terminal sends -> keys.

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::view::screen::Key;

/// What came from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Key(Key),
    /// It has another size.
    Resized,
}

/// Reads until the terminal is gone. The thread ends with the process: nothing else can interrupt its reading.
pub(super) fn read() -> UnboundedReceiver<Input> {
    let (inputs, read) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if let Some(input) = input(event)
                && inputs.send(input).is_err()
            {
                return;
            }
        }
    });
    read
}

fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(event) => key(event).map(Input::Key),
        Event::Paste(text) => Some(Input::Key(Key::Paste(text))),
        Event::Resize(..) => Some(Input::Resized),
        Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let other = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER;
    match event.code {
        KeyCode::Char(char) if event.modifiers.contains(KeyModifiers::CONTROL) => {
            match char.to_ascii_lowercase() {
                // Control and \ ends what a terminal runs; it arrives under the number that old terminals gave it.
                'c' | '4' | '\\' => Some(Key::Interrupt),
                'z' => Some(Key::Suspend),
                'l' => Some(Key::Repaint),
                _ => None,
            }
        }
        KeyCode::Char(char) if !event.modifiers.intersects(other) => Some(Key::Char(char)),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::Left => Some(Key::BackTab),
        KeyCode::Right | KeyCode::Tab => Some(Key::Tab),
        KeyCode::BackTab => Some(Key::BackTab),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown => Some(Key::PageDown),
        KeyCode::Home => Some(Key::Home),
        KeyCode::End => Some(Key::End),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc => Some(Key::Esc),
        KeyCode::Backspace => Some(Key::Backspace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_with_control_are_not_letters() {
        let press = |code, modifiers| key(KeyEvent::new(code, modifiers));
        let plain = KeyModifiers::NONE;
        assert_eq!(press(KeyCode::Char('r'), plain), Some(Key::Char('r')));
        let shift = KeyModifiers::SHIFT;
        assert_eq!(press(KeyCode::Char('R'), shift), Some(Key::Char('R')));
        let control = KeyModifiers::CONTROL;
        assert_eq!(press(KeyCode::Char('r'), control), None);
        for char in ['c', '4', '\\'] {
            assert_eq!(press(KeyCode::Char(char), control), Some(Key::Interrupt));
        }
        assert_eq!(press(KeyCode::Char('x'), KeyModifiers::ALT), None);
        assert_eq!(press(KeyCode::Left, plain), Some(Key::BackTab));
        let mut up = KeyEvent::new(KeyCode::Char('q'), plain);
        up.kind = KeyEventKind::Release;
        assert_eq!(key(up), None);
    }
}
