//! The drawing: a line for each thing that the server did, that syncwatch kept to itself, and that a user sees.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::director::Scene;
use super::tally::{Tally, brief};
use crate::cli::output::Output;
use crate::core::{Alert, InstanceStatus, LinkState, Status};
use crate::engine::clock::Clock;
use crate::standin::{ImpostorKind, Moment, Standin, What};
use crate::view::style::{Line, Page, Role};
use crate::view::units::count;

/// Whose line it is.
#[derive(Clone, Copy)]
enum Lane {
    Server,
    Impostor,
    Syncwatch,
    You,
}

/// Draws to standard output.
pub(super) struct Stage {
    out: Output,
    began: Instant,
    tally: Tally,
    /// The last certificate served and when, until it is seen verified.
    served: Option<(String, Instant)>,
    state: LinkState,
}

impl Stage {
    pub(super) fn new(out: Output, server: &Standin) -> Self {
        let served = server.served_at().borrow().clone();
        let began = served
            .as_ref()
            .map_or_else(Clock::instant_now, |served| served.at);
        Self {
            out,
            began,
            tally: Tally::default(),
            served: None,
            state: LinkState::Starting,
        }
    }

    /// What this is about.
    pub(super) fn open(&self, server: &Standin, every: Duration) -> io::Result<()> {
        let mut page = Page::default();
        let address = server.address();
        page.push(Line::of(Role::Strong, "syncwatch demo"));
        page.paragraph(
            Role::Plain,
            &format!("A made-up Syncthing serves https://{address} and changes its certificate every {}. syncwatch watches it as it would watch yours. Ctrl-C ends it.", brief(every)),
            0,
            80,
        );
        page.gap();
        page.push(Line::of(Role::Dim, "seconds    who        what"));
        self.out.page(&page)
    }

    pub(super) fn scene(&mut self, scene: &Scene) -> io::Result<()> {
        match scene {
            Scene::Begins(title) => {
                let mut page = Page::default();
                page.push(Line::default());
                page.push(Line::of(Role::Strong, title));
                self.out.page(&page)
            }
            Scene::ImpostorLeft(report) => {
                self.tally.attacks += 1;
                self.tally.handshakes += report.refused + report.handshakes;
                self.tally.bytes += report.bytes;
                let role = if report.bytes == 0 {
                    Role::Ok
                } else {
                    Role::Bad
                };
                let text = format!(
                    "was connected to {} times and got {} bytes of requests",
                    report.connections, report.bytes
                );
                self.line(Clock::instant_now(), Lane::Impostor, role, &text)
            }
        }
    }

    pub(super) fn moment(&mut self, moment: &Moment) -> io::Result<()> {
        let (lane, text) = match &moment.what {
            What::ListenerDown => (Lane::Server, "refuses connections".to_owned()),
            What::ConnectionsCut => (
                Lane::Server,
                "cuts the requests that were still open".to_owned(),
            ),
            What::FileOpened | What::ImpostorHandshake { .. } => return Ok(()),
            What::FileWritten { fingerprint } => (
                Lane::Server,
                format!("has written a new certificate file, {}", short(fingerprint)),
            ),
            What::Serving {
                fingerprint,
                renewed,
            } => {
                if *renewed {
                    self.served = Some((fingerprint.clone(), moment.at));
                }
                let which = if *renewed {
                    "the new certificate"
                } else {
                    "its certificate"
                };
                (
                    Lane::Server,
                    format!("serves {which}, {}", short(fingerprint)),
                )
            }
            What::ImpostorUp { kind, fingerprint } => {
                (Lane::Impostor, impostor(*kind, fingerprint.as_deref()))
            }
            What::ImpostorBytes { count } => (Lane::Impostor, format!("received {count} bytes")),
            What::ImpostorDown => (Lane::Impostor, "is gone".to_owned()),
        };
        self.line(moment.at, lane, Role::Plain, &text)
    }

