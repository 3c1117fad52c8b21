//! Pin files as they are met: whole, torn, hostile, or no files at all.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
    fs::read(directory.join(name)).expect(name)
}

fn der(pem: &[u8]) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem).expect("PEM").to_vec()
}

/// A key without a certificate, in PEM.
fn key() -> Vec<u8> {
    let key = rcgen::KeyPair::generate().expect("a key");
    key.serialize_pem().into_bytes()
}

fn torn(text: &[u8]) -> String {
    match parse_pin(text) {
        PinRead::Torn { why } => why,
        other => panic!("{other:?} from {:?}", text.escape_ascii().to_string()),
    }
}

fn read(text: &[u8]) -> Fingerprint {
    match parse_pin(text) {
        PinRead::Read(pin) => pin.fingerprint,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whole_certificates_in_every_wrapping() {
    for name in ["p384.pem", "rsa-2048.pem", "ed25519.pem"] {
        let pem = fixture(name);
        let expected = fingerprint(&der(&pem));
        let text = String::from_utf8(pem.clone()).expect("text");
        let wrapped = [
            pem.clone(),
            text.replace('\n', "\r\n").into_bytes(),
            text.trim_end().as_bytes().to_vec(),
            [b"\xef\xbb\xbf".as_slice(), &pem].concat(),
            [b"Bag Attributes\n  friendlyName: x\n".as_slice(), &pem].concat(),
            // A chain, and a key in the same file: the first certificate is the one that is served.
            [pem.as_slice(), &fixture("p521.pem")].concat(),
            [key().as_slice(), &pem].concat(),
            [pem.as_slice(), b"\n-----BEGIN CERTIFICATE-----\nMIIB"].concat(),
            der(&pem),
        ];
        for text in wrapped {
            assert_eq!(read(&text), expected, "{name}");
        }
    }
    assert_eq!(
        fingerprint(&fixture("p384.der")),
        read(&fixture("p384.pem"))
    );
}

#[test]
fn the_end_of_a_pin_is_the_certificates() {
    let PinRead::Read(pin) = parse_pin(&fixture("p384.pem")) else {
        panic!("p384.pem");
    };
    let shown = pin.not_after.expect("an end").to_string();
    assert!(shown.starts_with("2126-"), "{shown}");
    assert_eq!(pin_of(&fixture("p384.der")), pin);
    assert_eq!(pin_of(b"garbage").not_after, None);
}

#[test]
fn a_file_torn_at_every_byte_is_torn_or_whole_and_nothing_else() {
    for name in ["p384.pem", "rsa-2048.pem", "p384.der"] {
        let whole = fixture(name);
        let expected = read(&whole);
        let mut pins = 0;
        for end in 0..whole.len() {
            match parse_pin(&whole[..end]) {
                PinRead::Torn { why } => assert!(!why.is_empty()),
                PinRead::Read(pin) => {
                    pins += 1;
                    assert_eq!(pin.fingerprint, expected, "{name} up to {end}");
                }
                other => panic!("{other:?}, {name} up to {end}"),
            }
        }
        // Only the line break after the last line may be missing.
        assert!(pins <= 1, "{pins} of {name}");
    }
    // The tail alone, as when a file is read while it is truncated and written again.
    let whole = fixture("p384.pem");
    for start in 1..whole.len() {
        torn(&whole[start..]);
    }
}

#[test]
fn what_is_no_certificate_is_named() {
    let pem = String::from_utf8(fixture("p384.pem")).expect("text");
    let body = pem.lines().nth(2).expect("a line");
    let utf16: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (text, why) in [
        (b"".to_vec(), "it is empty"),
        (b" \r\n\n".to_vec(), "it is empty"),
        (b"garbage".to_vec(), "it holds no certificate"),
        (vec![0; 4096], "it holds no certificate"),
        (key(), "it holds a private key but no certificate"),
        (
            pem.replace("CERTIFICATE", "CERTIFICATE REQUEST")
                .into_bytes(),
            "it holds PEM, but no certificate",
        ),
        (
            [b"\xff\xfe".as_slice(), &utf16].concat(),
            "it is UTF-16 text; save it as plain text",
        ),
        (
            pem.replace("-----END CERTIFICATE-----", "").into_bytes(),
            "the certificate in it has no end; it may still be being written",
        ),
        (
            pem.replace(body, "????").into_bytes(),
            "the certificate in it is not valid base64",
        ),
        (
            pem.replace(&format!("{body}\n"), "").into_bytes(),
            "the certificate in it is not complete",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".to_vec(),
            "the certificate in it is not complete",
        ),
        (
            [fixture("p384.der").as_slice(), b"\n"].concat(),
            "the certificate in it is not complete",
        ),
    ] {
        assert_eq!(torn(&text), why);
    }
}

#[test]
fn certificates_that_no_handshake_can_use_say_why() {
    for (name, why) in [
        (
            "v1.pem",
            "it is an X.509 version 1 certificate; TLS here needs version 3",
        ),
        (
            "critical-extension.pem",
            "it has a critical extension that is not known here (1.2.3.4)",
        ),
        (
            "rsa-1024.pem",
            "its RSA key has 1024 bits; at least 2048 are needed",
        ),
        (
            "p521.pem",
            "its key (ECDSA P-521) is of a kind not supported here",
        ),
        (
            "explicit-curve.pem",
            "its key (ECDSA with explicit curve parameters) is of a kind not supported here",
        ),
    ] {
        let pem = fixture(name);
        let expected = PinRead::Unusable {
            pin: pin_of(&der(&pem)),
            why: why.into(),
        };
        assert_eq!(parse_pin(&pem), expected, "{name}");
        let shown = Certificate::parse(&der(&pem)).expect(name);
        assert_eq!(shown.unusable.as_deref(), Some(why));
        assert_eq!(shown.subject, "CN=syncthing");
    }
}

#[test]
fn files_that_are_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("https-cert.pem");
    let unreadable = |why: &str| PinRead::Unreadable { why: why.into() };
    assert_eq!(read_pin_file(&path), PinRead::Missing);
    assert_eq!(
        read_pin_file(directory.path()),
        unreadable("it is a directory")
    );

    let whole = fixture("p384.pem");
    fs::write(&path, &whole).expect("written");
    assert_eq!(read_pin_file(&path), parse_pin(&whole));
    let below = path.join("https-cert.pem");
    assert_eq!(
        read_pin_file(&below),
        unreadable("a part of its path is a file, not a directory")
    );

    let huge = [whole, vec![b'\n'; 2 * 1024 * 1024]].concat();
    fs::write(&path, huge).expect("written");
    let too_large = unreadable("it is larger than 1 MiB, which no certificate is");
    assert_eq!(read_pin_file(&path), too_large);
    fs::write(&path, "").expect("written");
    assert_eq!(torn(b""), "it is empty");
    assert!(matches!(read_pin_file(&path), PinRead::Torn { .. }));
}

#[cfg(unix)]
#[test]
fn fifos_devices_and_broken_links_never_block() {
    let directory = tempfile::tempdir().expect("a directory");
    let irregular = PinRead::Unreadable {
        why: "it is not a regular file".into(),
    };
    let fifo = directory.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo").success());
    assert_eq!(read_pin_file(&fifo), irregular);
    assert_eq!(read_pin_file(Path::new("/dev/zero")), irregular);
    let link = directory.path().join("link");
    std::os::unix::fs::symlink("nowhere", &link).expect("a link");
    assert_eq!(read_pin_file(&link), PinRead::Missing);
    fs::remove_file(&link).expect("removed");
    std::os::unix::fs::symlink("link", &link).expect("a link");
    assert!(matches!(read_pin_file(&link), PinRead::Unreadable { .. }));
}

#[cfg(unix)]
#[test]
fn files_of_others() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        return; // who may read everything
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("https-cert.pem");
    fs::write(&path, fixture("p384.pem")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("permissions");
    let why = "this user is not permitted to read it".into();
    assert_eq!(read_pin_file(&path), PinRead::Unreadable { why });
}

/// Bytes that look like certificates more than noise does.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let names = ["p384.pem", "p384.der", "v1.pem", "critical-extension.pem"];
    let damaged = (
        prop::sample::select(names.to_vec()),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    );
    let damaged = damaged.prop_map(|(name, changes)| {
        let mut bytes = fixture(name);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    });
    let noise = prop::collection::vec(any::<u8>(), 0..600);
    let der = noise
        .clone()
        .prop_map(|bytes| [b"\x30\x82".as_slice(), &bytes].concat());
    prop_oneof![noise, der, damaged]
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in hostile()) {
        let _ = Certificate::parse(&bytes);
        let _ = certificates(&bytes);
        match parse_pin(&bytes) {
            PinRead::Read(pin) | PinRead::Unusable { pin, .. } => {
                // What is pinned is what the file holds, byte for byte.
                let der = first_certificate(&bytes).expect("a certificate");
                prop_assert_eq!(pin.fingerprint, fingerprint(&der));
                prop_assert!(certificate::is_whole(&der));
            }
            PinRead::Torn { why } => prop_assert!(!why.is_empty() && why.len() < 100),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
