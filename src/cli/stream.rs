//! What a stream says of the engine behind it, so that old data never looks live.

use super::context::Context;
use super::error::CliError;
use crate::core::status::{StreamNews, StreamNote};
use crate::view::watch;

/// Whose word the stream was last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stream {
    /// Nothing was told yet.
    #[default]
    Fresh,
    Engine,
    /// An engine of this process, in place of one.
    Own,
    Gone,
}

impl Stream {
    /// The engine ended.
    pub(super) fn lost(&mut self, json: bool, context: &Context) -> Result<(), CliError> {
        match std::mem::replace(self, Self::Gone) {
            Self::Gone => Ok(()),
            _ => tell(StreamNews::EngineGone, json, context),
        }
    }

    /// Something is told: by an engine of this process, or by the one that is running.
    pub(super) fn hears(
        &mut self,
        own: bool,
        json: bool,
        context: &Context,
    ) -> Result<(), CliError> {
        let now = if own { Self::Own } else { Self::Engine };
        match (std::mem::replace(self, now), now) {
            (Self::Gone | Self::Own, Self::Engine) => tell(StreamNews::EngineBack, json, context),
            (Self::Gone, Self::Own) => tell(StreamNews::WithoutEngine, json, context),
            _ => Ok(()),
        }
    }
}

fn tell(news: StreamNews, json: bool, context: &Context) -> Result<(), CliError> {
    let note = StreamNote::new(news, context.now());
    if json {
        context.out.json_line(&note)?;
    } else {
        let frame = context.out.frame(context.now());
        context.out.page(&watch::engine(&note, &frame))?;
    }
    Ok(())
}
