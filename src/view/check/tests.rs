//! What a check says of each way in which TLS fails.

use super::*;
use crate::core::failure::About;
use crate::core::sight::{Issued, Wire};
use crate::core::{Certificate, Class, Fault, Offer, Pin, Served, Sight};
use crate::view::samples::fingerprint;

fn now() -> Timestamp {
    "2026-11-28T01:20:00Z".parse().expect("a time")
}

fn about(kind: Kind) -> About<'static> {
    About::new("shop", kind, "https://shop.example")
}

fn wire(received: u64) -> Wire {
    Wire {
        connected: true,
        address: Some("192.0.2.7:443".parse().expect("an address")),
        sent: 245,
        received,
        lasted: Duration::from_millis(3),
        wants_certificate: false,
        alert: None,
    }
}

fn sight(offer: Offer, outcome: Result<Served, Fault>) -> Sight {
    let wire = wire(0);
    Sight {
        offer,
        wire,
        outcome,
    }
}

fn served(names: &[&str]) -> Served {
    let not_after: Option<Timestamp> = "2027-02-01T00:00:00Z".parse().ok();
    Served {
        certificate: Certificate {
            pin: Pin {
                fingerprint: fingerprint(3),
                not_after,
            },
            subject: "CN=shop.example".into(),
            issuer: "CN=Between R3".into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before: "2026-11-01T00:00:00Z".parse().ok(),
            not_after,
            key: "ECDSA P-256".into(),
            self_signed: false,
            renewed_by_syncthing: false,
            unusable: None,
        },
        chain: 1,
        last: None,
        protocol: "TLS 1.2".into(),
        cipher_suite: String::new(),
        alpn: None,
        complaint: None,
    }
}

fn text(steps: impl IntoIterator<Item = Step>) -> String {
    let mut report = Report::new("shop");
    for step in steps {
        report.push(step);
    }
    report.page(80).to_string()
}

fn fails(class: Class, again: &[Sight]) -> Step {
    let fault = match class {
        Class::SniRefused => {
            Fault::with_detail(class, "it does not know this server name (alert 112)")
        }
        _ => Fault::new(class),
    };
    let first = sight(Offer::WHOLE, Err(fault.clone()));
    failed(&first, &fault, again, &about(Kind::Http))
}

#[test]
fn who_ends_a_handshake_and_why() {
    let same = |offer| sight(offer, Err(Fault::new(Class::HandshakeEof)));
    let works = |offer, names: &[&str]| sight(offer, Ok(served(names)));
    let silent = {
        let fault = Fault::new(Class::ConnectTimeout);
        failed(
            &sight(Offer::WHOLE, Err(fault.clone())),
            &fault,
            &[],
            &about(Kind::Weechat),
        )
    };
    let alert = |number, said: &str| {
        let fault = Fault::with_detail(Class::TlsAlert, said);
        let mut first = sight(Offer::WHOLE, Err(fault.clone()));
        first.wire.alert = Some(number);
        first.wire.received = 7;
        failed(&first, &fault, &[], &about(Kind::Http))
    };
    let plain = |kind| {
        let fault = Fault::with_detail(Class::NotTls, r#"it said "HTTP/1.1 400 Bad Request""#);
        let first = sight(Offer::WHOLE, Err(fault.clone()));
        let url = match kind {
            Kind::Websocket => "wss://shop.example",
            _ => "https://shop.example",
        };
        failed(&first, &fault, &[], &About { url, ..about(kind) })
    };
    insta::assert_snapshot!(text([
        fails(
            Class::HandshakeEof,
            &[same(Offer::TLS12), same(Offer::NAMELESS)]
        ),
        fails(
            Class::HandshakeReset,
            &[works(Offer::TLS12, &["shop.example"])]
        ),
        fails(
            Class::SniRefused,
            &[works(Offer::NAMELESS, &["a.example", "b.example"])]
        ),
        silent,
        alert(70, "no common protocol version (alert 70)"),
        alert(80, "it met an internal error (alert 80)"),
        plain(Kind::Syncthing),
        plain(Kind::Http),
        plain(Kind::Websocket),
    ]));
}

#[test]
fn what_a_ca_thinks_of_a_certificate() {
    let about = about(Kind::Http);
    let refused = |served: &Served, class, said: &str, at: Timestamp| {
        let verdict = Err(Fault::with_detail(class, said).with_served(Some(fingerprint(3))));
        judged(served, verdict, "this CA", &about, at)
    };
    let unknown = "its issuer is not trusted here";
    let whole = served(&["shop.example"]);
    let mut own = whole.clone();
    (own.certificate.issuer, own.certificate.self_signed) = ("CN=shop.example".into(), true);
    let mut root = whole.clone();
    let home = || "CN=Home CA".to_owned();
    (root.chain, root.last) = (
        2,
        Some(Issued {
            subject: home(),
            issuer: home(),
        }),
    );
    let year = Duration::from_secs(365 * 86_400);
    insta::assert_snapshot!(text([
        judged(&whole, Ok(()), "this CA", &about, now()),
        refused(&whole, Class::Certificate, unknown, now()),
        refused(&own, Class::Certificate, unknown, now()),
        refused(&root, Class::Certificate, unknown, now()),
        refused(&whole, Class::Certificate, "it has expired", now() + year),
        refused(
            &whole,
            Class::Certificate,
            "it is not valid yet",
            now() - year
        ),
        refused(&whole, Class::WrongName, "shop.example, not x", now()),
        refused(&served(&[]), Class::WrongName, "it names no host", now()),
    ]));
}

#[test]
fn clocks_that_differ_are_told_of() {
    let hour = Duration::from_secs(3600);
    assert_eq!(clock(now(), now() + Duration::from_secs(30)), None);
    let ahead = clock(now() + hour, now()).expect("a step").found;
    assert_eq!(ahead, "the server's clock is 1 h ahead of this computer's");
    let behind = clock(now(), now() + hour).expect("a step").found;
    assert_eq!(behind, "the server's clock is 1 h behind this computer's");
}
