//! What the system says to this process: end, or read the config again.

#[cfg(unix)]
pub(super) use unix::listen;
#[cfg(windows)]
pub(super) use windows::listen;

#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// SIGINT or SIGTERM.
    pub(in super::super) struct End {
        interrupt: Signal,
        terminate: Signal,
    }

    /// SIGHUP.
    pub(in super::super) struct Reload(Signal);

    pub(in super::super) fn listen() -> io::Result<(End, Reload)> {
        let end = End {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        };
        Ok((end, Reload(signal(SignalKind::hangup())?)))
    }

    impl End {
        pub(in super::super) async fn next(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }

    impl Reload {
        pub(in super::super) async fn next(&mut self) {
            self.0.recv().await;
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io;

    use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    /// The console's keys, its closed window, the end of the session.
    pub(in super::super) struct End {
        c: CtrlC,
        r#break: CtrlBreak,
        close: CtrlClose,
        logoff: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    /// There is no such signal on Windows; a changed config file is noticed all the same.
    pub(in super::super) struct Reload;

    pub(in super::super) fn listen() -> io::Result<(End, Reload)> {
        let end = End {
            c: ctrl_c()?,
            r#break: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        };
        Ok((end, Reload))
    }

    impl End {
        pub(in super::super) async fn next(&mut self) {
            tokio::select! {
                _ = self.c.recv() => {}
                _ = self.r#break.recv() => {}
                _ = self.close.recv() => {}
                _ = self.logoff.recv() => {}
                _ = self.shutdown.recv() => {}
            }
        }
    }

    impl Reload {
        pub(in super::super) async fn next(&mut self) {
            std::future::pending().await
        }
    }
}
