//! Signs from the system that a connection may be worth a try: waking from sleep, a network that changed.

#[cfg(target_os = "linux")]
mod network;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::core::RetryCause;

/// Sends a cause whenever the system shows one, until dropped. Where the system has no such sign, nothing comes:
/// the engine's own tick notices a sleep a few seconds later.
#[derive(Debug)]
pub struct Signs {
    tasks: Vec<JoinHandle<()>>,
}

impl Signs {
    /// Starts to listen.
    pub fn listen(causes: &mpsc::UnboundedSender<RetryCause>) -> Self {
        #[cfg(target_os = "linux")]
        let tasks = linux::listen(causes);
        #[cfg(not(target_os = "linux"))]
        let tasks = elsewhere::listen(causes);
        Self { tasks }
    }
}

impl Drop for Signs {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;
    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;
    use tracing::debug;

    use super::network::Network;
    use crate::core::RetryCause;

    /// RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR of linux/rtnetlink.h.
    const GROUPS: u32 = 0x1 | 0x10 | 0x100;
    /// A network comes up in several messages.
    const SETTLE: Duration = Duration::from_secs(1);
    /// Far enough never to be reached.
    const NEVER: i64 = 1 << 33;

    pub(super) fn listen(causes: &mpsc::UnboundedSender<RetryCause>) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        match clock_changes() {
            Ok(timer) => tasks.push(tokio::spawn(resumed(timer, causes.clone()))),
            Err(error) => debug!("no sign of sleep from the system: {error}"),
        }
        match network_changes() {
            Ok(socket) => tasks.push(tokio::spawn(network(socket, causes.clone()))),
            Err(error) => debug!("no sign of network changes from the system: {error}"),
        }
        tasks
    }

    /// A timer that the kernel cancels when the wall clock jumps, as it does on waking (timerfd_create(2)).
    fn clock_changes() -> std::io::Result<AsyncFd<OwnedFd>> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
        arm(&timer)?;
        register(timer)
    }

    async fn resumed(timer: AsyncFd<OwnedFd>, causes: mpsc::UnboundedSender<RetryCause>) {
        while let Ok(mut ready) = timer.readable().await {
            let read = rustix::io::read(timer.get_ref(), &mut [0_u8; 8]);
            ready.clear_ready();
            if read == Err(Errno::CANCELED) && causes.send(RetryCause::Resumed).is_err() {
                return;
            }
            if read != Err(Errno::AGAIN) && arm(timer.get_ref()).is_err() {
                return;
            }
        }
    }

    #[allow(
        deprecated,
        reason = "an OwnedFd keeps its descriptor, which is what the successor's `unsafe` asks for"
    )]
    fn register(descriptor: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
        AsyncFd::new(descriptor)
    }

    fn arm(timer: &OwnedFd) -> std::io::Result<()> {
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let spec = Itimerspec {
            it_interval: zero,
            it_value: Timespec {
                tv_sec: NEVER,
                tv_nsec: 0,
            },
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(timer, flags, &spec)?;
        Ok(())
    }

    fn network_changes() -> std::io::Result<AsyncFd<OwnedFd>> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        // Protocol 0 of netlink is NETLINK_ROUTE.
        let socket =
            rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        register(socket)
    }

    async fn network(socket: AsyncFd<OwnedFd>, causes: mpsc::UnboundedSender<RetryCause>) {
        let mut network = Network::default();
        while let Some(news) = drain(&socket, &mut network).await {
            if !news {
                continue;
            }
            let more = async { while drain(&socket, &mut network).await.is_some() {} };
            let _ = tokio::time::timeout(SETTLE, more).await;
            if causes.send(RetryCause::NetworkChanged).is_err() {
                return;
            }
        }
    }

    /// Reads what is there, and whether it is news. `None` when the socket is of no use any more.
    async fn drain(socket: &AsyncFd<OwnedFd>, network: &mut Network) -> Option<bool> {
        let mut ready = socket.readable().await.ok()?;
        let mut buffer = [0_u8; 8192];
        let mut news = false;
        loop {
            match rustix::net::recv(socket.get_ref(), &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((length, _)) => {
                    news |= network.is_news(buffer.get(..length).unwrap_or_default());
                }
                Err(Errno::INTR) => {}
                // Messages were lost: they may have been news.
                Err(Errno::NOBUFS) => news = true,
                Err(Errno::AGAIN) => {
                    ready.clear_ready();
                    return Some(news);
                }
                Err(_) => return None,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;

    use crate::core::RetryCause;

    pub(super) fn listen(_: &mpsc::UnboundedSender<RetryCause>) -> Vec<JoinHandle<()>> {
        tracing::debug!("this system gives no sign of sleep or of network changes");
        Vec::new()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;

    /// Changes a loopback address, where that may be done.
    fn address(action: &str) -> bool {
        let change = ["address", action, "127.77.77.77/32", "dev", "lo"];
        let done = Command::new("ip").args(change).output();
        done.is_ok_and(|output| output.status.success())
    }

    #[tokio::test]
    async fn a_new_address_is_a_sign() {
        let (causes, mut seen) = mpsc::unbounded_channel();
        let _signs = Signs::listen(&causes);
        address("del");
        if !address("add") {
            return;
        }
        let sign = tokio::time::timeout(Duration::from_secs(60), seen.recv()).await;
        address("del");
        assert_eq!(sign.expect("in time"), Some(RetryCause::NetworkChanged));
    }
}
