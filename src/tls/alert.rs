//! TLS alerts: their class and their words. An alert is the peer's claim and never decides about trust.

use rustls::AlertDescription;

use crate::core::Class;

/// The class that an alert stands for.
pub(super) fn class(alert: AlertDescription) -> Class {
    match alert {
        AlertDescription::UnrecognisedName => Class::SniRefused,
        // There is none that it could be about but the one that was not shown.
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::NoCertificate => Class::ClientCertificate,
        _ => Class::TlsAlert,
    }
}

/// What the peer complains about, such as `it does not know this server name (alert 112)`.
pub(super) fn words(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let says = match alert {
        A::UnrecognisedName => "it does not know this server name",
        A::HandshakeFailure => "it shares no way to set up TLS with this program",
        A::ProtocolVersion => "no common protocol version",
        A::InternalError => "it met an internal error",
        A::CertificateRequired | A::BadCertificate | A::NoCertificate => {
            "it wants a client certificate"
        }
        A::NoApplicationProtocol => "it does not speak HTTP/1.1",
        A::AccessDenied => "it denies access",
        A::InsufficientSecurity => "it demands stronger encryption than this program offers",
        A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA => "it does not accept the client's certificate",
        A::UnexpectedMessage | A::IllegalParameter | A::DecodeError | A::MissingExtension => {
            "it did not understand the handshake"
        }
        A::UnsupportedExtension => "it does not support a part of the handshake",
        A::BadRecordMac | A::DecryptError | A::DecryptionFailed | A::RecordOverflow => {
            "it could not decrypt the connection"
        }
        A::UserCanceled => "it cancelled the handshake",
        _ => "it gave no reason that is known here",
    };
    format!("{says} (alert {})", u8::from(alert))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_peer_wants() {
        for (number, said) in [
            (112, "it does not know this server name (alert 112)"),
            (70, "no common protocol version (alert 70)"),
            (116, "it wants a client certificate (alert 116)"),
            (42, "it wants a client certificate (alert 42)"),
            (80, "it met an internal error (alert 80)"),
            (200, "it gave no reason that is known here (alert 200)"),
        ] {
            assert_eq!(words(AlertDescription::from(number)), said);
        }
    }
}
