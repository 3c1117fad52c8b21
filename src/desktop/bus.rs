//! A message bus, and values that services on it tell: read once, and again whenever a service signals.
//!
//! Invariant: nothing is polled while nothing happens; a bus that is gone is looked for seldom.

use std::future::Future;
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::SelectAll;
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, MessageStream};

/// The first wait before a bus is tried again, and the longest. Where there is none at all, each attempt costs a handful
/// of wake-ups for nothing.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(120);
/// How long a connection lasts before the next loss counts as a first one.
const STEADY: Duration = Duration::from_secs(10);
/// A service that does not answer within this is hung.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bus {
    /// The user's session's.
    Session,
    /// The computer's.
    System,
    /// At this D-Bus address.
    At(String),
}

/// Why a value could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Nobody offers it here, or not to us: there is nothing to do until somebody signals.
    Absent,
    /// It is offered and there was no answer: worth another attempt.
    Failed,
}

/// What is read from services on a bus.
pub(super) trait Reading {
    /// The signals after which it is read again.
    fn rules(&self) -> Vec<String>;

    /// The bus is there (again).
    fn begin(&mut self, connection: &Connection) -> impl Future<Output = ()> + Send;

    /// Reads everything and tells what changed.
    fn read(&mut self, connection: &Connection) -> impl Future<Output = Result<(), Unread>> + Send;
}

impl Bus {
    /// Connects; calls wait for their answers for as long as it takes.
    pub(super) async fn connect(&self) -> zbus::Result<Connection> {
        build(self.builder()?).await
    }

    fn builder(&self) -> zbus::Result<Builder<'_>> {
        match self {
            Self::Session => Builder::session(),
            Self::System => Builder::system(),
            Self::At(address) => Builder::address(address.as_str()),
        }
    }
}

/// Reads now and at every signal, and again after the bus was gone. Never returns.
pub(super) async fn follow(bus: &Bus, reading: &mut impl Reading) {
    let mut losses = 0;
    loop {
        // What a bus says when it goes helps nobody: it is tried again in any case.
        let _gone = follow_once(bus, reading, &mut losses).await;
        losses += 1;
        sleep(wait(losses)).await;
    }
}

/// The rule for the start and the end of a service.
pub(super) fn owner_rule(name: &str) -> String {
    format!(
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{name}'"
    )
}

/// The rule for changed properties of an object.
pub(super) fn properties_rule(name: &str, path: &str, interface: &str) -> String {
    format!(
        "type='signal',sender='{name}',path='{path}',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',arg0='{interface}'"
    )
}

/// A property; the service is not started for it.
pub(super) async fn property<T>(
    connection: &Connection,
    name: &str,
    path: &str,
    interface: &str,
    property: &str,
) -> Result<T, Unread>
where
    T: TryFrom<OwnedValue>,
{
    let proxy = zbus::proxy::Builder::<zbus::Proxy<'_>>::new(connection)
        .destination(name.to_owned())
        .and_then(|builder| builder.path(path.to_owned()))
        .and_then(|builder| builder.interface("org.freedesktop.DBus.Properties"))
        .map_err(|_| Unread::Absent)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
        .map_err(|error| unread(&error))?;
    let flags = zbus::proxy::MethodFlags::NoAutoStart.into();
    let value: Option<OwnedValue> = proxy
        .call_with_flags("Get", flags, &(interface, property))
        .await
        .map_err(|error| unread(&error))?;
    // A value of another type is not what we know under this name.
    value
        .and_then(|value| T::try_from(value).ok())
        .ok_or(Unread::Absent)
}

async fn follow_once(bus: &Bus, reading: &mut impl Reading, losses: &mut u32) -> zbus::Result<()> {
    let connection = build(bus.builder()?.method_timeout(PATIENCE)).await?;
    let mut signals = SelectAll::new();
    for rule in reading.rules() {
        let rule = zbus::OwnedMatchRule::try_from(rule.as_str())?;
        signals.push(MessageStream::for_match_rule(rule, &connection, None).await?);
    }
    draining(&mut signals, reading.begin(&connection)).await;
    let mut failures = 0;
    let mut steady = false;
    loop {
        let (read, changed) = draining(&mut signals, reading.read(&connection)).await;
        failures = match read {
            Err(Unread::Failed) => failures + 1,
            Ok(()) | Err(Unread::Absent) => 0,
        };
        if changed && !connection.is_closed() {
            continue;
        }
        loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Some(Ok(_)) => break,
                    Some(Err(error)) => return Err(error),
                    None => return Ok(()),
                },
                () = connection.closed() => return Ok(()),
                () = sleep(wait(failures)), if failures > 0 => break,
                () = sleep(STEADY), if !steady => {
                    steady = true;
                    *losses = 0;
                }
            }
        }
    }
}

/// A bus may take a connection and say nothing; zbus waits for its greeting without an end.
async fn build(builder: Builder<'_>) -> zbus::Result<Connection> {
    let built = timeout(PATIENCE, builder.build()).await;
    built.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Does `work` while it takes signals off the queue, and says whether there were any. A queue that fills up would
/// keep the answer to a call from being read.
async fn draining<T>(
    signals: &mut SelectAll<MessageStream>,
    work: impl Future<Output = T>,
) -> (T, bool) {
    let mut work = std::pin::pin!(work);
    let mut changed = false;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return (done, changed),
            Some(signal) = signals.next() => changed |= signal.is_ok(),
        }
    }
}

fn unread(error: &zbus::Error) -> Unread {
    const ABSENT: &[&str] = &[
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.AccessDenied",
        "org.freedesktop.DBus.Error.UnknownInterface",
        "org.freedesktop.DBus.Error.UnknownProperty",
        "org.freedesktop.DBus.Error.InvalidArgs",
    ];
    match error {
        zbus::Error::MethodError(name, ..) if ABSENT.contains(&name.as_str()) => Unread::Absent,
        _ => Unread::Failed,
    }
}

/// Doubles from one attempt to the next.
fn wait(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

/// Has the bus start a service that it can start. Where it cannot, the service is done without.
pub(super) async fn start_service(connection: &Connection, name: &str) {
    let _absent = connection
        .call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "StartServiceByName",
            &(name, 0_u32),
        )
        .await;
}
