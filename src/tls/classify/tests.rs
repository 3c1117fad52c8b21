//! What each error of the transport is taken for, at each stage and under each wrapping.

use rustls::{AlertDescription, Error as TlsError};

use super::*;

#[test]
fn the_same_end_of_a_connection_means_more_the_later_it_comes() {
    use ErrorKind as K;
    for (kind, connect, head, body) in [
        (
            K::ConnectionReset,
            Class::HandshakeReset,
            Class::Lost,
            Class::Truncated,
        ),
        (
            K::ConnectionAborted,
            Class::HandshakeReset,
            Class::Lost,
            Class::Truncated,
        ),
        (
            K::BrokenPipe,
            Class::HandshakeReset,
            Class::Lost,
            Class::Truncated,
        ),
        (
            K::UnexpectedEof,
            Class::HandshakeEof,
            Class::Lost,
            Class::Truncated,
        ),
        (
            K::TimedOut,
            Class::ConnectTimeout,
            Class::RequestTimeout,
            Class::RequestTimeout,
        ),
        (
            K::HostUnreachable,
            Class::Unreachable,
            Class::Unreachable,
            Class::Unreachable,
        ),
        (
            K::NetworkUnreachable,
            Class::Unreachable,
            Class::Unreachable,
            Class::Unreachable,
        ),
        (
            K::PermissionDenied,
            Class::Unreachable,
            Class::Unreachable,
            Class::Unreachable,
        ),
        (
            K::InvalidData,
            Class::Unreachable,
            Class::Lost,
            Class::BadReply,
        ),
        (K::Other, Class::Unreachable, Class::Lost, Class::Truncated),
    ] {
        for (stage, class) in [
            (Stage::Connect, connect),
            (Stage::Head, head),
            (Stage::Body, body),
        ] {
            let fault = of_error(&io::Error::from(kind), stage);
            assert_eq!(fault.class, class, "{kind:?} {stage:?}");
        }
    }
    let refused = io::Error::from(K::ConnectionRefused);
    assert_eq!(of_error(&refused, Stage::Connect).class, Class::Refused);
}

#[test]
fn the_tls_error_is_found_under_every_wrapping_and_before_the_io_kind() {
    let alert = || TlsError::AlertReceived(AlertDescription::UnrecognisedName);
    let plain = io::Error::new(ErrorKind::InvalidData, alert());
    let twice = io::Error::other(io::Error::new(ErrorKind::ConnectionReset, alert()));
    for error in [plain, twice] {
        for stage in [Stage::Connect, Stage::Head, Stage::Body] {
            assert_eq!(
                of_error(&error, stage).class,
                Class::SniRefused,
                "{stage:?}"
            );
        }
    }
}

#[test]
fn what_is_no_tls_is_told_from_tls_that_went_wrong() {
    for (message, stage, class) in [
        (
            InvalidMessage::InvalidContentType,
            Stage::Connect,
            Class::NotTls,
        ),
        (
            InvalidMessage::UnknownProtocolVersion,
            Stage::Connect,
            Class::NotTls,
        ),
        // After a handshake the peer has shown that it speaks TLS.
        (
            InvalidMessage::InvalidContentType,
            Stage::Head,
            Class::TlsProtocol,
        ),
        (
            InvalidMessage::InvalidCcs,
            Stage::Connect,
            Class::TlsProtocol,
        ),
    ] {
        let words = format!("{message:?} {stage:?}");
        let fault = of_error(&TlsError::InvalidMessage(message), stage);
        assert_eq!(fault.class, class, "{words}");
    }
}

#[test]
fn errors_nested_without_end_are_given_up() {
    let mut error = io::Error::other("innermost");
    for _ in 0..10 * DEEPEST {
        error = io::Error::other(error);
    }
    assert_eq!(of_error(&error, Stage::Head).class, Class::Lost);
}
