//! A simulated shell: performs the core's effects against a [`World`] and feeds the outcomes back, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use syncwatch::core::Class;
use syncwatch::core::holds::{Chosen, Scope};
use syncwatch::core::service::Device;
use syncwatch::core::status::EngineInfo;
use syncwatch::core::{
    Alert, Effect, Event, Fault, Fingerprint, HoldRules, InstanceSpec, InstanceStatus,
    JournalEntry, Kind, Model, Patience, Pin, Recalled, Remembered, Service, Status, Timestamp,
};

use crate::laws::Laws;
use crate::world::{Server, World};

pub const NAME: &str = "laptop";
/// When every story begins.
pub const START: i64 = 1_800_000_000_000;

/// The core, the world and what lies between them.
pub struct Shell {
    pub model: Model,
    pub world: World,
    pub now: Timestamp,
    pub spec: InstanceSpec,
    pub alerts: Vec<Alert>,
    pub journal: Vec<JournalEntry>,
    /// Attempts made so far.
    pub attempts: u64,
    /// How often the pin was read or asked for.
    pub reads: u64,
    /// How long the next answer takes.
    pub delay: Box<dyn FnMut() -> Duration>,
    laws: Laws,
    queue: BTreeMap<(Timestamp, u64), Pending>,
    serial: u64,
    accepted: Vec<Fingerprint>,
    generation: u64,
    /// The attempt under way.
    attempt: Option<u64>,
    last_attempt: u64,
    connected: bool,
}

/// What will happen.
enum Pending {
    Event(Event),
    Resolve,
    ReadPins,
    /// The attempt's next request is answered or fails.
    Request(u64),
    /// The attempt's connection breaks with this fault.
    Break(u64, Fault),
}

pub fn engine() -> EngineInfo {
    EngineInfo {
        version: "0.0.0".into(),
        pid: 1,
        since: Timestamp::from_millis(START),
        config_problem: None,
    }
}

impl Shell {
    /// A shell whose every answer takes a millisecond.
    pub fn new(world: World, remembered: Option<Remembered>, accepted: Option<Pin>) -> Self {
        let spec = InstanceSpec {
            name: NAME.into(),
            kind: Kind::Syncthing,
            revision: 1,
            remembered,
            accepted,
            rules: HoldRules {
                all: Scope::Everything,
                metered: Chosen::All,
                battery: Chosen::All,
            },
            may_be_away: Chosen::Nothing,
            holds: vec![],
            paused: false,
            ..InstanceSpec::default()
        };
        Self {
            model: Model::new(engine()),
            laws: Laws::new(&world, &spec),
            world,
            now: Timestamp::from_millis(START),
            spec,
            alerts: vec![],
            journal: vec![],
            attempts: 0,
            reads: 0,
            delay: Box::new(|| Duration::from_millis(1)),
            queue: BTreeMap::new(),
            serial: 0,
            accepted: vec![],
            generation: 0,
            attempt: None,
            last_attempt: 0,
            connected: false,
        }
    }

    /// The config names the instance (again).
    pub fn configure(&mut self) {
        let instances = vec![self.spec.clone()];
        self.send(Event::Configured {
            instances,
            patience: Patience::default(),
        });
    }

    /// Something happens now.
    pub fn send(&mut self, event: Event) {
        let effects = self.model.step(event.clone(), self.now);
        let status = self.model.status(self.now);
        for effect in &effects {
            self.perform(effect);
        }
        let busy = !self.queue.is_empty() || self.connected;
        self.laws
            .check(&event, &effects, &status, &self.model, self.now, busy);
    }

    /// The server changed: what is connected breaks.
    pub fn serve(&mut self, server: Server) {
        self.world.server = server;
        if let Some(attempt) = self.attempt.filter(|_| self.connected) {
            let class = match server {
                Server::Silent => Class::RequestTimeout,
                _ => Class::Lost,
            };
            self.connected = false;
            self.later(Pending::Break(attempt, Fault::new(class)));
        }
    }

    /// The certificate file changed, and the watcher saw it.
    pub fn touch_file(&mut self) {
        self.laws.on_disk(&self.world.file);
        let read = self.world.file.clone();
        self.send(Event::PinsRead {
            instance: NAME.into(),
            read,
            says: None,
        });
    }

