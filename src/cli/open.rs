//! `syncwatch open`: the service's own page in the browser. The address never carries the key.

use super::args::OpenArgs;
use super::context::Context;
use super::error::{CliError, Exit};
use super::source::{put, unexpected};
use crate::config;
use crate::core::failure::About;
use crate::desktop::open::Opener;
use crate::engine::client::Connection;
use crate::engine::protocol::{Answer, Ask};
use crate::view::style::Line;

pub(super) async fn run(args: OpenArgs, context: &Context) -> Result<Exit, CliError> {
    let url = address(context).await?;
    context.out.page(&Line::plain(&url).into())?;
    if !args.print {
        // What the config reads secrets from is not for the browser.
        let _ = context.config();
        Opener::here(context.environment.hidden())
            .page(&url)
            .await?;
    }
    Ok(Exit::Fine)
}

async fn address(context: &Context) -> Result<String, CliError> {
    let address = match Connection::open(&context.environment.socket()).await? {
        Some(mut engine) => match put(&mut engine, Ask::Status).await? {
            Answer::Status { status } => context.one(&status)?.url.clone(),
            other => return Err(unexpected(other)),
        },
        None => resolved(context).await?,
    };
    if address.starts_with("https://") || address.starts_with("http://") {
        Ok(address)
    } else if address.is_empty() {
        Err(
            CliError::new(Exit::Unreachable, "The address is not known yet.")
                .hint("'syncwatch check' says where Syncthing was looked for."),
        )
    } else {
        Err(CliError::new(
            Exit::Wrong,
            format!("{address} is not for a browser."),
        ))
    }
}

async fn resolved(context: &Context) -> Result<String, CliError> {
    let instances = context.config()?.config.instances;
    let names = || instances.iter().map(|instance| instance.name.as_str());
    let instance = match (context.only(), instances.as_slice()) {
        (Some(name), all) => all
            .iter()
            .find(|instance| instance.name == name)
            .ok_or_else(|| CliError::unknown_instance(name, names()))?,
        (None, [one]) => one,
        (None, _) => return Err(CliError::which_instance(names())),
    };
    let resolution = config::resolve(instance, &context.environment).await;
    match resolution.outcome {
        Ok(resolved) => Ok(resolved.target.url),
        Err(fault) => {
            let about = About::new(&instance.name, instance.kind(), "");
            let (message, hint) = fault.words(&about);
            Err(CliError::new(Exit::Unreachable, message).hint(hint))
        }
    }
}
