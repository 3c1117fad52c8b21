//! What waits to be read.

use syncwatch::core::service::{Mention, Unread};
use syncwatch::core::{InstanceStatus, LinkState};

use crate::support::monitor::{Monitor, eventually};
use crate::support::weechat::{PASSWORD, Weechat};

/// Before what somebody says, in `/print`.
pub(crate) const BOB_SAYS: &str = "bob\\t";

fn unread(instance: &InstanceStatus) -> Option<Unread> {
    instance.service.as_ref()?.unread
}

pub(crate) fn mentions(instance: &InstanceStatus) -> Vec<Mention> {
    let service = instance.service.as_ref();
    service.map_or_else(Vec::new, |service| service.mentions.clone())
}

#[tokio::test]
async fn a_message_becomes_the_badge_over_one_connection() {
    let Some(weechat) = Weechat::start(&["/buffer add chan", "/buffer add bob"]).await else {
        return;
    };
    weechat.say("/buffer core.weechat");
    let config = weechat.instance(&format!("password = \"{PASSWORD}\""));
    let mut monitor = Monitor::start(&config).await;
    let first = monitor.connected().await;
    let service = first.service.as_ref().expect("known");
    assert!(service.version.starts_with("4.6"), "{}", service.version);
    assert_eq!(service.unread, Some(Unread::default()));
    let buffers = service.facts.iter().find(|fact| fact.name == "buffers");
    assert_eq!(buffers.and_then(|fact| fact.number), Some(3.0));
    eventually("one connection only", || weechat.connections() == 1).await;

    weechat.say("/print -buffer core.chan -tags notify_message,nick_bob bob\\thello");
    let counted = |messages, private, highlights| {
        move |instance: &InstanceStatus| {
            unread(instance)
                == Some(Unread {
                    messages,
                    private,
                    highlights,
                })
        }
    };
    monitor.until("a message", counted(1, 0, 0)).await;
    weechat.say("/print -buffer core.chan -tags notify_highlight,nick_bob bob\\tare you there?");
    let status = monitor.until("a highlight", counted(1, 0, 1)).await;
    let [mention] = <[Mention; 1]>::try_from(mentions(&status)).expect("one mention");
    assert_eq!((mention.place.as_str(), mention.private), ("chan", false));
    assert!(mention.text.ends_with("are you there?"), "{mention:?}");
    weechat.say("/print -buffer core.bob -tags notify_private,nick_bob bob\\tpsst");
    let status = monitor.until("a private message", counted(1, 1, 1)).await;
    assert!(mentions(&status)[0].private);

    // Read in WeeChat, it is read here.
    weechat.say("/buffer core.chan");
    weechat.say("/buffer core.weechat");
    monitor.until("one is read", counted(0, 1, 0)).await;
    assert_eq!(weechat.connections(), 1);
    assert_eq!(weechat.refused(), 0);
    assert!(monitor.told().is_empty());
    assert_eq!(monitor.now().instances[0].link.state, LinkState::Connected);

    // Who comes later learns who wrote what.
    drop(monitor);
    let mut monitor = Monitor::start(&config).await;
    let quoted = |instance: &InstanceStatus| {
        mentions(instance)
            .iter()
            .any(|mention| mention.text.ends_with("psst"))
    };
    monitor.until("what waited already", quoted).await;
}
