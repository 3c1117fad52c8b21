//! Something that is done for an instance beside the loop, where a disk may keep it waiting.
//!
//! Invariant: one at a time, so that nothing old comes after something new; who asks while it is under way gets an
//! outcome of one that began afterwards.

/// Where it stands.
#[derive(Debug, Default)]
pub(super) struct Errand {
    under_way: bool,
    again: bool,
    late: bool,
    passed_over: bool,
}

/// What asking for it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is to be done.
    Go,
    /// It will be done again.
    Later,
    /// The same, but the one under way may never end.
    Stuck,
}

/// What is to be made of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Take,
    /// It was asked for again meanwhile: it is to be done again, and only that counts.
    Repeat,
    /// It is to be done again, but one outcome was passed over already.
    TakeAndRepeat,
}

impl Errand {
    /// Somebody wants it done.
    pub(super) fn ask(&mut self) -> Asked {
        if !std::mem::replace(&mut self.under_way, true) {
            return Asked::Go;
        }
        self.again = true;
        match self.late {
            true => Asked::Stuck,
            false => Asked::Later,
        }
    }

    /// Whether an outcome is still to be expected.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way && !self.late
    }

    /// It takes longer than it should.
    pub(super) fn is_late(&mut self) {
        self.late = true;
    }

    /// It came to its end.
    pub(super) fn end(&mut self) -> Ended {
        self.under_way = false;
        self.late = false;
        if !std::mem::take(&mut self.again) {
            self.passed_over = false;
            return Ended::Take;
        }
        self.passed_over = !self.passed_over;
        match self.passed_over {
            true => Ended::Repeat,
            false => Ended::TakeAndRepeat,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_meanwhile_is_done_afterwards() {
        let mut errand = Errand::default();
        assert_eq!(errand.ask(), Asked::Go);
        assert_eq!(errand.end(), Ended::Take);
        assert_eq!(errand.ask(), Asked::Go);
        assert_eq!((errand.ask(), errand.ask()), (Asked::Later, Asked::Later));
        assert_eq!(errand.end(), Ended::Repeat);
        assert_eq!(errand.ask(), Asked::Go);
        assert_eq!(errand.end(), Ended::Take);
    }

    #[test]
    fn who_asks_all_the_time_hears_something() {
        let mut errand = Errand::default();
        let mut taken = 0;
        for _ in 0..10 {
            assert_eq!(errand.ask(), Asked::Go);
            errand.ask();
            taken += u32::from(errand.end() == Ended::TakeAndRepeat);
        }
        assert_eq!(taken, 5);
    }

    #[test]
    fn one_that_never_ends_is_told_of() {
        let mut errand = Errand::default();
        errand.ask();
        errand.is_late();
        assert_eq!(errand.ask(), Asked::Stuck);
        assert_eq!(errand.end(), Ended::Repeat);
        assert_eq!(errand.ask(), Asked::Go);
        assert_eq!(errand.ask(), Asked::Later);
    }
}
