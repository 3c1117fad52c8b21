//! The one table of failures: class -> loud state, patience, retries, words, hint.

use super::Class;
use super::rule::{Doubt, Rule, rule};
use crate::core::kinds::Kind;
use crate::core::status::LinkState;

/// `template` with each `{key}` that `value` knows in place; other braces stay as they are.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len() + 80);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after
            .split_once('}')
            .and_then(|(key, after)| Some((value(key)?, after)))
        {
            Some((value, after)) => {
                filled.push_str(&value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

use Class as C;
use Kind as K;
use LinkState as S;

/// Every class once, in the order of [`Class`].
pub const TABLE: &[Rule] = &[
    rule(C::NotFound, S::Disconnected, 15).says(
        "No Syncthing was found on this computer.",
        "Start Syncthing once, or name its place with 'home' or 'url' in the config. 'syncwatch check' lists where it was looked for. It will be picked up as soon as it appears.",
    ),
    rule(C::BadSource, S::Misconfigured, 15).says(
        "This instance cannot work as it is set: {detail}.",
        "Correct it in the config; a valid change applies at once.",
    ).to(
        K::Syncthing,
        "Syncthing's own configuration cannot be used: {detail}.",
        "Once it is corrected, it is read again by itself.",
    ),
    rule(C::NoPin, S::Disconnected, 15).says(
        "There is no certificate yet at {path}, so nothing can be trusted.",
        "Does 'trust' name the right place? It is read as soon as the file is there.",
    ).to(
        K::Syncthing,
        "",
        "Syncthing writes it when it starts. If it is kept elsewhere, set 'home' or 'trust = { file = ... }'.",
    ),
    rule(C::BadPinFile, S::Misconfigured, 15).says(
        "The certificate file {path} cannot be used: {detail}.",
        "Check that the file is readable for this user and holds a PEM certificate.",
    ),
    rule(C::NoKey, S::Unauthorized, 5).doubt(Doubt::Source).says(
        "The {secret} for {name} could not be read: {detail}.",
        "Check the '-file', '-env' or '-command' key of this instance in the config.",
    ).to(
        K::Syncthing,
        "",
        "Check the key of this instance in the config, such as 'api-key-file', and that Syncthing's config.xml is readable.",
    ),
    rule(C::Refused, S::Disconnected, 15).rotating(30).says(
        "Nothing is listening at {url}.",
        "Is the service running? It is tried again by itself.",
    ),
    rule(C::Unreachable, S::Disconnected, 15).rotating(30).says(
        "There is no route to {url}: {detail}.",
        "Check the network or VPN. It is tried again as soon as the network changes.",
    ),
    rule(C::HandshakeReset, S::Disconnected, 15).rotating(30).doubt(Doubt::Pins).says(
        "The connection to {url} was reset during the TLS handshake.",
        "If this lasts, something between you and the server closes TLS connections: a firewall, a proxy, or a server that is stuck.",
    ),
    rule(C::HandshakeEof, S::Disconnected, 15).rotating(30).doubt(Doubt::Pins).says(
        "The connection to {url} was closed during the TLS handshake.",
        "If this lasts, something between you and the server closes TLS connections: a firewall, a proxy, or a server that is stuck.",
    ),
    rule(C::Lost, S::Disconnected, 15).rotating(30).says(
        "The connection to {url} was lost.",
        "It is tried again by itself.",
    ),
    rule(C::ConnectTimeout, S::Disconnected, 15).says(
        "{url} did not answer in time.",
        "Is the computer asleep, or does a firewall drop the connection? It is tried again by itself.",
    ),
    rule(C::RequestTimeout, S::Disconnected, 15).says(
        "{url} accepted the connection but did not reply in time.",
        "The server may be busy or stuck. It is tried again by itself.",
    ),
    rule(C::Dns, S::Disconnected, 15).says(
        "The name in {url} has no address: {detail}.",
        "Check the spelling of the host in 'url', and the network.",
    ),
    rule(C::NotTls, S::Misconfigured, 5).doubt(Doubt::Source).says(
        "{url} answered, but not with TLS. Nothing was sent to it.",
        "The server speaks without TLS, or the port belongs to another program. Turn on TLS there, or correct 'url'.",
    ).to(
        K::Syncthing,
        "",
        "Syncthing does this while it upgrades its database: then it ends by itself. Otherwise the port belongs to another program; check 'url'.",
    ),
    rule(C::TlsExpected, S::Misconfigured, 0).second_look().says(
        "The server at {url} speaks TLS only.",
        "Use https:// in 'url', or wss:// for a websocket.",
    ),
    rule(C::TlsAlert, S::Misconfigured, 5).doubt(Doubt::Pins).says(
        "{url} refused the TLS handshake: {detail}.",
        "Run 'syncwatch check' to see what the server wants: another server name, a newer protocol, or a client certificate.",
    ),
    rule(C::TlsProtocol, S::Misconfigured, 5).doubt(Doubt::Pins).says(
        "TLS with {url} failed: {detail}.",
        "Run 'syncwatch check' to see each step.",
    ),
    rule(C::PinMismatch, S::Untrusted, 10).rotating(10).doubt(Doubt::Pins).says(
        "{url} shows a certificate that is not the pinned one. No request and no secret was sent. Served: {served}. Pinned: {pinned}.",
        "If you changed the certificate yourself, compare: '{openssl}' on that computer must print {colons}. If it does: 'syncwatch trust accept --instance {name}'. If not, another program or computer is answering in place of your server: do not accept it.",
    ).to(
        K::Syncthing,
        "",
        "{likely} Compare: on that computer, '{openssl}' must print {colons}. If it does: 'syncwatch trust accept --instance {name}'; with trust = { command = [\"ssh\", ...] } the next one is followed in silence. If not, another program or computer is answering in place of your server: do not accept it.",
    ),
    rule(C::BadSignature, S::Untrusted, 0).silent_retry().doubt(Doubt::Pins).says(
        "{url} shows the pinned certificate but cannot prove that it owns it. No request and no secret was sent.",
        "Somebody may be replaying your server's certificate. Check what is listening on that address.",
    ),
    rule(C::Certificate, S::Untrusted, 10).doubt(Doubt::Pins).says(
        "The certificate of {url} is not valid: {detail}. No request and no secret was sent. Served: {served}.",
        "Renew it, or complete its chain, on the server. 'syncwatch check' says what is missing.",
    ),
    rule(C::WrongName, S::Misconfigured, 10).doubt(Doubt::Pins).says(
        "The certificate of {url} is for another name: {detail}. No request and no secret was sent.",
        "Use the name in the certificate in 'url', or set 'server-name'.",
    ),
    rule(C::UnusableCertificate, S::Misconfigured, 0).doubt(Doubt::Pins).says(
        "The certificate of {url} cannot be used for TLS: {detail}.",
        "Have the server use another one, such as ECDSA P-256 or RSA 2048.",
    ).to(
        K::Syncthing,
        "",
        "Delete https-cert.pem and https-key.pem there and restart Syncthing: it makes new ones.",
    ),
    rule(C::Truncated, S::Disconnected, 0).rotating(30).silent_retry().says(
        "A reply of {url} broke off before its end.",
        "It was not used. If this lasts, a proxy in between may cut long replies.",
    ),
    rule(C::TooLarge, S::Misconfigured, 0).growing().says(
        "A reply of {url} is far larger than this service sends: {detail}. It was not read.",
        "Check that 'url' points at the right service.",
    ),
    rule(C::BadReply, S::Misconfigured, 0).second_look().says(
        "{url} replied with something that this service does not send: {detail}.",
        "Check that 'url' points at the right service and path.",
    ),
    rule(C::ServerError, S::Disconnected, 15).rotating(30).says(
        "{url} reports an error of its own: {detail}.",
        "Look at the service's own log. It is tried again by itself.",
    ),
    rule(C::Unauthorized, S::Unauthorized, 0).doubt(Doubt::Source).seldom().says(
        "{url} refused the {secret}: {detail}.",
        "Correct the {secret} of this instance in the config, or at the server.",
    ).to(
        K::Syncthing,
        "",
        "Copy the key from Syncthing's settings into this instance, or remove it there so that it is read from config.xml.",
    ),
    rule(C::Forbidden, S::Unauthorized, 0).doubt(Doubt::Source).growing().says(
        "{url} refused the {secret} (403 Forbidden).",
        "Correct the {secret} of this instance in the config, or at the server.",
    ).to(
        K::Syncthing,
        "",
        "Copy the key from Syncthing's settings into this instance, or remove it there so that it is read from config.xml.",
    ),
    rule(C::Csrf, S::Unauthorized, 0).doubt(Doubt::Source).growing().says(
        "{url} did not recognise the {secret} (403 CSRF Error).",
        "Correct the {secret} of this instance in the config, or at the server.",
    ).to(
        K::Syncthing,
        "",
        "The key is missing or wrong: copy it from Syncthing's settings into this instance, or remove it so that it is read from config.xml.",
    ),
    rule(C::HostCheck, S::Misconfigured, 0).doubt(Doubt::Source).growing().says(
        "{url} does not accept this host name (403 Host check error).",
        "Use another name for it in 'url', or its IP address.",
    ).to(
        K::Syncthing,
        "Syncthing at {url} does not accept this host name (403 Host check error).",
        "Use its IP address or 'localhost' in 'url', or turn on insecureSkipHostcheck in Syncthing's GUI settings.",
    ),
    rule(C::Redirect, S::Misconfigured, 0).growing().says(
        "{url} redirects elsewhere ({detail}). Redirects are never followed, because they could carry a secret away.",
        "Put the final address into 'url'.",
    ),
    rule(C::BadPath, S::Misconfigured, 0).growing().says(
        "{url} has no such page ({detail}).",
        "Check the path in 'url', and that it is the right service.",
    ),
    rule(C::UpstreamDown, S::Disconnected, 15).rotating(30).says(
        "The proxy at {url} answers, but the service behind it does not ({detail}).",
        "Start the service behind the proxy, or correct the address that the proxy passes requests to. It is tried again by itself.",
    ),
    rule(C::NotWebsocket, S::Misconfigured, 0).growing().says(
        "{url} answers, but there is no websocket at this path: {detail}.",
        "Check the path in 'url'. Behind a proxy, check that it passes this path on, with its 'Upgrade' header.",
    ),
    rule(C::SniRefused, S::Misconfigured, 5).doubt(Doubt::Pins).says(
        "{url} serves no site of the name that was asked for: {detail}.",
        "Use a name that the server knows in 'url', or set 'server-name' to it.",
    ),
    rule(C::ClientCertificate, S::Misconfigured, 5).doubt(Doubt::Pins).says(
        "{url} wants a certificate from whoever connects: {detail}.",
        "syncwatch has none to show. Let the server accept this computer without one, or watch the service at an address that does not ask for it.",
    ),
    rule(C::NewCertificateEachTime, S::Untrusted, 10).doubt(Doubt::Pins).says(
        "{url} shows a new certificate on every connection, and none of them is pinned. No request and no secret was sent. Served: {served}. Pinned: {pinned}.",
        "Some tunnels do this on their own listener: pin the proxy in front of it, or set trust = \"any\" for this target only. If it showed a pinned certificate until now, another program or computer is answering in its place: do neither.",
    ),
    rule(C::ClockSkew, S::Misconfigured, 0).seldom().says(
        "{url} refused the login because the clocks of the two computers differ: {detail}.",
        "Set the clocks right, on both sides; with NTP this is done once and for all.",
    ),
    rule(C::TokenExpired, S::Unauthorized, 0).doubt(Doubt::Source).seldom().says(
        "The token for {name} has expired, and its source gives no newer one: {detail}.",
        "Put a fresh token in its place, or let 'token-command' or 'token-url' make one.",
    ),
    rule(C::PasswordRefused, S::Unauthorized, 0).doubt(Doubt::Source).stops().says(
        "{url} refused the login: {detail}. It is not tried again by itself, because each try is reported to the server's owner.",
        "Correct the password or the TOTP secret of this instance: then it is tried at once.",
    ),
    rule(C::Quit, S::Disconnected, 15).rotating(30).says(
        "The service at {url} was ended: {detail}.",
        "It is tried again by itself.",
    ),
    rule(C::Rejected, S::Misconfigured, 0).stops().says(
        "{url} closed the connection and asked not to connect again: {detail}.",
        "Look at the server's settings and log, then choose 'Try again now' or correct this instance.",
    ),
    rule(C::NotPinned, S::Misconfigured, 0).seldom().at_once().says(
        "No certificate is pinned for {name} yet, so nothing was sent to {url}. It shows {served}.",
        "Compare it on that computer: '{openssl}' must print {colons}. If it does: 'syncwatch trust accept --instance {name}'.",
    ).to(
        K::Syncthing,
        "",
        "Compare it on that computer: '{openssl}' must print {colons}. If it does: 'syncwatch trust accept --instance {name}'. Or let it be pinned and followed without a question: trust = { command = [\"ssh\", ...] } in the config.",
    ),
    rule(C::TooManyRequests, S::Disconnected, 60).growing().says(
        "{url} answers that it is asked too often ({detail}).",
        "It is tried again by itself, when the server allows it or after a pause. If this lasts, raise the request limit of the server or of the proxy before it for this computer.",
    ),
    rule(C::ProxyLogin, S::Misconfigured, 0).growing().says(
        "A proxy at {url} wants a login of its own before it lets anything through ({detail}).",
        "Let the proxy pass this computer without one, or put an address into 'url' that does not lead through it.",
    ),
    rule(C::UntrustedTokenPage, S::Untrusted, 10).says(
        "The page at 'token-url' of {name} is not trusted: {detail}. Nothing was sent to it, and no token was taken from it.",
        "If you changed its certificate yourself, correct 'token-trust'. If not, another program or computer is answering in its place.",
    ),
    rule(C::UpgradingDatabase, S::Disconnected, 600).says(
        "{url} answers without TLS for now, as it does while it upgrades its database. Nothing was sent to it.",
        "It is connected again by itself.",
    ).to(
        K::Syncthing,
        "{url} answers without TLS for now, as Syncthing does while it upgrades its database. Nothing was sent to it.",
        "With many files this takes long; Syncthing's own log says how far it is. It is connected again by itself.",
    ),
];

/// For a class without a row, which a test rules out.
pub(super) const FALLBACK: Rule = rule(C::BadReply, S::Misconfigured, 0);
