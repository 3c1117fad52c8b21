//! Room for many instances: each needs descriptors, and a process begins with few.

#[cfg(unix)]
pub(super) use room::make_room;

#[cfg(not(unix))]
pub(super) fn make_room(_: usize) {}

#[cfg(unix)]
mod room {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use tracing::{debug, warn};

    /// Of an instance: its connections, at most.
    const EACH: u64 = 4;
    /// Of everything else: views, files, the desktop.
    const OTHERS: u64 = 256;

    /// Makes room for so many instances, as far as the system lets us.
    pub(in super::super) fn make_room(instances: usize) {
        let wanted = OTHERS + EACH * u64::try_from(instances).unwrap_or(0);
        let limit = getrlimit(Resource::Nofile);
        let Some(current) = limit.current.filter(|current| *current < wanted) else {
            return;
        };
        let room = limit.maximum.map_or(wanted, |most| wanted.min(most));
        let raised = Rlimit {
            current: Some(room),
            ..limit
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => debug!("{room} files may be open now, {current} before"),
            Err(error) => debug!("no more than {current} files may be open: {error}"),
        }
        if room < wanted {
            warn!(
                "{instances} instances may need {wanted} open files at one time, and no more than {room} are allowed here; raise the limit (LimitNOFILE= of a systemd unit, or ulimit -n)"
            );
        }
    }
}
