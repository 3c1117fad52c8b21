//! `syncwatch generate`: what packagers put beside the binary.

use std::path::Path;

use clap::CommandFactory;

use super::args::{Cli, GenerateArgs, GenerateCommand};
use super::context::Context;
use super::error::{CliError, Exit};
use crate::core::Status;

pub(super) fn run(args: &GenerateArgs, context: &Context) -> Result<Exit, CliError> {
    let mut made = Vec::new();
    match &args.command {
        GenerateCommand::Man { dir: Some(dir) } => man_pages(dir)?,
        GenerateCommand::Man { dir: None } => {
            clap_mangen::Man::new(Cli::command()).render(&mut made)?
        }
        GenerateCommand::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "syncwatch", &mut made);
        }
        GenerateCommand::Schema => {
            made = serde_json::to_vec_pretty(&schemars::schema_for!(Status))
                .map_err(std::io::Error::from)?;
            made.push(b'\n');
        }
    }
    context.out.raw(&made)?;
    Ok(Exit::Fine)
}

fn man_pages(dir: &Path) -> Result<(), CliError> {
    let written =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
    written.map_err(|error| {
        CliError::new(
            Exit::Wrong,
            format!("{} could not be written: {error}.", dir.display()),
        )
    })
}
