//! What a session tells of itself, once: that it was answered, what the service is like, how it ended.
//!
//! Invariant: an answer is told only once everything works that failed in the sessions before.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::{Ask, Link};
use crate::core::{Absence, Class, Event, Fault, Pin, Service};

/// All that a server holds back until something happens, whatever is asked from.
pub(super) const HELD: &str = "what is held back";

#[derive(Debug, Default)]
pub(super) struct Told {
    /// The last generation and certificate that an answer was told of.
    answered: Option<(u64, Option<Pin>)>,
    /// The last ones with which anything was answered.
    pub(super) proven: Option<(u64, Option<Pin>)>,
    /// The last failure was that of a single question, which is known.
    pub(super) blamed: bool,
    /// The generation that the last failure was met with.
    pub(super) failed: Option<u64>,
    published: Option<Arc<Service>>,
}

impl<A: Ask> Link<A> {
    /// Tells the service's state, unless it was just that.
    pub fn publish(&self, service: Service) {
        let mut told = self.told();
        if told.published.as_deref() == Some(&service) {
            return;
        }
        // Its first questions, for which it has several connections, are answered.
        self.session.entry.leave();
        let service = Arc::new(service);
        told.published = Some(Arc::clone(&service));
        // Before there was an answer it would not be heard.
        if told.answered.is_some() {
            self.send_service(service);
        }
    }

    /// Everything that this kind asks for was answered: whatever failed before works, or is asked no more. Only what
    /// the server holds back may still fail.
    pub fn is_whole(&self) {
        self.works(Some(HELD));
    }

    /// Whether what the server holds back failed, and was not answered since.
    pub fn ails_when_held(&self) -> bool {
        self.memory().ailing().has(HELD)
    }

    /// The server holds it back as it should.
    pub fn holds(&self) {
        self.works(None);
    }

    /// Tells that the server will be away for a while.
    pub fn announced(&self, absence: Absence) {
        self.send(Event::Announced {
            instance: self.session.instance.clone(),
            absence,
        });
    }

    /// Tells how the session ended.
    pub fn failed(&self, fault: Fault) {
        let newest = self.session.clients.borrow().generation();
        let (generation, blamed) = {
            let told = self.told();
            (told.failed.unwrap_or(newest), told.blamed)
        };
        if !blamed {
            self.memory().ailing().add_picture(&fault);
        }
        self.send(Event::Failed {
            instance: self.session.instance.clone(),
            attempt: self.session.attempt,
            generation,
            fault,
        });
    }

    /// Whether `generation` has answered, or none has: the first request of a session is a quick one anyway.
    pub(super) fn is_proven(&self, generation: u64) -> bool {
        let proven = self.told().proven;
        proven.is_none_or(|(proven, _)| proven == generation)
    }

    /// `what` failed, with a client of this generation.
    pub(super) fn blame(&self, generation: u64, what: &str, fault: &Fault) {
        let mut told = self.told();
        told.failed = Some(generation);
        told.blamed = true;
        let cut = matches!(
            fault.class,
            Class::Lost | Class::RequestTimeout | Class::Truncated
        );
        if what != HELD || !cut {
            self.memory().ailing().add(what, fault);
        }
    }

    fn works(&self, except: Option<&str>) {
        self.memory().ailing().keep_only(except);
        let proven = self.told().proven;
        if let Some((generation, served)) = proven {
            self.answered(generation, served);
        }
    }

    /// Something was answered; told once nothing ails.
    pub(super) fn answered(&self, generation: u64, served: Option<Pin>) {
        let mut told = self.told();
        told.proven = Some((generation, served));
        told.blamed = false;
        let news = told.answered.is_none_or(|(last_generation, last_served)| {
            generation != last_generation || (served.is_some() && served != last_served)
        });
        if !news || (told.answered.is_none() && !self.memory().ailing().is_empty()) {
            return;
        }
        let first = told.answered.replace((generation, served)).is_none();
        self.send(Event::Answered {
            instance: self.session.instance.clone(),
            attempt: self.session.attempt,
            generation,
            served,
        });
        if let Some(service) = told.published.clone().filter(|_| first) {
            self.send_service(service);
        }
    }

    fn send_service(&self, service: Arc<Service>) {
        self.send(Event::ServiceChanged {
            instance: self.session.instance.clone(),
            attempt: self.session.attempt,
            service,
        });
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, event: Event) {
        // Nobody listens only while the engine stops.
        let _ = self.session.events.send(event);
    }
}
