//! The REST calls: one function per call, its path, time and size.
//!
//! Invariant: only GET, and never more than [`PARALLEL`] at a time. What a server need not have
//! (an older or newer version, a folder that is gone) is `None` and not a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use serde::de::DeserializeOwned;
use url::form_urlencoded::byte_serialize;

use crate::core::{Class, Fault};
use crate::services::link::{Ask, Link};
use crate::tls::Reply;

use super::completion::Completion;
use super::disk::Mark;
use super::faults::MAX_FAILED;
use super::reducer::MASK;
use super::shares::Shared;
use super::state::{Answer, Need, Snapshot};
use super::wire::{
    Config, Connections, Event, Events, RestartRequired, SystemStatus, SystemVersion,
};

/// How many requests are under way at once.
pub const PARALLEL: usize = 4;
/// Each of them takes a connection of its own: a handshake, and some 40 KB here. So many questions are worth another one.
const WORTH: usize = 8;
const TIMEOUT: Duration = Duration::from_secs(30);
/// What a long poll may take beyond that.
const SLACK: Duration = Duration::from_secs(5);
/// As many as the server keeps (cmd/syncthing EventSubBufferSize).
const MAX_CHANGES: usize = 1000;
const MIB: usize = 1024 * 1024;
/// For a config (2.6 MB with 1000 folders), also within events.
const LARGE: usize = 64 * MIB;
const SMALL: usize = 16 * MIB;

/// The newest event, at most. Creates the subscription, so that nothing after it is missed.
pub async fn newest_event<A: Ask>(link: &Link<A>) -> Result<Vec<Event>, Fault> {
    let path = format!("/rest/events?since=0&limit=1&timeout=0&events={MASK}");
    let events: Events = link.get_first(&path, TIMEOUT, LARGE).await?;
    Ok(events.0)
}

/// The events after `since`, as soon as there are any; none after `hold`, of whole seconds.
pub async fn events<A: Ask>(
    link: &Link<A>,
    since: u64,
    hold: Duration,
) -> Result<Vec<Event>, Fault> {
    let seconds = hold.as_secs();
    let path = format!("/rest/events?since={since}&timeout={seconds}&events={MASK}");
    let events: Events = link.get_held(&path, hold + SLACK, LARGE).await?;
    Ok(events.0)
}

/// Everything but folder statuses and completions.
pub async fn snapshot<A: Ask>(link: &Link<A>) -> Result<Snapshot, Fault> {
    let status = status(link).await?;
    let version = version(link).await?;
    let config: Config = link.get("/rest/config", TIMEOUT, LARGE).await?;
    Ok(Snapshot {
        status,
        version: version.version,
        config,
        connections: connections(link).await?,
        device_stats: optional(link, "/rest/stats/device").await?,
        folder_stats: optional(link, "/rest/stats/folder").await?,
        pending_devices: optional(link, "/rest/cluster/pending/devices").await?,
        pending_folders: optional(link, "/rest/cluster/pending/folders").await?,
        errors: optional(link, "/rest/system/error").await?,
        restart_required: restart_required(link).await?,
    })
}

/// Who the server is. The first answer of a session: what tells no device ID is no Syncthing, whatever it replies.
async fn status<A: Ask>(link: &Link<A>) -> Result<SystemStatus, Fault> {
    let judge = |status: SystemStatus| match status.my_id.is_empty() {
        true => Err("no device ID"),
        false => Ok(status),
    };
    known(link, "/rest/system/status", judge).await
}

async fn version<A: Ask>(link: &Link<A>) -> Result<SystemVersion, Fault> {
    let judge = |version: SystemVersion| match version.version.is_empty() {
        true => Err("no version"),
        false => Ok(version),
    };
    known(link, "/rest/system/version", judge).await
}

/// What `judge` makes of a reply, or which thing every Syncthing tells is missing in it.
async fn known<A: Ask, T: DeserializeOwned>(
    link: &Link<A>,
    path: &str,
    judge: impl Fn(T) -> Result<T, &'static str>,
) -> Result<T, Fault> {
    let request = link.getting(path, TIMEOUT, SMALL);
    let judge = |reply: Reply| {
        let missing = |what| {
            let words = format!("{what}, which every Syncthing tells, so this is none");
            Fault::with_detail(Class::BadReply, words)
        };
        judge(reply.success()?.json()?).map_err(missing)
    };
    link.exchange(&request, judge).await
}

/// The connections with their counters.
pub async fn connections<A: Ask>(link: &Link<A>) -> Result<Connections, Fault> {
    json(link, "/rest/system/connections").await
}

/// What the questions depend on.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// What is shared with each device that a completion is needed of.
    pub shares: BTreeMap<String, Shared>,
    /// The last change on disk that was told.
    pub mark: Mark,
}

