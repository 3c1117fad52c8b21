//! Units against a real systemd. Where it cannot be started, nothing is tested.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::desktop::{PrivateBus, soon};
use crate::support::systemd::{self, Systemd};
use syncwatch::desktop::bus::Bus;
use syncwatch::desktop::units::Managers;
use syncwatch::view::command::{Unit, UnitStatus, UnitVerb};
use tokio::sync::watch;

#[tokio::test]
async fn a_real_unit_is_followed_started_stopped_and_restarted() {
    let home = tempfile::tempdir().expect("a directory");
    let file = systemd::put_unit(
        home.path(),
        "syncthing.service",
        "[Service]\nExecStart=/bin/sleep 1000\n",
    );
    let Some((systemd, bus)) = Systemd::start(home.path()).await else {
        return eprintln!("skipped: no systemd that can be started here");
    };

    let managers = Managers {
        session: Bus::At(systemd.address().to_owned()),
        system: PrivateBus::stopped().bus(),
        account: None,
    };
    let unit = Unit {
        name: "syncthing.service".into(),
        user: true,
    };
    let (told, mut listener) = watch::channel(None);
    let followed = managers.clone();
    tokio::spawn(async move { followed.follow(told).await });
    let mut expect = async |active: Option<bool>| {
        let unit = unit.clone();
        let expected = active.map(|active| UnitStatus { unit, active });
        let found = listener.wait_for(|told| *told == expected);
        soon(&format!("{expected:?}"), found).await.expect("told");
    };
    expect(Some(false)).await;
    for (verb, active) in [
        (UnitVerb::Start, true),
        (UnitVerb::Restart, true),
        (UnitVerb::Stop, false),
    ] {
        let done = soon("the job", managers.act(&unit, verb)).await;
        assert_eq!(done, Ok(()));
        expect(Some(active)).await;
    }

    fs::write(&file, "[Service]\nType=oneshot\nExecStart=/bin/false\n").expect("a file");
    systemd::call(&bus, "Reload").await.expect("reloaded");
    let trouble = soon("the job", managers.act(&unit, UnitVerb::Start)).await;
    let trouble = trouble.expect_err("it fails");
    assert_eq!(
        trouble.message,
        "syncthing.service was not started: it failed."
    );
    // The computer may have a unit of this name for everybody, so that removing the file would bring that one up.
    fs::remove_file(&file).expect("a file");
    symlink("/dev/null", &file).expect("a link");
    systemd::call(&bus, "ResetFailed").await.expect("reset");
    systemd::call(&bus, "Reload").await.expect("reloaded");
    expect(None).await;
    let trouble = soon("the job", managers.act(&unit, UnitVerb::Start)).await;
    let trouble = trouble.expect_err("it is masked");
    assert_eq!(
        trouble.message,
        "syncthing.service was not started: it is masked."
    );
    assert_eq!(
        trouble.hint,
        "Run 'systemctl --user unmask syncthing.service'."
    );
}
