//! A private message bus that can be killed and started again, and the services on it that a desktop has.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bus::Session;
use syncwatch::desktop::bus::Bus;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{ObjectPath, OwnedFd, OwnedObjectPath, OwnedValue};
use zbus::{Connection, connection::Builder, interface};

const PATIENCE: Duration = Duration::from_secs(60);
const MANAGER: &str = "/org/freedesktop/systemd1";

/// Waits for what is to come soon on a busy machine too.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// A bus at an address of its own, for what needs no session around it.
#[derive(Debug)]
pub struct PrivateBus(Session);

impl PrivateBus {
    pub fn start() -> Self {
        let mut bus = Self::stopped();
        bus.restart();
        bus
    }

    /// Nobody listens at its address yet.
    pub fn stopped() -> Self {
        Self(Session::without_bus())
    }

    /// Has the bus start a service, which only leaves a file.
    pub fn activatable(&self, name: &str) -> impl Fn() -> bool + use<> {
        let left = self.0.path(name);
        let service = format!(
            "[D-BUS Service]\nName={name}\nExec=/bin/sh -c '>{}; exit 1'\n",
            left.display()
        );
        let file = self.0.path("services").join(format!("{name}.service"));
        fs::write(file, service).expect("a file");
        move || left.exists()
    }

    pub fn restart(&mut self) {
        self.kill();
        self.0.launch_bus();
    }

    pub fn kill(&mut self) {
        self.0.kill_bus();
    }

    pub fn bus(&self) -> Bus {
        Bus::At(self.address())
    }

    pub fn address(&self) -> String {
        self.0.address()
    }

    pub async fn builder(&self) -> Builder<'static> {
        Builder::address(self.address().as_str()).expect("an address")
    }
}

/// NetworkManager. It is gone when this is dropped.
#[derive(Debug)]
pub struct Network(Connection);

struct NetworkManager(u32);

#[interface(name = "org.freedesktop.NetworkManager")]
impl NetworkManager {
    #[zbus(property)]
    fn metered(&self) -> u32 {
        self.0
    }
}

impl Network {
    pub async fn start(bus: &PrivateBus, metered: u32) -> Self {
        let path = "/org/freedesktop/NetworkManager";
        let builder = bus.builder().await.serve_at(path, NetworkManager(metered));
        let builder = builder.and_then(|it| it.name("org.freedesktop.NetworkManager"));
        Self(builder.expect("valid").build().await.expect("a bus"))
    }

    pub async fn set(&self, metered: u32) {
        let path = "/org/freedesktop/NetworkManager";
        let found = self.0.object_server().interface::<_, NetworkManager>(path);
        let found = found.await.expect("served");
        let mut manager = found.get_mut().await;
        manager.0 = metered;
        let emitter = found.signal_emitter();
        manager.metered_changed(emitter).await.expect("a bus");
    }

    pub async fn stop(self) {
        self.0.close().await.expect("an end");
    }
}

/// UPower. It is gone when this is dropped.
#[derive(Debug)]
pub struct Power(Connection);

struct UPower(bool);

#[interface(name = "org.freedesktop.UPower")]
impl UPower {
    #[zbus(property)]
    fn on_battery(&self) -> bool {
        self.0
    }

    // It says that it changed, not to what.
    #[zbus(property(emits_changed_signal = "invalidates"))]
    fn lid_is_closed(&self) -> bool {
        false
    }
}

impl Power {
    pub async fn start(bus: &PrivateBus, on_battery: bool) -> Self {
        let builder = bus.builder().await;
        let builder = builder.serve_at("/org/freedesktop/UPower", UPower(on_battery));
        let builder = builder.and_then(|it| it.name("org.freedesktop.UPower"));
        Self(builder.expect("valid").build().await.expect("a bus"))
    }

    pub async fn set(&self, on_battery: bool) {
        let path = "/org/freedesktop/UPower";
        let found = self.0.object_server().interface::<_, UPower>(path);
        let found = found.await.expect("served");
        let mut power = found.get_mut().await;
        power.0 = on_battery;
        let emitter = found.signal_emitter();
        power.on_battery_changed(emitter).await.expect("a bus");
    }
}

/// One of systemd's managers, with one unit.
#[derive(Debug)]
pub struct Systemd {
    connection: Connection,
    unit_path: String,
    pub asked: Arc<Mutex<Vec<String>>>,
}

/// What happens to what is asked of the manager.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The job ends with this.
    Job(&'static str),
    Refuse(Refusal),
}

#[derive(Clone, Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop")]
pub enum Refusal {
    #[zbus(error)]
    ZBus(zbus::Error),
    #[zbus(name = "DBus.Error.InteractiveAuthorizationRequired")]
    Interactive(String),
    #[zbus(name = "systemd1.NoSuchUnit")]
    NoSuchUnit(String),
    #[zbus(name = "systemd1.UnitMasked")]
    Masked(String),
    #[zbus(name = "systemd1.Shouting")]
    Other(String),
}

#[derive(Clone, Debug)]
pub struct UnitState {
    pub load: &'static str,
    pub active: &'static str,
    pub file: &'static str,
}

struct Manager {
    answer: Answer,
    subscribed: bool,
    jobs: u32,
    asked: Arc<Mutex<Vec<String>>>,
}

