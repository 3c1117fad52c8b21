//! A command and everything that it started.
//!
//! What leaves the command's process group is found by a mark in its environment, which it inherited: by nothing else
//! can a process be told whose parent is gone. Continuous integration servers end what a build left behind in this way.

use std::io;
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// Bears the mark.
#[cfg(target_os = "linux")]
const MARK: &str = "SYNCWATCH_RUN";
/// Time to tidy up.
#[cfg(unix)]
const FAREWELL: Duration = Duration::from_millis(500);

/// It is ended when this is dropped, unless the command was waited for.
pub(super) struct Family {
    pub(super) child: Child,
    #[cfg(target_os = "linux")]
    kin: strays::Kin,
    /// Everything in it was ended.
    over: bool,
}

impl Family {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let kin = strays::Kin::of(&mut command);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.kill_on_drop(true).spawn()?;
        Ok(Self {
            child,
            #[cfg(target_os = "linux")]
            kin,
            over: false,
        })
    }

    /// Asks everything in it to end, and ends what is still there half a second later.
    pub(super) async fn end(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group() {
            // Before a parent ends: from then on its children cannot be told by it.
            #[cfg(target_os = "linux")]
            self.beside(group, strays::Kin::ask).await;
            let _ = kill_process_group(group, Signal::TERM);
            tokio::time::sleep(FAREWELL).await;
            #[cfg(target_os = "linux")]
            self.beside(group, strays::Kin::kill).await;
        }
        self.kill();
    }

    /// What reads of all processes keeps nobody else waiting.
    #[cfg(target_os = "linux")]
    async fn beside(&mut self, group: Pid, work: fn(&mut strays::Kin, Pid)) {
        let mut kin = self.kin.clone();
        let working = tokio::task::spawn_blocking(move || {
            work(&mut kin, group);
            kin
        });
        if let Ok(kin) = working.await {
            self.kin = kin;
        }
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group().filter(|_| !self.over) {
            #[cfg(target_os = "linux")]
            self.kin.kill(group);
            let _ = kill_process_group(group, Signal::KILL);
            // What it started in the meantime.
            #[cfg(target_os = "linux")]
            self.kin.kill(group);
        }
        self.over = true;
        let _ = self.child.start_kill();
    }

    /// Its number is that of its first process; nobody else can have it until that was waited for.
    #[cfg(unix)]
    fn group(&self) -> Option<Pid> {
        let id = self.child.id()?;
        Pid::from_raw(i32::try_from(id).ok()?)
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(target_os = "linux")]
mod strays {
    //! The processes of a family that are in none of its group: see proc(5).

    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;

    use ring::rand::{SecureRandom as _, SystemRandom};
    use rustix::process::{Pid, Signal, getpgid, kill_process};
    use tokio::process::Command;

    use super::MARK;

    /// What starts others while it is looked for is looked for again.
    const ROUNDS: usize = 20;

    /// How they are told from others.
    #[derive(Clone)]
    pub(super) struct Kin {
        /// What their environment has.
        entry: String,
        /// Those that were found, and when each was born.
        known: BTreeSet<(i32, u64)>,
    }

    /// What is known of a process.
    struct Process {
        parent: i32,
        /// Since the computer was started, in ticks.
        born: u64,
        ours: bool,
        /// It has ended, and was not waited for.
        ended: bool,
    }

    impl Kin {
        /// Marks a command. Nobody can guess the mark who may not read our processes anyway.
        pub(super) fn of(command: &mut Command) -> Self {
            let mut bytes = [0; 16];
            let _ = SystemRandom::new().fill(&mut bytes);
            let mark = data_encoding::HEXLOWER.encode(&bytes);
            command.env(MARK, &mark);
            Self {
                entry: format!("{MARK}={mark}"),
                known: BTreeSet::new(),
            }
        }

        /// Asks them to end.
        pub(super) fn ask(&mut self, first: Pid) {
            for stray in self.find(first) {
                let _ = kill_process(stray, Signal::TERM);
            }
        }

        /// Ends them all.
        pub(super) fn kill(&mut self, first: Pid) {
            for _ in 0..ROUNDS {
                let found = self.find(first);
                if found.is_empty() {
                    return;
                }
                for stray in found {
                    let _ = kill_process(stray, Signal::KILL);
                }
            }
        }

        /// Those that have the mark, and all that they started, but for what is in the group of `first`.
        fn find(&mut self, first: Pid) -> Vec<Pid> {
            let mut processes = younger_than(first);
            for (id, process) in &mut processes {
                process.ours = *id == first.as_raw_pid()
                    || self.known.contains(&(*id, process.born))
                    || has(*id, self.entry.as_bytes());
            }
            while let Some(id) = found_by_parent(&processes) {
                if let Some(process) = processes.get_mut(&id) {
                    process.ours = true;
                }
            }
            processes.retain(|_, process| process.ours && !process.ended);
            let known = processes.iter().map(|(id, process)| (*id, process.born));
            self.known = known.collect();
            let ids = processes.into_keys().filter_map(Pid::from_raw);
            ids.filter(|id| getpgid(Some(*id)).is_ok_and(|group| group != first))
                .collect()
        }
    }

    fn found_by_parent(processes: &BTreeMap<i32, Process>) -> Option<i32> {
        let ours = |id: &i32| processes.get(id).is_some_and(|process| process.ours);
        let mut all = processes.iter();
        let (id, _) = all.find(|(_, process)| !process.ours && ours(&process.parent))?;
        Some(*id)
    }

    /// Only these are looked into: the environment of a process that hangs cannot be read.
    fn younger_than(first: Pid) -> BTreeMap<i32, Process> {
        let born = process(first.as_raw_pid()).map_or(0, |first| first.born);
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(|id| Some((id, process(id)?)))
            .filter(|(_, process)| process.born >= born)
            .collect()
    }

    /// `None` for one that is gone.
    fn process(id: i32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // A program may have any name, parentheses included.
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let born = fields.nth(17)?.parse().ok()?;
        Some(Process {
            parent,
            born,
            ours: false,
            ended: state == "Z",
        })
    }

    fn has(id: i32, entry: &[u8]) -> bool {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == entry)
    }
}
