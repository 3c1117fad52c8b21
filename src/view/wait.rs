//! What a wait is about, in words.

use super::style::{Line, Role};
use super::words::{doing, list};
use crate::core::InstanceStatus;

/// Instances of which it is said what they do.
const MOST: usize = 3;

/// What is waited for, and how far it is. `goal` is its word on the command line.
pub fn line(goal: &str, instances: &[&InstanceStatus]) -> Line {
    let told = instances.iter().take(MOST);
    let mut told: Vec<String> = told
        .map(|instance| format!("{} is {}", instance.name, doing(instance)))
        .collect();
    if let Some(more) = instances.len().checked_sub(MOST).filter(|more| *more > 0) {
        told.push(format!("{more} more"));
    }
    Line::of(Role::Busy, &format!("Waiting until {goal}: ")).with(Role::Plain, &told.join("; "))
}

/// That only this is missing: `device` lacks something of `folder`, as far as is known.
pub fn lacking(goal: &str, instance: &str, folder: &str, device: &str) -> Line {
    let words = format!("{device} does not have all of {folder} of {instance} yet");
    Line::of(Role::Busy, &format!("Waiting until {goal}: ")).with(Role::Plain, &words)
}

/// That it was not reached in time.
pub fn timed_out(goal: &str) -> String {
    format!("Timed out: not everything is {goal}.")
}

/// That there is nothing to wait for, and what to do: none of `all` is watched.
pub fn nothing(all: &[&str]) -> (String, &'static str) {
    match all {
        [] => (
            "There is nothing to wait for: the config names no instance.".into(),
            "'syncwatch config path' says where the config file is.",
        ),
        all => {
            let verb = if all.len() == 1 { "is" } else { "are" };
            (
                format!(
                    "There is nothing to wait for: {} {verb} not watched.",
                    list(all)
                ),
                "'syncwatch resume --monitoring' has it watched again.",
            )
        }
    }
}

/// The same where no folder is shared with anybody.
pub fn not_shared(instance: &str) -> (String, &'static str) {
    (
        format!(
            "There is nothing to wait for: {instance} shares none of that with another device."
        ),
        "What is shared with nobody is nowhere else.",
    )
}

/// The same where a part of an instance is paused.
pub fn nothing_of(part: &str, instance: &str) -> (String, &'static str) {
    (
        format!("There is nothing to wait for: '{part}' is paused at {instance}."),
        "'syncwatch resume' with its name lets it go on.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_not_to_wait_for_is_named() {
        for (all, words) in [
            (
                &[][..],
                "There is nothing to wait for: the config names no instance.",
            ),
            (
                &["nas"],
                "There is nothing to wait for: nas is not watched.",
            ),
            (
                &["nas", "desk"],
                "There is nothing to wait for: nas and desk are not watched.",
            ),
        ] {
            assert_eq!(nothing(all).0, words);
        }
    }
}
