//! What a WeeChat says, and what is shown of it.

use super::*;
use serde_json::{Value, json};

fn hotlist(entries: Value) -> Vec<Waiting> {
    serde_json::from_value(entries).expect("a hotlist")
}

fn tell(state: &mut State, event: Value) -> News {
    let text = event.to_string();
    let message: Message = serde_json::from_str(&text).expect("a message");
    state.event(&message, &text).expect("an event")
}

fn line(buffer: i64, level: i64, second: u32, words: &str) -> Value {
    json!({"code": 0, "event_name": "buffer_line_added", "buffer_id": buffer, "body": {
        "date_printed": format!("2026-11-21T10:48:{second:02}.541575Z"), "displayed": true,
        "highlight": level == 3, "notify_level": level, "prefix": "bob", "message": words,
    }})
}

/// Two channels, nothing unread.
fn state() -> State {
    let mut state = State::default();
    let buffers = json!([
        {"id": 1, "name": "core.weechat", "short_name": "weechat"},
        {"id": 2, "name": "irc.libera.#chan", "short_name": "#chan"},
        {"id": 3.0, "name": "irc.libera.bob", "short_name": ""},
        {"name": "without an ID"},
    ]);
    state.buffers(serde_json::from_value(buffers).expect("buffers"));
    state.version(&Version {
        weechat_version: "4.6.3".into(),
    });
    state
}

fn fact(service: &Service, name: &str) -> Option<f64> {
    let fact = service.facts.iter().find(|fact| fact.name == name);
    fact.and_then(|fact| fact.number)
}

#[test]
fn nothing_is_shown_before_everything_is_known() {
    let mut state = state();
    assert_eq!(state.service(), None);
    assert!(state.hotlist(&[]).is_empty());
    let service = state.service().expect("a service");
    assert_eq!(service.version, "4.6.3");
    assert_eq!(service.unread, Some(Unread::default()));
    assert!(service.synced && service.errors.is_empty());
    assert_eq!(fact(&service, "buffers"), Some(3.0));
}

#[test]
fn what_waits_is_what_the_hotlist_says() {
    let mut state = state();
    let missing = state.hotlist(&hotlist(json!([
        {"priority": 3, "date": "2026-11-21T10:00:00.5Z", "buffer_id": 2, "count": [9, 12, 0, 3]},
        {"priority": 2, "date": "2026-11-21T10:01:00Z", "buffer_id": 3.0, "count": [0, 0, 2.0, 0]},
        {"priority": 0, "buffer_id": 1, "count": [5]},
        {"count": []},
    ])));
    assert_eq!(missing, [2, 3], "their lines are worth asking for");
    let service = state.service().expect("a service");
    let unread = Unread {
        messages: 12,
        private: 2,
        highlights: 3,
    };
    assert_eq!(service.unread, Some(unread));
    assert_eq!(fact(&service, "highlights"), Some(3.0));
    assert!(!service.facts.iter().any(|fact| fact.attention));
    // Without their lines, it is known where they are.
    let places: Vec<_> = service
        .mentions
        .iter()
        .map(|one| (&*one.place, one.private))
        .collect();
    assert_eq!(places, [("irc.libera.bob", true), ("#chan", false)]);
    // What was looked up once and not found is not looked up again, until there is more of it.
    let again = json!([{"buffer_id": 2, "count": [9, 12, 0, 3]}]);
    assert!(state.hotlist(&hotlist(again)).is_empty());
    let more = json!([{"buffer_id": 2, "count": [9, 12, 0, 4]}]);
    assert_eq!(state.hotlist(&hotlist(more)), [2]);
}

#[test]
fn lines_say_who_wrote_what_and_are_forgotten_when_read() {
    let mut state = state();
    assert!(state.hotlist(&[]).is_empty());
    assert_eq!(tell(&mut state, line(2, 1, 1, "chatter")), News::Message);
    assert_eq!(tell(&mut state, line(1, 0, 2, "noise")), News::Nothing);
    assert_eq!(tell(&mut state, line(2, 3, 3, "me: hello")), News::Mention);
    assert_eq!(tell(&mut state, line(3, 2, 4, "psst")), News::Mention);
    assert!(
        state.service().expect("a service").mentions.is_empty(),
        "not on the hotlist"
    );
    let unread =
        json!([{"buffer_id": 2, "count": [0, 1, 0, 1]}, {"buffer_id": 3, "count": [0, 0, 1, 0]}]);
    assert!(
        state.hotlist(&hotlist(unread)).is_empty(),
        "they were heard"
    );
    let service = state.service().expect("a service");
    let mentions: Vec<_> = service
        .mentions
        .iter()
        .map(|one| (&*one.place, &*one.from, &*one.text, one.private))
        .collect();
    let expected = [
        ("irc.libera.bob", "bob", "psst", true),
        ("#chan", "bob", "me: hello", false),
    ];
    assert_eq!(mentions, expected);
    let read = json!([{"buffer_id": 3, "count": [0, 0, 1, 0]}]);
    assert!(state.hotlist(&hotlist(read)).is_empty());
    assert_eq!(state.service().expect("a service").mentions.len(), 1);
}

#[test]
fn buffers_come_and_go() {
    let mut state = state();
    let unread = json!([{"buffer_id": 3, "count": [0, 0, 1, 0]}]);
    state.hotlist(&hotlist(unread));
    for (event, id, body) in [
        ("buffer_opened", 4, json!({"id": 4, "name": "a"})),
        ("buffer_renamed", 2, json!({"id": 2, "name": "#other"})),
        ("buffer_closed", 3, Value::Null),
    ] {
        let event = json!({"code": 0, "event_name": event, "buffer_id": id, "body": body});
        assert_eq!(tell(&mut state, event), News::Buffers);
    }
    assert_eq!(state.called(2), "#other");
    let service = state.service().expect("a service");
    assert_eq!(fact(&service, "buffers"), Some(3.0));
    assert_eq!(
        service.unread,
        Some(Unread::default()),
        "closed with what was in it"
    );
    let quit = json!({"code": 0, "event_name": "quit", "buffer_id": -1, "body": null});
    assert_eq!(tell(&mut state, quit), News::Quit);
}

#[test]
fn whatever_is_sent_it_stays_bounded() {
    let mut state = state();
    let long = "x".repeat(100_000);
    for second in 0..50 {
        tell(&mut state, line(2, 3, second, &long));
    }
    let many: Vec<Value> = (0..30_000)
        .map(|id| json!({"buffer_id": id, "count": [0, 1e300, -5, 1e300]}))
        .collect();
    let missing = state.hotlist(&hotlist(many.into()));
    assert!(missing.len() <= MOST_MENTIONS);
    let service = state.service().expect("a service");
    assert_eq!(service.mentions.len(), MOST_MENTIONS);
    assert!(
        service
            .mentions
            .iter()
            .all(|one| one.text.chars().count() <= TEXT + 1)
    );
    let buffers: Vec<Buffer> = (0..30_000)
        .map(|id| serde_json::from_value(json!({"id": id, "name": long[..100]})).expect("a buffer"))
        .collect();
    state.buffers(buffers);
    assert_eq!(state.buffers.len(), MOST_BUFFERS);
}
