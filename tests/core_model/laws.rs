//! What must hold at every step of every history.

use std::collections::BTreeSet;
use std::time::Duration;

use syncwatch::core::absence::RESTART;
use syncwatch::core::failure::Retry;
use syncwatch::core::{
    Absence, Alert, Class, Effect, Event, Fingerprint, InstanceSpec, InstanceStatus, JournalKind,
    LinkState, Model, Patience, Pin, PinRead, RetryCause, Status, Timestamp, Why,
};

use crate::shell::engine;
use crate::world::World;

/// A class that is retried silently stays hidden until that retry has ended, which takes at most this long.
const SILENT_RETRY: Duration = Duration::from_secs(15);
/// Classes that take turns are not retried silently for longer.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// How long the core waits for a re-read before it believes a failure.
const DOUBT: Duration = Duration::from_secs(3);
/// A connection that lasted this long is a good one.
const STEADY: Duration = Duration::from_secs(5);

/// The observer of one history.
pub struct Laws {
    /// Every pin that was on disk, in the config or the state file, or accepted by the user.
    allowed: BTreeSet<Fingerprint>,
    history: Vec<(String, Timestamp)>,
    statuses: Vec<String>,
    /// The loud states that the user was told of since all was well.
    told: Vec<LinkState>,
    announced: Option<Timestamp>,
    /// When the computer woke last.
    woke: Option<Timestamp>,
    /// There was a sign of a rotation: the file changed, or a stranger was served.
    rotating: bool,
    deadline: Option<Timestamp>,
    /// The highest attempt and generation so far.
    attempt: u64,
    generation: u64,
    /// The latest attempt that failed.
    failed: Option<u64>,
    /// The certificates that clients accept.
    accepted: Vec<Fingerprint>,
    /// The link's state, and since when.
    state: Option<(LinkState, Timestamp)>,
    /// Since when it is connected without a break.
    connected: Option<Timestamp>,
    /// What is wrong, and since when it is just that.
    class: Option<(Class, Timestamp)>,
    /// When a certificate that is not trusted was first seen since all was well, or since one was verified.
    stranger: Option<Timestamp>,
    /// One was verified since the last failure.
    vouched: bool,
}

impl Laws {
    pub fn new(world: &World, spec: &InstanceSpec) -> Self {
        let mut laws = Self {
            allowed: BTreeSet::new(),
            history: vec![],
            statuses: vec![],
            told: vec![],
            announced: None,
            woke: None,
            rotating: false,
            deadline: None,
            attempt: 0,
            generation: 0,
            failed: None,
            accepted: vec![],
            state: None,
            connected: None,
            class: None,
            stranger: None,
            vouched: false,
        };
        world.configured.iter().for_each(|pin| laws.allow(*pin));
        let remembered = spec.remembered.as_ref().map(|memory| memory.pin);
        remembered
            .iter()
            .chain(&spec.accepted)
            .for_each(|pin| laws.allow(*pin));
        laws
    }

    /// `pin` came from a place that may bring pins.
    pub fn allow(&mut self, pin: Pin) {
        self.allowed.insert(pin.fingerprint);
    }

    /// The pin file holds this.
    pub fn on_disk(&mut self, read: &PinRead) {
        if let PinRead::Read(pin) | PinRead::Unusable { pin, .. } = read {
            self.allow(*pin);
        }
    }

    /// The server was announced to be away.
    fn expect(&mut self, absence: Absence, now: Timestamp) {
        self.announced = Some(match absence.why {
            Why::Shutdown => never(),
            _ => now + absence.after + RESTART,
        });
    }

