//! The GUI section of Syncthing's config.xml, streamed: everything around it is skipped.
//!
//! Invariant: bounded in size, refuses document types and unknown entities, never quotes the key.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use secrecy::SecretString;

/// 1000 folders on 5 devices make 2.6 MB; beyond this it is no config.
const LARGEST: u64 = 64 << 20;

/// `<gui>` as lib/config/guiconfiguration.go writes it.
#[derive(Clone, Debug)]
pub(super) struct Gui {
    pub(super) enabled: bool,
    /// As written; empty means Syncthing's default.
    pub(super) address: String,
    pub(super) key: Option<SecretString>,
}

/// Why there is no [`Gui`].
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfigXmlError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("line {line}: {why}")]
    Malformed { line: usize, why: String },
    #[error("it has no <gui> section")]
    NoGui,
}

/// Reads a config.xml.
///
/// # Errors
/// It cannot be read, is torn or malformed, or has no GUI section.
pub(super) fn read(path: &Path) -> Result<Gui, ConfigXmlError> {
    // Asked first: opening a FIFO would wait for its writer.
    let found = path.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file").into());
    }
    if found.len() > LARGEST {
        return Err(io::Error::other("it is larger than 64 MiB").into());
    }
    parse(BufReader::new(File::open(path)?.take(LARGEST)))
}

/// Reads the text of a config.xml up to the end of its GUI section.
pub(super) fn parse(text: impl BufRead) -> Result<Gui, ConfigXmlError> {
    let mut reader = Reader::from_reader(Lines { text, passed: 0 });
    let mut buffer = Vec::new();
    let mut walk = Walk::default();
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let step = match event {
            Ok(event) => walk.step(event),
            Err(quick_xml::Error::Io(error)) => {
                return Err(io::Error::new(error.kind(), error).into());
            }
            Err(error) => Err(error.to_string()),
        };
        match step {
            Ok(Step::Go) => {}
            Ok(Step::Found(gui)) => return Ok(gui),
            Ok(Step::Nothing) => return Err(ConfigXmlError::NoGui),
            Err(why) => {
                let line = reader.get_mut().passed + 1;
                return Err(ConfigXmlError::Malformed { line, why });
            }
        }
    }
}

enum Step {
    Go,
    Found(Gui),
    Nothing,
}

/// Where in the document the reader is: the only interesting depth is that of `/configuration/gui/*`.
#[derive(Default)]
struct Walk {
    depth: usize,
    gui: Option<Gui>,
    field: Option<Field>,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Address,
    Key,
}

impl Walk {
    fn step(&mut self, event: Event<'_>) -> Result<Step, String> {
        match event {
            Event::Start(start) => {
                self.open(&start)?;
                self.depth += 1;
            }
            Event::Empty(start) => {
                self.open(&start)?;
                self.depth += 1;
                return Ok(self.close());
            }
            Event::End(_) => return Ok(self.close()),
            Event::Text(text) if self.field.is_some() => self.text.push_str(&text.into_inner()),
            Event::CData(text) if self.field.is_some() => self.text.push_str(&text.into_inner()),
            Event::GeneralRef(reference) if self.field.is_some() => {
                self.text.push(character(&reference)?);
            }
            Event::DocType(_) => return Err("a document type has no place here".to_owned()),
            Event::Eof if self.depth > 0 => return Err("the file ends in the middle".to_owned()),
            Event::Eof => return Ok(Step::Nothing),
            _ => {}
        }
        Ok(Step::Go)
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        let name = start.name();
        let name: &str = name.as_ref();
        match (self.depth, name) {
            (0, "configuration") => {}
            (0, _) => return Err("this is not Syncthing's configuration".to_owned()),
            (1, "gui") => {
                // lib/config/guiconfiguration.go: enabled is true where it is not written.
                let mut enabled = true;
                for attribute in start.attributes() {
                    let attribute = attribute.map_err(|error| error.to_string())?;
                    if attribute.key.as_ref() == "enabled" {
                        // As strconv.ParseBool reads it.
                        let value = attribute.value.to_ascii_lowercase();
                        enabled = !matches!(value.as_str(), "false" | "f" | "0");
                    }
                }
                self.gui = Some(Gui {
                    enabled,
                    address: String::new(),
                    key: None,
                });
            }
            (2, "address") if self.gui.is_some() => self.field = Some(Field::Address),
            (2, "apikey") if self.gui.is_some() => self.field = Some(Field::Key),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) -> Step {
        self.depth = self.depth.saturating_sub(1);
        match (self.depth, self.gui.as_mut()) {
            (1, Some(_)) => self.gui.take().map_or(Step::Go, Step::Found),
            (2, Some(gui)) => {
                let text = std::mem::take(&mut self.text);
                let text = text.trim();
                match self.field.take() {
                    Some(Field::Address) => gui.address = text.to_owned(),
                    Some(Field::Key) if !text.is_empty() => gui.key = Some(text.into()),
                    _ => {}
                }
                Step::Go
            }
            _ => Step::Go,
        }
    }
}

/// The five entities of XML and numbered characters; there are no others without a document type.
fn character(reference: &BytesRef<'_>) -> Result<char, String> {
    let numbered = reference
        .resolve_char_ref()
        .map_err(|error| error.to_string())?;
    let named = || match reference.xml10_content().as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    };
    numbered
        .or_else(named)
        .ok_or_else(|| "an unknown entity".to_owned())
}

