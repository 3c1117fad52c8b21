//! What systemd gives a service: directories of its own (systemd.exec(5), `RuntimeDirectory=` and its like), and where
//! the views of a user find the engine that a system service runs for them.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// Below it are the runtime directories of the system's units, one for each account (see `packaging/systemd/system`).
const SYSTEM: &str = "/run/syncwatch";
/// The account of the unit that is nobody's in particular.
const SERVICE: &str = "syncwatch";

/// Directories given to this process.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) config: Option<PathBuf>,
    pub(super) state: Option<PathBuf>,
    pub(super) runtime: Option<PathBuf>,
    pub(super) logs: Option<PathBuf>,
}

impl Given {
    /// What the variables of the process `pid` name; nothing where systemd started another process, and this one only
    /// inherited them: a terminal's, say.
    pub(super) fn of(variables: &BTreeMap<OsString, OsString>, pid: u32) -> Self {
        let variable = |name: &str| variables.get(OsStr::new(name));
        let started = variable("SYSTEMD_EXEC_PID");
        if started.is_none_or(|started| *started != *pid.to_string()) {
            return Self::default();
        }
        // Where a unit asks for several, the first is the main one.
        let directory = |name: &str| {
            let first = env::split_paths(variable(name)?).next()?;
            first.is_absolute().then_some(first)
        };
        Self {
            config: directory("CONFIGURATION_DIRECTORY"),
            state: directory("STATE_DIRECTORY"),
            runtime: directory("RUNTIME_DIRECTORY"),
            logs: directory("LOGS_DIRECTORY"),
        }
    }
}

/// The name of the account that this runs for. What systemd or cron starts for the administrator often is not told it.
pub(super) fn account(
    variables: &BTreeMap<OsString, OsString>,
    is_administrator: bool,
) -> Option<&OsStr> {
    let named = ["USER", "LOGNAME"];
    let mut named = named
        .iter()
        .filter_map(|name| variables.get(OsStr::new(name)));
    let named = named.find(|name| !name.is_empty());
    let administrator = is_administrator.then_some(OsStr::new("root"));
    named.map(OsString::as_os_str).or(administrator)
}

/// Where the engine is that a system service runs for `user`, as long as such a service is there. The administrator
/// is shown the one that is nobody's in particular, where there is none of their own.
pub(super) fn system_runtime(
    user: Option<&OsStr>,
    exists: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let user = user?;
    // A name, not a way to somewhere else.
    let mut parts = Path::new(user).components();
    let (Some(Component::Normal(name)), None) = (parts.next(), parts.next()) else {
        return None;
    };
    let service = (name == "root").then_some(OsStr::new(SERVICE));
    let mut places = [name]
        .into_iter()
        .chain(service)
        .map(|name| Path::new(SYSTEM).join(name));
    places.find(|place| exists(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn directories_are_taken_by_the_process_that_they_are_for() {
        let given = variables(&[
            ("SYSTEMD_EXEC_PID", "7"),
            ("STATE_DIRECTORY", "/var/lib/syncwatch:/var/lib/more"),
            ("RUNTIME_DIRECTORY", "/run/syncwatch/syncwatch"),
            ("CONFIGURATION_DIRECTORY", ""),
            ("LOGS_DIRECTORY", "relative"),
        ]);
        let expected = Given {
            state: Some("/var/lib/syncwatch".into()),
            runtime: Some("/run/syncwatch/syncwatch".into()),
            ..Given::default()
        };
        assert_eq!(Given::of(&given, 7), expected);
        assert_eq!(Given::of(&given, 8), Given::default());
        assert_eq!(
            Given::of(&variables(&[("STATE_DIRECTORY", "/a")]), 7),
            Given::default()
        );
    }

    #[test]
    fn an_account_is_known_where_nobody_names_it() {
        let named = |pairs: &[(&str, &str)], administrator| {
            let variables = variables(pairs);
            account(&variables, administrator).map(OsStr::to_owned)
        };
        assert_eq!(named(&[("USER", "u")], true), Some("u".into()));
        assert_eq!(
            named(&[("USER", ""), ("LOGNAME", "u")], false),
            Some("u".into())
        );
        assert_eq!(named(&[], true), Some("root".into()));
        assert_eq!(named(&[], false), None);
    }

    #[test]
    fn views_find_the_engine_of_a_system_service() {
        let found = |user: &str, there: &[&str]| {
            let exists = |place: &Path| there.iter().any(|it| place == Path::new(it));
            system_runtime(Some(OsStr::new(user)), exists)
        };
        let both = ["/run/syncwatch/u", "/run/syncwatch/syncwatch"];
        assert_eq!(found("u", &both), Some("/run/syncwatch/u".into()));
        assert_eq!(found("v", &both), None);
        assert_eq!(
            found("root", &both),
            Some("/run/syncwatch/syncwatch".into())
        );
        assert_eq!(found("root", &[]), None);
        for name in ["", ".", "..", "../u", "/run/syncwatch/u", "u/../v"] {
            assert_eq!(
                system_runtime(Some(OsStr::new(name)), |_| true),
                None,
                "{name}"
            );
        }
        assert_eq!(system_runtime(None, |_| true), None);
    }
}
