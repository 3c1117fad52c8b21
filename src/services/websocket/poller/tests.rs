//! What is asked of an endpoint and when, over a server in memory and in paused time.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::core::{Event, Service};
use crate::services::link::fake::{Server, session};
use crate::services::{Memory, run};
use crate::tls::{Upgraded, WebSocket};

const PATH: &str = "/_et/";
const UPGRADE: &str = "upgrade /_et/";

struct Rig {
    server: Arc<Server>,
    told: UnboundedReceiver<Event>,
    memory: Memory,
    task: JoinHandle<()>,
    settings: WebsocketSettings,
}

impl Rig {
    fn start(server: Arc<Server>, settings: WebsocketSettings, memory: Memory) -> Self {
        let (mut session, told, swap) = session(&server);
        session.settings = Arc::new(settings.clone().into());
        session.memory = memory.clone();
        let task = tokio::spawn(async move {
            let _swap = swap;
            run(session).await;
        });
        Self {
            server,
            told,
            memory,
            task,
            settings,
        }
    }

    /// Another session of the same instance.
    fn again(self) -> Self {
        self.task.abort();
        Self::start(self.server, self.settings, self.memory)
    }

    /// What was asked in so much time.
    async fn asked_within(&self, time: Duration) -> Vec<String> {
        sleep(time).await;
        self.server.asked()
    }

    fn told(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.told.try_recv().ok()).collect()
    }

    /// The last of the published services.
    fn service(&mut self) -> Arc<Service> {
        let services = self.told().into_iter().filter_map(|told| match told {
            Event::ServiceChanged { service, .. } => Some(service),
            _ => None,
        });
        services.last().expect("a service")
    }

    fn failed(&mut self) -> Fault {
        let faults = self.told().into_iter().filter_map(|told| match told {
            Event::Failed { fault, .. } => Some(fault),
            _ => None,
        });
        faults.last().expect("a fault")
    }
}

fn settings() -> WebsocketSettings {
    WebsocketSettings {
        path: PATH.into(),
        ..WebsocketSettings::default()
    }
}

/// Alive, with `times` websockets to open; each says goodbye.
async fn server(status: u16, times: usize) -> Arc<Server> {
    let server = Arc::<Server>::default();
    server.set(PATH, status, json!(""));
    for _ in 0..times {
        server.will_upgrade(Ok(Upgraded::Open(polite().await)));
    }
    server
}

async fn polite() -> WebSocket {
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        use futures_util::StreamExt as _;
        let mut theirs = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        while let Some(Ok(_)) = theirs.next().await {}
    });
    WebSocket::over(ours, None, 4096).await
}

fn not_there() -> Result<Upgraded, Fault> {
    Err(Fault::with_detail(Class::NotWebsocket, "404 Not Found"))
}

const SOON: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn fact(service: &Service, name: &str) -> (String, bool) {
    let fact = service.facts.iter().find(|fact| fact.name == name);
    let fact = fact.expect(name);
    (fact.value.clone(), fact.attention)
}

