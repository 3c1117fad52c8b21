//! `syncwatch generate`: what packagers put beside the binary.

mod manual;
mod roff;

use std::io::Write;
use std::path::Path;

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::args::{Cli, GenerateArgs, GenerateCommand};
use super::context::Context;
use super::error::{CliError, Exit};
use crate::config::keys;
use crate::core::Status;
use crate::core::status::StreamNote;
use crate::tray::icons::{APPLICATION, APPLICATION_SVG};
use crate::view::metrics;

/// Our own, because names have blanks: what clap_complete makes gives them to bash as several words, and asks for what was
/// typed with the quotes around it.
const BASH: &[u8] = include_bytes!("../../../assets/completions/syncwatch.bash");
const FISH: &[u8] = include_bytes!("../../../assets/completions/syncwatch.fish");
const ZSH: &[u8] = include_bytes!("../../../assets/completions/_syncwatch");

/// How the reference of the config is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReferenceFormat {
    /// docs/config.md
    #[default]
    Markdown,
    /// assets/config.schema.json
    Schema,
}

pub(super) fn run(args: &GenerateArgs, context: &Context) -> Result<Exit, CliError> {
    let mut made = Vec::new();
    match &args.command {
        GenerateCommand::Man { dir: Some(dir) } => man_pages(dir)?,
        GenerateCommand::Man { dir: None } => {
            made = manual::main_page(Cli::command()).into_bytes();
        }
        GenerateCommand::Completions { shell } => {
            registration(*shell, &mut made)?;
        }
        GenerateCommand::Schema => {
            made = serde_json::to_vec_pretty(&schema()).map_err(std::io::Error::from)?;
            made.push(b'\n');
        }
        GenerateCommand::ConfigReference { format } => made = reference(*format)?,
        GenerateCommand::Metrics => made = metrics::documentation().into_bytes(),
        GenerateCommand::Icons { dir } => icons(dir)?,
    }
    context.out.raw(&made)?;
    Ok(Exit::Fine)
}

/// The schema of a status, and beside it that of the other lines of a stream.
fn schema() -> schemars::Schema {
    let mut generator = schemars::SchemaGenerator::default();
    generator.subschema_for::<StreamNote>();
    generator.into_root_schema_for::<Status>()
}

fn reference(format: ReferenceFormat) -> Result<Vec<u8>, CliError> {
    let text = match format {
        ReferenceFormat::Markdown => keys::markdown(),
        ReferenceFormat::Schema => {
            let text = serde_json::to_string_pretty(&keys::schema());
            text.map_err(std::io::Error::from)? + "\n"
        }
    };
    Ok(text.into_bytes())
}

/// What has a shell ask syncwatch itself, so that it completes the names of real folders and devices.
fn registration(shell: Shell, made: &mut Vec<u8>) -> std::io::Result<()> {
    use clap_complete::env::{Elvish, EnvCompleter, Powershell};
    let completer: &dyn EnvCompleter = match shell {
        Shell::Elvish => &Elvish,
        Shell::PowerShell => &Powershell,
        Shell::Fish => return made.write_all(FISH),
        Shell::Zsh => return made.write_all(ZSH),
        _ => return made.write_all(BASH),
    };
    completer.write_registration("COMPLETE", "syncwatch", "syncwatch", "syncwatch", made)
}

fn man_pages(dir: &Path) -> Result<(), CliError> {
    std::fs::create_dir_all(dir).map_err(|error| unwritten(dir, &error))?;
    for (name, text) in manual::pages(Cli::command()) {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(|error| unwritten(&path, &error))?;
    }
    Ok(())
}

fn icons(dir: &Path) -> Result<(), CliError> {
    let theme = dir.join("hicolor");
    let drawn = APPLICATION
        .iter()
        .map(|(size, png)| (format!("{size}x{size}/apps/syncwatch.png"), *png));
    let source = (
        "scalable/apps/syncwatch.svg".to_owned(),
        APPLICATION_SVG.as_bytes(),
    );
    for (name, file) in drawn.chain([source]) {
        let path = theme.join(name);
        path.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, file))
            .map_err(|error| unwritten(&path, &error))?;
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> CliError {
    CliError::new(
        Exit::Wrong,
        format!("{} could not be written: {error}.", path.display()),
    )
}
