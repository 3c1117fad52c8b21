//! Tokens that name their end or do not, and what a page may answer.

use super::*;

fn claims(json: &str) -> SecretString {
    format!("e30.{}.tag", BASE64_URL_SAFE_NO_PAD.encode(json)).into()
}

#[test]
fn the_end_is_only_what_the_token_says() {
    let end_of = |json: &str| end(&claims(json)).map(moment);
    let day = Some("2026-11-21 02:00:00 UTC".to_owned());
    assert_eq!(end_of(r#"{"exp":1795226400,"sub":"a"}"#), day);
    assert_eq!(end_of(r#"{"exp":1795226400.9}"#), day);
    for json in [
        r#"{"exp":"1795226400"}"#,
        r#"{"exp":-1}"#,
        r#"{"exp":1e300}"#,
        r#"{"sub":"a"}"#,
        "[]",
        "",
    ] {
        assert_eq!(end_of(json), None, "{json}");
    }
    for text in ["", ".", "opaque", "a.!.c", "a.e30", "a.e30=.c"] {
        assert_eq!(end(&text.into()), None, "{text}");
    }
}

#[test]
fn only_its_own_end_makes_a_token_an_expired_one() {
    let token = claims(r#"{"exp":1795226400}"#);
    let refused = || Trouble::Token(Fault::with_detail(Class::Unauthorized, "error 109"));
    let end = Timestamp::from_secs(1_795_226_400);
    let before = verdict(refused(), &token, end - Duration::from_secs(1));
    assert_eq!(before.class, Class::Unauthorized);
    let after = verdict(refused(), &token, end);
    assert_eq!(
        (after.class, after.detail.as_deref()),
        (
            Class::TokenExpired,
            Some("it was valid until 2026-11-21 02:00:00 UTC")
        )
    );
    let other = Trouble::Fault(Fault::new(Class::Lost));
    assert_eq!(verdict(other, &token, end).class, Class::Lost);
}

#[test]
fn a_page_gives_a_bare_token_or_one_in_json() {
    for body in [
        "a.b.c",
        " a.b.c\n",
        r#"{"token":"a.b.c"}"#,
        "{\"x\":1,\"token\":\"a.b.c\"}\n",
    ] {
        let token = token_in(body.as_bytes()).expect(body);
        assert_eq!(token.expose_secret(), "a.b.c");
    }
    for body in [
        "",
        "{}",
        "{\"token\":5}",
        "{\"token\":\"\"}",
        "{\"token\":\"a b\"}",
        "\"a.b.c\"",
        "<html>",
        "a\nb",
        "\u{202e}",
    ] {
        let fault = token_in(body.as_bytes()).expect_err(body);
        assert_eq!(fault.detail.as_deref(), Some("'token-url' gives no token"));
    }
    assert!(token_in(b"\xff").is_err());
}

#[test]
fn the_page_is_not_taken_for_the_server() {
    for (class, words) in [
        (Class::Refused, "Nothing is listening at 'token-url'"),
        (
            Class::Dns,
            "The name in 'token-url' has no address: no details",
        ),
    ] {
        let fault = elsewhere(&Fault::new(class));
        assert_eq!(
            (fault.class, fault.detail.as_deref()),
            (Class::NoKey, Some(words))
        );
    }
    let fault = elsewhere(&Fault::new(Class::PinMismatch));
    let words = "it shows a certificate that is not the pinned one";
    assert_eq!(
        (fault.class, fault.detail.as_deref()),
        (Class::UntrustedTokenPage, Some(words))
    );
}
