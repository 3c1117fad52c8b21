//! `syncwatch demo`: an embedded stand-in for Syncthing that rotates its certificate, watched live.

use super::args::DemoArgs;
use super::context::Context;
use super::error::{CliError, Exit};

pub(super) async fn run(_: DemoArgs, _: &Context) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Internal, "'demo' is not built yet."))
}
