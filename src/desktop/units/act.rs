//! Starting, stopping and restarting a unit, and why that did not work.

use std::time::Duration;

use futures_util::StreamExt;
use zbus::proxy::MethodFlags;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};
use zbus::{Connection, Message, MessageStream};

use super::linux::{MANAGER, MANAGER_PATH, Managers, NAME, subscribe};
use crate::desktop::Trouble;
use crate::view::command::{Unit, UnitVerb};

/// systemd kills what does not stop within 90 s; after this it is not waited for any more.
const LONGEST: Duration = Duration::from_secs(120);
/// The ends of other jobs that come while a password is asked for.
const MOST_JOBS: usize = 4096;

impl Managers {
    /// [`super::act()`] with these managers.
    pub async fn act(&self, unit: &Unit, verb: UnitVerb) -> Result<(), Trouble> {
        let bus = match unit.user {
            true => &self.session,
            false => &self.system,
        };
        let asked = Asked { unit, verb };
        let connection = bus.connect().await.map_err(|error| asked.no_bus(&error))?;
        asked.run(&connection).await
    }
}

/// What was asked for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    unit: &'a Unit,
    verb: UnitVerb,
}

impl Asked<'_> {
    async fn run(self, connection: &Connection) -> Result<(), Trouble> {
        let failed = |error: zbus::Error| self.refused(&error);
        let rule = format!(
            "type='signal',sender='{NAME}',path='{MANAGER_PATH}',interface='{MANAGER}',member='JobRemoved'"
        );
        let rule = zbus::OwnedMatchRule::try_from(rule.as_str()).map_err(failed)?;
        let mut removed = MessageStream::for_match_rule(rule, connection, None)
            .await
            .map_err(failed)?;
        subscribe(connection).await;
        let mut ended = Vec::new();
        let job = {
            let mut call = std::pin::pin!(self.call(connection));
            loop {
                tokio::select! {
                    biased;
                    job = &mut call => break job.map_err(failed)?,
                    // Taken off at once: a full queue would keep the answer from being read.
                    Some(Ok(signal)) = removed.next() => if ended.len() < MOST_JOBS {
                        ended.push(signal);
                    }
                }
            }
        };
        let result = ended.iter().find_map(|signal| result_of(signal, &job));
        match result {
            Some(result) => self.ended(&result),
            None => match tokio::time::timeout(LONGEST, end_of(&job, &mut removed)).await {
                Ok(Some(result)) => self.ended(&result),
                // The manager itself went, as it does when it is replaced; the job was accepted.
                Ok(None) => Ok(()),
                Err(_) => Err(self.trouble("it takes very long", &self.look())),
            },
        }
    }

    async fn call(self, connection: &Connection) -> zbus::Result<OwnedObjectPath> {
        let proxy = zbus::Proxy::new(connection, NAME, MANAGER_PATH, MANAGER).await?;
        let member = match self.verb {
            UnitVerb::Start => "StartUnit",
            UnitVerb::Stop => "StopUnit",
            UnitVerb::Restart => "RestartUnit",
        };
        let flags = MethodFlags::AllowInteractiveAuth.into();
        let body = &(self.unit.name.as_str(), "replace");
        let job = proxy.call_with_flags(member, flags, body).await?;
        job.ok_or(zbus::Error::InvalidReply)
    }

    fn ended(self, result: &str) -> Result<(), Trouble> {
        let why = match result {
            "done" | "skipped" => return Ok(()),
            "canceled" => "something else was asked of it meanwhile",
            "timeout" => "it took too long",
            "dependency" => "something that it needs did not start",
            _ => "it failed",
        };
        Err(self.trouble(why, &self.look()))
    }

    fn refused(self, error: &zbus::Error) -> Trouble {
        let zbus::Error::MethodError(name, text, _) = error else {
            return self.trouble(&error.to_string(), &self.by_hand());
        };
        let text = text.as_deref().unwrap_or(name.as_str());
        match name.as_str() {
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner" => {
                self.trouble("systemd does not answer", &self.by_hand())
            }
            "org.freedesktop.DBus.Error.AccessDenied"
            | "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
            | "org.freedesktop.PolicyKit1.Error.NotAuthorized" => {
                self.trouble("it is not allowed to you", &self.by_hand())
            }
            "org.freedesktop.systemd1.NoSuchUnit" => {
                self.trouble("there is no such unit any more", &self.look())
            }
            "org.freedesktop.systemd1.UnitMasked" => {
                let hint = format!("Run '{}'.", self.systemctl("unmask"));
                self.trouble("it is masked", &hint)
            }
            _ => self.trouble(text, &self.by_hand()),
        }
    }

    fn no_bus(self, error: &zbus::Error) -> Trouble {
        self.trouble(&format!("no message bus: {error}"), &self.by_hand())
    }

    fn trouble(self, why: &str, hint: &str) -> Trouble {
        let done = match self.verb {
            UnitVerb::Start => "started",
            UnitVerb::Stop => "stopped",
            UnitVerb::Restart => "restarted",
        };
        let why = why.trim_end_matches('.');
        Trouble::new(&format!("{} was not {done}: {why}.", self.unit.name), hint)
    }

    /// The command that does the same.
    fn by_hand(self) -> String {
        let verb = match self.verb {
            UnitVerb::Start => "start",
            UnitVerb::Stop => "stop",
            UnitVerb::Restart => "restart",
        };
        format!("Run '{}' in a terminal.", self.systemctl(verb))
    }

    /// The command that says more.
    fn look(self) -> String {
        match self.unit.user {
            true => format!("'{}' says more.", self.systemctl("status")),
            false => format!("'systemctl status {}' says more.", self.unit.name),
        }
    }

    fn systemctl(self, verb: &str) -> String {
        match self.unit.user {
            true => format!("systemctl --user {verb} {}", self.unit.name),
            false => format!("sudo systemctl {verb} {}", self.unit.name),
        }
    }
}

async fn end_of(job: &OwnedObjectPath, removed: &mut MessageStream) -> Option<String> {
    while let Some(Ok(signal)) = removed.next().await {
        if let Some(result) = result_of(&signal, job) {
            return Some(result);
        }
    }
    None
}

/// How `job` ended, if the signal is about it.
fn result_of(signal: &Message, job: &OwnedObjectPath) -> Option<String> {
    let body = signal.body();
    let (_, path, _, result): (u32, ObjectPath<'_>, &str, &str) = body.deserialize().ok()?;
    (path == **job).then(|| result.to_owned())
}
