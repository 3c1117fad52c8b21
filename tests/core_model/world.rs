//! The world outside of the core: a server, a certificate file, a config. Changed by a test, looked at by the shell.

use syncwatch::core::{
    Class, Fault, Fingerprint, Pin, PinCommand, PinRead, Target, Timestamp, TrustMode,
};

/// A certificate named by a letter.
pub fn pin(letter: char) -> Pin {
    Pin {
        fingerprint: fingerprint(letter),
        not_after: Some(Timestamp::from_secs(2_000_000_000)),
    }
}

/// The fingerprint of the certificate named by a letter.
pub fn fingerprint(letter: char) -> Fingerprint {
    Fingerprint::from_digest([u8::try_from(u32::from(letter)).unwrap(); 32])
}

/// What answers at the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// A healthy server with this certificate.
    Serves(char),
    /// This certificate, but not its key.
    Replays(char),
    /// Answers, then breaks off the long poll.
    Flaps(char),
    /// Now this healthy server, now something with the other certificate.
    Alternates(char, char),
    /// Another certificate at every connection, none of them known.
    Changes,
    /// No attempt gets as far as a certificate.
    Fails(Class),
    /// This certificate, and this error to every request.
    Replies(char, Class),
    /// This certificate, and this end of every connection before a whole reply.
    Cuts(char, Class),
    /// Never says anything.
    Silent,
}

/// What is true right now.
#[derive(Clone, Debug)]
pub struct World {
    pub server: Server,
    pub file: PinRead,
    pub trust: TrustMode,
    pub configured: Vec<Pin>,
    pub local: bool,
    pub url: String,
    /// The key in the source, and the one that the server takes.
    pub key: u64,
    pub server_key: u64,
    /// The source gives another key at each look.
    pub restless_key: bool,
    /// Why the place cannot be found.
    pub lost_place: Option<Class>,
    pub requests: u64,
    /// With whom the last attempt completed a handshake.
    pub met: Option<Pin>,
}

impl World {
    /// A healthy local server with a pin file.
    pub fn new(trust: TrustMode) -> Self {
        Self {
            server: Server::Serves('A'),
            file: PinRead::Read(pin('A')),
            trust,
            configured: vec![],
            local: true,
            url: "https://127.0.0.1:8384".into(),
            key: 1,
            server_key: 1,
            restless_key: false,
            lost_place: None,
            requests: 0,
            met: None,
        }
    }

    /// What looking up the instance's place gives.
    pub fn resolve(&mut self) -> Result<Target, Fault> {
        if let Some(class) = self.lost_place {
            return Err(Fault::new(class));
        }
        if self.restless_key {
            self.key += 1;
        }
        Ok(Target {
            url: self.url.clone(),
            local: self.local,
            trust: self.trust,
            plain: false,
            path: (self.trust == TrustMode::File).then(|| "https-cert.pem".into()),
            command: (self.trust == TrustMode::Command).then(|| PinCommand {
                program: "ssh".into(),
                digest: 7,
            }),
            pins: self.configured.clone(),
            revision: self.key,
        })
    }

    /// What an attempt meets with this certificate set: an answer with what was served, or a failure.
    pub fn connect(&mut self, accepted: &[Fingerprint]) -> Result<Pin, Fault> {
        let pinned = self.trust.is_pinned();
        self.requests += 1;
        self.met = None;
        let (letter, class) = match self.server {
            Server::Fails(class) => return Err(Fault::new(class)),
            Server::Silent => return Err(Fault::new(Class::ConnectTimeout)),
            Server::Serves(letter) | Server::Flaps(letter) => (letter, None),
            Server::Alternates(good, bad) => {
                let letter = if self.requests.is_multiple_of(2) {
                    bad
                } else {
                    good
                };
                (letter, None)
            }
            Server::Changes => {
                let mut letters = ('a'..='z').cycle();
                let count = usize::try_from(self.requests).unwrap();
                (letters.nth(count).unwrap(), None)
            }
            Server::Replays(letter) => (letter, Some(Class::BadSignature)),
            Server::Replies(letter, class) | Server::Cuts(letter, class) => (letter, Some(class)),
        };
        let served = fingerprint(letter);
        let fault = |class| Err(Fault::new(class).with_served(Some(served)));
        if pinned && !accepted.contains(&served) {
            return fault(match accepted.is_empty() {
                true => Class::NotPinned,
                false => Class::PinMismatch,
            });
        }
        if !class.is_some_and(Class::is_about_certificate) {
            self.met = Some(pin(letter));
        }
        match class {
            Some(class) if matches!(self.server, Server::Cuts(..)) => Err(Fault::new(class)),
            Some(class) => fault(class),
            None if self.key != self.server_key => fault(Class::Unauthorized),
            None => Ok(pin(letter)),
        }
    }
}
