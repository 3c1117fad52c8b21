//! How a password and a one-time code are sent. Pure: the time is handed in.
//!
//! Invariant: the password is sent as it is only when the relay takes nothing better, and nothing that a relay says
//! has this computer work for long.

use std::num::NonZeroU32;
use std::time::Duration;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use ring::{digest, hmac, pbkdf2};
use secrecy::{ExposeSecret as _, SecretString};

use super::wire::{Handshake, Refusal, Refused};
use crate::core::credential::Credential;
use crate::core::kinds::weechat::PasswordHash;
use crate::core::{Class, Fault, Timestamp};
use crate::tls::Reply;

/// Of PBKDF2, ten times WeeChat's default: half a second of work at most.
const MOST_ITERATIONS: u32 = 1_000_000;
/// The header of a one-time code.
pub(super) const TOTP_HEADER: &str = "x-weechat-totp";
/// RFC 6238: seconds that one code is for.
const TOTP_STEP: i64 = 30;
/// What hashing the password and the way to the relay may take.
const TOTP_MARGIN: Duration = Duration::from_secs(3);

/// What a relay asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) hash: PasswordHash,
    iterations: NonZeroU32,
    pub(super) totp: bool,
}

/// What is sent once to log in.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) credential: Credential,
    pub(super) secret: SecretString,
}

impl Demand {
    /// What the relay's answer to `offered` means; `None` when it takes none of them.
    ///
    /// # Errors
    /// `BadReply` for what it was not offered, and for a demand that only a hostile relay makes.
    pub(super) fn read(
        handshake: &Handshake,
        offered: &[PasswordHash],
    ) -> Result<Option<Self>, Fault> {
        let Some(name) = &handshake.password_hash_algo else {
            return Ok(None);
        };
        let wrong = |words: String| Fault::with_detail(Class::BadReply, words);
        let hash = PasswordHash::named(name).filter(|hash| offered.contains(hash));
        let hash = hash.ok_or_else(|| wrong("a password hash that was not offered".into()))?;
        let iterations = handshake.password_hash_iterations.unwrap_or(1);
        let bounded = u32::try_from(iterations).ok().and_then(NonZeroU32::new);
        let bounded = bounded.filter(|bounded| bounded.get() <= MOST_ITERATIONS);
        let iterations = bounded.ok_or_else(|| {
            wrong(format!(
                "it wants the password hashed {iterations} times, and {MOST_ITERATIONS} is the most (relay.network.password_hash_iterations)"
            ))
        })?;
        Ok(Some(Self {
            hash,
            iterations,
            totp: handshake.totp,
        }))
    }

    /// How many rounds of a hash a login takes.
    pub(super) fn work(&self) -> u32 {
        match self.hash {
            PasswordHash::Pbkdf2Sha256 | PasswordHash::Pbkdf2Sha512 => self.iterations.get(),
            PasswordHash::Plain | PasswordHash::Sha256 | PasswordHash::Sha512 => 0,
        }
    }

    /// The login with `password` at the time `now`. Takes some time for a PBKDF2.
    pub(super) fn login(&self, password: &SecretString, now: Timestamp) -> Login {
        let password = password.expose_secret();
        let seconds = now.as_millis().div_euclid(1000).to_string();
        let name = self.hash.name();
        let digest = |algorithm| {
            let salted = format!("{seconds}{password}");
            HEXLOWER.encode(digest::digest(algorithm, salted.as_bytes()).as_ref())
        };
        let derived = |algorithm, length: usize| {
            let mut derived = vec![0; length];
            let (salt, iterations) = (seconds.as_bytes(), self.iterations);
            pbkdf2::derive(
                algorithm,
                iterations,
                salt,
                password.as_bytes(),
                &mut derived,
            );
            let (iterations, hex) = (iterations.get(), HEXLOWER.encode(&derived));
            format!("{name}:{seconds}:{iterations}:{hex}")
        };
        let (user, secret) = match self.hash {
            PasswordHash::Plain => ("plain", password.to_owned()),
            PasswordHash::Sha256 => {
                let hex = digest(&digest::SHA256);
                ("hash", format!("{name}:{seconds}:{hex}"))
            }
            PasswordHash::Sha512 => {
                let hex = digest(&digest::SHA512);
                ("hash", format!("{name}:{seconds}:{hex}"))
            }
            PasswordHash::Pbkdf2Sha256 => ("hash", derived(pbkdf2::PBKDF2_HMAC_SHA256, 32)),
            PasswordHash::Pbkdf2Sha512 => ("hash", derived(pbkdf2::PBKDF2_HMAC_SHA512, 64)),
        };
        Login {
            credential: Credential::Basic { user: user.into() },
            secret: secret.into(),
        }
    }
}

