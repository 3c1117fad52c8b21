//! Questions for a state that is read later than they were asked, and how far they are answered.
//!
//! Invariant: what was read before a question never answers it. Several questions at once are answered by one reading.

use std::sync::Arc;

use tokio::sync::watch;

/// One end asks, the other reads and tells. Outlives the sessions, so that the next one answers what is open.
#[derive(Clone, Debug, Default)]
pub struct Fresh(Arc<Ends>);

#[derive(Debug, Default)]
struct Ends {
    /// The number of the newest question.
    asked: watch::Sender<u64>,
    /// The newest one that is answered, with all before it.
    told: watch::Sender<u64>,
}

impl Fresh {
    /// Asks, and returns when a state that was read after that was told. Whoever asks gives up by himself.
    pub async fn read(&self) {
        let mut number = 0;
        self.0.asked.send_modify(|asked| {
            *asked += 1;
            number = *asked;
        });
        // The other end is this very value: it cannot be gone.
        let _ = self.0.told.subscribe().wait_for(|it| *it >= number).await;
    }

    /// The newest question, answered or not: whatever is read from now on answers it.
    pub fn asked(&self) -> u64 {
        *self.0.asked.borrow()
    }

    /// Returns the newest question as soon as there is one that is not answered and is newer than `beyond`.
    pub async fn wanted(&self, beyond: u64) -> u64 {
        let beyond = beyond.max(*self.0.told.borrow());
        let mut asked = self.0.asked.subscribe();
        match asked.wait_for(|asked| *asked > beyond).await {
            Ok(asked) => *asked,
            Err(_) => beyond,
        }
    }

    /// What was read after question `number` was told.
    pub fn told(&self, number: u64) {
        self.0.told.send_if_modified(|told| {
            let news = number > *told;
            *told = number.max(*told);
            news
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn a_question_is_answered_by_what_is_read_after_it() {
        let fresh = Fresh::default();
        assert!(fresh.wanted(0).now_or_never().is_none(), "nobody asked");
        let read_before = fresh.asked();
        let (one, two) = (fresh.clone(), fresh.clone());
        let one = tokio::spawn(async move { one.read().await });
        let two = tokio::spawn(async move { two.read().await });
        yield_now().await;
        fresh.told(read_before);
        yield_now().await;
        assert!(!one.is_finished() && !two.is_finished());

        let number = fresh.wanted(0).await;
        assert!(fresh.wanted(number).now_or_never().is_none(), "known");
        fresh.told(number);
        one.await.expect("answered");
        two.await.expect("answered by the same reading");
        assert!(fresh.wanted(0).now_or_never().is_none(), "all answered");
    }
}
