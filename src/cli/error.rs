//! How a command ends: the exit codes, and errors in words.

use std::io;

use crate::config::ConfigError;
use crate::core::{InstanceStatus, LinkState, Refusal, Status};
use crate::desktop::Trouble;
use crate::engine::StartError;
use crate::engine::client::ClientError;
use crate::view::style::{Line, Page, Role};

/// The exit codes. They are a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Fine = 0,
    /// Something is wrong with an instance.
    Wrong = 1,
    Usage = 2,
    Config = 3,
    /// No engine, or an instance is not reachable.
    Unreachable = 4,
    Untrusted = 5,
    Unauthorized = 6,
    TimedOut = 7,
    /// A fault of this program.
    Internal = 70,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub enum CliError {
    /// What happened, and what to do.
    Said {
        exit: Exit,
        message: String,
        hints: Vec<String>,
    },
    /// Whoever read standard output has seen enough.
    ReaderGone,
}

impl Exit {
    /// As the system wants it.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code for everything in `status`: that of the worst instance.
    pub fn of(status: &Status) -> Self {
        let worst = status.instances.iter().max_by_key(|instance| {
            (
                instance.link.state.severity(),
                Self::of_instance(instance).code(),
            )
        });
        worst.map_or(Self::Fine, |instance| Self::of_instance(instance))
    }

    fn of_instance(instance: &InstanceStatus) -> Self {
        match instance.link.state {
            state if state.is_loud() => Self::of_state(state),
            // It was wanted so.
            _ if instance.link.is_shut_down() => Self::Fine,
            _ if instance.needs_attention() => Self::Wrong,
            _ => Self::Fine,
        }
    }

    /// The code for a link in this state.
    pub fn of_state(state: LinkState) -> Self {
        match state {
            LinkState::Untrusted => Self::Untrusted,
            LinkState::Unauthorized => Self::Unauthorized,
            LinkState::Misconfigured => Self::Wrong,
            LinkState::Disconnected => Self::Unreachable,
            _ => Self::Fine,
        }
    }
}

impl CliError {
    /// An error in one sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Said {
            exit,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// The same with something to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Said { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }

