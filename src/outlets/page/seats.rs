//! The connections to the page, bounded: when there is no room, one that has asked nothing yet gives way to the next.
//!
//! Invariant: who asks at once is answered, however many others only hold connections.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::AbortHandle;

/// Connections at once.
pub(super) const MOST: usize = 32;

/// Those that are taken, in the order in which they were.
#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: BTreeMap<u64, Seat>,
    next: u64,
}

#[derive(Debug)]
struct Seat {
    peer: IpAddr,
    asked: Asked,
    task: AbortHandle,
}

/// Whether a connection has brought a whole request.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<AtomicBool>);

impl Asked {
    pub(super) fn yes(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Seats {
    /// Makes room for one from `peer`, if need be at the cost of another. `false` where there is none.
    pub(super) fn make_room(&mut self, peer: IpAddr) -> bool {
        self.taken.retain(|_, seat| !seat.task.is_finished());
        if self.taken.len() < MOST {
            return true;
        }
        let Some(loser) = self.loser(peer) else {
            return false;
        };
        if let Some(seat) = self.taken.remove(&loser) {
            seat.task.abort();
        }
        true
    }

    /// One from `peer` has a seat.
    pub(super) fn take(&mut self, peer: IpAddr, asked: Asked, task: AbortHandle) {
        let seat = Seat { peer, asked, task };
        self.taken.insert(self.next, seat);
        self.next += 1;
    }

    /// The oldest that has asked nothing, of the peer with the most such connections. Where all have asked: the oldest of
    /// the peer that has the most, unless that is `newcomer` itself.
    fn loser(&self, newcomer: IpAddr) -> Option<u64> {
        let oldest = |idle: bool| {
            let all = || {
                self.taken
                    .iter()
                    .filter(move |(_, seat)| !idle || !seat.asked.is())
            };
            let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
            for (_, seat) in all() {
                *counts.entry(seat.peer).or_default() += 1;
            }
            let (most, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
            let mut of_peer = all().filter(move |(_, seat)| seat.peer == most);
            of_peer.next().map(|(number, _)| (*number, most))
        };
        let busy = || oldest(false).filter(|(_, peer)| *peer != newcomer);
        oldest(true).or_else(busy).map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    /// Takes a seat for a connection that stays until it is ended.
    fn sit(seats: &mut Seats, peer: IpAddr, asks: bool) -> tokio::task::JoinHandle<()> {
        let task = tokio::spawn(std::future::pending());
        let asked = Asked::default();
        if asks {
            asked.yes();
        }
        seats.take(peer, asked, task.abort_handle());
        task
    }

    async fn is_ended(task: tokio::task::JoinHandle<()>) -> bool {
        tokio::task::yield_now().await;
        task.is_finished()
    }

    #[tokio::test]
    async fn who_asked_nothing_gives_way_and_the_oldest_first() {
        let mut seats = Seats::default();
        let asking = sit(&mut seats, HERE, true);
        let mut idle: Vec<_> = (1..MOST).map(|_| sit(&mut seats, HERE, false)).collect();
        assert!(seats.make_room(HERE));
        assert!(is_ended(idle.remove(0)).await);
        assert!(!is_ended(idle.remove(0)).await && !is_ended(asking).await);
    }

    #[tokio::test]
    async fn one_peer_with_many_costs_the_others_nothing() {
        let mut seats = Seats::default();
        let other = sit(&mut seats, peer(1), false);
        let many: Vec<_> = (1..MOST).map(|_| sit(&mut seats, peer(2), false)).collect();
        for _ in &many {
            assert!(seats.make_room(peer(2)));
            sit(&mut seats, peer(2), false);
        }
        assert!(!is_ended(other).await);
    }

    #[tokio::test]
    async fn where_all_ask_the_one_with_the_most_gives_way_to_others_only() {
        let mut seats = Seats::default();
        for _ in 0..MOST {
            sit(&mut seats, peer(2), true);
        }
        assert!(!seats.make_room(peer(2)));
        assert!(seats.make_room(peer(1)));
    }

    #[tokio::test]
    async fn who_has_left_needs_no_seat() {
        let mut seats = Seats::default();
        let tasks: Vec<_> = (0..MOST).map(|_| sit(&mut seats, HERE, true)).collect();
        assert!(!seats.make_room(HERE));
        tasks[5].abort();
        tokio::task::yield_now().await;
        assert!(seats.make_room(HERE));
    }
}
