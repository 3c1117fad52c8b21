//! A notification server that records, and that can press a button.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, interface};

use super::bus::{DEADLINE, until};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// One call of `Notify`.
#[derive(Clone, Debug, Default)]
pub struct Notified {
    pub id: u32,
    /// The one that it takes the place of; 0 for none.
    pub replaces: u32,
    pub title: String,
    pub body: String,
    /// Key and words of each button.
    pub actions: Vec<(String, String)>,
    /// 0 low, 1 normal, 2 critical.
    pub urgency: Option<u8>,
}

/// The server, as long as this lives.
#[derive(Debug)]
pub struct Notifications {
    connection: Connection,
    record: Record,
    arrived: watch::Receiver<usize>,
}

#[derive(Clone, Debug, Default)]
struct Record {
    shown: Arc<Mutex<Vec<Notified>>>,
    closed: Arc<Mutex<Vec<u32>>>,
}

struct Server {
    record: Record,
    arrived: watch::Sender<usize>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Server {
    #[allow(clippy::too_many_arguments, reason = "the protocol's own")]
    fn notify(
        &self,
        _app_name: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut shown = self.record.shown.lock().expect("no panic");
        let id = match replaces {
            0 => u32::try_from(shown.len()).expect("few") + 1,
            same => same,
        };
        let urgency = hints
            .get("urgency")
            .and_then(|value| u8::try_from(value).ok());
        shown.push(Notified {
            id,
            replaces,
            title,
            body,
            actions: actions
                .chunks(2)
                .map(|pair| (pair[0].clone(), pair.get(1).cloned().unwrap_or_default()))
                .collect(),
            urgency,
        });
        drop(shown);
        self.arrived.send_modify(|count| *count += 1);
        id
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) {
        self.record.closed.lock().expect("no panic").push(id);
        let _ = Self::notification_closed(&emitter, id, 3).await;
    }

    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup", "persistence"]
            .map(str::to_owned)
            .to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let text = |text: &str| text.to_owned();
        (text("test"), text("test"), text("1"), text("1.2"))
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str)
    -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}

impl Notifications {
    /// Takes the server's name on this connection, which should be its own.
    pub async fn start(connection: Connection) -> Self {
        let record = Record::default();
        let (sender, arrived) = watch::channel(0);
        let server = Server {
            record: record.clone(),
            arrived: sender,
        };
        let objects = connection.object_server();
        objects.at(PATH, server).await.expect("a server");
        connection.request_name(NAME).await.expect("its name");
        Self {
            connection,
            record,
            arrived,
        }
    }

    /// Every notification so far, oldest first.
    pub fn shown(&self) -> Vec<Notified> {
        self.record.shown.lock().expect("no panic").clone()
    }

    /// The numbers of those that were taken away.
    pub fn closed(&self) -> Vec<u32> {
        self.record.closed.lock().expect("no panic").clone()
    }

    /// Waits for a notification that passes `check`.
    pub async fn wait_for(&self, what: &str, check: impl Fn(&Notified) -> bool) -> Notified {
        let mut arrived = self.arrived.clone();
        let waiting = async {
            loop {
                arrived.mark_unchanged();
                if let Some(found) = self.shown().into_iter().find(|one| check(one)) {
                    return found;
                }
                arrived.changed().await.expect("the server lives");
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("never notified: {what}; {:#?}", self.shown()),
        }
    }

    /// Waits until one was taken away.
    pub async fn wait_for_close(&self, id: u32) {
        until("closed", async || self.closed().contains(&id).then_some(())).await;
    }

    /// Presses the button whose words begin so.
    pub async fn press(&self, one: &Notified, words: &str) {
        let (key, _) = one
            .actions
            .iter()
            .find(|(_, label)| label.starts_with(words))
            .unwrap_or_else(|| panic!("no button {words}: {one:?}"));
        self.press_key(one.id, key).await;
    }

    /// Says that a button was pressed, whether or not there is such a one.
    pub async fn press_key(&self, id: u32, key: &str) {
        let emitter = SignalEmitter::new(&self.connection, PATH).expect("a path");
        Server::action_invoked(&emitter, id, key)
            .await
            .expect("a signal");
    }

    /// The server ends, and with it all that it shows.
    pub async fn leave(self) {
        self.connection.release_name(NAME).await.expect("released");
        self.connection.close().await.expect("closed");
    }
}