#[interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    fn subscribe(&mut self) {
        self.subscribed = true;
    }

    async fn start_unit(
        &mut self,
        name: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Refusal> {
        self.job("start", name, mode, emitter).await
    }

    async fn stop_unit(
        &mut self,
        name: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Refusal> {
        self.job("stop", name, mode, emitter).await
    }

    async fn restart_unit(
        &mut self,
        name: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Refusal> {
        self.job("restart", name, mode, emitter).await
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: ObjectPath<'_>,
        unit: &str,
        result: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn unit_files_changed(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

impl Manager {
    /// Other jobs end before and meanwhile, more than a queue takes; the own one's end even overtakes the answer.
    async fn job(
        &mut self,
        verb: &str,
        unit: &str,
        mode: &str,
        emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Refusal> {
        let asked = format!("{verb} {unit} {mode}");
        self.asked.lock().unwrap().push(asked);
        let result = match &self.answer {
            Answer::Job(result) => *result,
            Answer::Refuse(refusal) => return Err(refusal.clone()),
        };
        for _ in 0..200 {
            let job = ObjectPath::from_static_str_unchecked("/org/freedesktop/systemd1/job/0");
            Self::job_removed(&emitter, 0, job, "other.service", "failed").await?;
        }
        self.jobs += 1;
        let job = format!("{MANAGER}/job/{}", self.jobs);
        let job = OwnedObjectPath::try_from(job).expect("a path");
        Self::job_removed(&emitter, self.jobs, job.as_ref(), unit, result).await?;
        Ok(job)
    }
}

#[interface(name = "org.freedesktop.systemd1.Unit")]
impl UnitState {
    #[zbus(property(emits_changed_signal = "const"))]
    fn load_state(&self) -> String {
        self.load.into()
    }

    #[zbus(property)]
    fn active_state(&self) -> String {
        self.active.into()
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn unit_file_state(&self) -> String {
        self.file.into()
    }
}

impl Systemd {
    /// A manager whose unit has the object `object` below its own.
    pub async fn start(bus: &PrivateBus, object: &str, state: UnitState, answer: Answer) -> Self {
        let unit_path = format!("{MANAGER}/unit/{object}");
        let asked = Arc::default();
        let manager = Manager {
            answer,
            subscribed: false,
            jobs: 0,
            asked: Arc::clone(&asked),
        };
        let builder = bus.builder().await.serve_at(MANAGER, manager);
        let builder = builder.and_then(|it| it.serve_at(unit_path.clone(), state));
        let builder = builder.and_then(|it| it.name("org.freedesktop.systemd1"));
        Self {
            connection: builder.expect("valid").build().await.expect("a bus"),
            unit_path,
            asked,
        }
    }

    /// The unit changes. Like systemd, it says so only to those who subscribed.
    pub async fn set(&self, state: UnitState) {
        let server = self.connection.object_server();
        let manager = server.interface::<_, Manager>(MANAGER);
        let manager = manager.await.expect("served");
        assert!(manager.get().await.subscribed, "nobody subscribed");
        let unit = server.interface::<_, UnitState>(self.unit_path.as_str());
        let unit = unit.await.expect("served");
        let load = state.load;
        let mut now = unit.get_mut().await;
        let reloaded = now.load != load || now.file != state.file;
        *now = state;
        if reloaded {
            let emitter = manager.signal_emitter();
            Manager::unit_files_changed(emitter).await.expect("a bus");
        } else {
            let emitter = unit.signal_emitter();
            now.active_state_changed(emitter).await.expect("a bus");
        }
    }

    pub async fn stop(self) {
        self.connection.close().await.expect("an end");
    }
}

/// The portal that opens things for sandboxed programs. It answers every request with `code`.
#[derive(Debug)]
pub struct Portal {
    _connection: Connection,
    pub opened: Arc<Mutex<Vec<String>>>,
}

struct OpenUri {
    code: u32,
    opened: Arc<Mutex<Vec<String>>>,
}

type Options = BTreeMap<String, OwnedValue>;

#[interface(name = "org.freedesktop.portal.OpenURI")]
impl OpenUri {
    #[zbus(name = "OpenURI")]
    async fn open_uri(
        &self,
        _parent: &str,
        uri: String,
        options: Options,
        #[zbus(connection)] connection: &Connection,
    ) -> OwnedObjectPath {
        self.answer(uri, &options, connection).await
    }

    async fn open_file(
        &self,
        _parent: &str,
        file: OwnedFd,
        options: Options,
        #[zbus(connection)] connection: &Connection,
    ) -> OwnedObjectPath {
        let link = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
        let path = fs::read_link(link).expect("an open file");
        self.answer(path.display().to_string(), &options, connection)
            .await
    }
}

impl OpenUri {
    async fn answer(
        &self,
        opened: String,
        options: &Options,
        connection: &Connection,
    ) -> OwnedObjectPath {
        let options: Vec<&String> = options.keys().collect();
        self.opened
            .lock()
            .unwrap()
            .push(format!("{opened} {options:?}"));
        let request = "/org/freedesktop/portal/desktop/request/1";
        let results = BTreeMap::<String, OwnedValue>::new();
        let interface = "org.freedesktop.portal.Request";
        connection
            .emit_signal(
                None::<&str>,
                request,
                interface,
                "Response",
                &(self.code, results),
            )
            .await
            .expect("a bus");
        ObjectPath::from_static_str_unchecked(request).into()
    }
}

impl Portal {
    pub async fn start(bus: &PrivateBus, code: u32) -> Self {
        Self::on(bus.builder().await, code).await
    }

    /// The same with a connection to any bus.
    pub async fn on(bus: Builder<'_>, code: u32) -> Self {
        let opened = Arc::default();
        let portal = OpenUri {
            code,
            opened: Arc::clone(&opened),
        };
        let builder = bus.serve_at("/org/freedesktop/portal/desktop", portal);
        let builder = builder.and_then(|it| it.name("org.freedesktop.portal.Desktop"));
        Self {
            _connection: builder.expect("valid").build().await.expect("a bus"),
            opened,
        }
    }
}