/// Counts the lines that were read past.
struct Lines<R> {
    text: R,
    passed: usize,
}

impl<R: BufRead> io::Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.text.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(buffer) = self.text.fill_buf() {
            let passed = buffer.iter().take(amount);
            self.passed += passed.filter(|byte| **byte == b'\n').count();
        }
        self.text.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    /// What 1.19.2 writes; 1.29 adds `sendBasicAuthPrompt="false"` and more elements, 2.x a higher version.
    const SHAPE: &str = r#"<configuration version="36">
    <folder id="default" label="Default &amp; more" path="/s"><device id="A" introducedBy=""><encryptionPassword></encryptionPassword></device>
        <minDiskFree unit="%">1</minDiskFree></folder>
    <device id="A" name="vm"><address>dynamic</address><paused>false</paused></device>
    <gui enabled="true" tls="false" debugging="false" sendBasicAuthPrompt="false">
        <address>127.0.0.1:8384</address>
        <metricsWithoutAuth>false</metricsWithoutAuth>
        <user>u</user>
        <password>$2a$10$x</password>
        <apikey>tiiuwEfhS7xDo2HD</apikey>
        <theme>default</theme>
    </gui>
    <ldap></ldap>
    <options><listenAddress>default</listenAddress></options>
</configuration>
"#;

    fn shown(text: &str) -> String {
        match parse(text.as_bytes()) {
            Ok(gui) => {
                let key = gui.key.as_ref().map_or("-", |key| key.expose_secret());
                format!("{} {} {key}", gui.enabled, gui.address)
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_the_gui_section() {
        let gui = |inner: &str| format!("<configuration version=\"51\">{inner}</configuration>");
        let table = [
            (SHAPE.to_owned(), "true 127.0.0.1:8384 tiiuwEfhS7xDo2HD"),
            (gui("<gui><address>a</address></gui>"), "true a -"),
            (gui("<gui enabled=\"false\"/>"), "false  -"),
            (
                gui("<gui enabled=\"0\"><apikey></apikey></gui>"),
                "false  -",
            ),
            (
                gui("<gui><address>a&amp;&#98;</address><apikey> <![CDATA[k<]]>\n</apikey></gui>"),
                "true a&b k<",
            ),
            (
                gui(
                    "<other><gui><address>no</address></gui></other><gui><address/><deep><apikey>no</apikey></deep></gui>",
                ),
                "true  -",
            ),
            // What follows is not even looked at.
            (
                "<configuration><gui><address>a</address></gui><folder".to_owned(),
                "true a -",
            ),
            (
                format!("\u{feff}<?xml version=\"1.0\"?>{SHAPE}"),
                "true 127.0.0.1:8384 tiiuwEfhS7xDo2HD",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(shown(&text), expected, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            ("", "it has no <gui> section"),
            ("<configuration></configuration>", "it has no <gui> section"),
            (
                "<configuration>\n<gui>\n<address>a</address>\n",
                "line 4: the file ends in the middle",
            ),
            (
                "<html></html>",
                "line 1: this is not Syncthing's configuration",
            ),
            (
                "<!DOCTYPE x [<!ENTITY a \"b\">]>\n<configuration><gui><apikey>&a;</apikey></gui></configuration>",
                "line 1: a document type has no place here",
            ),
            (
                "<configuration>\n<gui><apikey>&a;</apikey></gui></configuration>",
                "line 2: an unknown entity",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert!(shown("<configuration>\n</gui>").starts_with("line 2: "));
        for torn in (0..SHAPE.len()).filter(|end| SHAPE.is_char_boundary(*end)) {
            let said = shown(SHAPE.get(..torn).unwrap_or_default());
            assert!(
                !said.contains("tiiuw") || said.starts_with("true "),
                "{said}"
            );
        }
    }

    #[test]
    fn a_torn_file_is_never_half_a_key() {
        let end = SHAPE.find("</gui>").expect("gui");
        for torn in 0..end {
            assert!(parse(SHAPE.get(..torn).unwrap_or_default().as_bytes()).is_err());
        }
    }

    #[test]
    fn thousands_of_folders_before_and_after() {
        let folder =
            "<folder id=\"f\" path=\"/x\"><device id=\"A\"></device></folder>\n".repeat(5000);
        let gui = "<gui><address>a</address></gui>";
        for text in [
            format!("<configuration>{folder}{gui}</configuration>"),
            format!("<configuration>{gui}{folder}</configuration>"),
        ] {
            assert_eq!(shown(&text), "true a -");
        }
        let torn = format!("<configuration>{folder}<gui><address>");
        assert_eq!(shown(&torn), "line 5001: the file ends in the middle");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(bytes.as_slice());
        }

        #[test]
        fn any_damage_is_answered(at in 0..SHAPE.len(), byte in any::<u8>()) {
            let mut bytes = SHAPE.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = parse(bytes.as_slice());
        }
    }
}
