//! The files behind a figure, asked for a page at a time.

use super::error::CliError;
use super::source::{Asker, unexpected};
use crate::core::listing::{FileEntry, Listing};
use crate::engine::protocol::{Answer, Ask};

/// The files that a preview names.
const NAMED: usize = 10;
/// The pages that a preview counts through.
const COUNTED: u32 = 20;

/// A listing that is being read.
pub struct Pages {
    instance: String,
    listing: Listing,
    page: u32,
    is_over: bool,
    /// How the page before began: a server that knows no pages sends the same one for ever.
    before: Option<FileEntry>,
}

/// The beginning of a listing.
#[derive(Debug, Default)]
pub struct Preview {
    pub first: Vec<FileEntry>,
    pub items: u64,
    pub bytes: u64,
    /// Nothing was left uncounted.
    pub is_all: bool,
}

impl Pages {
    pub fn of(instance: &str, listing: Listing) -> Self {
        Self {
            instance: instance.to_owned(),
            listing,
            page: 0,
            is_over: false,
            before: None,
        }
    }

    /// The next files; `None` after the last.
    pub async fn next(&mut self, engine: &Asker) -> Result<Option<Vec<FileEntry>>, CliError> {
        if self.is_over {
            return Ok(None);
        }
        self.page += 1;
        let ask = Ask::Files {
            instance: self.instance.clone(),
            listing: self.listing.clone(),
            page: self.page,
        };
        match engine.ask(ask).await? {
            Answer::Files { files, more } => {
                let first = files.first().cloned();
                let again = first.is_some() && first == self.before;
                self.before = first;
                self.is_over = !more || again;
                Ok((!files.is_empty() && !again).then_some(files))
            }
            other => Err(unexpected(other)),
        }
    }

    /// Its beginning, and how much it is.
    pub async fn preview(mut self, engine: &Asker) -> Result<Preview, CliError> {
        let mut preview = Preview::default();
        while self.page < COUNTED {
            let Some(files) = self.next(engine).await? else {
                preview.is_all = true;
                break;
            };
            for file in files {
                preview.items += 1;
                preview.bytes = preview.bytes.saturating_add(file.bytes.unwrap_or_default());
                if preview.first.len() < NAMED {
                    preview.first.push(file);
                }
            }
            preview.is_all = self.is_over;
        }
        Ok(preview)
    }
}
