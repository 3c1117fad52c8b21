//! Text with roles (ok, busy, bad, ...), measured as a terminal does, rendered with or without colours.
//!
//! Invariant: every text enters through [`clean`], so that no name or message of a server reaches the terminal as
//! a control sequence or reorders what stands beside it.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

mod json;

pub use json::clean_json;

/// More of one piece of text is never shown.
const LONGEST: usize = 4000;
/// Real scripts stack no more marks on a letter.
const MOST_MARKS: usize = 4;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    #[default]
    Plain,
    Strong,
    Dim,
    Ok,
    Busy,
    Warn,
    Bad,
}

impl Role {
    fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Strong => style.bold(),
            Self::Dim => style.dimmed(),
            Self::Ok => style.fg_color(Some(AnsiColor::Green.into())),
            Self::Busy => style.fg_color(Some(AnsiColor::Cyan.into())),
            Self::Warn => style.fg_color(Some(AnsiColor::Yellow.into())),
            Self::Bad => style.fg_color(Some(AnsiColor::Red.into())).bold(),
        }
    }
}

/// One line of styled text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    spans: Vec<(Role, String)>,
}

impl Line {
    /// A line of one role.
    pub fn of(role: Role, text: &str) -> Self {
        Self::default().with(role, text)
    }

    /// A line without a role.
    pub fn plain(text: &str) -> Self {
        Self::of(Role::Plain, text)
    }

    /// This line and `text` after it.
    #[must_use]
    pub fn with(mut self, role: Role, text: &str) -> Self {
        let text = clean(text);
        if !text.is_empty() {
            self.spans.push((role, text));
        }
        self
    }

    /// This line and `other` after it.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// Its pieces, from the left.
    pub fn pieces(&self) -> impl Iterator<Item = (Role, &str)> {
        self.spans.iter().map(|(role, text)| (*role, text.as_str()))
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// Nothing to see.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// At most `columns` of it; what is cut ends with `…`.
    #[must_use]
    pub fn cut(self, columns: usize) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mut left = columns.saturating_sub(1);
        let mut cut = Self::default();
        for (role, text) in self.spans {
            let kept = head(&text, left);
            let whole = kept.len() == text.len();
            left = left.saturating_sub(kept.width());
            let mut kept = kept.to_owned();
            if !whole && columns > 0 {
                kept.push('…');
            }
            cut.spans.push((role, kept));
            if !whole {
                return cut;
            }
        }
        cut
    }

    /// Filled with blanks up to `columns`, on the left when `right` aligned.
    #[must_use]
    pub fn fill(mut self, columns: usize, right: bool) -> Self {
        let missing = columns.saturating_sub(self.width());
        if missing > 0 {
            let at = if right { 0 } else { self.spans.len() };
            self.spans.insert(at, (Role::Plain, " ".repeat(missing)));
        }
        self
    }

    fn write(&self, out: &mut String, colours: bool) {
        for (role, text) in &self.spans {
            let style = role.style();
            if colours && style != Style::new() {
                let _ = write!(out, "{style}{text}{style:#}");
            } else {
                out.push_str(text);
            }
        }
        let plain_end = self
            .spans
            .last()
            .is_some_and(|(role, _)| *role == Role::Plain);
        if plain_end {
            out.truncate(out.trim_end_matches(' ').len());
        }
        out.push('\n');
    }
}

/// Lines, each ended by a newline when rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    lines: Vec<Line>,
}

impl Page {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds an empty line, unless there is nothing above or one already.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    /// Adds `text` broken into lines of `width` columns, each after `indent` blanks.
    pub fn paragraph(&mut self, role: Role, text: &str, indent: usize, width: usize) {
        let columns = width.saturating_sub(indent).max(1);
        for line in wrap(&clean(text), columns) {
            self.push(Line::plain(&" ".repeat(indent)).with(role, &line));
        }
    }

    /// Adds every line of `other`.
    pub fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// Nothing to see.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Its lines, to be put elsewhere.
    pub fn into_lines(self) -> impl Iterator<Item = Line> {
        self.lines.into_iter()
    }

    /// The text, with ANSI colours where they are wanted.
    pub fn render(&self, colours: bool) -> String {
        let mut out = String::new();
        self.lines
            .iter()
            .for_each(|line| line.write(&mut out, colours));
        out
    }
}

impl From<Line> for Page {
    fn from(line: Line) -> Self {
        Self { lines: vec![line] }
    }
}

