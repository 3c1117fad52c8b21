//! How a secret travels in a request's head, always marked sensitive; and what of it a server may say back.

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::core::credential::Credential;
use crate::core::{Class, Fault};

/// The header that carries a secret.
///
/// # Errors
/// `NoKey` for a secret that no header can hold.
pub(super) fn carried(
    credential: &Credential,
    secret: &SecretString,
    http: &reqwest::Client,
) -> Result<(HeaderName, HeaderValue), Fault> {
    let text = secret.expose_secret();
    let (name, value) = match credential {
        Credential::ApiKey | Credential::Nothing => (
            HeaderName::from_static("x-api-key"),
            HeaderValue::from_str(text).ok(),
        ),
        Credential::Bearer => (
            AUTHORIZATION,
            HeaderValue::from_str(&format!("Bearer {text}")).ok(),
        ),
        Credential::Basic { user } => (AUTHORIZATION, basic(http, user, text)),
        Credential::Header { name } => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
            (name, Some(sensitive(secret)?))
        }
    };
    let mut value = value.ok_or_else(unfit)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// A secret as the whole value of a header.
///
/// # Errors
/// `NoKey` for a secret that no header can hold.
pub(super) fn sensitive(secret: &SecretString) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| unfit())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Everything that a server could repeat of what was sent to it: the secret, and its encoded form.
pub(super) fn said_back(value: &HeaderValue, secret: &SecretString) -> Vec<SecretString> {
    let sent = value.to_str().ok().and_then(|sent| sent.split_once(' '));
    let encoded = sent.map(|(_, encoded)| SecretString::from(encoded.to_owned()));
    std::iter::once(secret.clone()).chain(encoded).collect()
}

/// Encoded by the library that sends it.
fn basic(http: &reqwest::Client, user: &str, password: &str) -> Option<HeaderValue> {
    let request = http
        .get("https://localhost")
        .basic_auth(user, Some(password));
    let request = request.build().ok()?;
    request.headers().get(AUTHORIZATION).cloned()
}

fn unfit() -> Fault {
    Fault::with_detail(
        Class::NoKey,
        "it holds characters that cannot be in a header",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::verifier::{Trust, Verifier, client_config};
    use super::*;
    use crate::core::PinSet;

    fn http() -> reqwest::Client {
        let verifier = Verifier::new(&Trust::Pinned, &PinSet::default(), &Default::default())
            .expect("a verifier");
        let config = client_config(Arc::new(verifier)).expect("settings");
        let builder = reqwest::Client::builder().tls_backend_preconfigured(config);
        builder.build().expect("a client")
    }

    #[test]
    fn a_key_that_no_header_can_hold_is_named_without_being_shown() {
        let fault = carried(&Credential::ApiKey, &SecretString::from("a\nb"), &http())
            .expect_err("newline");
        assert_eq!(fault.class, Class::NoKey);
        let further = sensitive(&SecretString::from("a\nb"));
        assert_eq!(further.expect_err("newline").class, Class::NoKey);
        let shown = format!("{:?}", sensitive(&SecretString::from("123456")));
        assert!(!shown.contains("123456"), "{shown}");
    }

    #[test]
    fn each_credential_has_its_header_and_none_is_shown() {
        let basic = Credential::Basic {
            user: "Aladdin".into(),
        };
        let header = Credential::Header {
            name: "X-Token".into(),
        };
        for (credential, name, sent) in [
            (Credential::ApiKey, "x-api-key", "open sesame"),
            (Credential::Bearer, "authorization", "Bearer open sesame"),
            (basic, "authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            (header, "x-token", "open sesame"),
        ] {
            let secret = SecretString::from("open sesame");
            let (found, value) = carried(&credential, &secret, &http()).expect(name);
            assert_eq!((found.as_str(), value.to_str().unwrap()), (name, sent));
            assert!(!format!("{value:?}").contains("sesame"), "{name}");
            let back = said_back(&value, &secret);
            let last = back.last().map(|last| last.expose_secret().to_owned());
            assert!(sent.ends_with(&last.unwrap()), "{name}");
        }
    }
}
