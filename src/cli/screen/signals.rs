//! Signals that are about the terminal.

/// What the system or the shell wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    End,
    /// Stop until the shell lets it go on.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no shell there stops a job"))]
    Stop,
    /// It was stopped and goes on.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no shell there stops a job"))]
    GoOn,
}

#[cfg(unix)]
pub(super) use unix::{Signs, can_stop, stop_all, stop_this};

#[cfg(unix)]
mod unix {
    use std::io;

    use rustix::process::{
        Signal, getpgrp, getpid, getsid, kill_current_process_group, kill_process,
    };
    use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

    use super::Sign;

    /// Hears them, instead of what they do by themselves.
    #[derive(Debug)]
    pub(in crate::cli::screen) struct Signs {
        interrupt: Listener,
        terminate: Listener,
        hangup: Listener,
        quit: Listener,
        stop: Listener,
        go_on: Listener,
    }

    impl Signs {
        pub(in crate::cli::screen) fn listen() -> io::Result<Self> {
            const STOP: i32 = Signal::TSTP.as_raw();
            const GO_ON: i32 = Signal::CONT.as_raw();
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
                quit: signal(SignalKind::quit())?,
                stop: signal(SignalKind::from_raw(STOP))?,
                go_on: signal(SignalKind::from_raw(GO_ON))?,
            })
        }

        pub(in crate::cli::screen) async fn next(&mut self) -> Sign {
            tokio::select! {
                _ = self.interrupt.recv() => Sign::End,
                _ = self.terminate.recv() => Sign::End,
                _ = self.hangup.recv() => Sign::End,
                _ = self.quit.recv() => Sign::End,
                _ = self.stop.recv() => Sign::Stop,
                _ = self.go_on.recv() => Sign::GoOn,
            }
        }
    }

    /// Whether somebody is there to let it go on: a shell that controls jobs gives each a group of its own.
    pub(in crate::cli::screen) fn can_stop() -> bool {
        getsid(None).is_ok_and(|session| session != getpgrp())
    }

    /// Stops the whole job, as the terminal does for Control and Z.
    pub(in crate::cli::screen) fn stop_all() -> io::Result<()> {
        Ok(kill_current_process_group(Signal::STOP)?)
    }

    /// Stops this process, which alone was asked to.
    pub(in crate::cli::screen) fn stop_this() -> io::Result<()> {
        Ok(kill_process(getpid(), Signal::STOP)?)
    }
}

#[cfg(not(unix))]
pub(super) use elsewhere::{Signs, can_stop, stop_all, stop_this};

#[cfg(not(unix))]
mod elsewhere {
    use std::io;

    use super::Sign;
    use crate::engine::{Signal, Signals};

    /// Only the end is told there.
    #[derive(Debug)]
    pub(in crate::cli::screen) struct Signs(Signals);

    impl Signs {
        pub(in crate::cli::screen) fn listen() -> io::Result<Self> {
            Signals::listen().map(Self)
        }

        pub(in crate::cli::screen) async fn next(&mut self) -> Sign {
            while self.0.next().await != Signal::End {}
            Sign::End
        }
    }

    pub(in crate::cli::screen) fn can_stop() -> bool {
        false
    }

    pub(in crate::cli::screen) fn stop_all() -> io::Result<()> {
        Ok(())
    }

    pub(in crate::cli::screen) fn stop_this() -> io::Result<()> {
        Ok(())
    }
}
