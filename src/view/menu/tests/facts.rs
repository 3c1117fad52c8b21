//! What services other than Syncthing say of themselves.

use std::sync::Arc;

use super::super::{Desk, ItemKind, Slots, menu};
use crate::core::service::Fact;
use crate::core::{Kind, Overall, Service};
use crate::view::samples;

#[test]
fn facts_are_lines_of_the_menu_and_the_text() {
    let fact = |name: &str, value: &str, attention| Fact {
        number: None,
        name: name.into(),
        value: value.into(),
        attention,
    };
    let facts = vec![
        fact("status", "200 OK", false),
        fact("latency", "12 ms", false),
        fact("/status == \"ok\"", "found \"down\"\u{202e}", true),
    ];
    let mut status = samples::connected();
    samples::change(&mut status, |instance| {
        instance.kind = Kind::Http;
        instance.service = Some(Arc::new(Service {
            facts: facts.clone(),
            ..Service::default()
        }));
    });
    assert_eq!(status.overall, Overall::Attention);
    let frame = samples::frame(80);
    let menu = menu(&status, &Desk::default(), &mut Slots::default(), &frame);
    let lines: Vec<&str> = menu
        .items
        .iter()
        .filter(|item| item.visible && item.kind == ItemKind::Text)
        .map(|item| item.label.as_str())
        .collect();
    let wanted = [
        "/status == \"ok\": found \"down\"",
        "status: 200 OK",
        "latency: 12 ms",
    ];
    let found: Vec<_> = wanted
        .map(|wanted| lines.iter().position(|line| line.starts_with(wanted)))
        .into();
    assert!(
        found.iter().all(Option::is_some) && found.is_sorted(),
        "{lines:?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains('\u{202e}')),
        "{lines:?}"
    );
    let text = crate::view::status::page(&status, &frame).to_string();
    for said in [
        "needs a look: /status == \"ok\": found \"down\"",
        "latency: 12 ms",
    ] {
        assert!(text.contains(said), "{text}");
    }
}
