//! How often one Syncthing may be restarted before it holds back.
//!
//! Its monitor gives up at more than four starts in 60 s (cmd/syncthing/monitor.go), and its supervisor refuses the API
//! for 15-22 s after more than five listener restarts in 30 s. Both count in memory, so a new process starts at zero:
//! that is quicker than waiting.

/// What a restart turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restarted {
    /// The GUI listener alone, in the running process.
    Listener,
    /// A new process, started by Syncthing's own monitor.
    Process,
    /// Stopped and started from outside, since one more restart would have been one too many.
    Fresh,
}

/// The restarts that one process has left.
#[derive(Debug)]
pub(super) struct Pace {
    process: u32,
    listener: u32,
}

/// The monitor allows three after the first start.
const PROCESS_RESTARTS: u32 = 3;
const LISTENER_RESTARTS: u32 = 4;

impl Default for Pace {
    fn default() -> Self {
        Self {
            process: PROCESS_RESTARTS,
            listener: LISTENER_RESTARTS,
        }
    }
}

impl Pace {
    pub(super) fn has_process_restart(&self) -> bool {
        self.process > 0
    }

    pub(super) fn has_listener_restart(&self) -> bool {
        self.listener > 0
    }

    /// Takes one restart of the process, if there is one.
    pub(super) fn may_restart_process(&mut self) -> bool {
        let left = self.process.checked_sub(1);
        self.process = left.unwrap_or(0);
        // The new process has a supervisor of its own.
        self.listener = LISTENER_RESTARTS;
        left.is_some()
    }

    /// Takes one restart of the listener, if there is one.
    pub(super) fn may_restart_listener(&mut self) -> bool {
        let left = self.listener.checked_sub(1);
        self.listener = left.unwrap_or(0);
        left.is_some()
    }
}