#[tokio::test(start_paused = true)]
async fn upgrades_once_at_the_start_and_then_at_its_own_pace() {
    let mut rig = Rig::start(server(400, 9).await, settings(), Memory::default());
    assert_eq!(rig.asked_within(SOON).await, [UPGRADE, PATH]);
    let service = rig.service();
    assert!(service.synced);
    assert_eq!(
        fact(&service, "status"),
        ("400 Bad Request".to_owned(), false)
    );
    let hour = rig.asked_within(HOUR).await;
    let upgrades = hour.iter().filter(|asked| *asked == UPGRADE).count();
    assert!((3..=4).contains(&upgrades), "{upgrades}");
    let plain = hour.len() - upgrades;
    assert!((57..=63).contains(&plain), "{plain}");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_comes_and_goes_costs_no_upgrades() {
    let mut rig = Rig::start(server(426, 9).await, settings(), Memory::default());
    rig.asked_within(SOON).await;
    for _ in 0..5 {
        rig = rig.again();
        assert_eq!(rig.asked_within(SOON).await, [PATH]);
    }
    rig.memory.moved();
    rig = rig.again();
    assert_eq!(rig.asked_within(SOON).await, [UPGRADE, PATH]);
}

#[tokio::test(start_paused = true)]
async fn a_path_that_leads_elsewhere_never_counts_as_an_answer() {
    for status in [200, 404] {
        let server = server(status, 0).await;
        server.will_upgrade(not_there());
        let mut rig = Rig::start(server, settings(), Memory::default());
        assert_eq!(rig.asked_within(SOON).await, [UPGRADE, PATH]);
        let told = rig.told();
        assert!(
            matches!(&told[..], [Event::Failed { fault, .. }] if fault.class == Class::NotWebsocket),
            "{told:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_tells_upgrades_from_other_requests_is_understood() {
    let mut rig = Rig::start(server(404, 2).await, settings(), Memory::default());
    assert_eq!(rig.asked_within(SOON).await, [UPGRADE, PATH]);
    assert!(rig.service().synced);
    // The same answer goes on counting; another one is settled by an upgrade.
    assert_eq!(rig.asked_within(2 * rig.settings.interval).await[0], PATH);
    rig.server.set(PATH, 200, json!(""));
    let asked = rig.asked_within(rig.settings.interval * 21 / 20).await;
    assert_eq!(asked[..3], [PATH, UPGRADE, PATH]);
    assert!(rig.service().synced);
    rig.server.set(PATH, 204, json!(""));
    rig.server.will_upgrade(not_there());
    let asked = rig.asked_within(rig.settings.interval * 21 / 20).await;
    assert!(asked.ends_with(&[UPGRADE.to_owned()]), "{asked:?}");
    assert_eq!(rig.failed().class, Class::NotWebsocket);
}

#[tokio::test(start_paused = true)]
async fn what_the_user_says_of_the_status_is_meant() {
    let strict = WebsocketSettings {
        statuses: vec![400..=400],
        ..settings()
    };
    let mut rig = Rig::start(server(200, 1).await, strict, Memory::default());
    assert_eq!(rig.asked_within(SOON).await, [UPGRADE, PATH]);
    assert_eq!(rig.failed().class, Class::NotWebsocket);
}

#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_of_a_live_endpoint_is_to_be_looked_at() {
    let server = server(400, 0).await;
    server.will_upgrade(Err(Fault::with_detail(
        Class::NotWebsocket,
        "400 Bad Request",
    )));
    let mut rig = Rig::start(server, settings(), Memory::default());
    assert_eq!(rig.asked_within(SOON).await, [UPGRADE, PATH]);
    let service = rig.service();
    assert!(!service.synced);
    let refused = "refused just now: 400 Bad Request".to_owned();
    assert_eq!(fact(&service, "upgrade"), (refused, true));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_up_on_plain_requests_is_asked_by_upgrades_only() {
    // As seen through a proxy.
    let mut rig = Rig::start(server(502, 3).await, settings(), Memory::default());
    assert_eq!(rig.asked_within(SOON).await, [UPGRADE, PATH]);
    assert!(rig.service().synced);
    let asked = rig.asked_within(rig.settings.interval * 21 / 20).await;
    assert_eq!(asked[0], UPGRADE);
    let (fault, detail) = (Class::UpstreamDown, "502 Bad Gateway");
    rig.server
        .will_upgrade(Err(Fault::with_detail(fault, detail)));
    rig.asked_within(HOUR).await;
    assert_eq!(rig.failed().class, fault);
}

#[tokio::test(start_paused = true)]
async fn the_proxy_is_up_and_the_node_is_down() {
    let server = server(400, 1).await;
    let mut rig = Rig::start(server, settings(), Memory::default());
    rig.asked_within(SOON).await;
    rig.server.set(PATH, 502, json!(""));
    rig.asked_within(rig.settings.interval * 21 / 20).await;
    assert_eq!(rig.failed().class, Class::UpstreamDown);
}
