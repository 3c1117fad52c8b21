//! Who asks an HTTP server or a websocket: a user with a password, a token, or a header of their own.

use super::expectation::is_header_name;
use super::instance::KeySource;
use super::keys::{HEADER, names};
use super::parse_secret::{PASSWORD, TOKEN, VALUE, secret};
use super::problem::Findings;
use super::section::Section;
use crate::core::credential::Credential;

/// Those that say where a request goes and where it ends, or that syncwatch sets itself: with a value of the config they
/// would make it another request.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Of the handshake of a websocket.
const RESERVED_BEGINNING: &str = "sec-websocket-";

/// Who asks, and the secret that goes with it.
pub(super) fn credential(
    section: &mut Section<'_>,
    findings: &mut Findings<'_>,
) -> (Credential, KeySource) {
    let user_at = section.at("user");
    let user = section.string("user", findings);
    let password = secret(section, &PASSWORD, findings);
    let token_at = section.at.clone();
    let token = secret(section, &TOKEN, findings);
    let custom = custom_header(section, findings);
    let mut given = Vec::new();
    match (user, password) {
        (Some(user), Some(password)) if user.value.contains(':') => {
            let called = section.called("user");
            findings.problem(
                &user.at,
                format!("{called} must not hold a ':', which ends it"),
            );
            drop(password);
        }
        (Some(user), Some(password)) => {
            given.push((Credential::Basic { user: user.value }, password));
        }
        (Some(_), None) => {
            findings.problem(&user_at, "'user' needs a password, such as 'password-file'")
        }
        (None, Some(_)) => findings.problem(&token_at, "'password' needs a 'user'"),
        (None, None) => {}
    }
    given.extend(token.map(|token| (Credential::Bearer, token)));
    given.extend(custom);
    if given.len() > 1 {
        findings.problem(
            &token_at,
            "give one of user and password, token, header only",
        );
    }
    given
        .into_iter()
        .next()
        .unwrap_or((Credential::Nothing, KeySource::Nothing))
}

fn custom_header(
    section: &mut Section<'_>,
    findings: &mut Findings<'_>,
) -> Option<(Credential, KeySource)> {
    let mut table = section.section("'header'", "header", &names(HEADER), findings)?;
    let at = table.at.clone();
    let name = table.string("name", findings);
    let value = secret(&mut table, &VALUE, findings);
    match (name, value) {
        (Some(name), Some(_)) if is_reserved(&name.value) => {
            let message = format!(
                "'name' in 'header' must not be \"{}\", which is part of every request; a secret goes in a header of its own, such as \"X-Auth-Token\"",
                name.value
            );
            findings.problem(&name.at, message);
            None
        }
        (Some(name), Some(value)) if is_header_name(&name.value) => {
            Some((Credential::Header { name: name.value }, value))
        }
        (Some(name), Some(_)) => {
            findings.problem(
                &name.at,
                "'name' in 'header' must be a header's name, such as \"X-Auth-Token\"",
            );
            None
        }
        _ => {
            findings.problem(
                &at,
                "'header' must be such as { name = \"X-Auth-Token\", value-file = \"...\" }",
            );
            None
        }
    }
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&name.as_str()) || name.starts_with(RESERVED_BEGINNING)
}
