//! `syncwatch trust`: shows pins, accepts one that a server serves, takes it back.
//!
//! Invariant: nothing is pinned that the user did not see whole, or did not name whole.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use super::args::{TrustArgs, TrustCommand};
use super::ask::says_yes;
use super::context::Context;
use super::error::{CliError, Exit};
use super::source::{Purpose, Source, unexpected};
use crate::config;
use crate::core::status::{InstanceStatus, TrustStatus};
use crate::core::{Fingerprint, LinkState, Offer, PinSet, Shown, Status};
use crate::engine;
use crate::engine::clock::Clock;
use crate::engine::protocol::{Answer, Ask};
use crate::tls::{self, ClientSpec, Look, Trust};
use crate::view::style::{Line, Role};
use crate::view::trust;

/// How long the effect of a new pin is waited for.
const EFFECT: Duration = Duration::from_secs(5);
/// The same where one is forgotten: the connection is made anew at once.
const FORGETTING: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Trusted<'a> {
    instance: &'a str,
    url: &'a str,
    state: LinkState,
    #[serde(flatten)]
    trust: &'a TrustStatus,
}

pub(super) async fn run(args: TrustArgs, context: &Context) -> Result<Exit, CliError> {
    let purpose = match args.command {
        TrustCommand::List { .. } | TrustCommand::Show { .. } => Purpose::Look,
        TrustCommand::Accept { .. } | TrustCommand::Forget => Purpose::Change,
    };
    let mut source = Source::open(context, purpose).await?;
    let status = source.settled().await?;
    context.expect_known(&status)?;
    let status = context.select(status);
    let done = match args.command {
        TrustCommand::List { json } => list(&status, json, context),
        TrustCommand::Show { json } => show(&status, json, context),
        TrustCommand::Accept { fingerprint } => {
            accept(&mut source, &status, fingerprint, context).await
        }
        TrustCommand::Forget => forget(&mut source, &status, context).await,
    };
    source.close().await;
    done
}

fn list(status: &Status, json: bool, context: &Context) -> Result<Exit, CliError> {
    if json {
        let all = status.instances.iter().map(|instance| trusted(instance));
        context.out.json(&all.collect::<Vec<_>>())?;
    } else {
        let frame = context.out.frame(context.now());
        context.out.page(&trust::list(status, &frame))?;
    }
    Ok(Exit::Fine)
}

fn show(status: &Status, json: bool, context: &Context) -> Result<Exit, CliError> {
    let instance = context.one(status)?;
    if json {
        context.out.json(&trusted(instance))?;
    } else {
        let frame = context.out.frame(context.now());
        context.out.page(&trust::show(instance, &frame))?;
    }
    Ok(Exit::Fine)
}

fn trusted(instance: &InstanceStatus) -> Trusted<'_> {
    Trusted {
        instance: &instance.name,
        url: &instance.url,
        state: instance.link.state,
        trust: &instance.link.trust,
    }
}

async fn accept(
    source: &mut Source<'_>,
    status: &Status,
    given: Option<Fingerprint>,
    context: &Context,
) -> Result<Exit, CliError> {
    let instance = context.one(status)?;
    by_hand(instance)?;
    let served = instance.link.trust.served;
    let fingerprint = match (given, served) {
        (Some(given), _) => given,
        (None, Some(served)) if instance.link.state == LinkState::Connected => {
            let words = format!(
                "Nothing to accept: {} serves the pinned certificate {served}.",
                instance.name
            );
            context.out.page(&Line::plain(&words).into())?;
            return Ok(Exit::Fine);
        }
        (None, Some(served)) => served,
        (None, None) => return Err(nothing_seen(instance)),
    };
    if given.is_none() && !ask(instance, fingerprint, context).await? {
        context
            .out
            .page(&Line::plain("Nothing was changed.").into())?;
        return Ok(Exit::Wrong);
    }
    let name = instance.name.clone();
    let ask = Ask::Accept {
        instance: name.clone(),
        fingerprint,
    };
    match source.ask(ask).await? {
        Answer::Done => {}
        other => return Err(unexpected(other)),
    }
    let words = Line::of(Role::Ok, "Accepted: ").with(Role::Plain, &fingerprint.to_string());
    context.out.page(&words.into())?;
    effect(source, &name, fingerprint, context).await
}

fn by_hand(instance: &InstanceStatus) -> Result<(), CliError> {
    match instance.link.trust.mode.not_by_hand() {
        None => Ok(()),
        Some(hint) => {
            let message = format!("{} does not take pins by hand.", instance.name);
            Err(CliError::new(Exit::Usage, message).hint(hint))
        }
    }
}