    /// An instance that is not there, with those that are.
    pub fn unknown_instance<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let near = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(name, known), *known))
            .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
            .min();
        let error = Self::new(
            Exit::Usage,
            format!("There is no instance called '{name}'."),
        );
        match (near, known.as_slice()) {
            (Some((_, near)), _) => error.hint(format!("Did you mean '{near}'?")),
            (None, []) => error.hint("The config names none."),
            (None, known) => error.hint(format!("There are: {}.", known.join(", "))),
        }
    }

    /// One instance is wanted and there are several, or none.
    pub fn which_instance<'a>(known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match known.as_slice() {
            [] => Self::new(Exit::Usage, "The config names no instance."),
            known => Self::new(Exit::Usage, "Which instance is meant?")
                .hint(format!("Say --instance with one of: {}.", known.join(", "))),
        }
    }

    /// The code to exit with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Said { exit, .. } => *exit,
            Self::ReaderGone => Exit::Fine,
        }
    }

    /// What happened, without what to do.
    pub fn message(&self) -> &str {
        match self {
            Self::Said { message, .. } => message,
            Self::ReaderGone => "",
        }
    }

    /// What to print to standard error.
    pub fn page(&self) -> Page {
        let Self::Said { message, hints, .. } = self else {
            return Page::default();
        };
        let mut page = Page::default();
        let mut lines = message.lines();
        let first = lines.next().unwrap_or_default();
        page.push(Line::of(Role::Bad, "error: ").with(Role::Plain, first));
        lines.for_each(|line| page.push(Line::plain(&format!("       {line}"))));
        for hint in hints {
            page.push(Line::of(Role::Busy, "hint: ").with(Role::Plain, hint));
        }
        page
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::new(
                Exit::Wrong,
                format!("The result could not be written: {error}."),
            ),
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let said = Self::new(Exit::Config, error.to_string());
        match error {
            ConfigError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                said.hint("'syncwatch config init' writes a commented example there.")
            }
            ConfigError::Unreadable { .. } => said,
            ConfigError::Invalid { .. } => {
                said.hint("'syncwatch config check' looks again once it is corrected.")
            }
        }
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        Self::new(Exit::Wrong, refusal.message).hint(refusal.hint)
    }
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        Self::new(Exit::Wrong, trouble.message).hint(trouble.hint)
    }
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(error) => error.into(),
            StartError::UnknownInstance { name, known } => {
                Self::unknown_instance(&name, known.iter().map(String::as_str))
            }
            StartError::AlreadyRunning { socket } => {
                let message = format!(
                    "An engine is running already: it holds {}.",
                    socket.display()
                );
                Self::new(Exit::Wrong, message)
                    .hint("'syncwatch status' asks it; one engine for each user is enough.")
            }
            StartError::Io { path, source } => {
                let message = format!("{} cannot be used: {source}.", path.display());
                Self::new(Exit::Wrong, message)
                    .hint("The local socket is placed there; SYNCWATCH_SOCKET names another place.")
            }
        }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let said = Self::new(
            Exit::Unreachable,
            format!("The engine could not be asked: {error}."),
        );
        match error {
            ClientError::Io { .. } => said.hint("Is the engine another user's?"),
            ClientError::Silent => Self::new(
                Exit::Unreachable,
                "The engine is running but does not answer.",
            )
            .hint("It may be stopped or stuck: restart 'syncwatch daemon'."),
            ClientError::Ended => said.hint("It was ended meanwhile. Try again."),
            ClientError::NotUnderstood(_) => said.hint(
                "Perhaps it is still running from before an update: restart 'syncwatch daemon'.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::status::{EngineInfo, Link, SCHEMA, TrustStatus};
    use crate::core::{Kind, Overall, Timestamp, TrustMode};
    use std::sync::Arc;

    fn status(states: &[LinkState]) -> Status {
        let since = Timestamp::default();
        let trust = TrustStatus {
            mode: TrustMode::File,
            path: None,
            command: None,
            current: None,
            pending: None,
            served: None,
            not_after: None,
            shown: None,
            thrown_away: None,
        };
        let instance = |state: &LinkState| InstanceStatus {
            name: "a".into(),
            kind: Kind::Syncthing,
            url: String::new(),
            local: false,
            link: Link {
                state: *state,
                since,
                restart_pending: false,
                failure: None,
                expected: None,
                trust: trust.clone(),
                rotations: 0,
                last_rotation: None,
                hidden_failures: 0,
                last_recovery_ms: None,
                next_attempt: None,
                insecure: false,
                plain: false,
            },
            service: None,
            holds: Vec::new(),
            attention: Vec::new(),
            counters: Arc::default(),
        };
        Status {
            schema: SCHEMA,
            time: since,
            overall: Overall::Ok,
            engine: EngineInfo {
                version: String::new(),
                pid: 1,
                since,
                config_problem: None,
            },
            attention: Vec::new(),
            instances: states.iter().map(instance).map(Arc::new).collect(),
        }
    }

    #[test]
    fn the_worst_instance_decides() {
        use LinkState::*;
        for (states, exit) in [
            (&[][..], Exit::Fine),
            (&[Connected, Paused, Rotating, Starting], Exit::Fine),
            (&[Connected, Disconnected], Exit::Unreachable),
            (&[Misconfigured, Disconnected], Exit::Wrong),
            (
                &[Unauthorized, Misconfigured, Disconnected],
                Exit::Unauthorized,
            ),
            (&[Unauthorized, Untrusted, Connected], Exit::Untrusted),
        ] {
            assert_eq!(Exit::of(&status(states)), exit, "{states:?}");
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let error = CliError::unknown_instance("labtop", ["laptop", "nas"]);
        insta::assert_snapshot!(error.page(), @r"
        error: There is no instance called 'labtop'.
        hint: Did you mean 'laptop'?
        ");
        let error = CliError::new(Exit::Config, "a.toml:1:1: one\na.toml:2:1: two\u{1b}[2J");
        insta::assert_snapshot!(error.page(), @r"
        error: a.toml:1:1: one
               a.toml:2:1: two\u{1b}[2J
        ");
    }

    #[test]
    fn a_reader_that_is_gone_is_no_error() {
        let error = CliError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(error.exit(), Exit::Fine);
        assert!(error.page().is_empty());
    }
}
