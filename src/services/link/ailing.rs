//! What was asked in vain, from one session to the next: an outage ends when that works again, not when something else
//! does.

use std::collections::BTreeSet;

use crate::core::Fault;

/// More than any session asks for that ends with its first failure.
const MOST: usize = 64;
/// What a whole picture takes beyond single questions.
const PICTURE: &str = "the whole picture";

/// The questions that failed since the last answer was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ailing(BTreeSet<String>);

impl Ailing {
    /// `what` failed.
    pub(super) fn add(&mut self, what: &str, fault: &Fault) {
        if fault.class.comes_of_a_question() && self.0.len() < MOST {
            self.0.insert(what.to_owned());
        }
    }

    /// A session failed with no single question.
    pub(super) fn add_picture(&mut self, fault: &Fault) {
        self.add(PICTURE, fault);
    }

    /// `what` works.
    pub(super) fn remove(&mut self, what: &str) {
        self.0.remove(what);
    }

    /// Whatever is asked of the server works, except `what` may still show that it does not.
    pub(super) fn keep_only(&mut self, what: Option<&str>) {
        self.0.retain(|ailing| Some(ailing.as_str()) == what);
    }

    /// Whether `what` failed and has not worked since.
    pub(super) fn has(&self, what: &str) -> bool {
        self.0.contains(what)
    }

    /// Whether nothing is known to fail.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
