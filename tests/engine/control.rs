//! Asking a server to do something, against everything that can go wrong on the way: refusals, silence, other
//! certificates. The loop goes on meanwhile, and no stranger ever gets the key.

use crate::support::monitor::{Monitor, eventually};
use secrecy::ExposeSecret;
use syncwatch::core::service::{DeviceState, FolderState};
use syncwatch::core::{Action, Part, Service};
use syncwatch::engine::protocol::{Answer, Ask};
use syncwatch::standin::{Answer as Canned, Ending, ImpostorKind, Options, Standin};

async fn standin() -> (Standin, Monitor) {
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    let mut monitor = Monitor::patient(server.home().path()).await;
    monitor.connected().await;
    (server, monitor)
}

async fn control(monitor: &Monitor, action: Action) -> Answer {
    let instance = "laptop".to_owned();
    let ask = Ask::Control { instance, action };
    monitor.engine().ask(ask).await
}

async fn refused(monitor: &Monitor, action: Action) -> String {
    match control(monitor, action.clone()).await {
        Answer::Refused { message, hint } => {
            assert!(!hint.is_empty(), "{message}");
            message
        }
        other => panic!("{action:?}: {other:?}"),
    }
}

async fn until(monitor: &mut Monitor, what: &str, check: impl Fn(&Service) -> bool) {
    monitor
        .until(what, |now| now.service.as_deref().is_some_and(&check))
        .await;
}

#[tokio::test]
async fn what_is_asked_is_done_and_seen() {
    let (server, mut monitor) = standin().await;
    let (device, folder) =
        server.world(|world| (world.devices[1].id.clone(), world.folders[0].id.clone()));
    let parts = vec![Part::Device(device.clone()), Part::Folder(folder.clone())];
    let is_paused = |now: &Service| {
        let device = now
            .devices
            .iter()
            .any(|it| it.id == device && it.state == DeviceState::Paused);
        let folder = now
            .folders
            .iter()
            .any(|it| it.id == folder && it.state == FolderState::Paused);
        (device, folder)
    };
    let pause = Action::Pause {
        parts: parts.clone(),
    };
    assert_eq!(control(&monitor, pause).await, Answer::Done);
    until(&mut monitor, "paused", |now| is_paused(now) == (true, true)).await;
    assert_eq!(
        control(&monitor, Action::Resume { parts }).await,
        Answer::Done
    );
    until(&mut monitor, "resumed", |now| {
        is_paused(now) == (false, false)
    })
    .await;
}

#[tokio::test]
async fn each_refusal_says_what_why_and_what_to_do() {
    let (server, monitor) = standin().await;
    let clear = || Action::ClearErrors;
    let path = "/rest/system/error/clear";
    for (status, body, words) in [
        (
            500,
            "disk full",
            "It answered: 500 Internal Server Error: disk full.",
        ),
        (404, "404 page not found", "It answered: 404 Not Found"),
        (403, "CSRF Error", "did not recognise the API key"),
        (401, "Not Authorized", "refused the API key"),
        (302, "", "redirect"),
    ] {
        server.respond_with(
            path,
            Canned::text(status, body).header("Location", "/x").once(),
        );
        let message = refused(&monitor, clear()).await;
        assert!(message.contains(words), "{status}: {message}");
    }
    server.respond_with("/rest/config/folders", Canned::json("[1").once());
    let folder = "default".to_owned();
    let message = refused(&monitor, Action::Override { folder }).await;
    assert!(message.contains("does not send"), "{message}");
    let answer = control(&monitor, clear()).await;
    assert!(
        matches!(answer, Answer::Done | Answer::Nothing),
        "{answer:?}"
    );
}

#[tokio::test]
async fn the_loop_goes_on_while_a_server_takes_its_time() {
    let (server, mut monitor) = standin().await;
    let path = "/rest/system/error/clear";
    server.respond_with(
        path,
        Canned::text(200, "half of it").ending(Ending::Stalled),
    );
    let asked = control(&monitor, Action::ClearErrors);
    let meanwhile = async {
        eventually("it was asked", || {
            server.requests().iter().any(|seen| seen.path == path)
        })
        .await;
        let status = monitor.engine().ask(Ask::Status).await;
        assert!(matches!(status, Answer::Status { .. }));
    };
    tokio::select! {
        answer = asked => panic!("answered: {answer:?}"),
        () = meanwhile => {}
    }
    monitor.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_no_hindrance_and_a_stranger_gets_nothing() {
    let (server, mut monitor) = standin().await;
    for _ in 0..3 {
        server.rotate_in_process().await.expect("rotated");
        let fingerprint = server.fingerprint();
        monitor
            .until("rotated", |now| {
                let current = now.link.trust.current.map(|pin| pin.to_string());
                current == Some(fingerprint.clone()) && now.link.failure.is_none()
            })
            .await;
        monitor.connected().await;
        let answer = control(&monitor, Action::ClearErrors).await;
        assert!(
            matches!(answer, Answer::Done | Answer::Nothing),
            "{answer:?}"
        );
    }
    let takeover = server
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    // The status may still say that it is connected.
    let message = refused(&monitor, Action::Restart).await;
    assert!(!message.is_empty());
    let key = server.api_key();
    let report = takeover.stop().await.expect("a report");
    assert!(!report.contains(key.expose_secret().as_bytes()));
    assert!(!monitor.journal_text().contains("restart-announced"));
}
