//! What is said of an unknown certificate besides its row of the table: by what is pinned, and where the new one may be
//! from.

/// What to do about an unknown certificate where a file holds the pin: there is nothing to accept.
pub const MISMATCH_WITH_FILE: &str = "{path} holds another certificate: does 'home' or 'trust' name the right place? If it does, another program or computer is answering in place of your server. To pin what you know to be right, set 'trust = { fingerprint = [...] }'.";

/// Where the new certificate may come from, when a fingerprint pins that of a Syncthing: it is from its own renewal
/// (lib/api/api.go shouldRegenerateCertificate), from somebody's hand, or from another program. `{likely}`.
pub const RENEWED: &str = "Syncthing makes a new certificate when it starts within 30 days of the old one's end, which is {ends}, and this one says that it was made on {made} for '{subject}'. Anybody can write that.";
pub const TOO_EARLY: &str = "Syncthing does not make a new one by itself before {due}, 30 days before the pinned one ends: somebody replaced it there, or this is not your server.";
pub const NOT_ITS_OWN: &str =
    "It says that '{issuer}' signed it, so Syncthing did not make it by itself.";
pub const NOT_KNOWN: &str =
    "Syncthing makes a new certificate when it starts within 30 days of the old one's end.";

/// The same where a command prints the pin.
pub const MISMATCH_WITH_COMMAND: &str = "The command that prints its pin ('{command}') was asked and prints another certificate: does it ask the right computer? If it does, another program or computer is answering in place of your server.";

/// The same where that command tells nothing.
pub const SILENT_COMMAND: &str = "If the certificate was renewed there, the command that prints its pin ('{command}') could have said so, but {trouble}. Once it prints the new one, this ends by itself. If nothing was renewed, another program or computer is answering in place of your server.";

/// Message and hint where a command should print the first pin.
pub const BAD_COMMAND: (&str, &str) = (
    "Nothing is pinned for {name}: the command that prints its certificate ('{command}') told none: {detail}.",
    "Run it in a terminal to see what it says. It must print a PEM certificate without asking for anything: with ssh, add '-o BatchMode=yes'. It is run again by itself.",
);

/// Message and hint where a CA decides and a Syncthing shows one of its own making.
pub const THROWN_AWAY: (&str, &str) = (
    "Syncthing at {url} shows a certificate that it made for itself, not one that your CA signed: it puts its own in the place of a pair that it cannot load. No request and no secret was sent. Served: {served}.",
    "Put the signed certificate and its key back there, so that Syncthing can load them (no passphrase, the server's own certificate first, the key that fits), and restart it. 'syncwatch check' on that computer looks at the pair. If Syncthing was not restarted there, something else is answering in its place.",
);
