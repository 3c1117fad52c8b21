//! `syncwatch config`: writes, shows and checks the config file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::args::{ConfigArgs, ConfigCommand};
use super::context::Context;
use super::error::{CliError, Exit};
use crate::config::{EXAMPLE, Loaded};
use crate::engine::state_file::create_private_directory;
use crate::view::style::{Line, Page, Role};
use crate::view::units::count;

pub(super) fn run(args: &ConfigArgs, context: &Context) -> Result<Exit, CliError> {
    match args.command {
        ConfigCommand::Init => init(context),
        ConfigCommand::Show => show(context),
        ConfigCommand::Check => check(context),
        ConfigCommand::Path => {
            let path = file(context);
            // As it is, not cleaned: a script uses it.
            let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
            bytes.push(b'\n');
            context.out.raw(&bytes)?;
            Ok(Exit::Fine)
        }
    }
}

fn file(context: &Context) -> std::path::PathBuf {
    context
        .environment
        .config_file(context.global.config.as_deref())
}

fn init(context: &Context) -> Result<Exit, CliError> {
    let path = file(context);
    let shown = path.display();
    match write_new(&path) {
        Ok(()) => {
            let words = format!("Written: {shown}");
            context.out.page(&Line::plain(&words).into())?;
            Ok(Exit::Fine)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let error = CliError::new(
                Exit::Config,
                format!("{shown} is there already and was left as it is."),
            );
            Err(error.hint("'syncwatch config check' says whether it is in order."))
        }
        Err(error) => Err(CliError::new(
            Exit::Config,
            format!("{shown} could not be written: {error}."),
        )),
    }
}

/// Its owner only may read it: it may come to hold a key.
fn write_new(path: &Path) -> io::Result<()> {
    create_private_directory(path.parent().unwrap_or(Path::new(".")))?;
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(EXAMPLE.as_bytes())
}

fn show(context: &Context) -> Result<Exit, CliError> {
    let loaded = context.config()?;
    let origin = if loaded.is_default {
        " (not there: these are the defaults)"
    } else {
        ""
    };
    let mut page = Page::from(Line::of(
        Role::Dim,
        &format!("# {}{origin}", loaded.file.display()),
    ));
    page.extend(loaded.config.describe().lines().map(Line::plain));
    context.out.page(&page)?;
    Ok(Exit::Fine)
}

fn several(number: usize, one: &str) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX), one)
}

fn check(context: &Context) -> Result<Exit, CliError> {
    let Loaded {
        config,
        warnings,
        file,
        is_default,
    } = context.config()?;
    let mut content = vec![several(config.instances.len(), "instance")];
    if !config.hooks.is_empty() {
        content.push(several(config.hooks.len(), "hook"));
    }
    content.extend(config.metrics.listen.map(|at| format!("metrics at {at}")));
    let mut page = Page::default();
    for warning in &warnings {
        let line = Line::of(Role::Warn, "warning: ");
        page.push(line.with(Role::Plain, &warning.to_string()));
    }
    let verdict = if is_default {
        format!(
            "{} is not there: the local Syncthing is watched.",
            file.display()
        )
    } else {
        format!("{} is in order: {}.", file.display(), content.join(", "))
    };
    page.push(Line::of(Role::Ok, &verdict));
    context.out.page(&page)?;
    Ok(Exit::Fine)
}
