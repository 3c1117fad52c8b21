//! Every kind under every way to trust: who is accepted is asked, with the secret; who is not hears nothing at all.

use std::path::Path;

use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, params};
use crate::support::watched::Watched;
use serde_json::Value;
use syncwatch::core::Kind;

use super::{NAME, SECRET, keys};

/// A way to trust, and who is met.
struct Row {
    mode: &'static str,
    trust: String,
    server: Server,
    accepted: bool,
}

/// Who is asked says that it is broken: no kind needs more of it to be known.
async fn serving(identity: &Identity) -> Server {
    let broken = Answer::reply("500 Internal Server Error", "");
    Server::new(identity.serves(ANY_TLS), broken).await
}

async fn rows(home: &Path) -> Vec<Row> {
    let authority = Identity::ca("authority.test");
    let unknown = Identity::ca("unknown.test");
    let (known, stranger) = (authority.issues(params(NAME)), unknown.issues(params(NAME)));
    let write = |name: &str, text: &str| {
        let path = home.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (own, ca) = (
        write("own.pem", &known.pem),
        write("ca.pem", &authority.pem),
    );
    let mut rows = Vec::new();
    for (mode, trust) in [
        ("file", format!("{{ file = {own:?} }}")),
        (
            "fingerprint",
            format!("{{ fingerprint = [\"{}\"] }}", known.pin()),
        ),
        ("command", format!("{{ command = ['cat', {own:?}] }}")),
        ("ca", format!("{{ ca = {ca:?} }}")),
        ("system", "'system'".to_owned()),
        ("any", "'any'".to_owned()),
    ] {
        for (identity, accepted) in [(&known, true), (&stranger, mode == "any")] {
            rows.push(Row {
                mode,
                trust: trust.clone(),
                server: serving(identity).await,
                accepted,
            });
        }
    }
    rows
}

#[tokio::test]
async fn every_kind_under_every_trust() {
    let home = tempfile::tempdir().unwrap();
    let rows = rows(home.path()).await;
    let mut config = String::new();
    for (number, row) in rows.iter().enumerate() {
        for kind in Kind::ALL {
            let (keys, trust, at) = (keys(kind, NAME), &row.trust, row.server.address);
            config.push_str(&format!(
                "[[instance]]\nname = '{}-{number}'\n{keys}\nconnect = '{at}'\ntrust = {trust}\n",
                kind.name()
            ));
        }
    }
    let mut watched = Watched::prepare(&config);
    // The certificates of the system are this CA alone.
    watched.variables = vec![("SSL_CERT_FILE", home.path().join("ca.pem"))];
    let shown = watched.run(&["status", "--json"]).await;
    let status: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let instances = status["instances"].as_array().unwrap();
    for (number, row) in rows.iter().enumerate() {
        for kind in Kind::ALL {
            let name = format!("{}-{number}", kind.name());
            let one = instances.iter().find(|one| one["name"] == name.as_str());
            let link = &one.expect(&name)["link"];
            let what = format!("{name} ({}): {link:#}", row.mode);
            assert_eq!(link["trust"]["mode"], row.mode, "{what}");
            assert_eq!(link["insecure"] == true, row.mode == "any", "{what}");
            let class = match (row.accepted, row.mode) {
                (true, _) => "server-error",
                (false, "ca" | "system") => "certificate",
                (false, _) => "pin-mismatch",
            };
            assert_eq!(link["failure"]["class"], class, "{what}");
        }
        let heard = row.server.heard();
        match row.accepted {
            // A WeeChat tells how it wants the password before it gets one.
            true => assert!(heard.matches(SECRET).count() >= 3, "{}: {heard}", row.mode),
            false => assert_eq!(heard, "", "{}", row.mode),
        }
    }
}
