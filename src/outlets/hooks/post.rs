//! A hook that is a server: one POST over verified TLS.

use reqwest::Method;

use super::deliver::{Courier, Report};
use crate::config::Post;
use crate::core::failure::fill;
use crate::core::{Class, Fault, LinkState};
use crate::engine::{SILENT, post_spec, read_secret};
use crate::tls::{self, Client, Request, Terms};

/// What is read of an answer, bytes; nobody looks at it.
const LARGEST_ANSWER: usize = 1024 * 1024;

pub(super) async fn post(server: &Post, courier: &Courier, json: Vec<u8>) -> Report {
    match ask(server, courier, json).await {
        Ok(()) => Report::Fine,
        // It was asked and may have heard it.
        Err(fault) if fault.class == Class::RequestTimeout => Report::TimedOut,
        Err(fault) => Report::Failed {
            why: words(&fault, server),
            // Who answered and refused will refuse again.
            again: fault.class.rule().loud == LinkState::Disconnected,
        },
    }
}

async fn ask(server: &Post, courier: &Courier, json: Vec<u8>) -> Result<(), Fault> {
    let (mut spec, pin_file) = post_spec(server, &courier.environment);
    let path = match spec.base.query() {
        Some(query) => format!("{}?{query}", spec.base.path()),
        None => spec.base.path().to_owned(),
    };
    spec.base.set_path("/");
    spec.base.set_query(None);
    let bad_pin = |why| Fault::with_detail(Class::BadPinFile, why);
    let built = courier.disk.read(move || {
        if let Some(file) = &pin_file {
            spec.pins = tls::pins_in(file).map_err(bad_pin)?;
        }
        // One of its own each time, so that it needs no upkeep: there are few.
        Client::build(&spec)
    });
    let client = built.await.unwrap_or_else(|| Err(bad_pin(SILENT.into())))?;
    let key = match server.key_reader(&courier.environment) {
        Some(reader) => {
            let read = read_secret(reader, &courier.disk).await;
            Some(read.map_err(|why| Fault::with_detail(Class::NoKey, why))?)
        }
        None => None,
    };
    let request = Request {
        method: Method::POST,
        path: &path,
        key: key.as_ref(),
        body: Some(json),
        timeout: courier.hook.timeout,
        limit: LARGEST_ANSWER,
        terms: Terms {
            credential: &server.credential,
            last: true,
            ..Terms::default()
        },
    };
    let reply = client
        .send(request)
        .await
        .map_err(|fault| match fault.class {
            Class::Redirect => quiet(fault, "to an address that is not shown"),
            _ => fault,
        })?;
    let status = reply.status;
    let refused = |fault| quiet(fault, &format!("status {status}"));
    reply.success().map(|_| ()).map_err(refused)
}

/// A server may repeat the URL, whole or in part, on its error pages and where it redirects to: its words are not quoted.
fn quiet(fault: Fault, words: &str) -> Fault {
    let detail = Some(words.to_owned());
    Fault { detail, ..fault }
}

/// The first sentence of what a fault means. The path of the URL may be a secret.
fn words(fault: &Fault, server: &Post) -> String {
    let words = fill(fault.class.rule().message, |key| match key {
        "url" | "name" => Some(server.origin()),
        "detail" => Some(fault.detail.clone().unwrap_or_else(|| "no details".into())),
        "served" => Some(
            fault
                .served
                .map_or_else(|| "none".into(), |it| it.to_string()),
        ),
        "path" => Some("the file in 'trust'".into()),
        "pinned" => Some("those in 'trust'".into()),
        _ => None,
    });
    words.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::config::{Environment, HookConfig, Platform, parse};

    /// What comes of telling the one hook of a config.
    async fn told(config: &str, timeout: Duration) -> Report {
        let (config, _) = parse(config, Path::new("config.toml")).expect("valid");
        let hook = config.hooks.first().expect("a hook");
        let hook = HookConfig {
            timeout,
            ..hook.clone()
        };
        let environment = Environment::made_up(Platform::current(), Path::new("."), &[]);
        let courier = Courier::new(hook.clone(), &environment);
        post(hook.post().expect("a server"), &courier, b"{}".to_vec()).await
    }

    #[tokio::test]
    async fn who_cannot_be_reached_is_told_again_and_the_path_is_not_said() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("an address").port();
        drop(taken);
        let text = format!(
            "[[hook]]\nname = 'a'\non = ['loud']\nurl = 'https://127.0.0.1:{port}/secret?secret'\ntoken = 'secret'\n"
        );
        let told = told(&text, Duration::from_secs(60)).await;
        let Report::Failed { why, again } = told else {
            panic!("{told:?}");
        };
        assert!(again && !why.contains("secret"), "{why}");
        assert!(why.contains(&format!("127.0.0.1:{port}")), "{why}");
    }

    /// Whoever was reached may have heard it; who said nothing at all in a handshake did not.
    #[tokio::test]
    async fn who_does_not_answer_in_time_is_told_again_only_if_nothing_was_said() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let text =
            format!("[[hook]]\nname = 'a'\non = ['loud']\nurl = 'https://127.0.0.1:{port}/'\n");
        let told = told(&text, Duration::from_millis(50)).await;
        assert!(
            matches!(told, Report::Failed { again: true, .. }),
            "{told:?}"
        );
    }

    #[test]
    fn who_answers_and_refuses_is_not_told_again() {
        for class in [
            Class::Unauthorized,
            Class::BadPath,
            Class::PinMismatch,
            Class::NoKey,
        ] {
            assert_ne!(class.rule().loud, LinkState::Disconnected, "{class:?}");
        }
        for class in [
            Class::Refused,
            Class::Dns,
            Class::ConnectTimeout,
            Class::ServerError,
        ] {
            assert_eq!(class.rule().loud, LinkState::Disconnected, "{class:?}");
        }
    }
}