/// The one-time code of `secret`, which is in base32, at the time `now` (RFC 6238, six digits, SHA-1).
///
/// # Errors
/// `NoKey` for a secret that is not in base32.
pub(super) fn totp(secret: &SecretString, now: Timestamp) -> Result<SecretString, Fault> {
    let text = secret.expose_secret().to_ascii_uppercase();
    let text = text.replace([' ', '='], "");
    let key = BASE32_NOPAD.decode(text.as_bytes());
    let key = key.map_err(|_| Fault::with_detail(Class::NoKey, "the TOTP secret is no base32"))?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let step = now.as_millis().div_euclid(1000 * TOTP_STEP);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // RFC 4226: the last four bits say where the number begins.
    let start = tag.last().map_or(0, |last| usize::from(last & 0xf));
    let number = tag
        .iter()
        .skip(start)
        .take(4)
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    Ok(format!("{:06}", (number & 0x7fff_ffff) % 1_000_000).into())
}

/// How long to wait at `now` until a one-time code lasts: one made at the end of its step could be late, and then be
/// taken for a wrong one. Zero for nearly all times.
pub(super) fn until_a_code_lasts(now: Timestamp) -> Duration {
    let passed = now.as_millis().rem_euclid(1000 * TOTP_STEP);
    let left = Duration::from_millis(u64::try_from(1000 * TOTP_STEP - passed).unwrap_or(0));
    if left < TOTP_MARGIN {
        left
    } else {
        Duration::ZERO
    }
}