    /// Lets time pass, with everything that happens in it.
    pub fn run_until(&mut self, end: Timestamp) {
        let mut steps = 0;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            steps += 1;
            assert!(steps < 200_000, "it never rests");
            self.now = self.now.max(next);
            let due = self
                .queue
                .first_key_value()
                .map(|(key, _)| *key)
                .filter(|key| key.0 <= self.now);
            match due.and_then(|key| self.queue.remove(&key)) {
                Some(pending) => self.happen(pending),
                None => self.send(Event::Tick),
            }
        }
        self.now = self.now.max(end);
    }

    /// Lets `duration` pass.
    pub fn run(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    pub fn status(&mut self) -> Status {
        self.model.status(self.now)
    }

    pub fn instance(&mut self) -> Arc<InstanceStatus> {
        Arc::clone(&self.status().instances[0])
    }

    /// Every law held up to now, and the events replay to the same statuses.
    pub fn finish(self) {
        self.laws.replay();
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The latest attempt, ended or not.
    pub fn attempt(&self) -> u64 {
        self.last_attempt
    }

    /// A pin that the user accepts is one that may be used.
    pub fn accept(&mut self, pin: Pin) {
        self.laws.allow(pin);
        self.send(Event::PinAccepted {
            instance: NAME.into(),
            pin,
        });
    }

    /// The config names these pins.
    pub fn configure_pins(&mut self, pins: Vec<Pin>) {
        pins.iter().for_each(|pin| self.laws.allow(*pin));
        self.world.configured = pins;
    }

    fn next(&self) -> Option<Timestamp> {
        let queued = self.queue.keys().next().map(|key| key.0);
        [queued, self.model.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn later(&mut self, pending: Pending) {
        let due = self.now + (self.delay)();
        self.at(due, pending);
    }

    fn at(&mut self, due: Timestamp, pending: Pending) {
        self.serial += 1;
        self.queue.insert((due, self.serial), pending);
    }

    fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::Resolve { .. } => self.later(Pending::Resolve),
            Effect::ReadPins { .. } => {
                self.reads += 1;
                self.later(Pending::ReadPins);
            }
            Effect::UsePins {
                generation, pins, ..
            } => {
                self.generation = *generation;
                self.accepted.clone_from(&pins.fingerprints);
                if let Some(attempt) = self.attempt.filter(|_| self.connected) {
                    self.connected = false;
                    self.later(Pending::Request(attempt));
                }
            }
            Effect::Attempt { attempt, .. } => {
                self.attempts += 1;
                self.attempt = Some(*attempt);
                self.last_attempt = *attempt;
                self.connected = false;
                if self.world.server == Server::Silent {
                    let due = self.now + Duration::from_secs(10);
                    self.at(due, Pending::Request(*attempt));
                } else {
                    self.later(Pending::Request(*attempt));
                }
            }
            Effect::Abandon { .. } => {
                self.attempt = None;
                self.connected = false;
            }
            Effect::Remember { remembered, .. } => self.spec.remembered.clone_from(remembered),
            Effect::KeepAccepted { pin, .. } => self.spec.accepted = *pin,
            Effect::KeepHolds { holds, .. } => self.spec.holds.clone_from(holds),
            Effect::Identified {
                instance,
                id,
                aside,
            } => {
                self.spec.id = Some(id.clone());
                self.spec.holds.retain(|held| !aside.contains(held));
                let recalled = Recalled::default();
                let instance = instance.clone();
                self.later(Pending::Event(Event::Recalled { instance, recalled }));
            }
            Effect::KeepExpected { expected, .. } => self.spec.expected.clone_from(expected),
            Effect::KeepPaused { paused, .. } => self.spec.paused = *paused,
            Effect::Control { number, .. } => {
                let (number, instance) = (*number, NAME.into());
                self.later(Pending::Event(Event::Controlled {
                    instance,
                    number,
                    refusal: None,
                }));
            }
            Effect::Record(entry) => self.journal.push(entry.clone()),
            Effect::Alert(alert) => self.alerts.push(alert.clone()),
        }
    }

    fn happen(&mut self, pending: Pending) {
        let instance = NAME.to_owned();
        match pending {
            Pending::Event(event) => self.send(event),
            Pending::Resolve => {
                let event = match self.world.resolve() {
                    Ok(target) => Event::Resolved { instance, target },
                    Err(fault) => Event::Unresolved { instance, fault },
                };
                self.send(event);
            }
            Pending::ReadPins => self.touch_file(),
            Pending::Request(attempt) if self.attempt == Some(attempt) => self.request(attempt),
            Pending::Break(attempt, fault) if self.attempt == Some(attempt) => {
                self.fail(attempt, fault);
            }
            Pending::Request(_) | Pending::Break(..) => {}
        }
    }

    fn request(&mut self, attempt: u64) {
        let generation = self.generation;
        let met = self.world.connect(&self.accepted);
        if let Some(served) = self.world.met {
            self.connected = true;
            self.send(Event::Verified {
                instance: NAME.into(),
                generation,
                served,
            });
        }
        let served = match met {
            Ok(served) => served,
            // It is asked again with the newer generation.
            Err(_) if self.generation != generation => return,
            Err(fault) => return self.fail(attempt, fault),
        };
        self.connected = true;
        self.send(Event::Answered {
            instance: NAME.into(),
            attempt,
            generation,
            served: Some(served),
        });
        let service = Arc::new(Service {
            version: "v2.1.3".into(),
            synced: true,
            devices: vec![Device {
                id: "NAS".into(),
                ..Device::default()
            }],
            ..Service::default()
        });
        self.later(Pending::Event(Event::ServiceChanged {
            instance: NAME.into(),
            attempt,
            service,
        }));
        let fault = match self.world.server {
            Server::Flaps(_) => Fault::new(Class::Truncated),
            Server::Alternates(..) => Fault::new(Class::Lost),
            _ => return,
        };
        self.later(Pending::Break(attempt, fault));
    }

    fn fail(&mut self, attempt: u64, fault: Fault) {
        self.connected = false;
        self.attempt = None;
        self.send(Event::Failed {
            instance: NAME.into(),
            attempt,
            generation: self.generation,
            fault,
        });
    }
}