    pub(super) fn status(&mut self, status: &Status) -> io::Result<()> {
        let Some(instance) = status.instances.first() else {
            return Ok(());
        };
        self.tally.hidden = instance.link.hidden_failures;
        let now = Clock::instant_now();
        let before = std::mem::replace(&mut self.state, instance.link.state);
        self.new_state(now, before, instance)?;
        let current = instance.link.trust.current.map(|pin| pin.to_string());
        let verified = self.served.take_if(|(served, _)| {
            instance.link.state == LinkState::Connected && current.as_ref() == Some(served)
        });
        if let Some((_, at)) = verified {
            let recovery = now.saturating_duration_since(at);
            self.tally.recoveries.push(recovery);
            let text = format!(
                "has verified it, {} after it was served; the old one is retired",
                brief(recovery)
            );
            self.line(now, Lane::Syncwatch, Role::Ok, &text)?;
        }
        Ok(())
    }

    pub(super) fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        let now = Clock::instant_now();
        if alert.state == LinkState::Connected {
            return self.line(now, Lane::You, Role::Ok, "get one notice: connected again");
        }
        self.tally.alerts += 1;
        let text = format!("get one notice: {}", alert.state.name());
        self.line(now, Lane::You, Role::Bad, &text)?;
        let mut page = Page::default();
        page.paragraph(Role::Dim, &alert.message, 22, 100);
        self.out.page(&page)
    }

    /// The last lines.
    pub(super) fn close(&self) -> io::Result<()> {
        let tally = &self.tally;
        let mut page = Page::default();
        page.gap();
        page.push(Line::default());
        page.push(Line::plain(&format!(
            "{} followed; served -> verified: median {}, longest {}.",
            counted(tally.recoveries.len(), "certificate"),
            brief(tally.median()),
            brief(tally.longest())
        )));
        page.push(Line::plain(&format!(
            "{} met on the way and kept quiet; {} shown.",
            count(tally.hidden, "failure"),
            count(tally.alerts, "alert")
        )));
        if tally.attacks > 0 {
            page.push(Line::plain(&format!(
                "{} met {} and got {} of requests.",
                count(tally.attacks, "impostor"),
                counted(tally.handshakes, "handshake"),
                counted(tally.bytes, "byte")
            )));
        }
        self.out.page(&page)
    }

    fn new_state(
        &self,
        now: Instant,
        before: LinkState,
        instance: &InstanceStatus,
    ) -> io::Result<()> {
        let state = instance.link.state;
        if state == before {
            return Ok(());
        }
        let class = instance
            .link
            .failure
            .as_ref()
            .map(|failure| failure.class.name());
        let class = class.unwrap_or_default();
        match state {
            LinkState::Connected if before == LinkState::Starting => {
                self.line(now, Lane::You, Role::Ok, "see it connected")
            }
            // The notice says so.
            LinkState::Connected if before.is_loud() => Ok(()),
            LinkState::Connected => self.line(
                now,
                Lane::Syncwatch,
                Role::Dim,
                "is connected again; you saw nothing",
            ),
            LinkState::Rotating | LinkState::Reconnecting => {
                let text = format!(
                    "meets '{class}', keeps it quiet and tries again ({})",
                    state.name()
                );
                self.line(now, Lane::Syncwatch, Role::Dim, &text)
            }
            _ => Ok(()),
        }
    }

    fn line(&self, at: Instant, lane: Lane, role: Role, text: &str) -> io::Result<()> {
        let seconds = at.saturating_duration_since(self.began).as_secs_f64();
        let (who, colour) = match lane {
            Lane::Server => ("server", Role::Plain),
            Lane::Impostor => ("impostor", Role::Warn),
            Lane::Syncwatch => ("syncwatch", Role::Busy),
            Lane::You => ("you", Role::Strong),
        };
        let mut page = Page::default();
        let line = Line::of(Role::Dim, &format!("{seconds:>8.3}   "))
            .with(colour, &format!("{who:<11}"))
            .with(role, text);
        page.push(line);
        self.out.page(&page)
    }
}

fn impostor(kind: ImpostorKind, fingerprint: Option<&str>) -> String {
    let shows = fingerprint.map_or_else(String::new, |shown| format!(", {}", short(shown)));
    match kind {
        ImpostorKind::OtherCertificate => format!("listens with a certificate of its own{shows}"),
        ImpostorKind::ReplayedCertificate => {
            format!("listens with a copy of the right certificate{shows}")
        }
        ImpostorKind::PlainHttp => "answers in plain HTTP".to_owned(),
        ImpostorKind::Silent => "accepts and says nothing".to_owned(),
    }
}

fn short(fingerprint: &str) -> String {
    fingerprint.chars().take(19).chain(['…']).collect()
}

fn counted(number: usize, what: &str) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX), what)
}