impl Extend<Line> for Page {
    fn extend<I: IntoIterator<Item = Line>>(&mut self, lines: I) {
        self.lines.extend(lines);
    }
}

impl FromIterator<Line> for Page {
    fn from_iter<I: IntoIterator<Item = Line>>(lines: I) -> Self {
        Self {
            lines: lines.into_iter().collect(),
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

/// `text` on one line, bounded, with everything that a terminal would act upon, and everything unseen, shown as `\u{..}`.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut marks = 0;
    for char in text.chars().take(LONGEST) {
        marks = if char.width() == Some(0) {
            marks + 1
        } else {
            0
        };
        if matches!(char, '\n' | '\r' | '\t') {
            cleaned.push(' ');
        } else if char.is_control() || is_unseen(char) {
            cleaned.extend(char.escape_unicode());
        } else if marks <= MOST_MARKS {
            cleaned.push(char);
        }
    }
    cleaned
}

/// Unicode's default ignorable and bidirectional format characters. The joiners (U+200C, U+200D) and variation
/// selectors stay: scripts and emoji need them.
fn is_unseen(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}')
}

/// The longest beginning of `text` that fits in `columns`.
pub(super) fn head(text: &str, columns: usize) -> &str {
    let mut end = 0;
    for (index, char) in text.char_indices() {
        let next = index + char.len_utf8();
        if text.get(..next).is_none_or(|head| head.width() > columns) {
            break;
        }
        end = next;
    }
    text.get(..end).unwrap_or_default()
}

/// Breaks at blanks, and inside a word only when it is longer than a line.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word;
        let fits = |line: &String| line.is_empty() || line.width() + 1 + word.width() <= columns;
        if !lines.last().is_some_and(fits) {
            lines.push(String::new());
        }
        while word.width() > columns {
            let mut part = head(word, columns);
            if part.is_empty() {
                // A character wider than a line.
                part = word
                    .get(..word.chars().next().map_or(1, char::len_utf8))
                    .unwrap_or(word);
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(part);
            }
            lines.push(String::new());
            word = word.get(part.len()..).unwrap_or_default();
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() && !word.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_of_a_server_acts_on_the_terminal() {
        let hostile = "a\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31mb\u{202e}txt.exe\u{200b}\r\nc\td";
        let cleaned = clean(hostile);
        assert_eq!(
            cleaned,
            r"a\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31mb\u{202e}txt.exe\u{200b}  c d"
        );
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["Фото", "写真", "تصاویر", "می‌خواهم", "👨‍👩‍👧", "é", "❤️", "ไทย"]
        {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn towers_of_marks_are_cut_down() {
        let tower = format!("a{}b", "\u{301}".repeat(50));
        assert_eq!(clean(&tower), "a\u{301}\u{301}\u{301}\u{301}b");
    }

    #[test]
    fn cuts_by_columns_not_by_characters() {
        let cut = |text: &str, columns| {
            let mut out = String::new();
            Line::plain(text).cut(columns).write(&mut out, false);
            out.trim_end().to_owned()
        };
        assert_eq!(cut("写真アルバム", 12), "写真アルバム");
        assert_eq!(cut("写真アルバム", 11), "写真アルバ…");
        assert_eq!(cut("写真アルバム", 6), "写真…");
        assert_eq!(cut("e\u{301}te\u{301}s", 3), "e\u{301}t…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn colours_are_closed_and_absent_when_not_wanted() {
        let page = Page::from(Line::of(Role::Bad, "bad").with(Role::Plain, " plain "));
        assert_eq!(page.render(false), "bad plain\n");
        assert_eq!(page.render(true), "\u{1b}[1m\u{1b}[31mbad\u{1b}[0m plain\n");
    }

    proptest! {
        #[test]
        fn lines_keep_their_width(text in "\\PC{0,80}", columns in 1usize..50) {
            let line = Line::plain(&text);
            prop_assert!(line.clone().cut(columns).width() <= columns);
            prop_assert!(line.cut(columns).fill(columns, true).width() >= columns);
        }

        #[test]
        fn wrapping_keeps_every_word(text in "[a-zé写 ]{0,200}", columns in 2usize..50) {
            let lines = wrap(&clean(&text), columns);
            prop_assert!(lines.iter().all(|line| line.width() <= columns), "{lines:?}");
            let squeeze = |text: &str| text.replace(' ', "");
            prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
        }

        #[test]
        fn cleaning_is_final(text in "\\PC*|.*") {
            let once = clean(&text);
            prop_assert!(!once.chars().any(|char| char.is_control() || is_unseen(char)));
        }
    }
}
