//! Reasons for attention in few words, for headlines: what is alike in one.

use super::list;
use crate::core::{InstanceStatus, Reason, What};
use crate::view::units::count;

/// Why a person should look at this instance, the most urgent first: what is alike in one.
pub fn reasons(instance: &InstanceStatus) -> Vec<String> {
    grouped(instance.reasons())
}

/// What is not as it should be and may be so: `Photos stopped, which the config allows`. That a connection proves
/// nothing is said elsewhere.
pub fn accepted(instance: &InstanceStatus) -> Option<String> {
    let accepted = instance.accepted();
    let accepted = grouped(accepted.filter(|reason| reason.what != What::Insecure));
    (!accepted.is_empty()).then(|| format!("{}, which the config allows", accepted.join("; ")))
}

fn grouped<'a>(reasons: impl Iterator<Item = &'a Reason>) -> Vec<String> {
    let reasons: Vec<&Reason> = reasons.collect();
    let groups = reasons.chunk_by(|one, other| one.what == other.what);
    groups.flat_map(group).collect()
}

/// Reasons of one kind, in few words.
fn group(reasons: &[&Reason]) -> Vec<String> {
    let Some(first) = reasons.first() else {
        return Vec::new();
    };
    let names: Vec<&str> = reasons.iter().map(|one| one.subject.as_str()).collect();
    let names = list(&names);
    let counted = |of: &dyn Fn(&Reason) -> bool, one| {
        let number = reasons.iter().filter(|reason| of(reason));
        let number = number.fold(0, |sum: u64, reason| sum.saturating_add(reason.count));
        (number > 0).then(|| count(number, one))
    };
    match first.what {
        What::Errors => counted(&|_| true, "error").into_iter().collect(),
        What::Expectation => reasons.iter().map(|one| one.message.clone()).collect(),
        What::NotAccepted => {
            let said = reasons.iter().map(|one| one.message.trim_end_matches('.'));
            vec![list(&said.collect::<Vec<_>>())]
        }
        What::Offer => {
            let devices = counted(&|offer| offer.folder.is_none(), "new device");
            let folders = counted(&|offer| offer.folder.is_some(), "offered folder");
            devices.into_iter().chain(folders).collect()
        }
        what => vec![matter(what, &names)],
    }
}

/// What is so with whoever is called so, in few words: `Photos stopped`.
pub fn matter(what: What, names: &str) -> String {
    match what {
        What::Stopped => format!("{names} stopped"),
        What::FailedItems => format!("{names} with failed items"),
        What::OutOfSync => format!("{names} out of sync"),
        What::UnexpectedItems => format!("{names} with unexpected items"),
        What::WatchError => format!("{names} not watched for changes"),
        What::Unsteady => format!("no lasting connection to {names}"),
        What::Conflicts => format!("{names} with conflicts"),
        What::RestartRequired => "a restart is required".to_owned(),
        What::Insecure => "the connection proves nothing".to_owned(),
        What::Errors => "errors in its list".to_owned(),
        What::Expectation => format!("{names} not as expected"),
        What::Offer => format!("an offer: {names}"),
        What::NotAccepted => format!("{names} not accepted"),
    }
}
