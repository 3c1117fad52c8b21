//! The keys of an `[[instance]]`: what every kind has, and what one kind has besides.

use super::{Key, Part, Takes};

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
        Takes::Word(&["syncthing", "weechat", "centrifugo", "websocket", "http"]),
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
        "ca",
        Takes::Path,
        "The certificates that the CAs in this file signed.",
    )
    .example("\"/etc/ssl/my-ca.pem\""),
];

/// The four ways to say where a secret comes from.
macro_rules! secret {
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

const API_KEY: [Key; 4] = secret!("api-key", "The API key", URL);
const PASSWORD: [Key; 4] = secret!("password", "The password", "user = \"monitor\"");
const RELAY_PASSWORD: [Key; 4] = secret!("password", "That of relay.network.password", "");
const TOTP: [Key; 4] = secret!(
    "totp-secret",
    "That of relay.network.totp_secret, where it is set",
    ""
);
const TOKEN: [Key; 4] = secret!("token", "The token, sent as 'Authorization: Bearer'", "");
const CLIENT_TOKEN: [Key; 4] = secret!("token", "The token of a client", "");
pub(super) const PAGE_TOKEN: [Key; 4] = secret!(
    "token",
    "What whoever asks must know: 'authorization' in prometheus.yml",
    ""
);
const VALUE: [Key; 4] = secret!("value", "Its value", "");

pub(in crate::config) const SYNCTHING: &[Key] = &[
    Key::new(
        "home",
        Takes::Path,
        "Syncthing's config directory, when that is in no usual place. Address, key and certificate are read from there.",
    )
    .example("\"/srv/syncthing\""),
    API_KEY[0],
    API_KEY[1],
    API_KEY[2],
    API_KEY[3],
    Key::new(
        "pause-on-metered",
        Takes::Parts,
        "What is paused while the network is metered; just that goes on afterwards. Folders are named by ID or label, devices by ID or name.",
    )
    .example("\"all\""),
    Key::new(
        "pause-on-battery",
        Takes::Parts,
        "The same while the computer runs on battery.",
    )
    .example("[\"folder:photos\", \"device:nas\"]"),
];

pub(in crate::config) const WEECHAT: &[Key] = &[
    RELAY_PASSWORD[0],
    RELAY_PASSWORD[1],
    RELAY_PASSWORD[2],
    RELAY_PASSWORD[3],
    TOTP[0],
    TOTP[1],
    TOTP[2],
    TOTP[3],
    Key::new(
        "password-hash",
        Takes::Words(&["pbkdf2+sha512", "pbkdf2+sha256", "sha512", "sha256", "plain"]),
        "How the password may be sent: of those that the relay allows too, the strongest is taken. Without it, all may be.",
    )
    .example("[\"pbkdf2+sha512\", \"sha512\"]"),
];

pub(in crate::config) const CENTRIFUGO: &[Key] = &[
    API_KEY[0],
    API_KEY[1],
    API_KEY[2],
    API_KEY[3],
    CLIENT_TOKEN[0],
    CLIENT_TOKEN[1],
    CLIENT_TOKEN[2],
    CLIENT_TOKEN[3],
    Key::new(
        "token-url",
        Takes::Text,
        "A page that gives the token, asked whenever a new one is needed, in place of the four keys for it.",
    )
    .example("\"https://app.example.org/centrifugo/token\""),
    Key::new(
        "token-trust",
        Takes::Trust(TRUST),
        "Whose certificate is accepted there; never \"any\".",
    )
    .usual("\"system\"")
    .with("token-url = \"https://app.example.org/centrifugo/token\""),
    Key::new(
        "websocket",
        Takes::Text,
        "The path of its websocket for clients. With an API key alone no client connects, unless this is set.",
    )
    .usual("\"/connection/websocket\""),
    Key::new(
        "interval",
        Takes::Time,
        "From one look at its figures to the next.",
    )
    .usual("\"60s\""),
];

pub(in crate::config) const WEBSOCKET: &[Key] = &[
    Key::new(
        "subprotocol",
        Takes::Text,
        "Asked for when a websocket is opened; a server that does not choose it is shown as something to look at.",
    )
    .example("\"mqtt\""),
    Key::new(
        "interval",
        Takes::Time,
        "From one plain GET to the next. It costs the endpoint nothing, and tells whether it is alive.",
    )
    .usual("\"60s\""),
    Key::new(
        "upgrade-interval",
        Takes::Time,
        "From one real upgrade to the next; there is one at the start. Each costs a tunnel two lines in its log.",
    )
    .usual("\"15m\""),
    Key::new(
        "expect-status",
        Takes::Statuses,
        "What a plain GET is answered with by an endpoint that is alive. As long as this is not set, an upgrade that opens is believed as well.",
    )
    .usual("[400, 426]"),
];

pub(in crate::config) const HTTP: &[Key] = &[
    Key::new(
        "method",
        Takes::Word(&["GET", "HEAD", "POST"]),
        "How it is asked.",
    )
    .usual("\"GET\""),
    Key::new("body", Takes::Text, "What is sent with a POST.")
        .example("'{\"question\": 42}'")
        .with("method = \"POST\""),
    Key::new(
        "interval",
        Takes::Time,
        "From the end of one request to the next.",
    )
    .usual("\"60s\""),
    Key::new(
        "body-limit",
        Takes::Number(67_108_864),
        "A larger reply is a failure. Bytes.",
    )
    .usual("1048576"),
    Key::new("expect-status", Takes::Statuses, "The statuses that are fine.").usual("\"2xx\""),
    Key::new(
        "expect-header",
        Takes::Texts,
        "Headers that the reply must have, with a value or with any.",
    )
    .example("[\"Content-Type: application/json\", \"X-Ready\"]"),
    Key::new(
        "expect",
        Takes::Texts,
        "What its JSON must hold: a JSON pointer, one of == != < <= > >= and a value; or 'exists'. What does not hold is shown as something to look at; the server counts as connected all the same.",
    )
    .example("['/status == \"ok\"', \"/queue/length < 100\", \"/version exists\"]"),
];

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
    let part = |title, kind, keys, means| Part {
        title,
        means,
        keys,
        kind,
    };
    vec![
        part(
            "[[instance]]",
            None,
            EVERY,
            "One for each server to watch. These keys go with every kind.",
        ),
        part(
            "[[instance]] of kind \"syncthing\"",
            Some("syncthing"),
            SYNCTHING,
            "On the computer that runs it nothing else is needed. For another computer's, give one of the four keys for its API key.",
        ),
        part(
            "[[instance]] of kind \"http\"",
            Some("http"),
            HTTP,
            "Any other HTTPS server: one request, made again and again. The keys for who asks go with it too.",
        ),
        part(
            "[[instance]] of kind \"websocket\"",
            Some("websocket"),
            WEBSOCKET,
            "Any websocket endpoint, such as a tunnel behind a reverse proxy. With ws:// nothing is encrypted: it takes no secret and no trust, and every view says so. The keys for who asks go with wss://.",
        ),
        part(
            "who asks: kinds \"http\" and \"websocket\"",
            Some("http"),
            CREDENTIAL,
            "One of three: a user with a password, a token, a header.",
        ),
        part(
            "[[instance]] of kind \"weechat\"",
            Some("weechat"),
            WEECHAT,
            "A WeeChat with the relay \"api\" (4.6 or newer) over TLS.",
        ),
        part(
            "[[instance]] of kind \"centrifugo\"",
            Some("centrifugo"),
            CENTRIFUGO,
            "A Centrifugo: its figures with an API key, and a client of its own that stays connected.",
        ),
    ]
}