    /// `busy`: an answer is still to come, or a connection stands.
    pub fn check(
        &mut self,
        event: &Event,
        effects: &[Effect],
        status: &Status,
        model: &Model,
        now: Timestamp,
        busy: bool,
    ) {
        // A pin file's content reaches the core in the event itself.
        if let Event::PinsRead { read, .. } = event {
            self.on_disk(read);
        }
        if let Event::Retry {
            cause: RetryCause::Resumed,
            ..
        } = event
        {
            self.woke = Some(now);
        }
        self.round_trips(event, effects, status, now);
        self.deadlines_advance(event, model, now);
        self.strangers_connect_nothing(event, status);
        for effect in effects {
            match effect {
                Effect::UsePins {
                    pins, generation, ..
                } => {
                    assert!(
                        pins.fingerprints
                            .iter()
                            .all(|pin| self.allowed.contains(pin)),
                        "a pin out of nowhere: {pins:?}"
                    );
                    assert!(*generation > self.generation);
                    self.generation = *generation;
                    self.accepted.clone_from(&pins.fingerprints);
                }
                Effect::Attempt { attempt, .. } => {
                    assert!(*attempt > self.attempt);
                    self.attempt = *attempt;
                }
                Effect::Remember { .. } => assert!(
                    status.instances[0].link.trust.mode.is_pinned(),
                    "without a pin there is nothing to remember"
                ),
                Effect::Alert(alert) => self.tells(alert),
                Effect::Record(entry) => {
                    self.rotating |= matches!(
                        entry.kind,
                        JournalKind::PinPending { .. }
                            | JournalKind::Failing {
                                class: Class::PinMismatch,
                                ..
                            }
                    );
                }
                _ => {}
            }
        }
        match event {
            Event::Failed { attempt, .. } if *attempt <= self.attempt => {
                self.failed = self.failed.max(Some(*attempt));
            }
            Event::Announced { absence, .. } => self.expect(absence.clone(), now),
            Event::Asked { action, .. } => {
                if let Some(absence) = Absence::by(action) {
                    self.expect(absence, now);
                }
            }
            // What is switched off or gone has nothing more to tell.
            Event::SetPaused { paused: true, .. } => self.told.clear(),
            Event::Configured { .. } if status.instances.is_empty() => {
                self.told.clear();
                self.state = None;
            }
            _ => {}
        }
        if let Event::Retry {
            cause: RetryCause::User,
            ..
        } = event
            && self.announced.take_if(|end| *end == never()).is_some()
        {
            // Whom nobody missed is waited for from now on.
            self.woke = Some(now);
        }
        for instance in &status.instances {
            let link = &instance.link;
            self.rotating &= link.state != LinkState::Connected || link.trust.pending.is_some();
            self.states_tell_since_when(instance, now);
            self.follows_what_is_wrong(event, instance, now);
            self.hides_no_longer_than_its_patience(instance, now);
            self.ends_are_told(instance, now);
            let paused = instance.link.state == LinkState::Paused;
            // Whoever was asked not to come again waits for a person.
            let failure = link.failure.as_ref();
            let stopped = failure.is_some_and(|failure| failure.class.rule().retry == Retry::Never);
            assert!(
                paused || stopped || busy || model.next_deadline().is_some(),
                "stuck after {event:?}: {instance:?}"
            );
        }
    }

    /// The recorded events, read back from JSON, give the same statuses, byte for byte.
    pub fn replay(&self) {
        let mut model = Model::new(engine());
        for ((event, now), expected) in self.history.iter().zip(&self.statuses) {
            let event: Event = serde_json::from_str(event).unwrap();
            model.step(event, *now);
            // A view that asks once more changes nothing.
            model.status(*now + Duration::from_secs(7));
            let status = serde_json::to_string(&model.status(*now)).unwrap();
            assert_eq!(&status, expected);
        }
    }

    /// An answer under a certificate that is not pinned is no answer, nor is one of an attempt that failed before.
    fn strangers_connect_nothing(&self, event: &Event, status: &Status) {
        let Event::Answered {
            served: Some(served),
            attempt,
            ..
        } = event
        else {
            return;
        };
        let (Some(instance), Some((before, _))) = (status.instances.first(), self.state) else {
            return;
        };
        let stranger =
            instance.link.trust.mode.is_pinned() && !self.accepted.contains(&served.fingerprint);
        assert!(
            !(stranger || self.failed >= Some(*attempt))
                || before == LinkState::Connected
                || instance.link.state != LinkState::Connected,
            "connected to a stranger: {instance:?}"
        );
    }

    fn states_tell_since_when(&mut self, instance: &InstanceStatus, now: Timestamp) {
        let link = &instance.link;
        let since = match self.state {
            Some((state, since)) if state == link.state => since,
            _ => now,
        };
        assert_eq!(link.since, since, "{link:?}");
        self.state = Some((link.state, since));
    }

    fn round_trips(&mut self, event: &Event, effects: &[Effect], status: &Status, now: Timestamp) {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(&serde_json::from_str::<Event>(&json).unwrap(), event);
        for effect in effects {
            let json = serde_json::to_string(effect).unwrap();
            assert_eq!(&serde_json::from_str::<Effect>(&json).unwrap(), effect);
        }
        let shown = serde_json::to_string(status).unwrap();
        assert_eq!(&serde_json::from_str::<Status>(&shown).unwrap(), status);
        self.history.push((json, now));
        self.statuses.push(shown);
    }

