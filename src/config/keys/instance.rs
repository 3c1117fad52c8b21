//! The keys of an `[[instance]]` that more than one kind has. What a kind has of its own is in `config/kinds/`.

use super::{Key, Part, Takes};
use crate::config::kinds;
use crate::core::Kind;

/// What every kind has.
pub(in crate::config) const EVERY: &[Key] = &[
    Key::new(
        "name",
        Takes::Text,
        "The name that you and the views call it by. Each instance needs its own.",
    )
    .example("\"laptop\""),
    Key::new(
        "kind",
        Takes::Word(Kind::NAMES),
        "What it is.",
    )
    .usual("\"syncthing\""),
    Key::new(
        "url",
        Takes::Text,
        "Its address: https, or for a websocket wss or ws. Without one, the Syncthing of this computer is found; every other kind needs one.",
    )
    .example("\"https://nas.lan:8384\""),
    Key::new(
        "trust",
        Takes::Trust(TRUST),
        "Whose certificate is accepted. \"system\": those that this computer trusts anyway. \"any\": every one; whoever answers gets the secret, and every view says so. Without it, the local Syncthing's own certificate file is followed, and another computer is not trusted until you accept its certificate with 'syncwatch trust accept'.",
    )
    .example("{ fingerprint = [\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"] }")
    .with(URL),
    Key::new(
        "server-name",
        Takes::Text,
        "The name to ask for (SNI, Host) and to check in the certificate, when it is not the URL's host.",
    )
    .example("\"nas.example.org\"")
    .with(URL),
    Key::new(
        "connect",
        Takes::Text,
        "What to dial in place of the URL's host and port. The name that is asked for and checked stays that of the URL. An IPv6 address may have a zone: \"[fe80::1%eth0]:8384\".",
    )
    .example("\"10.0.0.5:8443\"")
    .with(URL),
];

/// What the examples of several keys need.
const URL: &str = "url = \"https://nas.lan:8384\"";

pub(in crate::config) const TRUST: &[Key] = &[
    Key::new(
        "file",
        Takes::Path,
        "The certificate in this file, followed when it changes. A directory stands for the https-cert.pem in it.",
    )
    .example("\"/mnt/nas/syncthing/https-cert.pem\""),
    Key::new(
        "fingerprint",
        Takes::Texts,
        "These certificates only. 'openssl x509 -noout -fingerprint -sha256' prints it on the server.",
    )
    .example("[\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"]"),
    Key::new(
        "command",
        Takes::Command,
        "For an instance on another computer, whose certificate changes there: what this command prints is pinned, and followed when it changes. It is run once to begin with, when an unknown certificate is served, and once a day; each time it has 10 s, and after runs without news it waits, up to 10 minutes. It must ask for nothing. A list is run as it is, a text by the shell.",
    )
    .example("[\"ssh\", \"-o\", \"BatchMode=yes\", \"nas\", \"cat\", \".local/state/syncthing/https-cert.pem\"]"),
    Key::new(
        "ca",
        Takes::Path,
        "The certificates that the CAs in this file signed.",
    )
    .example("\"/etc/ssl/my-ca.pem\""),
];

/// The four ways to say where a secret comes from.
macro_rules! secret_keys {
    ($name:literal, $what:literal, $with:expr) => {
        [
            Key::new(
                $name,
                Takes::Text,
                concat!($what, ", in the file itself. Then keep the file to yourself: chmod 600."),
            )
            .example("\"MFRGGZDFMZTWQ2LK\"")
            .with($with),
            Key::new(
                concat!($name, "-file"),
                Takes::Path,
                concat!($what, ", from a file that only you can read."),
            )
            .example(concat!("\"~/.config/syncwatch/", $name, "\""))
            .with($with),
            Key::new(
                concat!($name, "-env"),
                Takes::Text,
                concat!($what, ", from an environment variable of syncwatch."),
            )
            .example("\"A_SECRET\"")
            .with($with),
            Key::new(
                concat!($name, "-command"),
                Takes::Command,
                concat!($what, ", printed by a command, which has 10 s. A list is run as it is, a text by the shell."),
            )
            .example(concat!("[\"pass\", \"show\", \"", $name, "\"]"))
            .with($with),
        ]
    };
}
pub(in crate::config) use secret_keys;

pub(in crate::config) const API_KEY: [Key; 4] = secret_keys!("api-key", "The API key", URL);
const PASSWORD: [Key; 4] = secret_keys!("password", "The password", "user = \"monitor\"");
const TOKEN: [Key; 4] = secret_keys!("token", "The token, sent as 'Authorization: Bearer'", "");
pub(super) const PAGE_TOKEN: [Key; 4] = secret_keys!(
    "token",
    "What whoever asks must know: 'authorization' in prometheus.yml",
    ""
);
const VALUE: [Key; 4] = secret_keys!("value", "Its value", "");

/// Who asks an HTTP server or a websocket.
pub(in crate::config) const CREDENTIAL: &[Key] = &[
    Key::new(
        "user",
        Takes::Text,
        "Who asks, with a password. Secrets are sent only over a connection whose certificate is accepted; give one of user and password, token, header.",
    )
    .example("\"monitor\"")
    .with("password-file = \"~/.config/syncwatch/password\""),
    PASSWORD[0],
    PASSWORD[1],
    PASSWORD[2],
    PASSWORD[3],
    TOKEN[0],
    TOKEN[1],
    TOKEN[2],
    TOKEN[3],
    Key::new("header", Takes::Table(HEADER), "A header of its own.")
        .example("{ name = \"X-Auth-Token\", value-file = \"~/.config/syncwatch/token\" }"),
];

pub(in crate::config) const HEADER: &[Key] = &[
    Key::new("name", Takes::Text, "The header's name.").example("\"X-Auth-Token\""),
    VALUE[0],
    VALUE[1],
    VALUE[2],
    VALUE[3],
];

pub(super) fn parts() -> Vec<Part> {
    let every = Part {
        title: "[[instance]]".to_owned(),
        means: "One for each server to watch. These keys go with every kind.",
        keys: EVERY.to_vec(),
        kind: None,
    };
    let of_kind = |kind: Kind| {
        let form = kinds::form(kind);
        Part {
            title: format!("[[instance]] of kind \"{}\"", kind.name()),
            means: form.means,
            keys: form.keys.concat(),
            kind: Some(kind),
        }
    };
    let who_asks = Part {
        title: "[[instance]]: who asks".to_owned(),
        means: "For the kinds that say so, and for hooks with a 'url'. One of three: a user with a password, a token, a header.",
        keys: CREDENTIAL.to_vec(),
        kind: Kind::ALL
            .into_iter()
            .find(|kind| kinds::form(*kind).who_asks),
    };
    let of_kinds = Kind::ALL.into_iter().map(of_kind);
    [every]
        .into_iter()
        .chain(of_kinds)
        .chain([who_asks])
        .collect()
}
