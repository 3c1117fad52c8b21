//! Ticks now and then, for as little as that can cost.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval_at};

use super::clock::Clock;

/// Ticks until dropped.
#[derive(Debug)]
pub(super) struct Ticker {
    #[cfg(target_os = "linux")]
    kernel: Option<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>>,
    interval: Interval,
}

impl Ticker {
    /// The first tick comes after one period.
    pub(super) fn every(period: Duration) -> Self {
        let mut interval = interval_at(Clock::instant_now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            // tokio gets up about three times for a timer that is seconds away, the kernel once.
            #[cfg(target_os = "linux")]
            kernel: linux::timer(period).ok(),
            interval,
        }
    }

    /// Returns at the next tick. Ticks that nobody waited for are one.
    pub(super) async fn tick(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(timer) = &self.kernel {
            if linux::tick(timer).await.is_some() {
                return;
            }
            self.kernel = None;
        }
        self.interval.tick().await;
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    pub(super) fn timer(period: Duration) -> io::Result<AsyncFd<OwnedFd>> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let time = Timespec::try_from(period).map_err(io::Error::other)?;
        let spec = Itimerspec {
            it_interval: time,
            it_value: time,
        };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &spec)?;
        register(timer)
    }

    /// `None` when the timer is of no use any more.
    pub(super) async fn tick(timer: &AsyncFd<OwnedFd>) -> Option<()> {
        loop {
            let mut ready = timer.readable().await.ok()?;
            let read = rustix::io::read(timer.get_ref(), &mut [0_u8; 8]);
            match read {
                Ok(_) => return Some(()),
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => ready.clear_ready(),
                Err(_) => return None,
            }
        }
    }

    #[allow(
        deprecated,
        reason = "an OwnedFd keeps its descriptor, which is what the successor's `unsafe` asks for"
    )]
    fn register(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
        AsyncFd::new(descriptor)
    }
}
