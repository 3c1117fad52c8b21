//! The four ways to say where a secret comes from, for every kind of secret.

use toml::de::DeValue;

use super::instance::KeySource;
use super::problem::Findings;
use super::secrets::unfit;
use super::section::{Section, string, strings};

/// The key for the secret itself, for a file, an environment variable and a command.
pub(super) type Names = [&'static str; 4];

pub(super) const API_KEY: Names = ["api-key", "api-key-file", "api-key-env", "api-key-command"];
pub(super) const PASSWORD: Names = [
    "password",
    "password-file",
    "password-env",
    "password-command",
];
pub(super) const TOKEN: Names = ["token", "token-file", "token-env", "token-command"];
/// Of a header.
pub(super) const VALUE: Names = ["value", "value-file", "value-env", "value-command"];

/// Where a secret comes from; `None` where nothing is said of it.
pub(super) fn secret(
    section: &mut Section<'_>,
    names: &Names,
    findings: &mut Findings<'_>,
) -> Option<KeySource> {
    let [literal, file, env, command] = *names;
    let given: Vec<&'static str> = names
        .iter()
        .copied()
        .filter(|key| section.has(key))
        .collect();
    if let [_, second, ..] = given.as_slice() {
        let at = section.at(second);
        findings.problem(&at, format!("give one of {} only", given.join(", ")));
    }
    let called = section.called(literal);
    let literal = section.string(literal, findings).and_then(|key| {
        if let Some(wrong) = unfit(&key.value) {
            findings.problem(&key.at, format!("{called} {wrong}"));
            return None;
        }
        Some(KeySource::Literal(key.value.into()))
    });
    let file = section.path(file, findings).map(KeySource::File);
    let called = section.called(env);
    let env = section.string(env, findings).and_then(|name| {
        let valid = !name.value.is_empty() && !name.value.contains(['=', '$', ' ']);
        if !valid {
            findings.problem(
                &name.at,
                format!("{called} must be the name of an environment variable, without '$'"),
            );
        }
        valid.then_some(KeySource::Env(name.value))
    });
    let command = from_command(section, command, findings);
    literal.or(file).or(env).or(command)
}

/// A list of words, or a text for the shell.
pub(super) fn from_command(
    section: &mut Section<'_>,
    key: &'static str,
    findings: &mut Findings<'_>,
) -> Option<KeySource> {
    let called = section.called(key);
    let value = section.take(key)?;
    let at = value.span();
    let words = match value.get_ref() {
        DeValue::Array(list) => strings(&called, list.clone(), findings),
        _ => {
            let text = string(&called, value, findings)?.value;
            if !text.trim().is_empty() {
                return Some(KeySource::Shell(text));
            }
            Vec::new()
        }
    };
    let words: Vec<String> = words.into_iter().map(|word| word.value).collect();
    if words.first().is_none_or(String::is_empty) {
        findings.problem(&at, format!("{called} must name a program"));
        return None;
    }
    Some(KeySource::Command(words))
}
