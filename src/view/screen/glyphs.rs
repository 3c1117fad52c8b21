//! Characters on whose width terminals agree.

use unicode_width::UnicodeWidthChar;

use crate::view::style::Line;

/// The same line without what joins several pictures into one: terminals differ in how wide that is, and a row that is
/// wider than it was taken for breaks the rows below it.
pub(super) fn steady(line: &Line) -> Line {
    let pieces = line.pieces();
    pieces.fold(Line::default(), |line, (role, text)| {
        line.with(role, &apart(text))
    })
}

fn apart(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for char in text.chars() {
        let joins = match char {
            // Skin tones, and the choice between a picture and a sign.
            '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => true,
            // Scripts need it; pictures are all wide.
            '\u{200d}' => kept.chars().last().is_some_and(is_picture),
            _ => false,
        };
        if !joins {
            kept.push(char);
        }
    }
    kept
}

fn is_picture(char: char) -> bool {
    char.width() == Some(2) || ('\u{2190}'..='\u{2bff}').contains(&char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_taken_apart_and_scripts_are_not() {
        assert_eq!(apart("👨‍👩‍👧❤️👍🏽"), "👨👩👧❤👍");
        for text in ["می‌خواهم", "ක්‍ෂ", "写真", "e\u{301}"] {
            assert_eq!(apart(text), text);
        }
    }
}