/// Asks for all that is needed, in order; the snapshot and the connections are the caller's own.
pub fn answers<'a, A: Ask>(
    link: &'a Link<A>,
    needs: BTreeSet<Need>,
    context: &'a Context,
) -> impl Stream<Item = Result<Answer, Fault>> + 'a {
    let at_once = needs.len().div_ceil(WORTH).clamp(1, PARALLEL);
    let asked = needs.into_iter().filter_map(move |need| match need {
        Need::Snapshot | Need::Connections => None,
        need => Some(answer(link, need, context)),
    });
    stream::iter(asked).buffered(at_once)
}

async fn answer<A: Ask>(link: &Link<A>, need: Need, context: &Context) -> Result<Answer, Fault> {
    Ok(match need {
        Need::Folder(id) => {
            let path = format!("/rest/db/status?folder={}", escape(&id));
            Answer::Folder(id, maybe(link, &path).await?)
        }
        Need::Completion(id) => {
            let path = format!("/rest/db/completion?device={}", escape(&id));
            let sum = maybe(link, &path).await?;
            let known = by_folder(link, &id, sum, context).await?;
            Answer::Completion(id, known)
        }
        Need::Share(device, folder) => {
            let known = share(link, &device, &folder).await?;
            Answer::Share(device, folder, known)
        }
        Need::Failures(folder) => {
            let id = escape(&folder);
            let path = format!("/rest/folder/errors?folder={id}&perpage={MAX_FAILED}");
            Answer::Failures(folder, optional(link, &path).await?)
        }
        Need::Changes => Answer::Changes(changes(link, context.mark).await?),
        Need::FolderStats => Answer::FolderStats(optional(link, "/rest/stats/folder").await?),
        Need::Pending => Answer::Pending(
            optional(link, "/rest/cluster/pending/devices").await?,
            optional(link, "/rest/cluster/pending/folders").await?,
        ),
        Need::Errors => Answer::Errors(optional(link, "/rest/system/error").await?),
        Need::Connections | Need::Snapshot | Need::RestartRequired => {
            Answer::RestartRequired(restart_required(link).await?)
        }
    })
}

/// Folder by folder until what is needed adds up to the sum. Before 1.20 one paused folder makes the server refuse
/// that ("folder is paused").
async fn by_folder<A: Ask>(
    link: &Link<A>,
    device: &str,
    sum: Option<Completion>,
    context: &Context,
) -> Result<BTreeMap<String, Completion>, Fault> {
    let none = Shared::default();
    let shared = context.shares.get(device).unwrap_or(&none);
    let mut known = BTreeMap::new();
    let mut found = Completion::default();
    let doubtful = shared.doubtful.iter().map(|folder| (folder, true));
    let others = shared.others.iter().map(|folder| (folder, false));
    for (folder, is_doubtful) in doubtful.chain(others) {
        let all_found = sum.is_some_and(|sum| sum.needs_as_much_as(&found));
        if all_found && !is_doubtful {
            break;
        }
        if let Some(completion) = share(link, device, folder).await? {
            found = found.plus(&completion);
            known.insert(folder.clone(), completion);
        }
    }
    Ok(known)
}

async fn share<A: Ask>(
    link: &Link<A>,
    device: &str,
    folder: &str,
) -> Result<Option<Completion>, Fault> {
    let (device, folder) = (escape(device), escape(folder));
    let path = format!("/rest/db/completion?device={device}&folder={folder}");
    maybe(link, &path).await
}

/// What changed on the server's disk after `mark`; everything it still has where it no longer counts as it did.
async fn changes<A: Ask>(link: &Link<A>, mark: Mark) -> Result<Vec<Event>, Fault> {
    let after = async |since: u64| {
        let path = format!("/rest/events/disk?since={since}&limit={MAX_CHANGES}&timeout=0");
        let events: Events = optional(link, &path).await?;
        Ok(events.0)
    };
    let events = after(mark.since()).await?;
    match mark.since() == 0 || mark.is_continued_by(&events) {
        true => Ok(events),
        false => after(0).await,
    }
}

async fn restart_required<A: Ask>(link: &Link<A>) -> Result<bool, Fault> {
    let reply: RestartRequired = optional(link, "/rest/config/restart-required").await?;
    Ok(reply.required)
}

async fn json<A: Ask, T: DeserializeOwned>(link: &Link<A>, path: &str) -> Result<T, Fault> {
    link.get(path, TIMEOUT, SMALL).await
}

async fn optional<A: Ask, T: DeserializeOwned + Default>(
    link: &Link<A>,
    path: &str,
) -> Result<T, Fault> {
    Ok(maybe(link, path).await?.unwrap_or_default())
}

async fn maybe<A: Ask, T: DeserializeOwned>(
    link: &Link<A>,
    path: &str,
) -> Result<Option<T>, Fault> {
    link.get_optional(path, TIMEOUT, SMALL).await
}

fn escape(id: &str) -> String {
    byte_serialize(id.as_bytes()).collect()
}
