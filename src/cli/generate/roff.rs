//! The text format of manual pages, man(7), as far as ours need it. What is made passes `mandoc -T lint`.

/// Longer lines are for nobody who reads the source.
const WIDTH: usize = 78;

/// A page that grows.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Begins a page. `date` is YYYY-MM-DD.
    pub(super) fn new(title: &str, section: u8, date: &str, source: &str, manual: &str) -> Self {
        let title = title.to_uppercase();
        Self(format!(
            ".TH {} {section} {date} {} {}\n",
            quoted(&title),
            quoted(source),
            quoted(manual)
        ))
    }

    pub(super) fn section(&mut self, title: &str) {
        self.line(&format!(".SH {}", quoted(title)));
    }

    /// The page's name and what it is for: what apropos(1) searches.
    pub(super) fn name(&mut self, name: &str, about: &str) {
        self.section("NAME");
        self.filled(&format!("{} \\- {}", escaped(name), escaped(about)));
    }

    /// Paragraphs as they stand in the command line's definition, apart by an empty line.
    pub(super) fn text(&mut self, text: &str) {
        for (number, paragraph) in text.split("\n\n").enumerate() {
            if number > 0 {
                self.line(".PP");
            }
            self.filled(&escaped(paragraph));
        }
    }

    /// What is explained, in its own markup (see [`bold`]), and the explanation.
    pub(super) fn item(&mut self, head: &str, text: &str) {
        self.line(".TP");
        self.line(head);
        self.filled(&escaped(text));
    }

    /// A line of markup.
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Lines that stay as they are.
    pub(super) fn literal(&mut self, text: &str) {
        self.line(".nf");
        for line in text.lines() {
            // An empty line would be a mistake here, and a blank one is none.
            match escaped(line).as_str() {
                "" => self.line(".sp"),
                line => self.line(line),
            }
        }
        self.line(".fi");
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn filled(&mut self, text: &str) {
        let mut length = 0;
        for word in text.split_whitespace() {
            if length > 0 && length + 1 + word.len() > WIDTH {
                self.0.push('\n');
                length = 0;
            } else if length > 0 {
                self.0.push(' ');
                length += 1;
            }
            // At the beginning of a line these would be a command.
            if length == 0 && word.starts_with(['.', '\'']) {
                self.0.push_str("\\&");
            }
            self.0.push_str(word);
            length += word.len();
        }
        self.0.push('\n');
    }
}

/// Text in bold.
pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

/// Text in italics, for what stands for something else.
pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}

/// Another page.
pub(super) fn reference(name: &str, section: u8) -> String {
    format!("{}({section})", bold(name))
}

/// Nothing in it is markup; hyphens and quotes can be copied into a shell.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => safe.push_str("\\e"),
            '-' => safe.push_str("\\-"),
            '\'' => safe.push_str("\\(aq"),
            '`' => safe.push_str("\\(ga"),
            '^' => safe.push_str("\\(ha"),
            '~' => safe.push_str("\\(ti"),
            other => safe.push(other),
        }
    }
    match safe.strip_prefix('.') {
        Some(rest) => format!("\\&.{rest}"),
        None => safe,
    }
}

/// An argument of a macro.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\e").replace('"', "\\(dq"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let mut page = Page::new("a", 1, "2026-01-01", "b \"c\"", "d");
        page.text("one 'two' --three C:\\x\n\n.four\n'five");
        page.literal(".six\n\n'seven'");
        let expected = concat!(
            ".TH \"A\" 1 2026-01-01 \"b \\(dqc\\(dq\" \"d\"\n",
            "one \\(aqtwo\\(aq \\-\\-three C:\\ex\n.PP\n\\&.four \\(aqfive\n",
            ".nf\n\\&.six\n.sp\n\\(aqseven\\(aq\n.fi\n"
        );
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn lines_are_short() {
        let mut page = Page::default();
        page.text(&"word .dot ".repeat(40));
        let text = page.finish();
        let good = |line: &str| line.len() <= WIDTH + 2 && !line.starts_with('.');
        assert!(text.lines().all(good), "{text}");
    }
}
