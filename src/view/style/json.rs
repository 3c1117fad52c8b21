//! JSON on a terminal: the same value, with nothing in it that a terminal could be led astray by.

use std::fmt::Write as _;

use super::is_unseen;

/// Escapes in JSON what [`super::clean`] escapes in text. Such characters stand in strings only, where JSON has escapes for them.
pub fn clean_json(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for char in text.chars() {
        // The line ends between tokens: in a string they are escaped already.
        if (char.is_control() && char != '\n') || is_unseen(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // A string takes everything.
                let _ = write!(cleaned, "\\u{unit:04x}");
            }
        } else {
            cleaned.push(char);
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_turns_text_around_is_an_escape() {
        let shown = clean_json("{\n  \"label\": \"a\u{202e}b\u{9b}é\u{e0001}\"\n}");
        let escaped = "{\n  \"label\": \"a\\u202eb\\u009bé\\udb40\\udc01\"\n}";
        assert_eq!(shown, escaped);
    }

    proptest! {
        #[test]
        fn the_value_is_the_same(text in "\\PC*|.*|[\u{7f}-\u{9f}\u{202e}\u{e0001}\n\"\\\\]*") {
            let shown = clean_json(&serde_json::to_string_pretty(&[&text]).expect("JSON"));
            prop_assert!(!shown.chars().any(|char| (char.is_control() && char != '\n') || is_unseen(char)));
            let read: [String; 1] = serde_json::from_str(&shown).expect("JSON");
            prop_assert_eq!(&read[0], &text);
        }
    }
}