/// What a reply means that refuses a login, or is none of a relay.
pub(super) fn refused(reply: Reply) -> Fault {
    let refusal = match reply.status {
        401 => reply.json::<Refused>().unwrap_or_default().error,
        200..=299 => return Fault::with_detail(Class::NotWebsocket, "it answers as a plain page"),
        _ => {
            let fault = reply.success().err();
            return fault.unwrap_or_else(|| Fault::new(Class::BadReply));
        }
    };
    let password = |words: &str| Fault::with_detail(Class::PasswordRefused, words);
    match refusal {
        Refusal::MissingPassword => password("it wants a password, and none is set here"),
        Refusal::InvalidPassword => password("the password is wrong"),
        Refusal::MissingTotp => {
            password("it wants a one-time code (TOTP), and no 'totp-secret' is set here")
        }
        Refusal::InvalidTotp => password(
            "the one-time code (TOTP) is wrong: either 'totp-secret' is, or the clock of one of the two computers",
        ),
        Refusal::InvalidTimestamp => {
            Fault::with_detail(Class::ClockSkew, "they are more than 5 s apart")
        }
        Refusal::InvalidHash => {
            password("it does not take a password of this form ('password-hash')")
        }
        Refusal::InvalidIterations => {
            password("it wants the password hashed more or less often than it said")
        }
        Refusal::Other => password("it gives no reason that is known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn handshake(hash: Option<&str>, iterations: Option<i64>) -> Handshake {
        Handshake {
            password_hash_algo: hash.map(str::to_owned),
            password_hash_iterations: iterations,
            totp: false,
        }
    }

    fn sent(hash: PasswordHash, iterations: u32) -> (String, String) {
        let demand = Demand {
            hash,
            iterations: NonZeroU32::new(iterations).expect("some"),
            totp: false,
        };
        let login = demand.login(&"test".into(), at(1_706_431_066));
        let Credential::Basic { user } = login.credential else {
            panic!("basic");
        };
        (user, login.secret.expose_secret().to_owned())
    }

    #[test]
    fn each_hash_is_as_other_libraries_make_it() {
        for (hash, iterations, user, secret) in [
            (PasswordHash::Plain, 1, "plain", "test"),
            (
                PasswordHash::Sha256,
                1,
                "hash",
                "sha256:1706431066:043237f18a1d399d79dc0e1419e05c3affbe3e50b8549b5b36ff1ce38a42db32",
            ),
            (
                PasswordHash::Sha512,
                1,
                "hash",
                "sha512:1706431066:b34c740794830c9e4e6a04ecf90c0e4846e39d947d9286e9f9544df68cb0a9158fc1f0976b4bae084cb8c6b3258622a526d64ca8d685af7d5c3d206e099c1732",
            ),
            (
                PasswordHash::Pbkdf2Sha256,
                100_000,
                "hash",
                "pbkdf2+sha256:1706431066:100000:bb0f3e1a060e689d7d89729685017f7709928a80c728048ec84070c92f8e21a5",
            ),
            (
                PasswordHash::Pbkdf2Sha512,
                1000,
                "hash",
                "pbkdf2+sha512:1706431066:1000:fa6243f141be9f30c601e36258806616b5d63bbeba7d5b4e9a7a614a414865472053f4da00830669e2570175ad098791cbf00e799cf623d0ec14243f7a4496d6",
            ),
        ] {
            let expected = (user.to_owned(), secret.to_owned());
            assert_eq!(sent(hash, iterations), expected);
        }
    }

    /// The vectors of RFC 6238, of which six digits are taken.
    #[test]
    fn one_time_codes_are_those_of_the_rfc() {
        // "12345678901234567890", as apps show it.
        let secret = SecretString::from("gezd gnbv gy3t qojq GEZDGNBVGY3TQOJQ====");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let made = totp(&secret, at(seconds)).expect("a code");
            assert_eq!(made.expose_secret(), code);
        }
        let fault = totp(&"not base32!".into(), at(0)).expect_err("no base32");
        assert_eq!(fault.class, Class::NoKey);
        assert!(!format!("{fault:?}").contains('!'), "{fault:?}");
    }

    #[test]
    fn no_code_is_sent_at_the_end_of_its_time() {
        for (millis, wait) in [
            (0, 0),
            (27_000, 0),
            (27_001, 2999),
            (59_999, 1),
            (60_000, 0),
        ] {
            let waits = until_a_code_lasts(Timestamp::from_millis(millis));
            assert_eq!(waits, Duration::from_millis(wait), "{millis}");
        }
    }

    #[test]
    fn a_relay_gets_nothing_that_it_was_not_offered_and_no_endless_work() {
        let offered = [PasswordHash::Sha256, PasswordHash::Pbkdf2Sha256];
        let read = |hash, iterations| Demand::read(&handshake(hash, iterations), &offered);
        assert_eq!(read(None, None), Ok(None));
        let demand = read(Some("pbkdf2+sha256"), Some(100_000)).expect("fine");
        let demand = demand.expect("a demand");
        assert_eq!(demand.hash, PasswordHash::Pbkdf2Sha256);
        for (hash, iterations, words) in [
            ("plain", 1, "not offered"),
            ("md5", 1, "not offered"),
            ("pbkdf2+sha256", 1_000_000_000, "1000000000 times"),
            ("pbkdf2+sha256", 0, "0 times"),
            ("pbkdf2+sha256", -1, "-1 times"),
            ("pbkdf2+sha256", i64::MAX, "the most"),
        ] {
            let fault = read(Some(hash), Some(iterations)).expect_err(words);
            assert_eq!(fault.class, Class::BadReply);
            assert!(fault.detail.is_some_and(|detail| detail.contains(words)));
        }
    }

    #[test]
    fn each_refusal_has_its_class_and_its_words() {
        let reply = |status: u16, body: &str| Reply {
            status,
            served: None,
            headers: HeaderMap::new(),
            body: body.into(),
        };
        for (status, body, class, words) in [
            (
                401,
                r#"{"error":"Missing password"}"#,
                Class::PasswordRefused,
                "none is set",
            ),
            (
                401,
                r#"{"error":"Invalid password"}"#,
                Class::PasswordRefused,
                "password is wrong",
            ),
            (
                401,
                r#"{"error":"Missing TOTP"}"#,
                Class::PasswordRefused,
                "'totp-secret'",
            ),
            (
                401,
                r#"{"error":"Invalid TOTP"}"#,
                Class::PasswordRefused,
                "TOTP",
            ),
            (
                401,
                r#"{"error":"Invalid timestamp"}"#,
                Class::ClockSkew,
                "5 s",
            ),
            (401, "<html>", Class::PasswordRefused, "no reason"),
            (200, "{}", Class::NotWebsocket, "plain page"),
            (404, "no", Class::BadPath, "404"),
            (502, "", Class::UpstreamDown, "502"),
        ] {
            let fault = refused(reply(status, body));
            assert_eq!(fault.class, class, "{status} {body}");
            let detail = fault.detail.unwrap_or_default();
            assert!(detail.contains(words), "{detail}");
        }
    }
}
