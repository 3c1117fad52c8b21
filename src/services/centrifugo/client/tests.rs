//! The table of codes, and messages as they come.

use super::*;

fn token() -> SecretString {
    "the-token".into()
}

#[test]
fn each_code_has_its_meaning() {
    use Class as C;
    for (code, class) in [
        (Some(3000), C::Lost),
        (Some(3001), C::Quit),
        (Some(3004), C::Lost),
        (Some(3008), C::Lost),
        (Some(3012), C::Lost),
        (Some(3499), C::Lost),
        (Some(3501), C::Rejected),
        (Some(3502), C::Rejected),
        (Some(3503), C::Rejected),
        (Some(3999), C::Rejected),
        (Some(4000), C::Lost),
        (Some(4499), C::Lost),
        (Some(4500), C::Rejected),
        (Some(4999), C::Rejected),
        (Some(1000), C::Lost),
        (Some(1011), C::Lost),
        (None, C::Lost),
    ] {
        match closed(code, "why", &token()) {
            Trouble::Fault(fault) => assert_eq!(fault.class, class, "{code:?}"),
            token => panic!("{code:?} {token:?}"),
        }
    }
    for code in [3005, 3500] {
        let trouble = closed(Some(code), "the-token is bad", &token());
        let words = format!("code {code}: [key] is bad");
        let fault = Fault::with_detail(C::Unauthorized, words);
        assert_eq!(trouble, Trouble::Token(fault), "{code}");
    }
    let without = closed(Some(3501), "bad request", &SecretString::default());
    let words = "it wants a token, and none is set; code 3501: bad request";
    assert_eq!(
        without,
        Trouble::Token(Fault::with_detail(C::Unauthorized, words))
    );
    let Trouble::Fault(api) = closed(Some(3503), "force disconnect", &token()) else {
        panic!("no fault");
    };
    assert_eq!(
        api.detail.as_deref(),
        Some("the server's API disconnected this client; code 3503: force disconnect")
    );
}

#[test]
fn refusals_of_a_command() {
    for (code, of_token, class) in [
        (101, true, Class::Unauthorized),
        (103, true, Class::Unauthorized),
        (109, true, Class::Unauthorized),
        (100, false, Class::ServerError),
        (107, false, Class::ServerError),
    ] {
        let message = "why".to_owned();
        let trouble = refused(&Mistake { code, message }, &token());
        let words = format!("error {code}: why");
        let fault = Fault::with_detail(class, words);
        let wanted = match of_token {
            true => Trouble::Token(fault),
            false => Trouble::Fault(fault),
        };
        assert_eq!(trouble, wanted);
    }
}

#[test]
fn messages_are_told_apart() {
    let frame = "{}\n{\"id\":2,\"refresh\":{\"expires\":true,\"ttl\":9}}\r\n\n{\"id\":7,\"connect\":{}}\n{\"id\":1,\"error\":{\"code\":109,\"temporary\":true}}\n{\"push\":{\"channel\":\"a\",\"pub\":{\"data\":{}}}}";
    let refused = Mistake {
        code: 109,
        message: String::new(),
    };
    assert_eq!(
        messages(frame).expect("messages"),
        [
            Said::Ping,
            Said::Refreshed(Some(Duration::from_secs(9))),
            Said::Other,
            Said::Refused(refused),
            Said::Other,
        ]
    );
    let text = r#"{"id":1,"connect":{"client":"c","version":"6","expires":true,"ttl":3,"ping":25,"pong":true,"subs":{}}}"#;
    let [Said::Connected(connected)] = &messages(text).expect("messages")[..] else {
        panic!("not connected");
    };
    assert_eq!(connected.lifetime(), Some(Duration::from_secs(3)));
    assert_eq!(connected.silence(), Some(Duration::from_secs(35)));
    assert!(connected.pong);
    for text in ["[", "1", "\"a\"", "{\"id\":\"1\"}", "{}}", "{}\nx"] {
        assert_eq!(messages(text).expect_err(text).class, Class::BadReply);
    }
    assert_eq!(messages("").expect("nothing"), []);
}

#[test]
fn what_is_no_websocket() {
    let declined = |status: u16, body: &str| {
        declined(Reply {
            status,
            served: None,
            headers: Default::default(),
            body: body.into(),
        })
    };
    for (status, body, class) in [
        (200, "{}", Class::NotWebsocket),
        (400, "Bad Request", Class::NotWebsocket),
        (404, "404 page not found", Class::NotWebsocket),
        (403, "Forbidden", Class::Forbidden),
        (502, "Bad Gateway", Class::UpstreamDown),
    ] {
        match declined(status, body) {
            Trouble::Fault(fault) => assert_eq!(fault.class, class, "{status}"),
            token => panic!("{status} {token:?}"),
        }
    }
    assert!(matches!(declined(401, ""), Trouble::Token(_)));
}