    fn deadlines_advance(&mut self, event: &Event, model: &Model, now: Timestamp) {
        let due = self.deadline.is_some_and(|deadline| deadline <= now);
        self.deadline = model.next_deadline();
        if due || *event == Event::Tick {
            assert!(
                self.deadline.is_none_or(|next| next > now),
                "a deadline that is not behind us"
            );
        }
    }

    /// One alert for each loud state, each worse than the one before; one end, and only after an alert.
    fn tells(&mut self, alert: &Alert) {
        if alert.state == LinkState::Connected {
            assert!(!self.told.is_empty(), "back from nothing");
            self.told.clear();
        } else {
            let worst = self.told.iter().map(|state| state.severity()).max();
            assert!(alert.state.is_loud());
            assert!(
                alert.state.severity() > worst.unwrap_or(0),
                "{:?} after {:?}",
                alert.state,
                self.told
            );
            self.told.push(alert.state);
        }
    }

    /// A connection that lasts is told of, once, if and only if its absence was.
    fn ends_are_told(&mut self, instance: &InstanceStatus, now: Timestamp) {
        if instance.link.state != LinkState::Connected {
            self.connected = None;
            return;
        }
        let since = *self.connected.get_or_insert(now);
        assert!(
            self.told.is_empty() || now < since + STEADY,
            "connected since {since}, and {:?} was never taken back",
            self.told
        );
    }

    fn follows_what_is_wrong(&mut self, event: &Event, instance: &InstanceStatus, now: Timestamp) {
        if matches!(event, Event::Verified { .. } | Event::Answered { .. }) {
            self.vouched = true;
        }
        if matches!(event, Event::Failed { .. }) {
            self.vouched = false;
        }
        let Some(failure) = &instance.link.failure else {
            (self.class, self.stranger) = (None, None);
            return;
        };
        if self.class.is_none_or(|(class, _)| class != failure.class) {
            self.class = Some((failure.class, now));
        }
        if failure.class.is_about_certificate() {
            self.stranger.get_or_insert(now);
        }
    }

    /// A failure is hidden for at most:
    /// - the patience of its class, the one for rotations while one is under way;
    /// - or the silent retry that its class gets;
    /// - or, where the peer is merely away, what is left of an announced restart;
    /// - or the re-read that it waits for.
    ///
    /// Patience counts from the first failure of the outage, that with a certificate from when one was first seen, and a
    /// silent retry from when its class was; all from waking: asleep nobody tries.
    fn hides_no_longer_than_its_patience(&self, instance: &InstanceStatus, now: Timestamp) {
        let Some(failure) = &instance.link.failure else {
            return;
        };
        if instance.link.state.is_loud() || instance.link.state == LinkState::Paused {
            return;
        }
        if self.vouched && failure.class.is_about_certificate() {
            return;
        }
        let rule = failure.class.rule();
        let patience = Patience::default()
            .of(failure.class, self.rotating)
            .max(DOUBT);
        let awake = |time: Timestamp| self.woke.map_or(time, |woke| woke.max(time));
        let first = awake(failure.since);
        let seen = self
            .stranger
            .filter(|_| failure.class.is_about_certificate());
        let mut limit = seen.map_or(first, awake) + patience;
        if rule.silent_retries > 0 {
            let met = self.class.map_or(first, |(_, since)| awake(since));
            limit = limit.max((met + SILENT_RETRY + DOUBT).min(first + LONGEST_SILENCE));
        }
        if let Some(announced) = self.announced.filter(|_| is_away(failure.class)) {
            limit = limit.max(announced);
        }
        assert!(now < limit, "hidden too long: {failure:?} at {now}");
    }
}

/// The end of what has none.
fn never() -> Timestamp {
    Timestamp::from_millis(i64::MAX)
}

/// The peer is not there, rather than there and another one.
fn is_away(class: Class) -> bool {
    use Class as C;
    matches!(
        class,
        C::Refused | C::HandshakeReset | C::HandshakeEof | C::Lost | C::Truncated
    ) || matches!(
        class,
        C::ConnectTimeout | C::RequestTimeout | C::ServerError | C::UpstreamDown
    )
}
