//! What the server's HTTP API answers, and what it means. Pure; bounded, and without the key that was sent.

use secrecy::SecretString;
use serde::Deserialize;

use crate::core::service::Fact;
use crate::core::{Class, Fault};
use crate::tls::{Reply, printable, without_secrets};

/// What is shown of a text that a server chose, in characters.
pub(super) const SHOWN: usize = 60;

/// Whether the server has a page that says how it is: off unless it is set so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    Off,
}

/// The figures of all nodes together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cluster {
    nodes: u64,
    clients: u64,
    users: u64,
    channels: u64,
    subscriptions: u64,
    oldest: String,
    newest: String,
}

/// An error as the API and the websocket word it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Mistake {
    #[serde(default)]
    pub code: u32,
    #[serde(default)]
    pub message: String,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Mistake>,
    result: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    version: String,
    #[serde(default)]
    num_clients: u64,
    #[serde(default)]
    num_users: u64,
    #[serde(default)]
    num_channels: u64,
    #[serde(default)]
    num_subs: u64,
}

/// What the reply to a GET of the health page says. That there is none, or that a proxy keeps it, is no failure.
///
/// # Errors
/// What any other status means.
pub(super) fn health(reply: Reply) -> Result<Health, Fault> {
    match reply.status {
        400..=499 => match reply.success() {
            Err(fault) if is_of_the_way(fault.class) => Err(fault),
            _ => Ok(Health::Off),
        },
        _ => reply.success().map(|_| Health::Well),
    }
}

/// It is said of the way to the server, and not of the page.
fn is_of_the_way(class: Class) -> bool {
    matches!(
        class,
        Class::TlsExpected | Class::ClientCertificate | Class::ProxyLogin | Class::TooManyRequests
    )
}

/// The figures in the reply to a POST of `info`.
///
/// # Errors
/// What a status means; an error that comes as a success; a reply that is neither a result nor an error.
pub(super) fn cluster(reply: Reply, key: &SecretString) -> Result<Cluster, Fault> {
    let served = reply.served.map(|pin| pin.fingerprint);
    let answer: Answer = reply.success()?.json()?;
    let fault = match answer {
        Answer {
            error: Some(mistake),
            ..
        } => mistake.fault(key),
        Answer {
            result: Some(info), ..
        } if info.nodes.is_empty() => {
            Fault::with_detail(Class::BadReply, "it names no node, and so is no Centrifugo")
        }
        Answer {
            result: Some(info), ..
        } => return Ok(Cluster::of(&info.nodes, key)),
        _ => Fault::with_detail(Class::BadReply, "it is neither a result nor an error"),
    };
    Err(fault.with_served(served))
}

/// What a server said, fit to be shown: short, and without `secret`, if it says that back.
pub(super) fn said(text: &str, secret: &SecretString) -> String {
    let known = std::slice::from_ref(secret);
    let clean = without_secrets(text.as_bytes().to_vec(), known);
    printable(&String::from_utf8_lossy(&clean), SHOWN)
}

impl Mistake {
    /// The same in words.
    pub fn words(&self, secret: &SecretString) -> String {
        format!("error {}: {}", self.code, said(&self.message, secret))
    }

    /// What it means.
    pub fn fault(&self, secret: &SecretString) -> Fault {
        let class = match self.code {
            101 => Class::Unauthorized,
            103 => Class::Forbidden,
            _ => Class::ServerError,
        };
        Fault::with_detail(class, self.words(secret))
    }
}

impl Cluster {
    fn of(nodes: &[Node], key: &SecretString) -> Self {
        let mut sum = Self {
            nodes: nodes.len() as u64,
            ..Self::default()
        };
        for node in nodes {
            sum.clients = sum.clients.saturating_add(node.num_clients);
            sum.users = sum.users.saturating_add(node.num_users);
            sum.channels = sum.channels.saturating_add(node.num_channels);
            sum.subscriptions = sum.subscriptions.saturating_add(node.num_subs);
        }
        let versions = || nodes.iter().map(|node| node.version.as_str());
        let shown = |version: Option<&str>| said(version.unwrap_or_default(), key);
        sum.oldest = shown(versions().min_by_key(|version| parts(version)));
        sum.newest = shown(versions().max_by_key(|version| parts(version)));
        sum
    }

    /// The newest version that a node has.
    pub fn version(&self) -> &str {
        &self.newest
    }

    /// The figures as they are shown.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![
            figure("nodes", self.nodes, ""),
            figure("clients", self.clients, ""),
            // Who is on two nodes is counted by both.
            figure("users", self.users, self.at_most()),
            figure("channels", self.channels, self.at_most()),
            figure("subscriptions", self.subscriptions, ""),
        ];
        if self.oldest != self.newest {
            facts.push(Fact {
                name: "versions".into(),
                value: format!("{} to {}", self.oldest, self.newest),
                number: None,
                attention: true,
            });
        }
        facts
    }

    /// The same in one line.
    pub fn summary(&self) -> String {
        let facts = self.facts();
        let figures = facts
            .iter()
            .map(|fact| format!("{}: {}", fact.name, fact.value));
        figures.collect::<Vec<_>>().join(", ")
    }

    fn at_most(&self) -> &'static str {
        match self.nodes {
            0 | 1 => "",
            _ => "up to ",
        }
    }
}

fn figure(name: &str, number: u64, about: &str) -> Fact {
    Fact {
        name: name.to_owned(),
        value: format!("{about}{number}"),
        number: Some(number as f64),
        attention: false,
    }
}

/// The numbers of a version, in which 10 comes after 9; then its words.
fn parts(version: &str) -> (Vec<u64>, &str) {
    let numbers = version.split(|letter: char| !letter.is_ascii_digit());
    let numbers = numbers.filter_map(|part| part.parse().ok());
    (numbers.take(4).collect(), version)
}

#[cfg(test)]
mod tests;
