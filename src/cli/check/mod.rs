//! `syncwatch check`: every step of the way to an instance.

use super::args::CheckArgs;
use super::context::Context;
use super::error::{CliError, Exit};

pub(super) async fn run(_: CheckArgs, _: &Context) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Internal, "'check' is not built yet."))
}
