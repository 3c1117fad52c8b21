//! `syncwatch list`: the files behind a figure.
//!
//! Invariant: no more than one page of them is in memory, however many there are.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::complete::{devices, folders};
use super::context::Context;
use super::control::{connected, names, syncthing};
use super::error::{CliError, Exit};
use super::files::Pages;
use super::source::{Asker, Purpose, Source};
use crate::core::listing::{FileEntry, Listing};
use crate::core::service::Conflict;
use crate::core::{InstanceStatus, Service};
use crate::view::list;
use crate::view::style::Page;

/// Arguments of `list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Which files
    #[arg(value_name = "WHICH")]
    pub figure: Figure,
    /// The folder by its ID, label or an unambiguous beginning
    #[arg(value_name = "FOLDER", add = folders())]
    pub folder: String,
    /// With 'behind': what this device lacks; without it, what each one lacks
    #[arg(long, value_name = "DEVICE", add = devices())]
    pub device: Option<String>,
    /// As JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// The figures that files stand behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Figure {
    /// What is needed here
    Needed,
    /// What was changed here in a folder that only receives
    Local,
    /// What could not be synced, and why
    Failed,
    /// What other devices lack
    Behind,
    /// Conflict copies that were seen to be made, the newest only
    Conflicts,
}

pub(super) async fn run(args: ListArgs, context: &Context) -> Result<Exit, CliError> {
    let mut source = Source::open(context, Purpose::Look).await?;
    let listed = listed(&args, &mut source, context).await;
    source.close().await;
    listed.map(|()| Exit::Fine)
}

/// One file as JSON.
#[derive(Serialize)]
struct Row<'a> {
    folder: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    #[serde(flatten)]
    file: &'a FileEntry,
}

async fn listed(
    args: &ListArgs,
    source: &mut Source<'_>,
    context: &Context,
) -> Result<(), CliError> {
    let status = source.settled().await?;
    let instance = syncthing(&status, context)?;
    let service = connected(instance)?;
    let folder = names::folder(service, &args.folder)?;
    let listing = match args.figure {
        Figure::Conflicts => return conflicts(&folder, args, service, context),
        Figure::Needed => Listing::Needed { folder },
        Figure::Local => Listing::Local { folder },
        Figure::Failed => Listing::Failed { folder },
        Figure::Behind => return behind(&folder, args, instance, service, source, context).await,
    };
    let shown = Shown {
        args,
        service,
        device: None,
    };
    let engine = source.asker();
    shown
        .all(instance, listing, &engine, context)
        .await
        .map(drop)
}

/// What is shown of a listing.
struct Shown<'a> {
    args: &'a ListArgs,
    service: &'a Service,
    /// Whom it is about, where it is about one of several.
    device: Option<&'a str>,
}

impl Shown<'_> {
    /// Prints it page by page. Whether there was any.
    async fn all(
        &self,
        instance: &InstanceStatus,
        listing: Listing,
        engine: &Asker,
        context: &Context,
    ) -> Result<bool, CliError> {
        let (folder, device) = match &listing {
            Listing::Behind { folder, device } => (folder.clone(), Some(device.clone())),
            Listing::Needed { folder } | Listing::Local { folder } | Listing::Failed { folder } => {
                (folder.clone(), None)
            }
        };
        let mut pages = Pages::of(&instance.name, listing.clone());
        let mut any = false;
        while let Some(files) = pages.next(engine).await? {
            if self.args.json {
                for file in &files {
                    let (folder, device) = (folder.as_str(), device.as_deref());
                    context.out.json_line(&Row {
                        folder,
                        device,
                        file,
                    })?;
                }
            } else {
                let heading = self.device.filter(|_| !any).map(list::heading);
                let rows = files.iter().map(list::row);
                let page: Page = heading.into_iter().chain(rows).collect();
                context.out.page(&page)?;
            }
            any = true;
        }
        if !any && !self.args.json && self.device.is_none() {
            let device = device.map(|id| name_of(self.service, &id));
            let words = list::nothing(Some(&listing), &self.args.folder, device.as_deref());
            context.out.page(&words.into())?;
        }
        Ok(any)
    }
}

/// What one device lacks, or each that shares the folder.
async fn behind(
    folder: &str,
    args: &ListArgs,
    instance: &InstanceStatus,
    service: &Service,
    source: &Source<'_>,
    context: &Context,
) -> Result<(), CliError> {
    let members = service.folders.iter().find(|it| it.id == folder);
    let members = members.map_or(&[][..], |folder| folder.devices.as_slice());
    let chosen = match &args.device {
        Some(name) => Some(names::device(service, name)?),
        None => None,
    };
    if let Some(device) = chosen.as_ref().filter(|id| !members.contains(id)) {
        let name = name_of(service, device);
        let message = format!("{} is not shared with {name}.", args.folder);
        return Err(CliError::new(Exit::Usage, message));
    }
    let is_one = chosen.is_some();
    let devices = chosen.map_or_else(|| members.to_vec(), |device| vec![device]);
    let engine = source.asker();
    let mut any = false;
    for device in devices {
        let name = name_of(service, &device);
        let folder = folder.to_owned();
        let shown = Shown {
            args,
            service,
            device: (!is_one).then_some(name.as_str()),
        };
        let listing = Listing::Behind { folder, device };
        any |= shown.all(instance, listing, &engine, context).await?;
    }
    if !any && !is_one && !args.json {
        let (folder, device) = (folder.to_owned(), String::new());
        let listing = Listing::Behind { folder, device };
        let words = list::nothing(Some(&listing), &args.folder, None);
        context.out.page(&words.into())?;
    }
    Ok(())
}

fn conflicts(
    folder: &str,
    args: &ListArgs,
    service: &Service,
    context: &Context,
) -> Result<(), CliError> {
    let frame = context.out.frame(context.now());
    let here = |conflict: &&Conflict| conflict.folder == folder;
    let all: Vec<&Conflict> = service.conflicts.iter().filter(here).collect();
    if args.json {
        for conflict in all {
            context.out.json_line(conflict)?;
        }
        return Ok(());
    }
    let page: Page = match all.is_empty() {
        true => list::nothing(None, &args.folder, None).into(),
        false => all
            .into_iter()
            .map(|it| list::conflict(it, &frame))
            .collect(),
    };
    context.out.page(&page)?;
    Ok(())
}

fn name_of(service: &Service, id: &str) -> String {
    let device = service.devices.iter().find(|device| device.id == id);
    device.map_or_else(|| id.to_owned(), |device| device.name.clone())
}