fn nothing_seen(instance: &InstanceStatus) -> CliError {
    let error = CliError::new(
        Exit::Unreachable,
        format!("No certificate of {} was seen.", instance.name),
    );
    match &instance.link.failure {
        Some(failure) => error.hint(format!("{} {}", failure.message, failure.hint)),
        None => error.hint("Try again in a moment, or name one with --fingerprint."),
    }
}

async fn ask(
    instance: &InstanceStatus,
    fingerprint: Fingerprint,
    context: &Context,
) -> Result<bool, CliError> {
    let frame = context.out.frame(context.now());
    let seen = look(instance, fingerprint, context).await;
    let (shown, by_system) = match &seen {
        Some((shown, by_system)) => (Some(shown), *by_system),
        None => (instance.link.trust.shown.as_ref(), false),
    };
    let page = trust::question(instance, fingerprint, shown, by_system, &frame);
    if !context.out.is_dialogue() {
        context.out.page(&page)?;
        return Err(
            CliError::new(Exit::Usage, "There is no terminal to ask on; nothing was changed.")
                .hint(format!("Once it was compared: syncwatch trust accept --instance {} --fingerprint {fingerprint}", instance.name)),
        );
    }
    context.out.aside(&page);
    Ok(says_yes("Is it the same? Pin it from now on?".into()).await?)
}

/// What the certificate with this fingerprint says of itself, and whether this computer's certificates vouch for it; asked of
/// the server itself, without a request. `None` where it serves another one.
async fn look(
    instance: &InstanceStatus,
    fingerprint: Fingerprint,
    context: &Context,
) -> Option<(Shown, bool)> {
    let config = context.config().ok()?.config;
    let config = config
        .instances
        .iter()
        .find(|it| it.name == instance.name)?;
    let resolved = config::Look::of(config, &context.environment)
        .without_key()
        .outcome
        .ok()?;
    let spec = engine::client_spec(&resolved, PinSet::default(), 0);
    let look = Look {
        base: &spec.base,
        server_name: spec.server_name.as_deref(),
        dial: spec.dial.as_ref(),
        offer: Offer::WHOLE,
        timeout: Some(EFFECT),
        clock: Clock::wall,
    };
    let looked = look.run().await;
    let certificate = looked.sight.outcome.ok()?.certificate;
    let judged = ClientSpec {
        trust: Trust::System,
        ..spec
    };
    let by_system = tls::judge(&judged, &looked.chain, context.now()).is_ok();
    (certificate.pin.fingerprint == fingerprint).then(|| (certificate.shown(), by_system))
}

/// Says what became of it.
async fn effect(
    source: &mut Source<'_>,
    name: &str,
    fingerprint: Fingerprint,
    context: &Context,
) -> Result<Exit, CliError> {
    let done = |instance: &InstanceStatus| {
        let is_served = instance.link.trust.served == Some(fingerprint);
        is_served && instance.link.state == LinkState::Connected
    };
    let Some(instance) = settled(source, name, done, EFFECT).await? else {
        return Ok(Exit::Fine);
    };
    let frame = context.out.frame(context.now());
    context
        .out
        .page(&trust::accepted(&instance, fingerprint, &frame))?;
    Ok(Exit::of_state(instance.link.state))
}

/// The instance once `done` holds of it, or as it is when that takes too long.
async fn settled(
    source: &mut Source<'_>,
    name: &str,
    done: impl Fn(&InstanceStatus) -> bool,
    limit: Duration,
) -> Result<Option<Arc<InstanceStatus>>, CliError> {
    let mut last = None;
    let waiting = async {
        loop {
            let status = source.next().await?;
            let mut instances = status.instances.iter();
            if let Some(instance) = instances.find(|instance| instance.name == name) {
                last = Some(Arc::clone(instance));
                if done(instance) {
                    return Ok(());
                }
            }
        }
    };
    match timeout(limit, waiting).await {
        Ok(Err(error)) => Err(error),
        _ => Ok(last),
    }
}

async fn forget(
    source: &mut Source<'_>,
    status: &Status,
    context: &Context,
) -> Result<Exit, CliError> {
    let instance = context.one(status)?;
    by_hand(instance)?;
    let name = instance.name.clone();
    match source
        .ask(Ask::Forget {
            instance: name.clone(),
        })
        .await?
    {
        Answer::Done => {
            let words = format!("What was accepted for {name} is forgotten.");
            context.out.page(&Line::plain(&words).into())?;
        }
        other => return Err(unexpected(other)),
    }
    // What is connected after that is so by a pin of the config.
    let done = |instance: &InstanceStatus| instance.link.failure.is_some();
    if let Some(instance) = settled(source, &name, done, FORGETTING).await? {
        let frame = context.out.frame(context.now());
        context.out.page(&trust::forgotten(&instance, &frame))?;
    }
    Ok(Exit::Fine)
}
