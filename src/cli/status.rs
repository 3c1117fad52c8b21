//! `syncwatch status`: one snapshot, or everything that changes.

use std::sync::Arc;

use super::args::StatusArgs;
use super::context::Context;
use super::error::{CliError, Exit};
use super::output::reader_gone;
use super::screen;
use super::source::{Heard, Purpose, Source};
use super::stream::Stream;
use crate::core::Status;
use crate::view::{Frame, status, watch};

pub(super) async fn run(args: StatusArgs, context: &Context) -> Result<Exit, CliError> {
    if screen::is_wanted(&args) {
        return screen::run(context).await;
    }
    if args.watch {
        return tokio::select! {
            ended = follow(&args, context) => ended,
            () = reader_gone() => Ok(Exit::Fine),
        };
    }
    let mut source = Source::open(context, Purpose::Look).await?;
    let status = source.settled().await?;
    source.close().await;
    context.expect_known(&status)?;
    let status = context.select(status);
    if args.json {
        context.out.json(&*status)?;
    } else {
        let frame = Frame {
            all: args.all,
            ..context.out.frame(context.now())
        };
        context.out.page(&status::page(&status, &frame))?;
    }
    Ok(Exit::of(&status))
}

async fn follow(args: &StatusArgs, context: &Context) -> Result<Exit, CliError> {
    let mut source = Source::open(context, Purpose::Follow).await?;
    let mut before: Option<Arc<Status>> = None;
    let mut stream = Stream::default();
    loop {
        let status = match source.hear().await? {
            Heard::EngineGone => {
                stream.lost(args.json, context)?;
                continue;
            }
            Heard::Status(status) => status,
        };
        stream.hears(source.own().is_some(), args.json, context)?;
        // Later on the config may change: then it is told as gone.
        if before.is_none() {
            context.expect_known(&status)?;
        }
        let status = context.select(status);
        if args.json {
            context.out.json_line(&*status)?;
        } else {
            let frame = context.out.frame(context.now());
            let page = watch::changes(before.as_deref(), &status, &frame);
            context.out.page(&page)?;
        }
        before = Some(status);
    }
}
