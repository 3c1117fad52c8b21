//! What a row of the table of failures says, and how it is written there.

use std::time::Duration;

use super::Class;
use crate::core::kinds::Kind;
use crate::core::status::LinkState;

/// What must be read again before a failure of a class is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Believe it.
    None,
    /// Re-read the pin file: a rotation looks just like this.
    Pins,
    /// Re-read config.xml and the key source: the key may have changed.
    Source,
}

/// How an attempt that failed is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// As soon as the backoff allows: it costs next to nothing.
    Soon,
    /// The server replied and would not: within seconds at first, then ever more seldom.
    Growing,
    /// The same far more seldom: each attempt may count as a wrong login.
    Seldom,
    /// Not before the config changes or the user asks.
    Never,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub class: Class,
    /// The state once the patience is over.
    pub loud: LinkState,
    /// How long it stays hidden, seconds.
    pub patience: u64,
    /// The same while a rotation is under way, seconds.
    pub rotating_patience: u64,
    /// How many in a row are retried silently before the patience counts.
    pub silent_retries: u32,
    /// How long such a retry waits: a server that is only starting, or the proxy before it, is well by then.
    pub silent_wait: Duration,
    pub doubt: Doubt,
    pub retry: Retry,
    /// What happened and what it means. `{url}`, `{path}`, `{detail}`, `{served}`, `{pinned}`, `{name}` and `{secret}` are
    /// filled in.
    pub message: &'static str,
    /// What to do.
    pub hint: &'static str,
    /// Message and hint for one kind, where it has its own; an empty one is that of all.
    pub own: Option<(Kind, &'static str, &'static str)>,
}

const AT_ONCE: Duration = Duration::from_millis(1);
const A_MOMENT: Duration = Duration::from_secs(2);

pub(super) const fn rule(class: Class, loud: LinkState, patience: u64) -> Rule {
    Rule {
        class,
        loud,
        patience,
        rotating_patience: patience,
        silent_retries: 0,
        silent_wait: AT_ONCE,
        doubt: Doubt::None,
        retry: Retry::Soon,
        message: "",
        hint: "",
        own: None,
    }
}

impl Rule {
    pub(super) const fn rotating(self, rotating_patience: u64) -> Self {
        Self {
            rotating_patience,
            ..self
        }
    }

    pub(super) const fn silent_retry(self) -> Self {
        Self {
            silent_retries: 1,
            ..self
        }
    }

    /// One silent retry when whatever was restarting has had its time.
    pub(super) const fn second_look(self) -> Self {
        Self {
            silent_wait: A_MOMENT,
            ..self.silent_retry()
        }
    }

    pub(super) const fn doubt(self, doubt: Doubt) -> Self {
        Self { doubt, ..self }
    }

    /// A refusal that costs nobody anything.
    pub(super) const fn growing(self) -> Self {
        Self {
            retry: Retry::Growing,
            ..self.second_look()
        }
    }

    /// A refusal that may have a cost.
    pub(super) const fn seldom(self) -> Self {
        Self {
            retry: Retry::Seldom,
            ..self.second_look()
        }
    }

    /// Without a silent retry.
    pub(super) const fn at_once(self) -> Self {
        Self {
            silent_retries: 0,
            ..self
        }
    }

    pub(super) const fn stops(self) -> Self {
        Self {
            retry: Retry::Never,
            ..self
        }
    }

    /// Message and hint for an instance of this kind.
    pub fn words(&self, kind: Kind) -> (&'static str, &'static str) {
        match self.own {
            Some((own, message, hint)) if own == kind => match message {
                "" => (self.message, hint),
                message => (message, hint),
            },
            _ => (self.message, self.hint),
        }
    }

    /// To one kind it is said otherwise.
    pub(super) const fn to(self, kind: Kind, message: &'static str, hint: &'static str) -> Self {
        Self {
            own: Some((kind, message, hint)),
            ..self
        }
    }

    pub(super) const fn says(self, message: &'static str, hint: &'static str) -> Self {
        Self {
            message,
            hint,
            ..self
        }
    }
}
